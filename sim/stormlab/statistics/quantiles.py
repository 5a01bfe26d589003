"""Quantiles with intervals that hold for every distribution; ``inf`` means never.

A quantile here is the inverse of the empirical distribution: the smallest sample that at least a
share ``p`` of all samples do not exceed. It is always one of the samples, so that "never" (``inf``)
is a possible quantile and nothing is interpolated towards it.

Which to use when clients of several runs are at hand:

============================ =====================================================================
run_quantiles, then          each run gives one t99. "What will the next restart look like?" Runs
mean_interval or             are independent, so the interval is exact in the usual sense; this is
quantile_interval            what comparisons pair by seed.
pooled_quantile_interval     all clients of all runs in one heap. "How long does one client in a
                             hundred wait, over all restarts?" The interval allows for clients of
                             one run that fare alike.
quantile_interval of a heap  only when the samples are independent: one figure per run. For clients
                             of the same run it is too narrow.
============================ =====================================================================

Percentiles of shards are never averaged: the mean of two p99 is the p99 of nothing.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    sample,
    scipy_stats,
    t_quantile,
)

_SLACK = 1e-9  # 0.07 * 100 is a little more than 7 in binary


def quantile(values: ArrayLike, p: float) -> float:
    """The smallest sample that at least a share ``p`` of the samples do not exceed."""
    array = np.sort(sample(values, "a quantile"))
    return float(array[_place(len(array), p)])


@lru_cache(maxsize=1024)
def quantile_ranks(n: int, p: float, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Ranks (1..n) of the order statistics that enclose the quantile ``p`` of ``n`` samples.

    0 stands for minus infinity and n + 1 for infinity: too few samples for a bound on that side.
    The number of samples below the quantile is binomial (n, p) whatever the distribution; each
    bound is missed with a probability of at most (1 - confidence)/2.
    """
    _check(p)
    tail = (1 - confidence) / 2
    low, high = scipy_stats().binom.ppf([tail, 1 - tail], n, p)
    return int(low), int(high) + 1


def quantile_interval(values: ArrayLike, p: float, confidence: float = CONFIDENCE) -> Interval:
    """Quantile of independent samples with the interval of order statistics.

    Covers the true quantile with at least the confidence, for every distribution and every number
    of samples. A bound is infinite when there are too few samples for it
    (:func:`samples_needed`), or when it falls on a sample that is.
    """
    array = np.sort(sample(values, "a quantile"))
    n = len(array)
    low, high = quantile_ranks(n, p, confidence)
    return Interval(
        float(array[_place(n, p)]),
        float(array[low - 1]) if low > 0 else -math.inf,
        float(array[high - 1]) if high <= n else math.inf,
        n,
    )


def samples_needed(p: float, confidence: float = CONFIDENCE) -> int:
    """The fewest samples for which both bounds of quantile ``p`` are finite: p99 takes 368."""
    _check(p)
    rarer = min(p, 1 - p)
    return max(1, math.ceil(math.log((1 - confidence) / 2) / math.log1p(-rarer) - _SLACK))


def run_quantiles(runs: Sequence[ArrayLike], p: float) -> Floats:
    """The quantile of each run's own samples: one figure per run."""
    return np.array([quantile(run, p) for run in runs], dtype=np.float64)


def pooled_quantile(shards: Sequence[ArrayLike], p: float) -> float:
    """The quantile of all samples of all shards in one heap; equal to that of the unsplit data."""
    return quantile(_pooled(shards), p)


def pooled_quantile_interval(
    runs: Sequence[ArrayLike], p: float, confidence: float = CONFIDENCE
) -> Interval:
    """Quantile of the heap with an interval over *runs*, which may be of unequal size.

    Woodruff's (1952): an interval for the share of samples that lie at or below the quantile, with
    the spread of that share between runs and Student's t, carried over to the samples. ``n`` is
    the number of runs; one run says nothing about the spread, and the interval is infinite.
    """
    _check(p)
    heap = np.sort(_pooled(runs))
    value, count, n = float(heap[_place(len(heap), p)]), len(heap), len(runs)
    if n == 1:
        return Interval(value, -math.inf, math.inf, n)
    arrays = [np.asarray(run, dtype=np.float64).ravel() for run in runs]
    sizes = np.array([len(array) for array in arrays])
    # Both, because many samples may stand at the quantile itself, as they do when it is inf.
    at_most = np.array([(array <= value).sum() for array in arrays])
    under = np.array([(array < value).sum() for array in arrays])
    error = max(_error_of_share(at_most, sizes), _error_of_share(under, sizes))
    half = t_quantile((1 + confidence) / 2, n - 1) * error
    low, high = p - half, p + half
    return Interval(
        value,
        float(heap[_place(count, low)]) if low > 0 else -math.inf,
        float(heap[_place(count, high)]) if high < 1 else math.inf,
        n,
    )


def _error_of_share(hits: NDArray[np.int64], sizes: NDArray[np.int64]) -> float:
    """Standard error of a pooled share, from its spread between runs."""
    n, count = len(sizes), int(sizes.sum())
    residuals = hits - hits.sum() / count * sizes
    return math.sqrt(n / (n - 1) * float((residuals**2).sum())) / count


def _pooled(shards: Sequence[ArrayLike]) -> Floats:
    arrays = [np.asarray(shard, dtype=np.float64).ravel() for shard in shards]
    return sample(np.concatenate(arrays) if arrays else [], "a quantile")


def _place(n: int, p: float) -> int:
    """Where the quantile stands in n sorted samples, from 0."""
    _check(p)
    return min(max(math.ceil(n * p - _SLACK) - 1, 0), n - 1)


def _check(p: float) -> None:
    if not 0 < p < 1:
        raise StatisticsError(f"a quantile at {p}: allowed is between 0 and 1, 0.99 for the p99")
