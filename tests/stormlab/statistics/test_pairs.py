"""Pairs: what is common to both drops out, and how much that was."""

import math

import numpy as np
import pytest

from stormlab.statistics import (
    Interval,
    StatisticsError,
    VarianceGain,
    differences,
    mean_interval,
    paired_difference,
    paired_reduction,
    relative_difference,
    variance_gain,
)
from stormlab.statistics.selftest import drawn, gain_by_brute_force


def test_pairs_take_the_spread_of_the_world_out() -> None:
    before = [10.0, 20.0, 30.0, 40.0]
    found = paired_difference(before, [value - 2 for value in before])
    assert (found.value, found.low, found.high) == (-2, -2, -2)
    less = paired_reduction(before, [value / 2 for value in before])
    assert (less.value, less.low, less.high) == pytest.approx((50, 50, 50))
    half = relative_difference(before, [value / 2 for value in before])
    assert (half.value, half.low, half.high) == pytest.approx((-50, -50, -50))


@pytest.mark.parametrize("method", [paired_difference, paired_reduction, relative_difference])
def test_unequal_numbers_of_runs_are_not_pairs(method: object) -> None:
    assert callable(method)
    with pytest.raises(StatisticsError, match="1 runs before and 2 after: not pairs"):
        method([1.0], [1.0, 2.0])


def test_two_that_never_got_there_are_equal() -> None:
    inf = math.inf
    assert differences([1, inf, 2, inf], [3, inf, inf, 5]).tolist() == [2, 0, inf, -inf]


def test_the_difference_has_students_interval() -> None:
    before, after = [5.0, 7.0, 6.0, 9.0], [6.0, 9.0, 6.0, 12.0]
    assert paired_difference(before, after) == mean_interval([1, 2, 0, 3])


def test_the_relative_difference_is_that_of_the_means() -> None:
    before, after = [1.0, 100.0], [2.0, 100.0]
    assert relative_difference(before, after).value == pytest.approx(100 / 101)
    assert relative_difference([2.0], [3.0]) == Interval(50, -math.inf, math.inf, 1)


def test_the_relative_difference_covers_as_often_as_it_says() -> None:
    """B takes 80 % of A's time on average, with half of the luck in common."""
    world, one, two = (drawn("uniform", f"ratio {i}", 800, 30) for i in range(3))
    before, after = 4 + world + one, 3.2 + 0.8 * world + 0.8 * two
    found = [relative_difference(a, b) for a, b in zip(before, after, strict=True)]
    hits = sum(one.low <= -20 <= one.high for one in found)
    assert 0.93 <= hits / 800 <= 0.97


def test_a_relative_difference_needs_something_to_relate_to() -> None:
    with pytest.raises(StatisticsError, match="a mean of 0"):
        relative_difference([1.0, -1.0], [2.0, 3.0])
    with pytest.raises(StatisticsError, match="never got there"):
        relative_difference([1.0, math.inf], [2.0, 3.0])


def test_the_gain_is_that_of_brute_force() -> None:
    """Ratio of the variances of whole experiments: seeds of their own over shared ones."""
    reported, brute = gain_by_brute_force(2000)
    # var(a) = 2, var(b) = 3.25, covariance 1: 5.25 / 3.25
    assert reported == pytest.approx(5.25 / 3.25, rel=0.03)
    assert brute == pytest.approx(5.25 / 3.25, rel=3 * math.sqrt(4 / 2000))


def test_the_correlation_goes_with_the_gain() -> None:
    world, one, two = drawn("normal", "gain", 3, 5000)
    shared, apart = variance_gain(world + one, world + two), variance_gain(one, two)
    assert shared
    assert apart
    assert (shared.factor, shared.correlation) == pytest.approx((2, 0.5), abs=0.06)
    assert (apart.factor, apart.correlation) == pytest.approx((1, 0), abs=0.05)
    against = variance_gain(world, -world)
    assert against
    assert (against.factor, against.correlation) == pytest.approx((0.5, -1))


def test_a_gain_has_its_limits() -> None:
    same = variance_gain([1, 2, 4], [2, 3, 5])
    assert same
    assert same.factor == math.inf
    assert same.correlation == pytest.approx(1)
    assert variance_gain([1, 1, 1], [2, 2, 2]) == VarianceGain(1, None)
    assert variance_gain([1, 1, 1], [2, 4, 3]) == VarianceGain(1, None)
    assert variance_gain([1, 2], [2, 3]) is None
    assert variance_gain([1, 2, math.inf], [2, 3, np.inf]) is None
