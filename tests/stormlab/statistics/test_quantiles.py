"""Quantiles: ranks against the binomial distribution, never as a value, shards as one heap."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.statistics import (
    StatisticsError,
    median_interval,
    pooled_quantile,
    pooled_quantile_interval,
    quantile,
    quantile_interval,
    quantile_ranks,
    run_quantiles,
    samples_needed,
)

times = st.one_of(st.floats(0, 1e6), st.just(math.inf))


@given(st.lists(times, min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_the_quantile_is_the_smallest_sample_that_enough_do_not_exceed(
    values: list[float], p: float
) -> None:
    found = quantile(values, p)
    assert found in values
    n = len(values)
    assert sum(value <= found for value in values) >= p * n - 1e-9
    assert sum(value < found for value in values) < p * n


def test_a_whole_number_of_samples_is_not_lost_to_rounding() -> None:
    assert quantile(range(1, 101), 0.07) == 7
    assert quantile(range(1, 101), 0.29) == 29


@pytest.mark.parametrize("p", [0.0, 1.0, 99.0, -0.5])
def test_a_quantile_beyond_the_samples_is_refused(p: float) -> None:
    for method in (quantile, quantile_interval):
        with pytest.raises(StatisticsError, match="allowed is between 0 and 1"):
            method([1, 2, 3], p)


@pytest.mark.parametrize("n", [1, 5, 6, 20, 99, 368])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9, 0.99])
def test_each_bound_is_missed_at_most_so_often(n: int, p: float) -> None:
    low, high = quantile_ranks(n, p)
    chance = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    # rank r is above the quantile when fewer than r samples lie below it
    assert sum(chance[:low]) <= 0.025 + 1e-12
    assert sum(chance[high:]) <= 0.025 + 1e-12
    assert sum(chance[: low + 1]) > 0.025, "the lower bound could be nearer"
    assert sum(chance[high - 1 :]) > 0.025, "the upper bound could be nearer"


def test_the_median_of_twenty_lies_between_the_sixth_and_the_fifteenth() -> None:
    """Conover, Practical Nonparametric Statistics: 20 samples, 95 %."""
    assert quantile_ranks(20, 0.5) == (6, 15)
    found = quantile_interval(range(1, 21), 0.5)
    known = median_interval(list(range(1, 21)))
    assert (found.low, found.high) == (known.low, known.high) == (6, 15)


def test_too_few_samples_give_an_infinite_bound() -> None:
    found = quantile_interval(range(1, 101), 0.99)
    assert (found.value, found.low, found.high) == (99, 97, math.inf)
    assert quantile_interval([1, 2, 3, 4, 5], 0.5).low == -math.inf
    assert quantile_interval([1, 2, 3, 4, 5, 6], 0.5).low == 1


@pytest.mark.parametrize(("p", "needed"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368)])
def test_so_many_samples_are_needed(p: float, needed: int) -> None:
    assert samples_needed(p) == samples_needed(1 - p) == needed
    assert quantile_ranks(needed, p)[1] <= needed
    assert quantile_ranks(needed - 1, p)[1] == needed


def test_clients_that_never_came_back_count() -> None:
    values = [1.0] * 90 + [math.inf] * 10
    assert quantile_interval(values, 0.9).high == math.inf
    assert quantile(values, 0.9) == 1
    assert quantile(values, 0.91) == math.inf


@given(st.lists(st.lists(times, min_size=1, max_size=30), min_size=1, max_size=6))
def test_shards_give_the_quantile_of_the_heap(shards: list[list[float]]) -> None:
    heap = [value for shard in shards for value in shard]
    for p in (0.5, 0.9, 0.99):
        assert pooled_quantile(shards, p) == quantile(heap, p)


def test_the_mean_of_percentiles_is_something_else() -> None:
    fast, slow = np.arange(1, 1000), np.arange(1, 101) * 100
    averaged = run_quantiles([fast, slow], 0.99).mean()
    assert averaged == pytest.approx((990 + 9900) / 2)
    assert pooled_quantile([fast, slow], 0.99) == 9000


def test_clients_of_one_run_that_fare_alike_tell_little() -> None:
    alike = [[float(i)] * 50 for i in range(1, 13)]
    mixed = [[float(i) for i in range(1, 13)] * 4 for _ in range(12)]
    wide, narrow = pooled_quantile_interval(alike, 0.5), pooled_quantile_interval(mixed, 0.5)
    assert wide.value == narrow.value == 6
    assert wide.high - wide.low >= 6
    assert narrow.low == narrow.high == 6
    naive = quantile_interval(np.concatenate(alike), 0.5)
    assert naive.high - naive.low <= 2


def test_one_run_says_nothing_about_others() -> None:
    found = pooled_quantile_interval([[1, 2, 3]], 0.5)
    assert (found.value, found.low, found.high, found.n) == (2, -math.inf, math.inf, 1)
    with pytest.raises(StatisticsError, match="no runs"):
        pooled_quantile_interval([], 0.5)


def test_never_has_an_interval_too() -> None:
    runs = [[1.0, 2.0, math.inf, math.inf]] * 5 + [[1.0, 2.0, 3.0, 4.0]] * 5
    found = pooled_quantile_interval(runs, 0.76)
    assert found.value == found.high == math.inf
    assert found.low < math.inf
