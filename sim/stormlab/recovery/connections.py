"""Connections of each place in the fleet: when something came through and when nothing did.

A place holds a connection from ``page.open`` until it is dead on either side. Sockets of one place
that overlap count as one connection, from the first opening to the last end.
"""

from dataclasses import dataclass

import numpy as np

from stormlab.recovery.attempts import Attempts
from stormlab.recovery.rows import NEVER, Bools, Ints, first_of


@dataclass(frozen=True, eq=False)
class Connections:
    """One entry per connection, by place and then by time; ``stop_ns`` NEVER: still there."""

    place: Ints
    start_ns: Ints
    stop_ns: Ints

    def lasting(self, stable_ns: int, end_ns: int) -> Bools:
        """Whether each lived for ``stable_ns`` before ``end_ns``."""
        lasts: Bools = np.minimum(self.stop_ns, end_ns) - self.start_ns >= stable_ns
        return lasts

    def held_ns(self, places: int, from_ns: Ints, end_ns: int) -> Ints:
        """How long each place held a connection between its ``from_ns`` and ``end_ns``."""
        begin = np.maximum(self.start_ns, from_ns[self.place])
        parts = np.maximum(np.minimum(self.stop_ns, end_ns) - begin, 0)
        held = np.zeros(places, np.int64)
        np.add.at(held, self.place, parts)
        return held


def connections(attempts: Attempts) -> Connections:
    """The connections of all places."""
    # what was dead before it opened never carried anything
    alive = attempts.opened & (attempts.dead_ns > attempts.open_ns)
    place, start = attempts.place[alive], attempts.open_ns[alive]
    order = np.lexsort((start, place))
    place, start, stop = place[order], start[order], attempts.dead_ns[alive][order]
    if not ((place[1:] == place[:-1]) & (start[1:] < stop[:-1])).any():
        return Connections(place, start, stop)
    return _merged(place, start, stop)


def _merged(place: Ints, start: Ints, stop: Ints) -> Connections:
    """Join what overlaps. Times become ranks, so that (place, time) fits into one number."""
    times, rank = np.unique(stop, return_inverse=True)
    latest = np.maximum.accumulate(place * len(times) + rank.astype(np.int64))
    until = times[latest % len(times)]
    begins = np.ones(len(place), bool)
    begins[1:] = (place[1:] != place[:-1]) | (start[1:] >= until[:-1])
    ends = np.append(np.flatnonzero(begins)[1:] - 1, len(place) - 1)
    return Connections(place[begins], start[begins], until[ends])


def first_lost(held: Connections, seen_ns: Ints, fault_ns: int) -> Ints:
    """For each place the first moment from the fault on at which it is without a connection.

    ``seen_ns``: when the place first tried, NEVER if it never did (then it cannot lose anything).
    A place that is away when the fault comes counts from the fault on, one that first tries later
    from its first try on.
    """
    covers = (held.start_ns <= fault_ns) & (fault_ns < held.stop_ns)
    away = np.where(seen_ns == NEVER, NEVER, np.maximum(seen_ns, fault_ns))
    away[held.place[covers]] = held.stop_ns[covers]
    return away


def first_back(held: Connections, lost_ns: Ints, stable_ns: int, end_ns: int) -> Ints:
    """For each place the opening of its first lasting connection since it was lost, or NEVER."""
    counts = held.lasting(stable_ns, end_ns) & (held.start_ns >= lost_ns[held.place])
    return first_of(len(lost_ns), held.place[counts], held.start_ns[counts])


def held_at_end(held: Connections, places: int) -> Ints:
    """For each place since when it holds the connection that it has at the end, or NEVER."""
    since = np.full(places, NEVER, np.int64)
    still = held.stop_ns == NEVER
    since[held.place[still]] = held.start_ns[still]
    return since
