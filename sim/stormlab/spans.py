"""What lasts in a trace: attempts, server handlers and blocked loops, each with start and end.

A trace is a list of moments; a picture needs what lies between them. Everything here is a pure
function of a trace. An end of None means that it had not come when the record ended.
"""

from dataclasses import dataclass

from stormlab.trace import Row, Trace
from stormlab.vocabulary import Cause, Event

_ON_WIRE_END = {
    Event.RESPONSE,
    Event.REFUSED,
    Event.RESET,
    Event.CLIENT_FIN,
    Event.SERVER_FIN,
    Event.CLOSE,
}


@dataclass
class Attempt:
    """One ``new WebSocket``, as its page sees it, and its handshake on the wire."""

    client: int
    socket: int
    endpoint: int
    attempt: int
    new_ns: int
    open_ns: int | None = None
    end_ns: int | None = None  # onclose, or the document's end
    gone: bool = False  # ended with its document: the page heard nothing
    code: int = 0
    clean: bool = False
    cause: Cause = Cause.NONE
    queued_ns: int | None = None
    connect_ns: int | None = None
    answered_ns: int | None = None  # the handshake left the wire, whichever way

    @property
    def label(self) -> str:
        """Who the socket is, without its endpoint's name: ``0 #2``."""
        return f"{self.client} #{self.attempt}" if self.attempt else f"{self.client}"


@dataclass
class Handler:
    """One connection in the server's application."""

    conn: int
    client: int
    socket: int
    endpoint: int
    started_ns: int
    accepted_ns: int | None = None
    ended_ns: int | None = None
    killed: bool = False


@dataclass(frozen=True)
class Block:
    """The server's event loop served nobody."""

    start_ns: int
    end_ns: int
    endpoint: int
    conn: int


def end_ns(trace: Trace) -> int:
    """When the record ends: the last event, since a run may stop before its planned duration."""
    return int(trace.rows["time_ns"][-1]) if len(trace) else 0


def attempts(trace: Trace) -> list[Attempt]:
    """Every attempt, in the order of its ``new WebSocket``."""
    found: list[Attempt] = []
    live: dict[tuple[int, int], Attempt] = {}
    for row in trace:
        key = (row.client, row.socket)
        if row.event is Event.NEW:
            live[key] = Attempt(row.client, row.socket, row.endpoint, row.attempt, row.time_ns)
            found.append(live[key])
        elif row.event is Event.GONE:
            for socket in live.values():
                if socket.client == row.client and socket.end_ns is None:
                    socket.end_ns, socket.gone, socket.cause = row.time_ns, True, Cause.PAGE_GONE
        elif row.socket >= 0 and key in live:
            _happened(live[key], row)
    return found


def _happened(socket: Attempt, row: Row) -> None:
    if row.event is Event.QUEUED and socket.queued_ns is None:
        socket.queued_ns = row.time_ns
    elif row.event is Event.CONNECT and socket.connect_ns is None:
        socket.connect_ns = row.time_ns
    elif row.event is Event.OPEN:
        socket.open_ns = row.time_ns
    elif row.event is Event.CLOSE and socket.end_ns is None:
        socket.end_ns, socket.code = row.time_ns, row.code
        socket.clean, socket.cause = row.clean == 1, row.cause
    if row.event in _ON_WIRE_END and socket.connect_ns is not None and socket.answered_ns is None:
        socket.answered_ns = row.time_ns


def handlers(trace: Trace) -> list[Handler]:
    """Every connection that reached the application, in order; a kill ends all of them."""
    found: list[Handler] = []
    live: dict[tuple[int, int, int], Handler] = {}
    for row in trace:
        key = (row.conn, row.client, row.socket)
        if row.event is Event.STARTED:
            live[key] = Handler(row.conn, row.client, row.socket, row.endpoint, row.time_ns)
            found.append(live[key])
        elif row.event is Event.KILLED:
            for handler in live.values():
                handler.ended_ns, handler.killed = row.time_ns, True
            live.clear()
        elif row.event is Event.ACCEPTED and key in live:
            live[key].accepted_ns = row.time_ns
        elif row.event is Event.ENDED and key in live:
            live.pop(key).ended_ns = row.time_ns
    return found


def blocks(trace: Trace) -> list[Block]:
    """Every time the server's loop was blocked; a kill ends what was going on."""
    found: list[Block] = []
    last_ns = end_ns(trace)
    for row in trace:
        if row.event is Event.BLOCKED:
            until_ns = min(row.time_ns + row.value_ns, last_ns)
            found.append(Block(row.time_ns, until_ns, row.endpoint, row.conn))
        elif row.event is Event.KILLED and found and found[-1].end_ns > row.time_ns:
            cut = found.pop()
            found.append(Block(cut.start_ns, row.time_ns, cut.endpoint, cut.conn))
    return found


def outages(trace: Trace) -> list[tuple[int, int]]:
    """When no server process was there, as (start, end) in nanoseconds."""
    found: list[tuple[int, int]] = []
    down_ns: int | None = 0
    for row in trace:
        if row.event in {Event.KILLED, Event.SHUTDOWN} and down_ns is None:
            down_ns = row.time_ns
        elif row.event is Event.UP and down_ns is not None:
            if row.time_ns > down_ns:
                found.append((down_ns, row.time_ns))
            down_ns = None
    if down_ns is not None and end_ns(trace) > down_ns and len(trace):
        found.append((down_ns, end_ns(trace)))
    return found
