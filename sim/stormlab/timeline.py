"""A run as lines of text: its events one by one, or one bar per socket.

Lines are produced one at a time, so that a long trace costs no memory and can be piped into a
pager. Everything from a trace is shown with control characters escaped: a name cannot act on the
terminal.
"""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stormlab.clock import NS_PER_MS, NS_PER_S, to_s
from stormlab.console import printable
from stormlab.spans import Attempt, Block, attempts, blocks, end_ns, outages
from stormlab.trace import Row, Trace
from stormlab.vocabulary import EVENTS, Cause, Event, State

LANES = {"page": "page", "net": "net", "srv": "server", "world": "world"}
COLOURS = {"page": "cyan", "net": "yellow", "server": "green", "world": "red"}

MEANING: dict[Event, str] = {
    Event.NAVIGATE: "a document starts to load",
    Event.READY: "the application's script runs",
    Event.MOUNT: "effect runs",
    Event.CLEANUP: "the effect's cleanup runs",
    Event.GONE: "the document is discarded",
    Event.NEW: "new WebSocket()",
    Event.CLOSE_CALLED: "ws.close() called",
    Event.OPEN: "onopen",
    Event.MESSAGE: "onmessage",
    Event.SEND: "ws.send()",
    Event.ERROR: "onerror",
    Event.CLOSE: "onclose",
    Event.TIMER_SET: "reconnect timer set",
    Event.TIMER_FIRED: "reconnect timer fires",
    Event.TIMER_CLEARED: "reconnect timer cleared",
    Event.TIMER_IGNORED: "timer fires and does nothing: attempts used up",
    Event.GAVE_UP: "gives up: no further attempt by itself",
    Event.BREAKER_OPENED: "circuit breaker opens",
    Event.BREAKER_HALF_OPEN: "circuit breaker half-open: one trial",
    Event.BREAKER_CLOSED: "circuit breaker closes",
    Event.RETRY_BY_HAND: "a person asks to retry",
    Event.HTTP_REQUEST: "HTTP request",
    Event.HTTP_RESPONSE: "HTTP response",
    Event.STATE_SET: "React state update queued",
    Event.RENDER: "renders",
    Event.PARSE_ERROR: "message cannot be parsed",
    Event.QUALITY: "connection quality shown",
    Event.QUEUED: "waits in the browser for its turn",
    Event.LIMITED: "refused by the browser: too many sockets",
    Event.CONNECT: "TCP: first SYN",
    Event.REFUSED: "TCP: refused, nobody listens",
    Event.SYN_LOST: "TCP: SYN lost, sent again later",
    Event.REQUEST: "HTTP upgrade request",
    Event.RESPONSE: "HTTP response",
    Event.CLIENT_FRAME: "frame to the server",
    Event.SERVER_FRAME: "frame to the client",
    Event.CLIENT_FIN: "the client ends TCP (FIN)",
    Event.SERVER_FIN: "the server ends TCP (FIN)",
    Event.RESET: "TCP reset",
    Event.IDLE_CUT: "a proxy cuts the silent connection",
    Event.CUT: "the path is cut",
    Event.HEALED: "the path is healed",
    Event.UP: "the server process is up",
    Event.KILLED: "the server process is killed",
    Event.SHUTDOWN: "the server shuts down in order",
    Event.STARTED: "the request reaches the application",
    Event.ACCEPTED: "accept() returned",
    Event.ACCEPT_FAILED: "accept() failed: the client has gone",
    Event.HANDSHAKE_TIMEOUT: "the server's handshake timer ran out",
    Event.SENT_INITIAL: "initial data sent",
    Event.RECEIVED: "a message is received",
    Event.READY_TIMEOUT: "no 'client_ready' in time",
    Event.DISCONNECT: "receive() reports the end",
    Event.EXCEPTION: "the handler ends in an exception",
    Event.ENDED: "the handler returned",
    Event.LOST: "the transport is gone",
    Event.PING_TIMEOUT: "no pong in time",
    Event.WATCHER: "a background watcher looked",
    Event.BROADCAST: "broadcast",
    Event.LOG: "log line",
    Event.BLOCKED: "the event loop is blocked",
    Event.FAULT: "fault",
    Event.ACTION: "action",
    Event.OBSERVED: "observation",
    Event.ALERT: "alert",
    Event.PROVED: "the application answered",
    Event.HTTP_FIRST: "HTTP request before the handshake",
    Event.OFFLINE: "the device goes offline",
    Event.ONLINE: "the device is online again",
    Event.HIDDEN: "the page is hidden",
    Event.VISIBLE: "the page is visible again",
    Event.HEARTBEAT_LOST: "no answer to a ping in time",
    Event.SYN_RETRY: "TCP: the kernel sends the SYN again",
    Event.ESTABLISHED: "TCP: established",
    Event.TLS: "TLS handshake complete",
    Event.QUEUE_FULL: "SYN dropped: the accept queue is full",
    Event.QUEUED_REQUEST: "the handshake waits for a worker",
    Event.REJECTED: "refused by admission",
    Event.SERVED: "a worker has finished the handshake",
    Event.CLOSED: "the server closes the connection",
    Event.DEPENDENCY: "a call behind the handshake ended",
    Event.CONSOLE: "the code writes to its console",
    Event.UNCAUGHT: "an error that the code does not catch",
    Event.NOTED: "the code says of itself",
    Event.HALTED: "the code is stopped",
}

