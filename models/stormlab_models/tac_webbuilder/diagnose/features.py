"""Given and simulated lines in one form, so that they can be compared.

A line becomes a *class*, which keeps what the mechanism decides and drops what is arbitrary: which
of the eight endpoints is slow does not matter, but that this is the endpoint's second or third
accepted connection does. Beside the class stand features that are compared softly: whether an
error's connection had been open, how many accepts came between an error and its accept, the jump
of the client's port, and the time since the line before.

Ports as a clock. Linux gives connections to one address ephemeral ports that rise in even steps
of 2 to 16, and chooses a new, unrelated beginning every 10 s. So a jump between two accepts says
that 10 s may have passed between the two connects, and eight accepts without one say that they
probably took less. Other systems do it otherwise; ports that are odd or outside Linux's range are
not used. Source: linux@v6.6:net/core/secure_seq.c (EPHEMERAL_PORT_SHUFFLE_PERIOD),
net/ipv4/inet_hashtables.c (__inet_hash_connect).

Simplification: the class of an accept counts to three and no further.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_s
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Cause, Event
from stormlab_models.tac_webbuilder.diagnose.parse import (
    ACCEPTED,
    ASGI,
    CLOSED,
    ERROR,
    OPEN,
    READY_TIMEOUT,
    SHUTDOWN,
    STARTED,
    Line,
)

CLASSES: tuple[str, ...] = (
    "accepted 1st",
    "accepted 2nd",
    "accepted 3rd",
    "open",
    "closed",
    "error on send",
    "error on receive",
    "error",
    "ready timeout",
    "asgi exception",
    "start",
    "shutdown",
)
ACCEPT_CLASSES = 3
ERROR_SEND, ERROR_RECEIVE, ERROR_UNKNOWN = 5, 6, 7
_CLASS = {
    OPEN: 3,
    CLOSED: 4,
    READY_TIMEOUT: 8,
    ASGI: 9,
    STARTED: 10,
    SHUTDOWN: 11,
}
LINUX_PORTS = range(32_768, 61_000)
PORT_STEP_MAX = 64  # a few steps of at most 16: connections that wrote no line
UNKNOWN = -1


@dataclass(frozen=True)
class Encoded:
    """A log as arrays, one item per line; ``UNKNOWN`` or NaN where a feature does not apply."""

    classes: NDArray[np.int8]
    opened: NDArray[np.int8]  # errors: the connection had been open
    legacy: NDArray[np.int8]  # errors: reported by uvicorn's legacy implementation
    age: NDArray[np.int8]  # errors: accepts since the endpoint's own, to 2
    jump: NDArray[np.int8]  # accepts: the port jumped
    since_s: NDArray[np.float64]  # accepts: seconds between the two connects
    gap_s: NDArray[np.float64]  # seconds since the line before
    order: tuple[int, ...]  # endpoints by their first accept
    acts: int = 0  # simulated: lines before the mechanism did anything

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.classes)


def gathered(lines: Sequence[Line]) -> list[Line]:
    """Bring together the "connection closed" lines that belong to one event.

    Several connections that end at once log it within a few ms, and a new connection's lines may
    come between by chance. So lines that follow a "closed", come from one connection at most, and
    are followed by a "closed" again, move behind it.
    """
    result: list[Line] = []
    between: list[Line] = []
    for line in lines:
        if line.kind == CLOSED:
            result.append(line)
        elif line.kind in {ACCEPTED, OPEN} and result and result[-1].kind == CLOSED:
            new = line.kind == ACCEPTED and any(other.kind == ACCEPTED for other in between)
            if not new:
                between.append(line)
                continue
            result += [*between, line]
            between = []
        else:
            result += [*between, line]
            between = []
    return result + between


def encode(lines: Sequence[Line], acts_s: float | None = None) -> Encoded:
    """Put lines into comparable form; ``acts_s`` is when a simulated mechanism first acted."""
    lines = gathered(lines)
    visits: dict[int, int] = {}
    accepted_at: dict[int, int] = {}
    accepts = 0
    count = len(lines)
    classes, opened, legacy, age = (np.full(count, UNKNOWN, np.int8) for _ in range(4))
    for index, line in enumerate(lines):
        if line.kind == ACCEPTED:
            visits[line.endpoint] = visits.get(line.endpoint, 0) + 1
            accepts += 1
            accepted_at[line.endpoint] = accepts
            classes[index] = min(visits[line.endpoint], ACCEPT_CLASSES) - 1
        elif line.kind == ERROR:
            classes[index] = {True: ERROR_SEND, False: ERROR_RECEIVE, None: ERROR_UNKNOWN}[
                line.sending
            ]
            opened[index] = UNKNOWN if line.opened is None else int(line.opened)
            legacy[index] = UNKNOWN if line.legacy is None else int(line.legacy)
            if line.endpoint in accepted_at:
                age[index] = min(accepts - accepted_at[line.endpoint], 2)
        else:
            classes[index] = _CLASS[line.kind]
    return Encoded(
        classes,
        opened,
        legacy,
        age,
        _jumps(lines),
        _since(lines),
        _gaps(lines),
        tuple(visits),
        0 if acts_s is None else sum((line.time_s or 0.0) < acts_s for line in lines),
    )


def linux_ports(lines: Sequence[Line]) -> bool:
    """Whether the ports look as Linux gives them."""
    ports = [line.port for line in lines if line.kind == ACCEPTED]
    return len(ports) > 1 and all(port in LINUX_PORTS and port % 2 == 0 for port in ports)


def _jumps(lines: Sequence[Line]) -> NDArray[np.int8]:
    result = np.full(len(lines), UNKNOWN, np.int8)
    if not linux_ports(lines):
        return result
    last: int | None = None
    for index, line in enumerate(lines):
        if line.kind == ACCEPTED:
            if last is not None:
                result[index] = not 0 < line.port - last <= PORT_STEP_MAX
            last = line.port
    return result


def _since(lines: Sequence[Line]) -> NDArray[np.float64]:
    result = np.full(len(lines), np.nan)
    last: float | None = None
    for index, line in enumerate(lines):
        if line.kind == ACCEPTED and line.connect_s is not None:
            if last is not None:
                result[index] = abs(line.connect_s - last)
            last = line.connect_s
    return result


def _gaps(lines: Sequence[Line]) -> NDArray[np.float64]:
    result = np.full(len(lines), np.nan)
    for index in range(1, len(lines)):
        now, before = lines[index].time_s, lines[index - 1].time_s
        if now is not None and before is not None:
            result[index] = max(0.0, now - before)
    return result


# Traces ---------------------------------------------------------------------------------------

_KIND = {
    "accepted": ACCEPTED,
    "connection open": OPEN,
    "connection closed": CLOSED,
    "error on send": ERROR,
    "error on receive": ERROR,
    "ready timeout": READY_TIMEOUT,
    "asgi exception": ASGI,
}


_ACTS = (Event.ACTION, Event.FAULT, Event.KILLED, Event.SHUTDOWN, Event.IDLE_CUT)


def acts_at(trace: Trace) -> float | None:
    """When something was first done to the simulated page, path or server, in seconds."""
    rows = trace.of(*_ACTS)
    return to_s(int(rows["time_ns"].min())) if len(rows) else None


def lines_of(trace: Trace, implementation: str = "legacy") -> list[Line]:
    """The log that the simulated server writes, as :func:`.parse.parse` would read it."""
    legacy = implementation == "legacy"
    connects: dict[tuple[int, int], float] = {}
    causes: dict[int, str] = {}
    opened: set[int] = set()
    lines: list[Line] = []
    errors: list[tuple[int, int]] = []
    for row in trace:
        if row.event is Event.CONNECT:
            connects[row.client, row.socket] = to_s(row.time_ns)
        elif row.event is Event.HANDSHAKE_TIMEOUT:
            causes[row.conn] = Cause.TIMED_OUT
        elif row.event is Event.UP and lines:
            lines.append(Line(STARTED, time_s=to_s(row.time_ns)))
        elif row.event is Event.SHUTDOWN:
            lines.append(Line(SHUTDOWN, time_s=to_s(row.time_ns)))
        elif row.event is Event.LOG and row.detail in _KIND:
            if row.detail == "connection open":
                opened.add(row.conn)
            if row.detail.startswith("error"):
                errors.append((len(lines), row.conn))
            lines.append(_line(row, connects, opened, legacy=legacy))
    ends = _ends(trace)
    for index, conn in errors:
        cause = causes.get(conn) or ends.get(conn, "")
        lines[index] = replace(lines[index], cause=str(cause))
    return lines


def _line(
    row: Row, connects: dict[tuple[int, int], float], opened: set[int], *, legacy: bool
) -> Line:
    kind, time_s = _KIND[row.detail], to_s(row.time_ns)
    if kind == ACCEPTED:
        connect_s = connects.get((row.client, row.socket))
        return Line(kind, row.endpoint, row.code, time_s=time_s, connect_s=connect_s)
    if kind == ERROR:
        sending = row.detail == "error on send"
        return Line(
            kind,
            row.endpoint,
            time_s=time_s,
            opened=row.conn in opened if sending and legacy else None,
            sending=sending,
            legacy=legacy if sending else None,
        )
    return Line(kind, row.endpoint if kind == READY_TIMEOUT else UNKNOWN, time_s=time_s)


def _ends(trace: Trace) -> dict[int, str]:
    """Why each connection ended, by what the page had done to its socket before."""
    called: dict[tuple[int, int], str] = {}
    sockets: dict[int, tuple[int, int]] = {}
    for row in trace:
        key = row.client, row.socket
        if row.event is Event.CLOSE_CALLED:
            called.setdefault(key, Cause.ABORTED_CONNECTING if row.before == 0 else Cause.NONE)
        elif row.event is Event.CLOSE:
            called.setdefault(key, row.cause)
        elif row.conn >= 0 and row.event is Event.STARTED:
            sockets[row.conn] = key
    return {conn: called.get(key, Cause.PAGE_GONE) for conn, key in sockets.items()}
