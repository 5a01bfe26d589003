"""Verdicts: a published value against our replications, by the tolerance stated for it.

``inside`` and ``outside`` are final. ``undecided`` means that our own noise is larger than the
tolerance, so that more replications are needed; it never hides a difference that shows above the
noise.

Families. A case with ten or more comparisons by standard errors is a family: with thirty of them
at 3 errors one in twelve families would have a false alarm. A difference beyond 3 errors is then
called outside only if Holm's adjusted p is at most 5 %. Holm never makes a tolerance narrower.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import NormalDist
from typing import Literal

import numpy as np

from stormlab.statistics.intervals import Floats
from stormlab.statistics.quantiles import quantile, quantile_interval, quantile_ranks
from stormlab.statistics.verdicts import holm
from stormlab_models.published.cases import (
    Check,
    Errors,
    Exact,
    Offset,
    Order,
    OrderStatistics,
    Percent,
)

Verdict = Literal["inside", "outside", "undecided"]
ERRORS = 3.0
CONFIDENCE = 0.99
MIDDLE = 0.95
RELATIVE = 1e-9
FAMILY_MIN = 10
FAMILY_LEVEL = 0.05


@dataclass(frozen=True)
class Estimate:
    """Ours: a mean with its standard error, or an order statistic with its 99 % interval."""

    value: float
    low: float
    high: float
    n: int
    error: float | None = None

    @property
    def noise(self) -> float:
        """How far the true value may reasonably be: 3 standard errors, or the interval."""
        if self.error is not None:
            return ERRORS * self.error
        return max(self.high - self.value, self.value - self.low)


@dataclass(frozen=True)
class Judgement:
    """``point`` (ours, or the reference by the rule ``spread``) should be in [low, high]."""

    point: float
    low: float
    high: float
    ours: Estimate
    verdict: Verdict
    p_value: float | None = None  # of "no difference", for rules by standard errors
    note: str = ""

    @property
    def margin(self) -> float | None:
        """What is left of the tolerance: 1 in its middle, 0 at its edge, negative outside."""
        half = (self.high - self.low) / 2
        if not (math.isfinite(half) and half > 0 and math.isfinite(self.point)):
            return None
        return 1 - abs(self.point - (self.low + self.high) / 2) / half


def mean_estimate(values: Floats) -> Estimate:
    """Mean with its standard error; infinite when it cannot be said."""
    n = len(values)
    if not np.isfinite(values).all():
        return Estimate(math.inf, -math.inf, math.inf, n, math.inf)
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return Estimate(mean, mean - error, mean + error, n, error)


def order_estimate(values: Floats, p: float) -> Estimate:
    """Quantile with the 99 % interval of order statistics; a median of two middle values' mean."""
    found = quantile_interval(values, p, CONFIDENCE)
    value = float(np.median(values)) if p == 0.5 else found.value  # noqa: PLR2004
    return Estimate(value, found.low, found.high, len(values))


def judge(check: Check, figures: Sequence[float]) -> Judgement:
    """Hold one check against the figures of our replications; ``inf``: it never came to that."""
    values = np.asarray(figures, dtype=np.float64)
    rule = check.tolerance
    if isinstance(rule, OrderStatistics):
        return _by_order_statistics(check, rule, values)
    if isinstance(rule, Errors):
        return _by_errors(check.reference, rule, values)
    if isinstance(rule, Exact):
        return _exactly(check.reference, values)
    if isinstance(rule, Percent):
        half = abs(check.reference) * rule.percent / 100
        return _by_range(check.reference - half, check.reference + half, mean_estimate(values))
    if isinstance(rule, Offset):
        low, high = check.reference + rule.low, check.reference + rule.high
        return _by_range(low, high, mean_estimate(values))
    return _by_spread(check.reference, rule.above, values)


def _by_errors(reference: float, rule: Errors, values: Floats) -> Judgement:
    ours = mean_estimate(values)
    if not math.isfinite(ours.value):
        return Judgement(ours.value, reference, reference, ours, "outside", 0.0)
    if len(values) < 2:  # noqa: PLR2004  one run has no spread
        return Judgement(ours.value, -math.inf, math.inf, ours, "undecided")
    spread = float(values.std(ddof=1))
    theirs = rule.se if rule.se is not None else spread / math.sqrt(rule.runs or 1)
    both = math.hypot(ours.error or 0.0, theirs)
    away = abs(ours.value - reference)
    low, high = reference - ERRORS * both, reference + ERRORS * both
    z = away / both if both else (math.inf if away > RELATIVE * abs(reference) else 0.0)
    p_value = 2 * (1 - NormalDist().cdf(z)) if math.isfinite(z) else 0.0
    return Judgement(ours.value, low, high, ours, "inside" if z <= ERRORS else "outside", p_value)


