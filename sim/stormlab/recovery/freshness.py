"""What users miss: messages that were published while they were away, and how old their data is.

The server publishes at ``phase + j * every`` to every open connection (header
``message_every_ns``, ``message_phase_ns``). A place sees what is published while it holds a
connection, its first moment included; the way there takes no time. What an application sends anew
after a reconnect is not in here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stormlab.clock import NS_PER_S
from stormlab.recovery.load import percent
from stormlab.recovery.rows import NEVER, Floats, Ints
from stormlab.recovery.run import Recovery, once


class Missed(NamedTuple):
    """Messages published from the fault on, counted once per place, and those not seen."""

    missed: int
    published: int


@dataclass(frozen=True, eq=False)
class Publications:
    """The moments at which the server publishes, up to the end of the run."""

    every_ns: int
    phase_ns: int
    end_ns: int

    def before(self, time_ns: Ints) -> Ints:
        """How many publications there are before each moment."""
        until = np.minimum(time_ns, self.end_ns)
        count: Ints = np.maximum(0, -((self.phase_ns - until) // self.every_ns))
        return count

    def at(self, number: Ints) -> Ints:
        """When each publication happens."""
        return self.phase_ns + number * self.every_ns


@once
def publications(recovery: Recovery) -> Publications | None:
    """When the server publishes; None: never."""
    header = recovery.rows.trace.header
    every_ns = int(header.get("message_every_ns") or 0)
    phase_ns = int(header.get("message_phase_ns") or 0)
    return Publications(every_ns, phase_ns, recovery.end_ns) if every_ns > 0 else None


@once
def _watched_from_ns(recovery: Recovery) -> tuple[Ints, Ints]:
    """Places that ever tried, and from when on each is watched: the fault or its first try."""
    which = np.flatnonzero(recovery.places & (recovery.seen_ns < NEVER))
    return which, np.maximum(recovery.seen_ns[which], recovery.outage.from_ns)


@once
def missed(recovery: Recovery) -> Missed | None:
    """Count the messages missed; None: the server publishes nothing."""
    published = publications(recovery)
    if published is None:
        return None
    which, from_ns = _watched_from_ns(recovery)
    watched = np.full(recovery.rows.places, NEVER, np.int64)
    watched[which] = from_ns
    held = recovery.connections
    begin = np.maximum(held.start_ns, watched[held.place])
    seen = published.before(held.stop_ns) - published.before(begin)
    due = published.before(np.full(len(which), recovery.end_ns)) - published.before(from_ns)
    total = int(due.sum())
    return Missed(total - int(np.maximum(seen, 0).sum()), total)


def missed_percent(recovery: Recovery) -> float | None:
    """Messages missed, of those published."""
    found = missed(recovery)
    return percent(*found) if found else None


def missed_per_client(recovery: Recovery) -> float | None:
    """Messages missed per client."""
    found = missed(recovery)
    return found.missed / recovery.clients if found and recovery.clients else None


@dataclass(frozen=True, eq=False)
class Ages:
    """Age of the newest data over time and places, as stretches in which it grows with time.

    In stretch i it grows from ``low_ns[i]`` to ``high_ns[i]``; that happens ``times[i]`` times.
    """

    low_ns: Ints
    high_ns: Ints
    times: Ints

    @cached_property
    def _total_ns(self) -> float:
        return float((self.times * (self.high_ns - self.low_ns)).sum())

    def mean_s(self) -> float | None:
        """Mean age at a random moment of a random place."""
        if not self._total_ns:
            return None
        low, high = self.low_ns / NS_PER_S, self.high_ns / NS_PER_S
        return float((self.times * (high**2 - low**2)).sum() / 2 / (self._total_ns / NS_PER_S))

    def quantile_s(self, p: float) -> float | None:
        """The age that is not exceeded in a share ``p`` of the moments and places."""
        if not self._total_ns:
            return None
        ages, where = np.unique(np.concatenate([self.low_ns, self.high_ns]), return_inverse=True)
        steps = np.concatenate([self.times, -self.times])
        density: Floats = np.cumsum(np.bincount(where, steps, minlength=len(ages)))
        share = np.concatenate([[0.0], np.cumsum(density[:-1] * np.diff(ages))]) / self._total_ns
        return float(np.interp(p, share, ages)) / NS_PER_S

    def most_s(self) -> float | None:
        """The largest age."""
        real = (self.times > 0) & (self.high_ns > self.low_ns)
        return float(self.high_ns[real].max()) / NS_PER_S if real.any() else None


@once
def ages(recovery: Recovery) -> Ages | None:
    """The age of the newest data of every place, from the fault on; None: nothing is published."""
    published = publications(recovery)
    if published is None:
        return None
    which, from_ns = _watched_from_ns(recovery)
    held = recovery.connections
    first, last = published.before(held.start_ns), published.before(held.stop_ns) - 1
    useful = (last >= first) & recovery.places[held.place]
    place, first, last = held.place[useful], first[useful], last[useful]
    watched = np.zeros(recovery.rows.places, np.int64)
    watched[which] = from_ns
    # with every connection: the messages after its first, each one period after the one before
    whole_from = np.clip(published.before(watched[place]), first, last)
    split = (whole_from > first) & (published.at(whole_from) > watched[place])
    split_age = watched[place][split] - published.at(whole_from[split] - 1)
    regular = Ages(
        np.concatenate([np.zeros(len(place), np.int64), split_age]),
        np.full(len(place) + int(split.sum()), published.every_ns),
        np.concatenate([last - whole_from, np.ones(int(split.sum()), np.int64)]),
    )
    # between them: from the last message of one (or the first try) to the first of the next
    owner = np.concatenate([which, place])
    origin = np.concatenate([recovery.seen_ns[which], published.at(last)])
    order = np.lexsort((origin, owner))
    owner, origin = owner[order], origin[order]
    until = np.full(len(owner), recovery.end_ns)
    # every entry but a place's last is followed by a connection, and these are in order already
    until[np.flatnonzero(owner[1:] == owner[:-1])] = published.at(first)
    low = np.maximum(origin, watched[owner]) - origin
    high = np.maximum(until - origin, low)
    ones = np.ones(len(owner), np.int64)
    pieces = [(regular.low_ns, low), (regular.high_ns, high), (regular.times, ones)]
    return Ages(*(np.concatenate(pair) for pair in pieces))


def staleness_mean_s(recovery: Recovery) -> float | None:
    """Mean age of the newest data."""
    found = ages(recovery)
    return found.mean_s() if found else None


def staleness_quantile_s(recovery: Recovery, p: float) -> float | None:
    """Age of the newest data that is not exceeded in a share ``p`` of moments and places."""
    found = ages(recovery)
    return found.quantile_s(p) if found else None


def staleness_most_s(recovery: Recovery) -> float | None:
    """Largest age of the newest data."""
    found = ages(recovery)
    return found.most_s() if found else None
