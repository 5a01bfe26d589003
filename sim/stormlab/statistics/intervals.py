"""Values with their intervals, over runs of different seeds.

The intervals are two-sided, at 95 % unless another confidence is asked for. An interval of equal
figures has no width: the model gives the same under every seed. ``inf`` is the figure of a run in
which something never happened; it has a place in the order of runs, so medians and quantiles
count it, and a mean refuses it.

Needs scipy: ``pip install 'stormlab[report]'``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
RESAMPLES = 1999

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]


class StatisticsError(Exception):
    """Figures from which the asked-for thing cannot be said; one line for a person."""


@dataclass(frozen=True)
class Interval:
    """A value with its interval, from ``n`` runs (for a share: ``n`` trials in all)."""

    value: float
    low: float
    high: float
    n: int

    def inside(self, low: float, high: float) -> bool:
        """Whether the whole interval lies in the closed range."""
        return low <= self.low and self.high <= high

    def outside(self, low: float, high: float) -> bool:
        """Whether no point of the interval lies in the closed range."""
        return self.high < low or self.low > high


def mean_interval(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Mean with Student's t interval; one run has an infinite one, equal runs a width of 0.

    Raises:
        StatisticsError: when there is no value, or one that is not finite.
    """
    array = _finite(values)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Interval(mean, -math.inf, math.inf, n)
    error = float(array.std(ddof=1)) / math.sqrt(n)
    half = t_quantile((1 + confidence) / 2, n - 1) * error
    return Interval(mean, mean - half, mean + half, n)


def median_interval(values: ArrayLike) -> Interval:
    """Median with the interval of order statistics at 95 %; ``inf`` means never.

    With fewer than six runs the interval is the whole range, which covers the median less often
    than it should (five runs: 93.75 %); :func:`stormlab.statistics.quantile_interval` says so with
    an infinite bound instead. The median of an even number of runs is the mean of the middle two.
    """
    array = np.sort(sample(values, "a median"))
    n = len(array)
    rank = int(scipy_stats().binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    low, high = array[max(rank - 1, 0)], array[min(n - rank, n - 1)]
    middle = array[(n - 1) // 2], array[n // 2]
    value = middle[0] if middle[0] == middle[1] else (middle[0] + middle[1]) / 2
    return Interval(float(value), float(low), float(high), n)


def bootstrap_interval(runs: Sequence[Sequence[float]], statistic: Statistic) -> Interval:
    """Percentile bootstrap at 95 % of ``statistic(rows)``; each run is one row of numbers.

    The generator has a fixed seed, so that equal runs give equal intervals.
    """
    rows = np.array(runs, dtype=np.float64)
    if not len(rows):
        raise StatisticsError("a bootstrap of no runs")
    value, n = statistic(rows), len(rows)
    if n == 1 or (rows == rows[0]).all():
        return Interval(value, value, value, n)
    found = (
        scipy_stats()
        .bootstrap(
            (np.arange(n),),
            lambda picked: statistic(rows[picked]),
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            vectorized=False,
            rng=0,
        )
        .confidence_interval
    )
    return Interval(value, float(found.low), float(found.high), n)


def sample(values: ArrayLike, what: str) -> Floats:
    """The values as a flat array of floats; ``inf`` may be among them.

    Raises:
        StatisticsError: when there is none, or one is not a number; ``what`` says of what.
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    if not len(array):
        raise StatisticsError(f"{what} of no runs")
    if np.isnan(array).any():
        raise StatisticsError(f"{what} of runs of which some are not a number (NaN)")
    return array


def _finite(values: ArrayLike) -> Floats:
    array = sample(values, "a mean")
    if not np.isfinite(array).all():
        raise StatisticsError("a mean of runs of which some never got there: use the median")
    return array


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t with ``freedom`` degrees of freedom."""
    return float(scipy_stats().t.ppf(probability, freedom))


@lru_cache(maxsize=64)
def z_quantile(probability: float) -> float:
    """The quantile of the standard normal distribution."""
    return float(scipy_stats().norm.ppf(probability))


def scipy_stats() -> ModuleType:
    """``scipy.stats``, imported when first needed.

    Raises:
        StatisticsError: when scipy is not installed; says how to install it.
    """
    try:
        from scipy import stats  # noqa: PLC0415  heavy and optional
    except ImportError:
        raise StatisticsError("intervals need scipy: pip install 'stormlab[report]'") from None
    module: ModuleType = stats
    return module