def _by_order_statistics(check: Check, rule: OrderStatistics, values: Floats) -> Judgement:
    ours = order_estimate(values, check.probability)
    if not (math.isfinite(ours.low) and math.isfinite(ours.high)):
        verdict: Verdict = "undecided" if math.isfinite(ours.value) else "outside"
        return Judgement(ours.value, ours.low, ours.high, ours, verdict)
    half = rule.half_width
    if half is None:
        half = half_width_of(values, check.probability, rule.runs or 1)
    low = check.reference - half - (ours.high - ours.value)
    high = check.reference + half + (ours.value - ours.low)
    inside = low <= ours.value <= high
    return Judgement(ours.value, low, high, ours, "inside" if inside else "outside")


def half_width_of(values: Floats, p: float, runs: int) -> float:
    """Half the 99 % interval that a quantile of ``runs`` runs has when they spread as ours."""
    low, high = quantile_ranks(runs, p, CONFIDENCE)
    ends = [min(max(rank / (runs + 1), 1e-6), 1 - 1e-6) for rank in (low, high)]
    return (quantile(values, ends[1]) - quantile(values, ends[0])) / 2


def _by_range(low: float, high: float, ours: Estimate) -> Judgement:
    half = (high - low) / 2
    beyond = max(low - ours.value, ours.value - high)
    if not math.isfinite(ours.value) or beyond > ours.noise:
        verdict: Verdict = "outside"
    elif ours.noise > half:
        verdict = "undecided"
    else:
        verdict = "inside" if beyond <= 0 else "outside"
    return Judgement(ours.value, low, high, ours, verdict)


def _by_spread(reference: float, above: float, values: Floats) -> Judgement:
    tail = (1 - MIDDLE) / 2
    low, high = quantile(values, tail), quantile(values, 1 - tail)
    ours = Estimate(float(np.median(values)), low, high, len(values))
    verdict: Verdict = "inside" if low <= reference <= high + above else "outside"
    if len(values) * tail < 1:
        verdict = "undecided"
    return Judgement(reference, low, high + above, ours, verdict)


def _exactly(reference: float, values: Floats) -> Judgement:
    ours = mean_estimate(values)
    slack = RELATIVE * abs(reference)
    inside = bool((np.abs(values - reference) <= slack).all())
    return Judgement(
        ours.value, reference - slack, reference + slack, ours, "inside" if inside else "outside"
    )


def judge_order(order: Order, figures: Sequence[Sequence[float]]) -> Judgement:
    """Whether the means rise along the runs, each step by more than 3 standard errors.

    ``point`` is the smallest step in standard errors of the difference.
    """
    means = [mean_estimate(np.asarray(each, dtype=np.float64)) for each in figures]
    steps = [
        _in_errors(
            order.factor * after.value - before.value,
            math.hypot(order.factor * (after.error or 0.0), before.error or 0.0),
        )
        for before, after in pairwise(means)
    ]
    least = min(steps)
    verdict: Verdict = "inside" if least > ERRORS else "undecided"
    if least < -ERRORS or math.isnan(least):
        verdict = "outside"
    return Judgement(least, ERRORS, math.inf, means[0], verdict)


def _in_errors(difference: float, error: float) -> float:
    if not math.isfinite(difference):
        return math.nan
    if not error:
        return math.copysign(math.inf, difference) if difference else 0.0
    return difference / error


def with_family(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Take back those verdicts ``outside`` that chance explains in a family this large."""
    tested = [i for i, each in enumerate(judgements) if each.p_value is not None]
    if len(tested) < FAMILY_MIN:
        return list(judgements)
    adjusted = holm([judgements[i].p_value or 0.0 for i in tested])
    result = list(judgements)
    for i, p_adjusted in zip(tested, adjusted, strict=True):
        if judgements[i].verdict == "outside" and p_adjusted > FAMILY_LEVEL:
            note = f"beyond 3 errors, as chance gives among {len(tested)} (Holm p {p_adjusted:.2g})"
            result[i] = replace(judgements[i], verdict="inside", note=note)
    return result
