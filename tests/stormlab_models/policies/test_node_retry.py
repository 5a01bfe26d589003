"""node-retry: ten delays made in advance; the jitter of the other entry lies above the base."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab_models.policies import CATALOGUE

Walk = Callable[..., list[float]]
Drawn = Callable[..., NDArray[np.int64]]


def test_the_plan_without_chance(walk: Walk) -> None:
    assert walk("node-retry", 20) == [2.0**n for n in range(10)]
    assert CATALOGUE["node-retry"].attempts_max == 10
    assert CATALOGUE["node-retry"].cap_s is None


def test_the_plan_with_chance(drawn: Drawn) -> None:
    delays_ms = drawn("node-retry-randomize", 10, clients=2000) / 1e6
    assert np.all(delays_ms == np.round(delays_ms))
    for n in range(10):
        low, high = 1000 * 2**n, 2000 * 2**n
        seen = delays_ms[:, n]
        assert low <= seen.min() <= 1.01 * low
        assert 0.99 * high <= seen.max() <= high
        assert seen.mean() == pytest.approx(1.5 * low, rel=0.03)


def test_sorting_the_plan_changes_nothing(drawn: Drawn) -> None:
    """The library sorts; factor 2 and a jitter of 1 to 2 leave the delays in order already."""
    delays_ns = drawn("node-retry-randomize", 10, clients=500)
    assert np.all(np.diff(delays_ns, axis=1) >= 0)
