"""Python's retry libraries against their formulas and limits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
# Ranges of the delays n = 0, 1, ... in seconds.
RANGES: dict[str, list[tuple[float, float]]] = {
    "tenacity": [(0, 0)] * 4,
    "tenacity-wait-exponential": [(w, w) for w in (1, 2, 4, 8, 16, 32, 64, 128)],
    "tenacity-wait-random-exponential": [(0, 2**n) for n in range(10)],
    "tenacity-wait-exponential-jitter": [(2**n, 2**n + 1) for n in range(10)],
    "stamina": [(0.1 * 2**n, 0.1 * 2**n + 1) for n in range(5)] + [(3.2, 4.2), (5, 5), (5, 5)],
    "backoff": [(0, 2**n) for n in range(10)],
    "google-api-core": [(0, w) for w in (1, 2, 4, 8, 16, 32, 60, 60)],
    "botocore-standard": [(0, 0.05), (0, 0.1)],
}

Play = Callable[..., Any]
Drawn = Callable[..., NDArray[np.int64]]
Agrees = Callable[[NDArray[np.int64], float, float], None]


@pytest.mark.parametrize("name", RANGES)
def test_the_range_of_each_delay(name: str, drawn: Drawn) -> None:
    delays_s = drawn(name, len(RANGES[name]), clients=400) / S
    for n, (low, high) in enumerate(RANGES[name]):
        support = CATALOGUE[name].supports(n)
        assert support is not None
        assert support.low_ns == pytest.approx(low * S, abs=2)
        assert support.high_ns == pytest.approx(high * S, abs=2)
        near = 0.03 * (high - low) + 1e-8
        assert delays_s[:, n].min() <= low + near
        assert delays_s[:, n].max() >= high - near


@pytest.mark.parametrize("name", ["backoff", "google-api-core", "tenacity-wait-random-exponential"])
def test_full_jitter_is_uniform(name: str, drawn: Drawn, agrees: Agrees) -> None:
    delays_ns = drawn(name, 4)
    for n in (0, 3):
        agrees(delays_ns[:, n], 500 * 2**n, 1000 * 2**n / 12**0.5)


def test_stamina_makes_ten_attempts(play: Play) -> None:
    played = play("stamina", 1000, up_s=None)
    assert len(played.attempts_s) == 10
    slow = play("stamina", 1000, up_s=None, after_s=10.0)
    assert slow.ended_s[-1] - slow.ended_s[0] >= 45
    assert slow.ended_s[-2] - slow.ended_s[0] < 45


def test_google_gives_up_after_two_minutes(play: Play) -> None:
    for seed in range(5):
        played = play("google-api-core", 1000, up_s=None, seed=seed)
        assert 120 <= played.ended_s[-1] - played.ended_s[0] < 120 + 61
        assert played.stop is not None


def test_botocore_makes_three_attempts_and_heeds_advice(play: Play) -> None:
    assert len(play("botocore-standard", 100, up_s=None).attempts_s) == 3
    advised = play("botocore-standard", 100, up_s=None, retry_after_s=3.0).gaps_s
    assert advised == pytest.approx([3, 3])
    limited = play("botocore-standard", 100, up_s=None, retry_after_s=60.0).gaps_s
    assert limited == pytest.approx([5, 5], abs=0.1)


def test_the_quota_of_botocore_pays_for_35_retries() -> None:
    parts = CATALOGUE["botocore-standard"].reconnect
    assert parts is not None
    assert parts.budget is not None
    budget = parts.budget.make()
    taken = [budget.take(0, lambda: 0.0) for _ in range(40)]
    assert sum(taken) == 500 // 14
    budget.success(0, retried=True)  # a refund
    assert budget.take(0, lambda: 0.0)


def test_a_bare_retry_is_a_loop(play: Play) -> None:
    assert len(play("tenacity", 2, up_s=None, after_s=0.001).attempts_s) == 2000
