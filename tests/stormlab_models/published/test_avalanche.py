"""An avalanche: the libraries' delays, and what a benchmark sees that stops early."""

from typing import Any

import numpy as np
import pytest

from stormlab.scenario import ScenarioError
from stormlab.vocabulary import Event
from stormlab_models.published.avalanche import enough, lower_quantile_s

TEETH_MS = [(276, 300), (326, 350), (376, 400), (426, 450), (476, 500)]
TEETH_MS += [(525, 549), (575, 599), (625, 649), (675, 699), (725, 749)]


def test_socket_io_comes_back_in_bands(simulate: Any) -> None:
    trace = simulate(
        "avalanche", clients=3000, policy="socket.io-client,backoff.base_s=0.5", stop_share=1.0
    )
    times_ms = np.unique(trace.of(Event.OPEN)["time_ns"]) / 1e6
    assert all(any(low <= t <= high for low, high in TEETH_MS) for t in times_ms)
    assert all(any(low <= t <= high for t in times_ms) for low, high in TEETH_MS)


def test_socket_io_is_capped_after_its_jitter(simulate: Any) -> None:
    """Base 4 s: up to 6 s without the cap, which takes all that is above 5."""
    trace = simulate("avalanche", clients=500, policy="socket.io-client,backoff.base_s=4.0")
    times_s = trace.of(Event.OPEN)["time_ns"] / 1e9
    assert times_s.max() == 5
    assert (times_s == 5).sum() > 50


def test_anycable_multiplies_two_draws(simulate: Any) -> None:
    trace = simulate("avalanche", clients=4000, policy="@anycable/core", stop_share=1.0)
    times_s = trace.of(Event.OPEN)["time_ns"] / 1e9
    assert 1.5 <= times_s.min() < 1.7
    assert 8.6 < times_s.max() < 9
    assert times_s.mean() == pytest.approx(4.5, abs=0.08)


def test_the_runner_stops_at_its_first_look_with_enough(simulate: Any, figures_of: Any) -> None:
    trace = simulate("avalanche", clients=200, stop_share=0.5)
    figures = figures_of(trace)
    (look,) = trace.of(Event.OBSERVED)
    assert look["code"] == figures["back"] >= 100
    assert look["time_ns"] % 500_000_000 < 200_000_000
    times_ns = trace.of(Event.OPEN)["time_ns"]
    assert figures["most_back_s"] == times_ns[99] / 1e9
    assert look["time_ns"] - 500_000_000 < times_ns[99] <= look["time_ns"]
    assert figures["max_s"] == times_ns[-1] / 1e9


def test_everybody_drops_at_once(simulate: Any) -> None:
    trace = simulate("avalanche", clients=10)
    assert trace.of(Event.CLOSE)["time_ns"].tolist() == [0] * 10


@pytest.mark.parametrize(
    ("clients", "share", "needed"), [(5000, 0.95, 4750), (3, 0.5, 2), (1, 1.0, 1), (10, 0.01, 1)]
)
def test_enough_is_rounded_up(clients: int, share: float, needed: int) -> None:
    assert enough(clients, share) == needed


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 2.0), (95, 3.0), (99, 3.0), (100, 4.0)]
)
def test_a_quantile_is_rounded_down(percent: int, expected: float) -> None:
    times = np.array([1, 2, 3, 4]) * 10**9
    assert lower_quantile_s(times, percent) == expected


def test_a_quantile_of_nothing_is_none() -> None:
    assert lower_quantile_s(np.zeros(0, dtype=np.int64), 50) is None


def test_who_gives_up_at_once_never_comes_back(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(
        simulate("avalanche", 10, clients=5, policy="socket.io-client,attempts_max=0")
    )
    assert (figures["back"], figures["most_back_s"]) == (0, None)


def test_an_unknown_policy_is_refused_in_one_line(simulate: Any) -> None:
    with pytest.raises(ScenarioError, match=r"policy: .*nobody"):
        simulate("avalanche", 10, policy="nobody")