_STATES = {State.CONNECTING: "CONNECTING", State.OPEN: "OPEN", State.CLOSING: "CLOSING"}
_CODED = {Event.CLOSE, Event.DISCONNECT, Event.EXCEPTION}
_TIMES = {Event.TIMER_SET: "due in", Event.BLOCKED: "for", Event.FAULT: "for"}
_GAP = "  "
_WHO_MAX = 34
_MEANING_MIN = 20
_INDENT = 4


def duration(time_ns: int) -> str:
    """A duration for people: ``12.3 ms``, ``2 s``."""
    if abs(time_ns) < NS_PER_S:
        return f"{time_ns / NS_PER_MS:.3g} ms"
    return f"{to_s(time_ns):.5g} s"


def lane(event: Event) -> str:
    """Which of the two views, the wire or the world an event belongs to."""
    return LANES[event.value.partition(".")[0]]


def endpoint_name(trace: Trace, endpoint: int) -> str:
    """The endpoint's name, or its number when the trace names none; "" for none."""
    if endpoint < 0:
        return ""
    names = trace.endpoints
    return printable(names[endpoint]) if endpoint < len(names) else str(endpoint)


def who(trace: Trace, row: Row) -> str:
    """Whose event it is: ``0 queue #2`` is client 0's second attempt for ``queue``."""
    client = str(row.client) if row.client >= 0 else ""
    attempt = f"#{row.attempt}" if row.attempt else ""
    return " ".join(filter(None, (client, endpoint_name(trace, row.endpoint), attempt)))


def meaning(row: Row) -> str:
    """What the event means, with the facts that belong to it."""
    text = MEANING[row.event]
    if row.event in _CODED and row.code:
        clean = {1: ", clean", 0: ", unclean"}.get(row.clean, "")
        text += f" {row.code}{clean}"
    elif row.event is Event.BROADCAST:
        text += f" to {row.code} connections"
    elif row.event is Event.CLOSE_CALLED and row.before in _STATES:
        text += f" while {_STATES[row.before]}"
    detail = printable(row.detail)
    if row.cause is not Cause.NONE:
        text += f": {row.cause}" + (f" ({detail})" if detail else "")
    elif detail:
        text += f": {detail}"
    parts = [text]
    if row.event in _TIMES and row.value_ns:
        parts.append(f"{_TIMES[row.event]} {duration(row.value_ns)}")
    size = row.up + row.down
    if size:
        parts.append(f"{size:,} B")
    if row.conn >= 0:
        parts.append(f"[conn {row.conn}]")
    return " ".join(parts)


@dataclass(frozen=True)
class Line:
    """One printed line and the lane that colours it ("" for headings)."""

    text: str
    lane: str = ""


