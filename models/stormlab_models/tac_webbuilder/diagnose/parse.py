"""Reading a server's log: the lines that uvicorn and the application write about WebSockets.

Four writers appear in the log of the analysed application: uvicorn's access line of an accepted
handshake, the ``websockets`` library's "connection open" and "connection closed", the
application's own error and warning lines, and tracebacks. Whatever stands in front of them
(timestamps, levels, names of containers) or between them (HTTP access lines, other loggers) is
passed over and counted.

What a traceback tells: an ``IncompleteReadError`` in its chain means that the connection was open
when TCP ended; ``ConnectionClosedError`` without one means that the end of TCP was seen before the
handshake had finished. ``ClientDisconnected`` means that the application was sending, and without
``ConnectionClosedError`` before it that the implementation is not the legacy one. A bare
``WebSocketDisconnect`` with a code means that the application was receiving.

Sources: uvicorn@0.38.0:uvicorn/protocols/websockets/{websockets_impl,wsproto_impl}.py,
websockets@15.0.1:websockets/legacy/server.py, starlette@0.50.0:starlette/websockets.py; measured
logs of the three implementations.
"""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from stormlab_models.tac_webbuilder.endpoints import NAMES

SIZE_MAX_BYTES = 50_000_000
_SHOWN_MAX = 3

ACCEPTED, OPEN, CLOSED, ERROR = "accepted", "open", "closed", "error"
READY_TIMEOUT, ASGI, STARTED, SHUTDOWN = "ready timeout", "asgi exception", "start", "shutdown"


class LogError(Exception):
    """A log that cannot be diagnosed; the message is one line for a person."""


@dataclass(frozen=True)
class Line:
    """One line that counts, of a given or a simulated log.

    ``endpoint`` is an index into the application's endpoints, -1 if the line names none.
    ``opened``, ``sending`` and ``legacy`` belong to errors: whether the connection was open before,
    whether the application was sending, and whether uvicorn's legacy implementation reported it;
    None is unknown. ``time_s`` and ``connect_s`` are seconds on any
    clock; the latter, when the client connected, is known of simulated lines only. ``cause`` is
    the simulated end of the connection, in the words of :class:`stormlab.vocabulary.Cause`.
    """

    kind: str
    endpoint: int = -1
    port: int = 0
    number: int = 0
    text: str = ""
    time_s: float | None = None
    opened: bool | None = None
    sending: bool | None = None
    legacy: bool | None = None
    connect_s: float | None = None
    cause: str = ""


@dataclass
class Log:
    """What a log says, and what was passed over (kind of line to how many)."""

    lines: list[Line]
    unused: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    total: int = 0
    resolution_s: float = 1.0  # of the timestamps, if there are any

    @property
    def timed(self) -> bool:
        """Whether every line that counts has a time."""
        return bool(self.lines) and all(line.time_s is not None for line in self.lines)


_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ACCEPTED = re.compile(
    r'(?::|, )(?P<port>\d{1,5})\)? - "WebSocket (?P<path>[^"\s]+)[^"]*" \[accepted\]'
)
_REJECTED = re.compile(r'- "WebSocket (?P<path>[^"\s]+)[^"]*" (?P<status>\d{3})')
_CONNECTION = re.compile(r"(?P<prefix>.*?)\bconnection (?P<what>open|closed)\s*$")
_OTHERS = re.compile(
    r"redis|postgres|psycopg|asyncpg|mysql|sqlalchemy|amqp|kafka|mongo|httpx", re.IGNORECASE
)
_ERROR = re.compile(r"Error in (?P<name>[\w /-]+?) WebSocket connection:?(?P<rest>.*)$")
_READY = re.compile(r"(?P<name>[\w-]+): Client never sent ready signal")
_ASGI = re.compile(r"Exception in ASGI application")
_HTTP = re.compile(r'"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) [^"]* HTTP/[\d.]+"')
_STARTED = re.compile(r"Started server process")
_SHUTDOWN = re.compile(r"\bShutting down\s*$")
_TRACEBACK = re.compile(
    r"^(\s+\S|\s*[|+]|Traceback \(most recent|During handling|The above exception"
    r"|[A-Za-z_][\w.]*(Error|Exception|Disconnect|Disconnected|Group|Warning|Exit|Interrupt)\b)"
)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?")
_CLOCK = re.compile(r"(?<![\d:])(\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?![\d:])")
_PREFIX_CHARS = 60  # a timestamp stands at the beginning of a line


