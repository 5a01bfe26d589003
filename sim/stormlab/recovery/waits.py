"""Times to an event of which some had not come at the end: quantiles and mean by Kaplan-Meier.

Only point figures of one run, in plain NumPy, for every replication. Curves with intervals are made
of the same samples (``back_s``, ``away_s``) in :mod:`stormlab.statistics.survival`.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stormlab.clock import NS_PER_S
from stormlab.recovery.rows import Bools, Floats, Ints

_SLACK = 1e-12  # 1 - 0.95 is a little more than 0.05 in binary


@dataclass(frozen=True, eq=False)
class Waits:
    """How long each was watched, and whether the watch ended because the event came.

    Who gave up stays under watch to the end: it is known not to have come back.
    """

    watched_ns: Ints
    came: Bools

    def __len__(self) -> int:
        return len(self.watched_ns)

    @property
    def back_s(self) -> Floats:
        """Seconds until the event, of those for whom it came."""
        return self.watched_ns[self.came] / NS_PER_S

    @property
    def away_s(self) -> Floats:
        """Seconds under watch, of those for whom it had not come at the end."""
        return self.watched_ns[~self.came] / NS_PER_S

    @cached_property
    def _curve(self) -> tuple[Ints, Floats]:
        """Times of events and the share still away after each: product of 1 - events / at risk."""
        watched = np.sort(self.watched_ns)
        times, events = np.unique(self.watched_ns[self.came], return_counts=True)
        at_risk = len(watched) - np.searchsorted(watched, times, side="left")
        return times, np.cumprod(1 - events / at_risk, dtype=np.float64)

    def quantile_s(self, p: float) -> float | None:
        """When a share ``p`` is back; inf: not by the end; None: nobody was away."""
        if not len(self):
            return None
        times, away = self._curve
        fallen = np.flatnonzero(away <= 1 - p + _SLACK)
        return float(times[fallen[0]]) / NS_PER_S if len(fallen) else math.inf

    def mean_s(self, horizon_ns: int) -> float | None:
        """Mean time away up to the horizon: the area under the curve; None: nobody was away.

        Where nobody is under watch any more the curve stays where it was.
        """
        if not len(self):
            return None
        times, away = self._curve
        inside = times < horizon_ns
        edges = np.concatenate([[0], times[inside], [horizon_ns]])
        return float(np.diff(edges) @ np.concatenate([[1.0], away[inside]])) / NS_PER_S
