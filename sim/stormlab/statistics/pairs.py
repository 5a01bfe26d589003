"""Runs in pairs: the n-th run of both has the same seed and so the same luck.

Draws are addressed (:mod:`stormlab.draws`), so two policies under one seed meet the same latency,
loss and faults: common random numbers. What both owe to the world drops out of the difference, and
``variance_gain`` says how much that was.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    bootstrap_interval,
    mean_interval,
    sample,
    t_quantile,
)


@dataclass(frozen=True)
class VarianceGain:
    """What pairing brought: ``factor`` times as many unpaired runs would tell as much.

    ``factor`` = (var(a) + var(b)) / var(b - a): 1 for independent runs, 2 for a correlation of one
    half, below 1 when the two work against each other, ``inf`` when the difference is the same in
    every run. ``correlation`` is Pearson's; None when one of the two figures does not vary.
    """

    factor: float
    correlation: float | None


def differences(before: ArrayLike, after: ArrayLike) -> Floats:
    """After minus before, pair by pair; two that both never got there differ by 0.

    Raises:
        StatisticsError: when the numbers of runs are different or 0, or a figure is NaN.
    """
    first, second = paired(before, after)
    with np.errstate(invalid="ignore"):
        found = second - first
    return np.where(np.isnan(found), 0.0, found)


def paired(before: ArrayLike, after: ArrayLike) -> tuple[Floats, Floats]:
    """Both as arrays of one length.

    Raises:
        StatisticsError: when the numbers of runs are different or 0, or a figure is NaN.
    """
    first, second = sample(before, "a comparison"), sample(after, "a comparison")
    if len(first) != len(second):
        raise StatisticsError(f"{len(first)} runs before and {len(second)} after: not pairs")
    return first, second


def paired_difference(
    before: ArrayLike, after: ArrayLike, confidence: float = CONFIDENCE
) -> Interval:
    """Mean of after minus before, with Student's t over the pairs."""
    return mean_interval(differences(before, after), confidence)


def paired_reduction(before: Sequence[float], after: Sequence[float]) -> Interval:
    """Percent by which the total falls from before to after; negative: it rises.

    Percentile bootstrap over the pairs.
    """
    paired(before, after)

    def reduction(rows: Floats) -> float:
        total = rows[:, 0].sum()
        return float(100 * (1 - rows[:, 1].sum() / total)) if total else 0.0

    return bootstrap_interval(list(zip(before, after, strict=True)), reduction)


def relative_difference(
    before: ArrayLike, after: ArrayLike, confidence: float = CONFIDENCE
) -> Interval:
    """Percent by which the mean of after lies above that of before: 100 (b/a - 1).

    The ratio of means, not the mean of ratios, which a single small run before would rule. The
    interval is by the delta method: the spread of b_i - (b/a) a_i, over a, with Student's t.

    Raises:
        StatisticsError: when a figure is not finite, or the mean before is 0.
    """
    first, second = paired(before, after)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise StatisticsError("a relative difference of runs of which some never got there")
    n, base = len(first), float(first.mean())
    if base == 0:
        raise StatisticsError("a relative difference to a mean of 0")
    ratio = float(second.mean()) / base
    value = 100 * (ratio - 1)
    if n == 1:
        return Interval(value, -math.inf, math.inf, n)
    error = float((second - ratio * first).std(ddof=1)) / (abs(base) * math.sqrt(n))
    half = 100 * t_quantile((1 + confidence) / 2, n - 1) * error
    return Interval(value, value - half, value + half, n)


def variance_gain(before: ArrayLike, after: ArrayLike) -> VarianceGain | None:
    """What pairing brought; None for fewer than three pairs or when some run never got there."""
    first, second = paired(before, after)
    finite = bool(np.isfinite(first).all() and np.isfinite(second).all())
    if len(first) < 3 or not finite:  # noqa: PLR2004  two pairs always correlate by 1 or -1
        return None
    apart = float(first.var(ddof=1) + second.var(ddof=1))
    together = float((second - first).var(ddof=1))
    if apart == 0:
        return VarianceGain(1.0, None)
    spreads = float(first.std(ddof=1) * second.std(ddof=1))
    correlation = None
    if spreads > 0:
        shared = float(np.cov(first, second, ddof=1)[0, 1])
        correlation = min(1.0, max(-1.0, shared / spreads))
    return VarianceGain(apart / together if together else math.inf, correlation)