def read_log(path: Path) -> Log:
    """Read a log file.

    Raises:
        LogError: if it is missing, too large, not text, or holds nothing to diagnose.
    """
    try:
        size = path.stat().st_size
        if size > SIZE_MAX_BYTES:
            msg = f"{path}: {size:,} bytes; a log has at most {SIZE_MAX_BYTES:,}: cut out one load"
            raise LogError(msg)
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise LogError(msg) from None
    return parse(_text(data, str(path)), str(path))


def _text(data: bytes, source: str) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = data.decode("utf-16", errors="replace")
    else:
        text = data.decode("utf-8-sig", errors="replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 20:
        msg = f"{source}: not a text file; a server log is text"
        raise LogError(msg)
    if not text.strip():
        msg = f"{source}: empty; found no line at all, so there is nothing to diagnose"
        raise LogError(msg)
    return text


def parse(text: str, source: str) -> Log:
    """Find the lines that count.

    Raises:
        LogError: if there are none, or none about this application's endpoints.
    """
    reader = _Reader()
    for number, raw in enumerate(text.splitlines(), 1):
        reader.take(number, _ANSI.sub("", raw))
    log = reader.finish()
    _check(log, reader, source)
    return log


def _check(log: Log, reader: "_Reader", source: str) -> None:
    if any(line.kind in {ACCEPTED, ERROR, ASGI, READY_TIMEOUT} for line in log.lines):
        return
    known = ", ".join(NAMES)
    if reader.foreign:
        found = ", ".join(sorted(reader.foreign)[:_SHOWN_MAX])
        msg = f"{source}: WebSocket lines of other endpoints only ({found}); known: {known}"
    elif log.lines:
        msg = (
            f"{source}: {len(log.lines)} lines that name no endpoint, and none that an endpoint "
            f"was accepted or failed; nothing to compare with"
        )
    elif log.unused["HTTP access lines"]:
        count = log.unused["HTTP access lines"]
        msg = f"{source}: {count} HTTP access lines and no WebSocket line; nothing to diagnose"
    else:
        msg = (
            f"{source}: no line of uvicorn's WebSocket log in {log.total} lines; expected lines "
            f'like: INFO: 127.0.0.1:52568 - "WebSocket /api/v1/ws/queue" [accepted]'
        )
    raise LogError(msg)


def endpoint_named(name: str) -> int:
    """The endpoint with this name or path, in the spellings that logs use; -1 if there is none."""
    last = name.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
    word = re.sub(r"[\s_]+", "-", last.strip().lower())
    if word in NAMES:
        return NAMES.index(word)
    near = [i for i, known in enumerate(NAMES) if word and (word in known or known in word)]
    return near[0] if len(near) == 1 else -1


class _Reader:
    """Goes through the lines and remembers whose traceback it is in."""

    def __init__(self) -> None:
        self.log = Log([])
        self.foreign: set[str] = set()
        self._chain: list[str] = []  # the traceback after the last error line
        self._in_error = False
        self._after_foreign = False
        self._day_s = 0.0
        self._last_s: float | None = None
        self._resolution_s = 1.0

    def take(self, number: int, text: str) -> None:
        """Read one line."""
        self.log.total += 1
        line = self._line(text)
        if line is not None:
            self._end_chain()
            time_s = self._time(text)
            self.log.lines.append(replace(line, number=number, text=text.strip(), time_s=time_s))
            self._in_error = line.kind in {ERROR, ASGI}
            self._after_foreign = False
        elif not text.strip():
            return
        elif self._in_error and not _HTTP.search(text):
            if not _TRACEBACK.match(text):
                self.log.unused["other lines"] += 1
            else:
                self._chain.append(text)
        else:
            self._pass_over(text)

    def finish(self) -> Log:
        """Close the last traceback; the log is complete."""
        cut = self._in_error and bool(self._chain) and not self._ended()
        if cut:
            number = self.log.lines[-1].number
            self.log.notes.append(
                f"the log ends inside the traceback of line {number}; what failed there is open"
            )
        self._end_chain()
        self.log.resolution_s = self._resolution_s
        return self.log

    def _line(self, text: str) -> Line | None:
        if found := _ACCEPTED.search(text):
            return self._of_endpoint(ACCEPTED, found["path"], port=int(found["port"]))
        if found := _ERROR.search(text):
            rest = found["rest"].strip()
            sending = False if re.match(r"\((1\d{3}|<CloseCode)", rest) else None
            return self._of_endpoint(ERROR, found["name"], sending=sending)
        if found := _READY.search(text):
            return self._of_endpoint(READY_TIMEOUT, found["name"])
        return self._of_nobody(text)

    def _of_nobody(self, text: str) -> Line | None:
        """A line that names no endpoint."""
        if (found := _CONNECTION.search(text)) and not _OTHERS.search(found["prefix"]):
            if self._after_foreign:
                return None
            return Line(OPEN if found["what"] == "open" else CLOSED)
        for pattern, kind in ((_ASGI, ASGI), (_STARTED, STARTED), (_SHUTDOWN, SHUTDOWN)):
            if pattern.search(text):
                return Line(kind)
        return None

    def _of_endpoint(
        self, kind: str, name: str, *, port: int = 0, sending: bool | None = None
    ) -> Line | None:
        endpoint = endpoint_named(name)
        if endpoint < 0:
            self.foreign.add(name)
            return None
        return Line(kind, endpoint, port, sending=sending)

    def _pass_over(self, text: str) -> None:
        self._after_foreign = False
        if _HTTP.search(text):
            self.log.unused["HTTP access lines"] += 1
        elif _ACCEPTED.search(text) or _ERROR.search(text) or _READY.search(text):
            self.log.unused["lines of other endpoints"] += 1
            self._after_foreign = bool(_ACCEPTED.search(text))
        elif found := _REJECTED.search(text):
            self.log.unused[f"handshakes rejected with {found['status']}"] += 1
        elif _TRACEBACK.match(text):
            self.log.unused["traceback lines"] += 1
        else:
            self.log.unused["other lines"] += 1

    # tracebacks -------------------------------------------------------------------------------

    def _ended(self) -> bool:
        """Whether the chain reached the exception that the application saw."""
        return bool(re.search(r"^\S*(Disconnect|RuntimeError|Error)\b", self._chain[-1]))

    def _end_chain(self) -> None:
        if not self._in_error:
            return
        chain, self._chain, self._in_error = "\n".join(self._chain), [], False
        last = self.log.lines[-1]
        if last.kind == ERROR:
            self.log.lines[-1] = _with_chain(last, chain)
        elif chain and "websocket.accept" not in chain and "Error" in chain:
            self.log.lines.pop()  # an exception of something else than accept()
            self.log.unused["exceptions of other handlers"] += 1

    # time -------------------------------------------------------------------------------------

    def _time(self, text: str) -> float | None:
        """Seconds on the log's own clock, midnight passed over; None without a timestamp."""
        head = text[:_PREFIX_CHARS]
        if found := _DATE.search(head):
            day, clock, fraction = found.groups()
            try:
                time_s = datetime.fromisoformat(f"{day}T{clock}").timestamp()
            except ValueError:
                return None
        elif found := _CLOCK.search(head):
            clock, fraction = found.groups()
            hours, minutes, seconds = (int(part) for part in clock.split(":"))
            time_s = hours * 3600.0 + minutes * 60 + seconds + self._day_s
            if self._last_s is not None and time_s < self._last_s - 43_200:
                self._day_s += 86_400
                time_s += 86_400
        else:
            return None
        if fraction:
            time_s += float(f"0.{fraction}")
            self._resolution_s = 10.0 ** -min(len(fraction), 6)
        self._last_s = time_s
        return time_s


def _with_chain(line: Line, chain: str) -> Line:
    """Add to an error what its traceback tells."""
    sending, opened, legacy = line.sending, line.opened, line.legacy
    if "ClientDisconnected" in chain or "ConnectionClosed" in chain:
        sending = True
    elif sending is None and re.search(r"WebSocketDisconnect: \(", chain):
        sending = False
    if "IncompleteReadError" in chain:
        opened = True
    elif "ConnectionClosed" in chain:
        opened = False
    if "ConnectionClosed" in chain:
        legacy = True
    elif re.search(r"ClientDisconnected[^\0]*WebSocketDisconnect", chain):
        legacy = False
    return replace(line, sending=sending, opened=opened, legacy=legacy)
