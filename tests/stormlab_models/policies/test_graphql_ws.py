"""graphql-ws: one retry against a service that refuses, a loop after 1000."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

NAME = "graphql-ws"
MS = 1_000_000

Play = Callable[..., Any]


def test_delays_double_under_the_same_jitter(drawn: Callable[..., NDArray[np.int64]]) -> None:
    delays = drawn(NAME, 5, clients=2000)
    for n in range(5):
        added_ms = delays[:, n] / MS - 1000 * 2**n
        assert (added_ms == added_ms.round()).all()
        assert 300 <= added_ms.min() < 320
        assert 2980 < added_ms.max() <= 2999
        assert added_ms.std() == pytest.approx(780, rel=0.05)  # published: at every attempt


def test_five_retries_when_nothing_is_acknowledged(play: Play) -> None:
    played = play(NAME, 600, proves=False)
    assert len(played.gaps_s) == 5
    assert all(0.3 <= gap - 2**n < 3 for n, gap in enumerate(played.gaps_s))
    assert played.stop is not None


def test_a_service_that_is_gone_gets_exactly_one_retry(play: Play) -> None:
    played = play(NAME, 600, ends=[{"up_s": 100}, {"up_s": None}])
    assert len(played.attempts_s) == 2
    assert 1.3 <= played.gaps_s[0] < 4.0
    assert played.stop is not None


def test_flapping_waits_three_seconds_each_time(play: Play) -> None:
    connects = [len(play(NAME, 30, seed=seed).opened_s) for seed in range(20)]
    assert np.mean(connects) / 30 == pytest.approx(0.37, rel=0.2)


@pytest.mark.parametrize(("code", "low", "high"), [(1008, 1, 1), (1001, 4, 7), (1013, 4, 7)])
def test_close_codes_over_12_seconds(code: int, low: int, high: int, play: Play) -> None:
    """Measured: 1 for 1008, 5-6 for 1001 and 1013."""
    for seed in range(5):
        assert low <= len(play(NAME, 12, code=code, seed=seed).opened_s) <= high


def test_a_normal_closure_is_retried_without_delay_or_limit(play: Play) -> None:
    """Measured: 208 connects in 12 s."""
    played = play(NAME, 12, code=1000)
    assert len(played.opened_s) == pytest.approx(208, rel=0.2)
    assert max(played.gaps_s) < 1e-6


FATAL = [1002, 1003, 1004, 1007, 1009, 1011, 1015, 1500, 4004, 4005, 4400, 4401, 4406, 4409]


@pytest.mark.parametrize("code", [*FATAL, 4429, 4500])
def test_fatal_codes_are_final(code: int, play: Play) -> None:
    assert len(play(NAME, 60, code=code).opened_s) == 1


@pytest.mark.parametrize("code", [1001, 1005, 1006, 1012, 1013, 1014, 4403, 4408, 4499, 4504])
def test_other_codes_are_retried(code: int, play: Play) -> None:
    assert len(play(NAME, 60, code=code).opened_s) > 5
