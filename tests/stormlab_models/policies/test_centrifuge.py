"""centrifuge (JavaScript): full jitter on a floor, codes that are final."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab_models.policies import CATALOGUE

NAME = "centrifuge-js"
S = 1_000_000_000

Play = Callable[..., Any]


def test_delays_have_the_published_means(
    drawn: Callable[..., NDArray[np.int64]],
    agrees: Callable[[NDArray[np.int64], float, float], None],
) -> None:
    delays = drawn(NAME, 9, clients=1500)
    published = {0: (748, 144), 1: (1001, 286), 2: (1492, 581), 3: (2477, 1168)}
    published |= {5: (8342, 4571), 8: (10420, 5715)}
    for n, (mean_ms, sd_ms) in published.items():
        agrees(delays[:, n], mean_ms, sd_ms)
    assert delays.min() >= S // 2
    assert delays.max() == 20 * S


def test_the_cap_keeps_its_jitter_but_for_a_fortieth() -> None:
    support = CATALOGUE[NAME].supports(40)
    assert support is not None
    assert (support.low_ns, support.high_ns) == (S // 2, 20 * S)
    assert support.share_at(20 * S) == pytest.approx(0.025, abs=0.001)


def test_flapping_stays_at_the_first_delay(play: Play) -> None:
    """Measured: 19 connects in 15 s."""
    connects = [len(play(NAME, 15, seed=seed).opened_s) for seed in range(10)]
    assert np.mean(connects) / 15 == pytest.approx(1.27, rel=0.2)
    assert max(play(NAME, 15).gaps_s) <= 1.0


def test_only_the_connect_reply_resets(play: Play) -> None:
    assert max(play(NAME, 300, proves=False).gaps_s) > 10


@pytest.mark.parametrize(
    ("code", "final"),
    [(1009, True), (3500, True), (3999, True), (4500, True), (4999, True)]
    + [(code, False) for code in (1000, 1012, 3000, 3499, 4000, 4499)],
)
def test_final_codes(code: int, final: bool, play: Play) -> None:  # noqa: FBT001  a parameter
    assert (play(NAME, 30, code=code).stop is not None) == final
