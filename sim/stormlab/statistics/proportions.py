"""Shares and probabilities: how often something happened, with Wilson's score interval.

``probability_interval`` is for independent yes-or-no outcomes, one per run: the probability that
the server collapses. ``share_interval`` is for shares pooled over runs, such as the share of
attempts that succeed: the sockets of one run are not independent of each other, so the number of
trials is divided by the design effect.
"""

import math
from collections.abc import Sequence

import numpy as np

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    scipy_stats,
    z_quantile,
)


def probability_interval(hits: int, runs: int, confidence: float = CONFIDENCE) -> Interval:
    """Probability between 0 and 1 with Wilson's interval, from ``hits`` in independent ``runs``.

    Raises:
        StatisticsError: without a run, or with more hits than runs.
    """
    if runs < 1 or not 0 <= hits <= runs:
        raise StatisticsError(f"a probability from {hits} of {runs} runs")
    found = scipy_stats().binomtest(hits, runs).proportion_ci(confidence, method="wilson")
    return Interval(hits / runs, float(found.low), float(found.high), runs)


def rule_of_three(runs: int, confidence: float = CONFIDENCE) -> float:
    """What the probability of a thing never seen in ``runs`` runs lies below: about 3/runs.

    The exact one-sided bound 1 - (1 - confidence)^(1/runs); at 95 % its limit is 3/runs (Hanley
    and Lippman-Hand 1983).
    """
    if runs < 1:
        raise StatisticsError("a probability from no runs")
    return float(1 - (1 - confidence) ** (1 / runs))


def probability_text(hits: int, runs: int) -> str:
    """One clause for a table or report: the percentage with its interval, and from how many runs.

    A thing that was never (or always) seen gets the rule of three instead of "0 %".
    """
    if hits in (0, runs):
        bound = 100 * rule_of_three(runs)
        if hits == 0:
            return f"never in {runs} runs: below {bound:.2g} % at 95 % confidence"
        return f"in all {runs} runs: above {100 - bound:.3g} % at 95 % confidence"
    found = probability_interval(hits, runs)
    low, value, high = (100 * x for x in (found.low, found.value, found.high))
    return f"{value:.3g} % [{low:.3g}, {high:.3g}] ({hits} of {runs} runs)"


def share_interval(counts: Sequence[tuple[float, float]]) -> Interval:
    """Share in percent of pooled ``(successes, trials)``, one pair per run."""
    array = np.array([pair for pair in counts if pair[1] > 0], dtype=np.float64)
    if not len(array):
        raise StatisticsError("a share of no trials")
    successes, trials = array.sum(axis=0)
    share = float(successes / trials)
    effective = trials / design_effect(array)
    z = z_quantile((1 + CONFIDENCE) / 2)
    centre = (share + z * z / (2 * effective)) / (1 + z * z / effective)
    spread = math.sqrt(share * (1 - share) / effective + z * z / (4 * effective**2))
    half = z * spread / (1 + z * z / effective)
    low = max(0.0, centre - half) if share > 0 else 0.0
    high = min(1.0, centre + half) if share < 1 else 1.0
    return Interval(100 * share, 100 * low, 100 * high, int(trials))


def design_effect(counts: Floats) -> float:
    """How many trials of a run are worth one independent trial: 1 or more (Kish 1965)."""
    successes, trials = counts[:, 0], counts[:, 1]
    share = successes.sum() / trials.sum()
    if len(counts) == 1 or share in (0, 1):
        return 1.0
    runs = len(counts)
    residuals = successes - share * trials
    clustered = runs / (runs - 1) * float((residuals**2).sum()) / float(trials.sum()) ** 2
    independent = share * (1 - share) / float(trials.sum())
    return float(max(1.0, clustered / independent))
