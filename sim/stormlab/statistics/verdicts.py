"""Is the second policy better than the first? A plain verdict per pair, honest over many pairs.

``compare_pair`` looks at one figure of two policies, ``judge`` at a family of such comparisons.

The test. All figures finite: paired t. Some run never got there (``inf``): a mean does not exist,
and the sign test counts in how many pairs the second was better, ``inf`` being worse than any time
and two ``inf`` being no difference. A policy that is faster in most runs but never gets there in
more runs than the other is not called better. When all differences are equal and not 0 the paired t
would be infinitely sure after two runs; the sign test is then used as well.

The family. With twenty comparisons at 5 % one is expected to come out by chance. Holm's (1979) step
down keeps the probability of even one wrong verdict in the family at 5 %, however the figures
depend on each other. The intervals are those of the single comparison; the verdict is Holm's.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    mean_interval,
    scipy_stats,
    t_quantile,
)
from stormlab.statistics.pairs import (
    VarianceGain,
    differences,
    paired,
    relative_difference,
    variance_gain,
)
from stormlab.statistics.quantiles import quantile_interval

POWER = 0.8
_ROUNDING = 1e-12
_TIE = 1e-9  # of the size: times are whole nanoseconds, which may round differently
_P_SHOWN = 0.001

Better = Literal["lower", "higher"]
Verdict = Literal["better", "worse", "no difference beyond noise at this precision"]
NO_DIFFERENCE: Verdict = "no difference beyond noise at this precision"
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class PairedComparison:
    """One figure of two policies over the same seeds: second against first.

    ``difference``: mean of second minus first, in the figure's unit; for the sign test the median
    difference, with the interval of order statistics. ``relative_percent``: the same as percent of
    the first's mean; None for the sign test or a mean of 0. ``better_runs``, ``worse_runs``: pairs
    in which the second was better, or worse. ``never``: runs in which the first, and the second,
    never got there. ``toward``: 1 when the second is seen to be better, -1 worse, 0 neither.
    """

    n: int
    difference: Interval
    relative_percent: Interval | None
    better_runs: int
    worse_runs: int
    never: tuple[int, int]
    test: Literal["paired t", "sign"]
    p_value: float
    toward: int
    gain: VarianceGain | None


@dataclass(frozen=True)
class Judgement:
    """The verdict on the second policy, and what it rests on.

    ``smallest_visible``: the smallest mean difference, in the figure's unit, that this many runs
    with this spread would have shown with a probability of 80 %; None for the sign test.
    ``mixed``: the test tells the two apart, but the one that is usually ahead is more often never
    there, so that neither is called better.
    """

    verdict: Verdict
    comparison: PairedComparison
    p_adjusted: float
    smallest_visible: float | None
    mixed: bool = False

    @property
    def text(self) -> str:
        """The verdict as a clause for people, with what it rests on."""
        pair = self.comparison
        if self.verdict != NO_DIFFERENCE:
            p = f"p = {self.p_adjusted:.2g}" if self.p_adjusted >= _P_SHOWN else f"p < {_P_SHOWN}"
            return f"{self.verdict} ({_said(pair)}; {p} after Holm)"
        if self.mixed:
            return f"no winner: one is usually ahead and more often never there ({_said(pair)})"
        if self.smallest_visible is None:
            return f"{self.verdict} ({_said(pair)})"
        return f"{self.verdict} (a difference of {self.smallest_visible:.3g} would have been seen)"


def compare_pair(first: ArrayLike, second: ArrayLike, better: Better = "lower") -> PairedComparison:
    """Compare one figure of two policies; the n-th runs of both have the same seed.

    ``better``: whether lower or higher figures are better. "Never" is ``inf`` where lower is
    better, ``-inf`` where higher is.

    Raises:
        StatisticsError: without two pairs, when the numbers of runs differ, or on NaN.
    """
    a, b = paired(first, second)
    if len(a) < 2:  # noqa: PLR2004  one pair has no spread
        raise StatisticsError("a comparison takes two runs or more of each policy")
    moved = differences(a, b)
    gains = -moved if better == "lower" else moved
    finite_sizes = np.concatenate([a[np.isfinite(a)], b[np.isfinite(b)]])
    tie = _TIE * float(np.abs(finite_sizes).max(initial=0.0))  # rounding is no difference
    wins, losses = int((gains > tie).sum()), int((gains < -tie).sum())
    worst = math.inf if better == "lower" else -math.inf
    never = int((a == worst).sum()), int((b == worst).sum())
    finite = bool(np.isfinite(a).all() and np.isfinite(b).all())
    by_t = finite and _varies(moved, a, b)
    if by_t:
        p_value, toward = _t_test(moved), int(np.sign(gains.mean()))
    else:
        p_value, toward = _sign_test(wins, losses), int(np.sign(wins - losses))
    if toward * (never[0] - never[1]) < 0:
        toward = 0  # usually better, but more often never
    return PairedComparison(
        n=len(a),
        difference=mean_interval(moved) if finite else quantile_interval(moved, 0.5),
        relative_percent=relative_difference(a, b) if finite and a.mean() else None,
        better_runs=wins,
        worse_runs=losses,
        never=never,
        test="paired t" if by_t else "sign",
        p_value=p_value,
        toward=toward,
        gain=variance_gain(a, b),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: reject where at most 1 - confidence."""
    order = sorted(range(len(p_values)), key=lambda i: (p_values[i], i))
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = largest
    return adjusted


