"""Intervals against known values."""

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.draws import Draws
from stormlab.statistics import (
    Interval,
    StatisticsError,
    bootstrap_interval,
    mean_interval,
    median_interval,
)


def test_the_mean_has_students_interval() -> None:
    found = mean_interval([1, 2, 3, 4, 5])
    assert found.value == 3
    assert found.high == pytest.approx(3 + 2.776445 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    assert found.low == pytest.approx(6 - found.high)


def test_more_confidence_takes_a_wider_interval() -> None:
    usual, sure = mean_interval([1, 2, 3, 4, 5]), mean_interval([1, 2, 3, 4, 5], 0.99)
    assert sure.high == pytest.approx(3 + 4.604095 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    assert not usual.inside(sure.high, 9)
    assert usual.inside(sure.low, sure.high)
    assert usual.outside(sure.high, 9)


def test_equal_runs_have_an_interval_without_width() -> None:
    assert mean_interval([24.0] * 12) == Interval(24, 24, 24, 12)


def test_one_run_says_nothing_about_its_spread() -> None:
    found = mean_interval([3.0])
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_the_t_interval_covers_as_often_as_it_says() -> None:
    draws = Draws(7)
    hits = 0
    for turn in range(400):
        sample = [
            sum(draws.unit(turn, f"normal{part}", index) for part in range(12))
            for index in range(8)
        ]
        found = mean_interval(sample)
        hits += found.low <= 6 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_the_median_has_the_interval_of_order_statistics() -> None:
    found = median_interval(list(range(1, 21)))
    assert (found.value, found.low, found.high) == (10.5, 6, 15)


def test_a_run_that_never_got_there_counts_in_the_median() -> None:
    assert median_interval([1, 2, math.inf, math.inf, math.inf]).value == math.inf
    assert median_interval([1, 2, 3, math.inf]).value == 2.5
    with pytest.raises(StatisticsError, match="never"):
        mean_interval([1, math.inf])


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(StatisticsError, match="a mean of runs of which some are not a number"):
        mean_interval([1.0, math.nan])
    with pytest.raises(StatisticsError, match="a median of no runs"):
        median_interval([])
    with pytest.raises(StatisticsError, match="a bootstrap of no runs"):
        bootstrap_interval([], lambda array: float(array.mean()))


def test_the_bootstrap_is_the_same_each_time_and_near_the_t_interval() -> None:
    rows = [[float(value)] for value in (3, 5, 4, 6, 5, 4, 7, 5, 4, 6, 5, 3)]
    first = bootstrap_interval(rows, lambda array: float(array.mean()))
    again = bootstrap_interval(rows, lambda array: float(array.mean()))
    t = mean_interval(np.array(rows))
    assert first == again
    assert (first.low, first.high) == pytest.approx((t.low, t.high), abs=0.2)


def test_without_scipy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "scipy":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(StatisticsError, match=r"stormlab\[report\]"):
        median_interval([1.0, 2.0])
