"""Which policy is the best, when that can be said; and where more runs would help most."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stormlab.statistics.intervals import CONFIDENCE, Floats, StatisticsError, sample
from stormlab.statistics.verdicts import Better, Judgement, compare_pair, judge


@dataclass(frozen=True)
class Best:
    """The policy observed to be best, and those not told apart from it.

    ``group``: the best and every policy that is not worse beyond noise, in the order given.
    ``alone``: the best's name when the group has no other member, so that a table may mark it;
    else None. ``judgements``: every other policy against the best.
    """

    observed: str
    group: tuple[str, ...]
    judgements: Mapping[str, Judgement]

    @property
    def alone(self) -> str | None:
        """The best, if nothing else may be it."""
        return self.observed if len(self.group) == 1 else None


def best_of(
    values: Mapping[str, ArrayLike], better: Better = "lower", confidence: float = CONFIDENCE
) -> Best:
    """Find the policies that may be the best by one figure, over runs with the same seeds.

    The best observed is that with the best mean; when some run never got there, that with the
    fewest such runs, then the best median, then the first by name. The others are compared with
    it in pairs (:func:`compare_pair`), Holm over these comparisons, and those found worse leave
    the group. By the union bound a policy that truly is best stays in with a probability of at
    least the confidence; how seldom one of several equals is marked alone is measured by
    ``python -m stormlab.statistics.selftest``.

    Raises:
        StatisticsError: without policies, or as :func:`compare_pair`.
    """
    if not values:
        raise StatisticsError("a best of no policies")
    arrays = {name: sample(figures, "a best") for name, figures in values.items()}
    observed = min(arrays, key=lambda name: (*_rank(arrays, name, better), name))
    others = {
        name: compare_pair(arrays[observed], figures, better)
        for name, figures in arrays.items()
        if name != observed
    }
    judgements = judge(others, confidence)
    group = tuple(
        name for name in arrays if name == observed or judgements[name].verdict != "worse"
    )
    return Best(observed, group, judgements)


def _rank(arrays: Mapping[str, Floats], name: str, better: Better) -> tuple[int, float]:
    """Fewest runs that never got there, then the best mean, or median if any policy has such."""
    sign = 1 if better == "lower" else -1
    everything = np.concatenate(list(arrays.values()))
    figures = sign * arrays[name]
    centre = (
        figures.mean() if np.isfinite(everything).all() else np.sort(figures)[len(figures) // 2]
    )
    return int((figures == math.inf).sum()), float(centre)


def ocba(
    means: Sequence[float], variances: Sequence[float], counts: Sequence[int], extra: int
) -> list[int]:
    """Share out ``extra`` replications so that the lowest mean is told from the others soonest.

    Optimal computing budget allocation (Chen, Lin, Yucesan and Chick 2000): policies with a mean
    near the best's or with much spread get more. Returns how many each gets; they sum to
    ``extra``. For higher-is-better give the means negated.

    Raises:
        StatisticsError: with fewer than two policies, tables of unequal length, a variance that
            is not positive, or two equal lowest means.
    """
    if not len(means) == len(variances) == len(counts) >= 2:  # noqa: PLR2004  to choose from
        raise StatisticsError("an allocation needs means, variances and counts of two policies up")
    order = sorted(range(len(means)), key=lambda i: means[i])
    best, second = order[0], order[1]
    if means[best] == means[second] or min(variances) <= 0:
        raise StatisticsError("an allocation needs one lowest mean, and variances above 0")
    ratios = _ocba_ratios(means, variances, best)
    total, open_ = sum(counts) + extra, set(range(len(means)))
    final = list(counts)
    while True:
        budget = total - sum(final[i] for i in range(len(means)) if i not in open_)
        weight = sum(ratios[i] for i in sorted(open_))
        for i in sorted(open_):
            final[i] = math.floor(budget * ratios[i] / weight)
        below = {i for i in open_ if final[i] < counts[i]}  # has more already than it should
        for i in below:
            final[i] = counts[i]
        if not below:
            break
        open_ -= below
    final[best] += total - sum(final)
    return [after - before for after, before in zip(final, counts, strict=True)]


def _ocba_ratios(means: Sequence[float], variances: Sequence[float], best: int) -> list[float]:
    ratios = [
        variances[i] / (means[i] - means[best]) ** 2 if i != best else 0.0
        for i in range(len(means))
    ]
    ratios[best] = math.sqrt(
        variances[best] * sum(r**2 / v for r, v in zip(ratios, variances, strict=True))
    )
    return ratios
