"""Time to reconnect when some clients are still away at the end: Kaplan-Meier.

A client that has not reconnected when the run ends, or when it leaves, is *censored*: it is known
to have been away that long and nothing more. Leaving it out makes a policy look fast because it
lost its slow clients; counting its time as if it had reconnected does so too. The Kaplan-Meier
estimate uses what is known: at each time at which somebody reconnects, the share still away is
multiplied by 1 - (those who reconnect) / (those still under observation).

If all clients are watched to the same horizon the curve is one minus the plain share that is back,
and what is censored is "later than the horizon".

The intervals take clients as independent of each other, which those of one run are not: over
several runs take a figure per run (``curve.quantile(0.99)``) and its interval over the runs.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from stormlab.statistics.intervals import (
    CONFIDENCE,
    Floats,
    Interval,
    StatisticsError,
    scipy_stats,
    z_quantile,
)

_SLACK = 1e-12


@dataclass(frozen=True, eq=False)
class Survival:
    """The share still away as a step function: ``away[i]`` from ``times_s[i]`` on, 1 before.

    ``low`` and ``high`` are pointwise intervals of ``away`` (log-log, so that they stay between 0
    and 1). ``events[i]`` clients reconnected at ``times_s[i]``, of ``at_risk[i]`` still watched.
    """

    times_s: Floats
    away: Floats
    low: Floats
    high: Floats
    events: Floats
    at_risk: Floats
    last_s: float  # the longest that anybody was watched
    confidence: float

    @cached_property
    def n(self) -> int:
        """Clients in all."""
        return int(self.at_risk[0]) if len(self.at_risk) else 0

    def at(self, time_s: ArrayLike) -> Floats:
        """The share still away at each time."""
        steps = np.concatenate([[1.0], self.away])
        found = steps[np.searchsorted(self.times_s, np.asarray(time_s, float), side="right")]
        return np.asarray(found, dtype=np.float64)

    def quantile(self, p: float) -> float:
        """The time at which a share ``p`` is back; ``inf`` when the curve stays above that."""
        return self._first_below(self.away, p)

    def quantile_interval(self, p: float) -> Interval:
        """The quantile with its interval: where the band crosses it (Brookmeyer, Crowley 1982)."""
        low, high = self._first_below(self.low, p), self._first_below(self.high, p)
        return Interval(self.quantile(p), low, high, self.n)

    def restricted_mean(self, horizon_s: float) -> Interval:
        """Mean time away, counted up to ``horizon_s`` only: the area under the curve so far.

        The interval is the normal one with Greenwood's variance.

        Raises:
            StatisticsError: when the horizon lies beyond the last observation of a client that is
                still away: nobody knows the curve there.
        """
        if horizon_s > self.last_s and (not len(self.away) or self.away[-1] > 0):
            raise StatisticsError(
                f"a mean up to {horizon_s:g} s: clients were still away when they were last seen,"
                f" at {self.last_s:g} s; ask for that time at most"
            )
        inside = self.times_s < horizon_s
        times, away = self.times_s[inside], self.away[inside]
        edges = np.concatenate([[0.0], times, [horizon_s]])
        areas = np.concatenate([[1.0], away]) * np.diff(edges)
        later = np.cumsum(areas[::-1])[::-1][1:]  # area from each event to the horizon
        events, at_risk = self.events[inside], self.at_risk[inside]
        staying = at_risk - events
        terms = np.divide(
            later**2 * events, at_risk * staying, out=np.zeros_like(later), where=staying > 0
        )
        z = z_quantile((1 + self.confidence) / 2)
        half = z * math.sqrt(float(terms.sum()))
        mean = float(areas.sum())
        return Interval(mean, max(0.0, mean - half), min(horizon_s, mean + half), self.n)

    def _first_below(self, curve: Floats, p: float) -> float:
        if not 0 < p <= 1:
            raise StatisticsError(f"a quantile at {p}: allowed is above 0 and at most 1")
        fallen = np.flatnonzero(curve <= 1 - p + _SLACK)
        return float(self.times_s[fallen[0]]) if len(fallen) else math.inf


def kaplan_meier(
    back_s: ArrayLike, away_s: ArrayLike = (), confidence: float = CONFIDENCE
) -> Survival:
    """The curve of clients that reconnected after ``back_s`` and that were away to the end.

    ``away_s``: for each client that was never seen to come back, how long it was watched. An
    ``inf`` in ``back_s`` is refused, because it does not say until when.

    Raises:
        StatisticsError: without clients, or with a time that is negative or not finite.
    """
    back, away = (np.asarray(times, dtype=np.float64).ravel() for times in (back_s, away_s))
    both = np.concatenate([back, away])
    if not len(both):
        raise StatisticsError("time to reconnect of no clients")
    if not np.isfinite(both).all() or (both < 0).any():
        raise StatisticsError(
            "time to reconnect: found a time that is negative or not finite; clients that never"
            " came back go into away_s with the time for which they were watched"
        )
    times, away_share, low, high, events, at_risk = _curve(back, away, confidence)
    return Survival(
        times, away_share, low, high, events, at_risk, float(both.max()), float(confidence)
    )


def _curve(back: Floats, away: Floats, confidence: float) -> tuple[Floats, ...]:
    stats = scipy_stats()
    found = stats.ecdf(stats.CensoredData(uncensored=back, right=away)).sf
    times, counts = np.unique(back, return_counts=True)
    events = counts.astype(np.float64)
    # scipy lists censoring times too; only those at which somebody came back are steps.
    step = np.isin(found.quantiles, times)
    share = np.asarray(found.probabilities, dtype=np.float64)[step]
    everybody = np.sort(np.concatenate([back, away]))
    at_risk = (len(everybody) - np.searchsorted(everybody, times)).astype(np.float64)
    low, high = _band(share, events, at_risk, confidence)
    return times, share, low, high, events, at_risk


def _band(
    share: Floats, events: Floats, at_risk: Floats, confidence: float
) -> tuple[Floats, Floats]:
    """Log-log interval with Greenwood's variance; where all are back, 0 to the bound before."""
    z = z_quantile((1 + confidence) / 2)
    inner = (share > 0) & (share < 1)
    risk, gone, s = at_risk[inner], events[inner], share[inner]
    greenwood = np.cumsum(gone / (risk * (risk - gone)))
    with np.errstate(divide="ignore"):
        spread = z * np.sqrt(greenwood) / np.abs(np.log(s))
    low, high = np.zeros_like(share), np.ones_like(share)
    low[inner], high[inner] = s ** np.exp(spread), s ** np.exp(-spread)
    if len(share) > 1 and share[-1] <= 0:
        high[-1] = high[-2]
    return low, high