def judge(
    comparisons: Mapping[K, PairedComparison], confidence: float = CONFIDENCE
) -> dict[K, Judgement]:
    """Verdicts on a family of comparisons, Holm over all of them.

    The family is everything that is read together: all policies and all figures of one table.
    """
    adjusted = dict(zip(comparisons, holm([c.p_value for c in comparisons.values()]), strict=True))
    kept = sum(p > 1 - confidence for p in adjusted.values())
    level = (1 - confidence) / max(kept, 1)  # at which Holm stopped
    return {
        key: _judgement(pair, adjusted[key], level, told_apart=adjusted[key] <= 1 - confidence)
        for key, pair in comparisons.items()
    }


def _judgement(
    pair: PairedComparison, p_adjusted: float, level: float, *, told_apart: bool
) -> Judgement:
    verdict: Verdict = NO_DIFFERENCE
    if told_apart and pair.toward:
        verdict = "better" if pair.toward > 0 else "worse"
    mixed = told_apart and not pair.toward
    return Judgement(verdict, pair, p_adjusted, _smallest_visible(pair, level), mixed)


def _varies(moved: Floats, a: Floats, b: Floats) -> bool:
    """Whether the differences differ by more than the rounding of the figures."""
    return bool(np.ptp(moved) > _ROUNDING * max(np.abs(a).max(), np.abs(b).max()))


def _t_test(moved: Floats) -> float:
    n = len(moved)
    t = float(moved.mean()) / (float(moved.std(ddof=1)) / math.sqrt(n))
    return float(2 * scipy_stats().t.sf(abs(t), n - 1))


def _sign_test(wins: int, losses: int) -> float:
    """Exact, two-sided; ties say nothing and are left out."""
    if wins + losses == 0:
        return 1.0
    return float(scipy_stats().binomtest(wins, wins + losses).pvalue)


def _smallest_visible(pair: PairedComparison, level: float) -> float | None:
    if pair.test == "sign":
        return None
    freedom = pair.n - 1
    half_width = pair.difference.high - pair.difference.value
    error = half_width / t_quantile((1 + CONFIDENCE) / 2, freedom)
    return (t_quantile(1 - level / 2, freedom) + t_quantile(POWER, freedom)) * error


def _said(pair: PairedComparison) -> str:
    if not pair.better_runs + pair.worse_runs:
        return f"equal in all {pair.n} runs"
    if pair.test == "sign":
        never = f", never in {pair.never[1]} against {pair.never[0]}" if any(pair.never) else ""
        return (
            f"better in {pair.better_runs} and worse in {pair.worse_runs} of {pair.n} runs{never}"
        )
    moved = pair.relative_percent or pair.difference
    unit = " %" if pair.relative_percent else ""
    return f"{moved.value:+.3g}{unit} [{moved.low:+.3g}, {moved.high:+.3g}]"
