"""Attempts and what they became: one entry per ``new WebSocket`` of the fleet.

``settled``
    the row says that the connection was there when the record began: it carries messages and can
    be lost, but it is no attempt of the storm.
``end``
    where the page's view of the socket ends (``page.close``).
``dead``
    the earlier of that and of the server's view (``srv.closed``, ``srv.lost``, and ``srv.killed``
    where there is one server process only, so that it must be this connection's): from then on
    nothing comes through, whether the page knows or not.
``lasted``
    opened, and alive for a time asked for within the run. Of one that opened just before the end
    nobody knows; it did not last.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stormlab.recovery.rows import NEVER, Bools, Ints, Rows, first_of
from stormlab.vocabulary import EVENT_CODE, EVENTS, Event

BYTE_KINDS = ("tcp", "tls_full", "tls_resumed", "http", "http_first")
_KIND_OF = {
    Event.CONNECT: "tcp",
    Event.SYN_RETRY: "tcp",
    Event.SYN_LOST: "tcp",
    Event.REFUSED: "tcp",
    Event.ESTABLISHED: "tcp",
    Event.TLS: "tls_full",
    Event.REQUEST: "http",
    Event.RESPONSE: "http",
    Event.HTTP_FIRST: "http_first",
}


@dataclass(frozen=True, eq=False)
class Attempts:
    """Every attempt, in the order of its ``page.new``; arrays of one entry per attempt."""

    rows: Rows

    @cached_property
    def _new(self) -> Ints:
        new = self.rows.of(Event.NEW)
        named = [self.rows.get(column, new) >= 0 for column in ("client", "endpoint", "socket")]
        return new[np.logical_and.reduce(named)]

    def __len__(self) -> int:
        return len(self._new)

    @cached_property
    def _numbers(self) -> tuple[Ints, Ints]:
        """Where each client's sockets begin in one long list, and the attempt of each socket.

        A client numbers its sockets from 0 on without gaps, so the list has about one entry per
        attempt.
        """
        client, socket = (self.rows.get(column, self._new) for column in ("client", "socket"))
        most = np.full(self.rows.clients, -1, np.int64)
        np.maximum.at(most, client, socket)
        begins = np.concatenate([[0], np.cumsum(most + 1)])
        table = np.full(int(begins[-1]) + 1, len(self), np.int64)
        table[begins[client] + socket] = np.arange(len(self))
        return begins, table

    @cached_property
    def _number(self) -> Ints:
        begins, table = self._numbers
        client, socket = self.rows.column("client"), self.rows.column("socket")
        if not self.rows.clients:
            return np.full(len(client), len(self))
        slot = begins[client] + socket  # of client -1: the list's end, and then out of bounds
        known = (client >= 0) & (socket >= 0) & (slot < begins[client + 1])
        slot[~known] = -1  # the list's last entry stands for none
        number: Ints = table[slot]
        return number

    def number(self, rows: Ints) -> Ints:
        """The attempt that each of these rows belongs to; ``len(self)``: none."""
        return self._number[rows]

    def _first(self, *events: Event) -> Ints:
        """For each attempt the moment of its first row of these kinds, or NEVER."""
        rows = self.rows.of(*events)
        times = self.rows.get("time_ns", rows)
        return first_of(len(self) + 1, self.number(rows), times)[:-1]

    @cached_property
    def client(self) -> Ints:
        """The client."""
        return self.rows.get("client", self._new)

    @cached_property
    def place(self) -> Ints:
        """The socket's place in the fleet."""
        return self.rows.place(self._new)

    @cached_property
    def new_ns(self) -> Ints:
        """``new WebSocket``."""
        return self.rows.get("time_ns", self._new)

    @cached_property
    def open_ns(self) -> Ints:
        """``onopen``, or NEVER."""
        return self._first(Event.OPEN)

    @cached_property
    def end_ns(self) -> Ints:
        """``onclose``, or NEVER."""
        return self._first(Event.CLOSE)

    @cached_property
    def dead_ns(self) -> Ints:
        """From when on nothing comes through, or NEVER."""
        dead_ns = np.minimum(self.end_ns, self._first(Event.CLOSED, Event.LOST))
        if self.rows.pods > 1:
            return dead_ns
        kills = self.rows.get("time_ns", self.rows.of(Event.KILLED))
        next_kill = np.append(kills, NEVER)[np.searchsorted(kills, self.open_ns, side="right")]
        return np.where(self.opened, np.minimum(dead_ns, next_kill), dead_ns)

    @cached_property
    def started_ns(self) -> Ints:
        """A worker of the server began with the handshake, or NEVER."""
        return self._first(Event.STARTED)

    @cached_property
    def served_ns(self) -> Ints:
        """A worker of the server had finished the handshake, or NEVER."""
        return self._first(Event.SERVED)

    @cached_property
    def queued_ns(self) -> Ints:
        """The handshake began to wait for a worker, or NEVER."""
        return self._first(Event.QUEUED_REQUEST)

    @cached_property
    def rejected_ns(self) -> Ints:
        """Admission refused the handshake, or NEVER."""
        return self._first(Event.REJECTED)

    @cached_property
    def opened(self) -> Bools:
        """Whether it opened."""
        opened: Bools = self.open_ns < NEVER
        return opened

    @cached_property
    def settled(self) -> Bools:
        """Whether the connection was there when the record began."""
        details = self.rows.trace.details
        code = details.index("settled") if "settled" in details else -1
        settled: Bools = self.rows.get("detail", self._new) == code
        return settled

    def lasted(self, stable_ns: int) -> Bools:
        """Whether it opened and lived for ``stable_ns`` within the run."""
        until_ns = np.minimum(self.dead_ns, self.rows.end_ns)
        lasted: Bools = self.opened & (until_ns - self.open_ns >= stable_ns)
        return lasted

    @cached_property
    def wire(self) -> "Wire":
        """The bytes of all handshakes."""
        rows = self.rows.of(*_KIND_OF)
        kinds = np.full(len(EVENTS), -1, np.int64)
        for event, name in _KIND_OF.items():
            kinds[EVENT_CODE[event]] = BYTE_KINDS.index(name)
        kind = kinds[self.rows.get("event", rows)]
        resumed = np.array(["resumed" in text for text in self.rows.trace.details])
        is_resumed = resumed[self.rows.get("detail", rows)]
        full = BYTE_KINDS.index("tls_full")
        kind[(kind == full) & is_resumed] = BYTE_KINDS.index("tls_resumed")
        sizes = self.rows.get("up", rows) + self.rows.get("down", rows)
        return Wire(self.rows.get("time_ns", rows), self.number(rows), kind, sizes)


@dataclass(frozen=True, eq=False)
class Wire:
    """Bytes of handshakes as they go over the wire; one entry per row that carries some.

    ``attempt`` may be one past the last: of no known attempt. ``kind``: index into BYTE_KINDS.
    """

    time_ns: Ints
    attempt: Ints
    kind: Ints
    size: Ints