def event_lines(trace: Trace, rows: Iterable[Row], columns: int) -> Iterator[Line]:
    """The table of events: time, who, lane, event, meaning; folded at ``columns``."""
    time_wide = len(f"{to_s(end_ns(trace)):.6f}")
    who_wide = min(_widest_who(trace), _WHO_MAX)
    event_wide = max(
        (len(EVENTS[code].value) for code in set(trace.rows["event"].tolist())), default=5
    )
    left = time_wide + who_wide + len("server") + event_wide + 4 * len(_GAP)
    room = columns - left
    own_line = room < _MEANING_MIN  # a narrow terminal: the meaning goes below
    if own_line:
        left, room = _INDENT, max(columns - _INDENT, _MEANING_MIN)

    def head(*cells: str) -> str:
        widths = (time_wide, who_wide, len("server"), event_wide)
        first, *rest = cells
        padded = [first.rjust(time_wide)]
        padded += [cell.ljust(wide) for cell, wide in zip(rest, widths[1:], strict=True)]
        return _GAP.join(padded)

    title = head("time s", "who", "lane", "event")
    yield Line((title if own_line else title + _GAP + "meaning").rstrip())
    for row in rows:
        at = f"{to_s(row.time_ns):.6f}"
        name = _cut(who(trace, row), who_wide)
        start = head(at, name, lane(row.event), row.event.value)
        folded = textwrap.wrap(meaning(row), room)
        if not own_line:
            start += _GAP + folded.pop(0)
        yield Line(start.rstrip(), lane(row.event))
        for more in folded:
            yield Line(" " * left + more, lane(row.event))


def _cut(text: str, wide: int) -> str:
    return text if len(text) <= wide else text[: max(wide - 1, 0)] + "…"


def _widest_who(trace: Trace) -> int:
    names = [len(endpoint_name(trace, index)) for index in range(len(trace.endpoints))]
    clients = int(trace.rows["client"].max(initial=0))
    tries = int(trace.rows["attempt"].max(initial=0))
    return max(names, default=3) + len(str(clients)) + len(str(tries)) + 3


# --- One bar per socket --------------------------------------------------------------------------

CONNECTING, LIVE, FAILED, CLOSED, GONE, GOES_ON = "·", "━", "✕", "┤", "┘", "▸"
UP, BLOCKED, DOWN = "─", "█", " "
LEGEND = (
    f"{CONNECTING} connecting",
    f"{LIVE} open",
    f"{FAILED} failed or lost (unclean)",
    f"{CLOSED} closed clean",
    f"{GONE} page gone",
    f"{GOES_ON} goes on",
    f"server: {UP} up",
    f"{BLOCKED} event loop blocked",
    "(blank) down",
)
_BAR_MIN = 20


