"""From runs to what can be said: intervals, verdicts on every pair, rankings.

The family over which Holm's correction goes is the whole table: every pair of policies by every
key figure. What is marked as best rests on these verdicts alone, never on the order of means.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from stormlab.compare.results import Ecdf, Floats, Measure, Pair, Ranking, Runs, Summary
from stormlab.statistics import (
    NO_DIFFERENCE,
    Interval,
    compare_pair,
    judge,
    kaplan_meier,
    mean_interval,
    probability_interval,
    quantile_interval,
)

PAIRS_MIN = 2
_MEDIAN = 0.5


def summary(values: Floats, confidence: float, relative: float | None = None) -> Summary | None:
    """One figure over all runs; None when it applies to none. NaN: does not apply; inf: never.

    ``relative``: the half width asked for, as a part of the mean.
    """
    own = values[~np.isnan(values)]
    if not len(own):
        return None
    reached = int(np.isfinite(own).sum())
    if reached < len(own):
        middle = quantile_interval(own, _MEDIAN, confidence)
        return Summary("median", middle, len(own), reached, None)
    found = mean_interval(own, confidence)
    half = found.high - found.value
    percent = 100 * half / abs(found.value) if found.value and math.isfinite(half) else None
    if half == 0:
        percent = 0.0
    precise = None if relative is None else percent is not None and percent <= 100 * relative
    return Summary("mean", found, len(own), reached, percent, precise)


def judged_pairs(
    values: Mapping[str, Mapping[str, Floats]],
    measures: Mapping[str, Measure],
    key: Sequence[str],
    confidence: float,
) -> tuple[Pair, ...]:
    """Verdicts on every pair of policies by every key figure that has a better end.

    ``values``: by policy and figure, one number per run. A run to which the figure does not apply
    under one of the two policies is left out; a pair with fewer than two runs is not judged.
    """
    comparisons = {}
    for name in key:
        better = measures[name].better
        if better is None:
            continue
        for first, second in combinations(values, 2):
            a, b = values[first][name], values[second][name]
            both = ~(np.isnan(a) | np.isnan(b))
            if both.sum() >= PAIRS_MIN:
                comparisons[name, first, second] = compare_pair(a[both], b[both], better)
    judgements = judge(comparisons, confidence)
    return tuple(Pair(*where, judgement) for where, judgement in judgements.items())


def ranking(
    figure: str, measure: Measure, values: Mapping[str, Floats], pairs: Sequence[Pair]
) -> Ranking | None:
    """Order the policies by one figure; None when it is not judged.

    The order is by the number of runs that never got there, then the mean (the median where some
    run of some policy never did), then as given. ``values``: by policy, one number per run.
    """
    own = [pair for pair in pairs if pair.figure == figure]
    if measure.better is None or not own:
        return None
    beaten: dict[str, set[str]] = {label: set() for label in values}
    for pair in own:
        if pair.judgement.verdict == "better":
            beaten[pair.first].add(pair.second)
        elif pair.judgement.verdict == "worse":
            beaten[pair.second].add(pair.first)
    judged = {frozenset((pair.first, pair.second)): pair.judgement.verdict for pair in own}
    sign = 1 if measure.better == "lower" else -1
    order = _ordered({label: sign * array for label, array in values.items()})
    leaders = tuple(label for label in order if not beaten[label])
    best = leaders[0] if len(leaders) == 1 and _beats_all(leaders[0], beaten) else None
    return Ranking(
        figure=figure,
        order=order,
        ranks={label: 1 + len(beaten[label]) for label in order},
        groups=_groups(order, judged),
        best=best,
        leaders=leaders,
    )


def _beats_all(label: str, beaten: Mapping[str, set[str]]) -> bool:
    return all(label in by for other, by in beaten.items() if other != label)


def _ordered(values: Mapping[str, Floats]) -> tuple[str, ...]:
    """Best first; lower is better here."""
    everything = np.concatenate(list(values.values()))
    has_means = bool(np.isfinite(everything[~np.isnan(everything)]).all())

    def rank(label: str) -> tuple[int, float]:
        own = values[label][~np.isnan(values[label])]
        if not len(own):
            return len(values[label]) + 1, math.inf
        centre = own.mean() if has_means else np.sort(own)[(len(own) - 1) // 2]
        return int(np.isinf(own).sum()), float(centre)

    return tuple(sorted(values, key=rank))


def _groups(
    order: Sequence[str], judged: Mapping[frozenset[str], str]
) -> tuple[tuple[str, ...], ...]:
    """The longest stretches of the order in which no two were told apart."""
    groups: list[tuple[int, int]] = []
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and all(
            judged.get(frozenset((order[end], other)), NO_DIFFERENCE) == NO_DIFFERENCE
            for other in order[start:end]
        ):
            end += 1
        if not groups or end > groups[-1][1]:
            groups.append((start, end))
    return tuple(tuple(order[start:end]) for start, end in groups)


def pooled_ecdf(runs: Runs, confidence: float) -> Ecdf | None:
    """The share that is back over all places of all runs; None when nobody was away."""
    if not runs.waits_s:
        return None
    waits, watched = np.concatenate(runs.waits_s), np.concatenate(runs.watched_s)
    if not len(waits):
        return None
    came = np.isfinite(waits)
    curve = kaplan_meier(waits[came], watched[~came], confidence)
    return Ecdf(curve.times_s, 1 - curve.away, len(waits), int((~came).sum()))


def probability(values: Floats, confidence: float) -> Interval | None:
    """How probable a thing is that is 1 in the runs in which it happened; None: does not apply."""
    own = values[~np.isnan(values)]
    if not len(own):
        return None
    return probability_interval(int((own > 0).sum()), len(own), confidence)
