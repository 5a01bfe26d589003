"""What one run says about the recovery of a fleet: the samples that all figures are made of.

``lost``
    the first moment from the fault on at which a place is without a connection: the connection
    that it held is dead on either side; or, if it was away already or first tries later, the fault
    or its first try.
``back``
    ``page.open`` of its first connection since then that lived for ``stable_s`` within the run.
    Being accepted and closed again is no return, and an opening just before the end is undecided:
    the place is watched until then.
``recovered``
    the same, counted from when the service was there again, if that is later than the loss.
``lost for good``
    of the places that lost a connection, those that have none at the end and will not try again:
    they gave up, or are silent, or their page has not noticed for a minute that the connection is
    dead (no keep-alive waits longer).
``storm``
    the attempts begun from the fault on.

A client is away while any of its sockets is: lost with the first, back with the last.

Simplifications: pages that go away (``page.gone``) are not followed. A connection over a way that
is cut counts until one of its sides notices.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import Any, Self, TypeVar

import numpy as np

from stormlab.clock import to_ns
from stormlab.recovery.attempts import Attempts
from stormlab.recovery.connections import (
    Connections,
    connections,
    first_back,
    first_lost,
    held_at_end,
)
from stormlab.recovery.outage import Outage, outage
from stormlab.recovery.rows import NEVER, Bools, Ints, Rows, first_of
from stormlab.recovery.standings import Standing, Standings, standings
from stormlab.recovery.waits import Waits
from stormlab.trace import Trace
from stormlab.vocabulary import Event

STABLE_S = 10.0
UNNOTICED_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Recovery:
    """The recovery of a fleet in one run; build it with :meth:`of`.

    Arrays ending in ``_ns`` and ``at_end`` have one entry per place (client times sockets, see
    :mod:`stormlab.recovery.rows`) of the whole fleet; NEVER: not by the end. ``mine`` picks the
    clients that figures are about.
    """

    rows: Rows
    attempts: Attempts
    outage: Outage
    connections: Connections
    standings: Standings
    stable_ns: int
    seen_ns: Ints  # the first timer or attempt of the place
    lost_ns: Ints
    back_ns: Ints
    mine: Bools  # by client
    memo: dict[str, Any] = field(default_factory=dict)  # see once()

    @classmethod
    def of(cls, trace: Trace, stable_s: float = STABLE_S) -> Self:
        """Read a trace; ``stable_s``: how long a connection must live to count as a return."""
        rows = Rows(trace)
        attempts = Attempts(rows)
        struck = outage(rows)
        held = connections(attempts)
        seen_ns = _first_seen(rows)
        lost_ns = first_lost(held, seen_ns, struck.from_ns)
        stable_ns = to_ns(stable_s)
        return cls(
            rows=rows,
            attempts=attempts,
            outage=struck,
            connections=held,
            standings=standings(rows, attempts),
            stable_ns=stable_ns,
            seen_ns=seen_ns,
            lost_ns=lost_ns,
            back_ns=first_back(held, lost_ns, stable_ns, rows.end_ns),
            mine=np.ones(rows.clients, bool),
        )

    def group(self, which: int | str) -> Self:
        """The same run, seen only as far as it concerns one group of clients of a mixed fleet.

        ``which``: number or label of a group in the trace's header (``policies``). What the server
        as a whole goes through (its load, its queue, the outage) stays that of the whole fleet.

        Raises:
            ValueError: for a group that the header does not name.
        """
        header = self.rows.trace.header
        labels = list(header.get("policies") or [header.get("policy", "")])
        number = labels.index(which) if isinstance(which, str) and which in labels else which
        if not isinstance(number, int) or not 0 <= number < len(labels):
            allowed = ", ".join(map(repr, labels))
            raise ValueError(f"group: found {which!r}; allowed: {allowed} or their number from 0")
        member = np.full(self.rows.clients, -1, np.int64)
        of_client = header.get("policy_of_client") or [0] * self.rows.clients
        member[: len(of_client)] = of_client
        return replace(self, mine=member == number, memo={})

    @cached_property
    def end_ns(self) -> int:
        """The end of the observation."""
        return self.rows.end_ns

    @cached_property
    def clients(self) -> int:
        """How many clients the figures are about."""
        return int(self.mine.sum())

    @cached_property
    def places(self) -> Bools:
        """Which places the figures are about."""
        return np.repeat(self.mine, self.rows.sockets)

    @cached_property
    def was_lost(self) -> Bools:
        """Which of them were without a connection at some moment from the fault on."""
        return self.places & (self.lost_ns < self.end_ns)

    @cached_property
    def came_back(self) -> Bools:
        """Which of those got a lasting connection again."""
        return self.was_lost & (self.back_ns < NEVER)

    @cached_property
    def healed_ns(self) -> Ints:
        """When the service was there again for each place: at its loss, or later; or NEVER."""
        return self.outage.healed_ns(self.lost_ns)

    @cached_property
    def held_since_ns(self) -> Ints:
        """Since when each place holds the connection that it has at the end; NEVER: it has none."""
        return held_at_end(self.connections, self.rows.places)

    @cached_property
    def at_end(self) -> Ints:
        """How each place stands at the end; open, but dead for a minute, is silent."""
        held = self.connections
        dead_ns = np.zeros(self.rows.places, np.int64)
        dead_ns[held.place] = held.stop_ns  # of equal indices NumPy keeps the last
        unnoticed = self.standings.at_end == Standing.OPEN
        unnoticed &= dead_ns < self.end_ns - to_ns(UNNOTICED_S)
        return np.where(unnoticed, int(Standing.SILENT), self.standings.at_end)

    @cached_property
    def is_lost_for_good(self) -> Bools:
        """Which of the places that lost a connection will not try again."""
        ended = np.isin(self.at_end, [Standing.GAVE_UP, Standing.SILENT])
        return self.was_lost & ended

    @cached_property
    def is_away(self) -> Bools:
        """Which of the places that lost a connection have none at the end, for whatever reason."""
        is_away: Bools = self.was_lost & (self.held_since_ns == NEVER)
        return is_away

    @cached_property
    def storm(self) -> Bools:
        """Which attempts count: begun from the fault on, by clients that the figures are about."""
        new_ns, settled = self.attempts.new_ns, self.attempts.settled
        storm: Bools = np.asarray(new_ns >= self.outage.from_ns, bool)
        storm &= ~settled & self.mine[self.attempts.client]
        return storm

    @cached_property
    def lasted(self) -> Bools:
        """Which attempts became a lasting connection."""
        return self.attempts.lasted(self.stable_ns)

    @cached_property
    def reconnect(self) -> Waits:
        """Per place that lost its connection: from the loss to the return."""
        return self._waits(self.lost_ns, self.was_lost)

    @cached_property
    def recovery(self) -> Waits:
        """Per place that lost its connection: from when the service was there to the return."""
        there = self.was_lost & (self.healed_ns < self.end_ns)
        return self._waits(self.healed_ns, there)

    @cached_property
    def client_reconnect(self) -> Waits:
        """Per client that lost a connection: from its first loss until all its sockets are back."""
        shape = self.rows.clients, self.rows.sockets
        lost = self.was_lost.reshape(shape)
        from_ns = np.where(lost, self.lost_ns.reshape(shape), NEVER).min(axis=1)
        # while one is known to be away, so is the client
        away = lost & (self.back_ns.reshape(shape) == NEVER)
        came = ~away.any(axis=1)
        counts = np.where(came[:, None], lost, away)
        until_ns = np.where(counts, self._until_ns.reshape(shape), 0).max(axis=1)
        which = np.asarray(lost.any(axis=1))
        return Waits(np.maximum(until_ns - from_ns, 0)[which], came[which])

    @cached_property
    def _until_ns(self) -> Ints:
        """How far each place is watched: to its return, an undecided opening, or the end."""
        undecided = np.minimum(self.held_since_ns, self.end_ns)
        return np.where(self.back_ns < NEVER, self.back_ns, undecided)

    def _waits(self, from_ns: Ints, which: Bools) -> Waits:
        watched_ns = np.maximum(self._until_ns[which] - from_ns[which], 0)
        return Waits(watched_ns, self.came_back[which])

    @cached_property
    def horizon_ns(self) -> int:
        """How long the run goes on after the fault: the horizon of means."""
        return max(0, self.end_ns - self.outage.from_ns)

    @cached_property
    def away_ns(self) -> Ints:
        """Per place that lost its connection: all time without one since then."""
        which = np.flatnonzero(self.was_lost)
        held = self.connections.held_ns(self.rows.places, self.lost_ns, self.end_ns)
        return self.end_ns - self.lost_ns[which] - held[which]


def once(of: Callable[[Recovery], T]) -> Callable[[Recovery], T]:
    """Let a function of a recovery work once for each, though several figures ask."""
    key = f"{of.__module__}.{of.__qualname__}"

    @wraps(of)
    def kept(recovery: Recovery) -> T:
        if key not in recovery.memo:
            recovery.memo[key] = of(recovery)
        value: T = recovery.memo[key]
        return value

    return kept


def _first_seen(rows: Rows) -> Ints:
    told = rows.of(Event.NEW, Event.TIMER_SET)
    told = told[(rows.get("client", told) >= 0) & (rows.get("endpoint", told) >= 0)]
    return first_of(rows.places, rows.place(told), rows.get("time_ns", told))