@dataclass(frozen=True)
class Scale:
    """Maps time to cells of a bar."""

    from_ns: int
    to_ns: int
    cells: int

    def cell(self, time_ns: int) -> int:
        """The cell of a moment, clipped to the bar."""
        span = max(self.to_ns - self.from_ns, 1)
        return min(max((time_ns - self.from_ns) * self.cells // span, 0), self.cells - 1)

    def overlaps(self, start_ns: int, stop_ns: int) -> bool:
        """Whether anything of it is to be seen."""
        return start_ns <= self.to_ns and stop_ns >= self.from_ns


def socket_lines(
    trace: Trace, sockets: list[Attempt], from_ns: int, to_ns: int, columns: int
) -> Iterator[Line]:
    """One line per socket between two times, a line for the server, an axis and a legend."""
    shown = [s for s in sockets if s.new_ns <= to_ns and (s.end_ns is None or s.end_ns >= from_ns)]
    labels = [_label(trace, socket) for socket in shown]
    ends = [_how(socket) for socket in shown]
    wide = min(max([len("server"), *map(len, labels)]), _WHO_MAX)
    tail = max([0, *map(len, ends)])
    cells = columns - wide - tail - 2 * len(_GAP)
    if cells < _BAR_MIN:  # too narrow to say how each ended; the end mark remains
        tail, cells = 0, max(columns - wide - len(_GAP), _BAR_MIN)
    scale = Scale(from_ns, to_ns, cells)
    yield Line(" " * (wide + len(_GAP)) + axis(scale))
    yield Line(_line("server", server_bar(trace, scale), "", wide), "server")
    for socket, label, end in zip(shown, labels, ends, strict=True):
        failed = socket.end_ns is not None and not socket.clean and not socket.gone
        text = _line(label, bar(socket, scale), end if tail else "", wide)
        yield Line(text, "world" if failed else "page")
    yield Line("")
    yield from _legend(columns)


def _legend(columns: int) -> Iterator[Line]:
    text = ""
    for item in LEGEND:
        if text and len(text) + 3 + len(item) > columns:
            yield Line(text)
            text = ""
        text = f"{text}   {item}" if text else item
    yield Line(text)


def _line(label: str, drawn: str, end: str, wide: int) -> str:
    return _GAP.join((_cut(label, wide).ljust(wide), drawn, end)).rstrip()


def _label(trace: Trace, socket: Attempt) -> str:
    name = endpoint_name(trace, socket.endpoint)
    attempt = f"#{socket.attempt}" if socket.attempt else ""
    return " ".join(filter(None, (str(socket.client), name, attempt)))


def _how(socket: Attempt) -> str:
    if socket.gone:
        return "page gone"
    if socket.end_ns is None:
        return "open" if socket.open_ns is not None else "connecting"
    return " ".join(filter(None, (str(socket.code or ""), socket.cause.value)))


def bar(socket: Attempt, scale: Scale) -> str:
    """A socket's life in ``scale.cells`` characters."""
    drawn = [" "] * scale.cells
    until_ns = scale.to_ns if socket.end_ns is None else socket.end_ns
    opened_ns = until_ns if socket.open_ns is None else socket.open_ns
    _fill(drawn, scale, socket.new_ns, opened_ns, CONNECTING)
    if socket.open_ns is not None:
        _fill(drawn, scale, opened_ns, until_ns, LIVE)
    if socket.end_ns is None or socket.end_ns > scale.to_ns:
        drawn[-1] = GOES_ON
    elif socket.end_ns >= scale.from_ns:
        mark = GONE if socket.gone else CLOSED if socket.clean else FAILED
        drawn[scale.cell(socket.end_ns)] = mark
    return "".join(drawn)


def _fill(drawn: list[str], scale: Scale, start_ns: int, stop_ns: int, mark: str) -> None:
    if scale.overlaps(start_ns, stop_ns):
        for cell in range(scale.cell(start_ns), scale.cell(stop_ns) + 1):
            drawn[cell] = mark


def server_bar(trace: Trace, scale: Scale) -> str:
    """The server process in ``scale.cells`` characters: up, blocked, down."""
    drawn = [UP] * scale.cells
    busy: list[Block] = blocks(trace)
    for block in busy:
        _fill(drawn, scale, block.start_ns, block.end_ns, BLOCKED)
    for start_ns, stop_ns in outages(trace):
        _fill(drawn, scale, start_ns, stop_ns, DOWN)
    return "".join(drawn)


def axis(scale: Scale) -> str:
    """Times over the bars: the first, the last, and round ones between."""
    first, last = (f"{to_s(time_ns):.4g} s" for time_ns in (scale.from_ns, scale.to_ns))
    drawn = [" "] * scale.cells
    drawn[: len(first)] = first
    drawn[scale.cells - len(last) :] = last
    step_ns = _round_step_ns((scale.to_ns - scale.from_ns) // max(scale.cells // 9, 1))
    at_ns = -(-scale.from_ns // step_ns) * step_ns
    while at_ns < scale.to_ns:
        text = f"{to_s(at_ns):.6g}"
        start = scale.cell(at_ns)
        room = drawn[max(start - 1, 0) : start + len(text) + 1]
        if start + len(text) < scale.cells - len(last) and set(room) == {" "}:
            drawn[start : start + len(text)] = text
        at_ns += step_ns
    return "".join(drawn)


def _round_step_ns(least_ns: int) -> int:
    """The smallest of 1, 2, 5 times a power of ten that is at least so long."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least_ns:
                return factor * power
        power *= 10


def all_sockets(trace: Trace) -> list[Attempt]:
    """The attempts to draw, by client and then in the order of their making."""
    return sorted(attempts(trace), key=lambda socket: socket.client)
