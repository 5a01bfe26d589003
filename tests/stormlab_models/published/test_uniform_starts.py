"""Uniform starts: everybody once, in the window, in order."""

from typing import Any

import numpy as np
import pytest


def test_everybody_starts_once_in_order(simulate: Any, figures_of: Any) -> None:
    trace = simulate("uniform-starts", 5, clients=1000, window_s=5.0)
    assert sorted(trace.rows["client"].tolist()) == list(range(1000))
    assert (np.diff(trace.rows["time_ns"]) >= 0).all()
    assert figures_of(trace)["starts"] == 1000


def test_the_busiest_second_is_counted_by_hand(simulate: Any, figures_of: Any) -> None:
    trace = simulate("uniform-starts", 5, clients=200, window_s=5.0)
    seconds = [int(time_ns) // 10**9 for time_ns in trace.rows["time_ns"]]
    assert figures_of(trace)["starts_per_s_peak"] == max(seconds.count(s) for s in range(5))


def test_a_run_ends_at_its_duration(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("uniform-starts", 1, clients=1000, window_s=5.0))
    assert figures["starts"] == figures["starts_per_s_peak"] == pytest.approx(200, abs=60)
