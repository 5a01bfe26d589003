"""Arrivals as arrays: uniform, in order, counted in bins that do not slide."""

import numpy as np
import pytest

from stormlab.draws import Draws
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.published.arrivals import in_order, peak_in_bins, times_of, uniform_ns


def test_a_uniform_time_is_that_of_the_single_draw() -> None:
    draws = Draws(3)
    times = uniform_ns(draws, 50, "start", 10**9, ordinal=2)
    assert [int(draws.unit(who, "start", 2) * 10**9) for who in range(50)] == times.tolist()


@pytest.mark.parametrize("width_ns", [1, 7, 5 * 10**9])
def test_a_uniform_time_stays_in_its_window(width_ns: int) -> None:
    times = uniform_ns(Draws(1), 10_000, "start", width_ns)
    assert times.min() >= 0
    assert times.max() < width_ns
    assert abs(times.mean() - (width_ns - 1) / 2) <= 0.02 * width_ns


def test_bins_do_not_slide() -> None:
    """Three arrivals within one bin's length, of which two fall into the same bin."""
    assert peak_in_bins(np.array([8, 11, 12]), 10) == 2


def test_no_arrivals_have_no_peak() -> None:
    assert peak_in_bins(np.zeros(0, dtype=np.int64), 10) == 0


@pytest.mark.parametrize("start", [0, 2**62])
def test_order_is_by_time_then_client(start: int) -> None:
    times = np.array([5, 3, 5, 3]) + start
    clients = np.array([2, 9, 0, 1])
    assert in_order(times, clients).tolist() == [3, 1, 2, 0]


def test_the_times_of_one_kind_are_taken() -> None:
    recorder = Recorder()
    recorder.add(1, Event.NEW)
    recorder.add(2, Event.OPEN)
    recorder.add(3, Event.NEW)
    assert times_of(recorder.finish({}), Event.NEW).tolist() == [1, 3]
