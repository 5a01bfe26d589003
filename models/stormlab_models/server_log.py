"""The server's log as text: the lines that uvicorn, websockets and the application write.

A pure function of a trace: each ``srv.log`` event becomes the line or lines that the real server
writes, in order. Of a traceback the chain of its exceptions is kept, cause first, one line each.

What an error's text tells. A *send* that fails raises Starlette's WebSocketDisconnect without
arguments, so the application's line ends at the colon; its causes say who noticed: uvicorn's
ClientDisconnected, and below it websockets' ConnectionClosed with the close codes of both sides (an
IncompleteReadError below that if the connection had been open when TCP ended), or the
implementation's own. A *receive* raises it with code and reason, which stand behind the colon.

Sources: the same handler run on uvicorn 0.38 with websockets 15.0.1, wsproto 1.3 and Starlette
1.10 (tests/integration), and measured logs of uvicorn 0.38 and 0.54.

Simplifications: only lines about connections; close reasons are empty; the memory address in one
message of ``sansio-0.38`` is a placeholder; which exceptions stand behind sansio 0.54's
ClientDisconnected is measured for close frames only.
"""

import re
from dataclasses import dataclass, field

from stormlab.clock import to_s
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Event
from stormlab_models.asgi import WORK_FAILED
from stormlab_models.websocket import (
    ABNORMAL,
    GOING_AWAY,
    INTERNAL_ERROR,
    NO_STATUS,
    NORMAL,
    SERVICE_RESTART,
)

ADDRESS = "127.0.0.1"
URL_PREFIX = "/api/v1/ws/"
LEGACY, SANSIO, WSPROTO, SANSIO_38 = "legacy", "sansio", "wsproto", "sansio-0.38"

_MEANING = {
    NORMAL: "OK",
    GOING_AWAY: "going away",
    NO_STATUS: "no status received [internal]",
    INTERNAL_ERROR: "internal error",
    SERVICE_RESTART: "service restart",
    1008: "policy violation",
    1013: "try again later",
}
_CLOSE_CODE = {ABNORMAL: "ABNORMAL_CLOSURE", NO_STATUS: "NO_STATUS_RCVD"}
_CLOSE_REASON = {NORMAL: "NORMAL_CLOSURE", GOING_AWAY: "GOING_AWAY", NO_STATUS: "NO_STATUS_RCVD"}
_WRONG_MESSAGE = (
    "builtins.RuntimeError: Expected ASGI message 'websocket.send' or 'websocket.close',"
    " but got 'websocket.accept'."
)
_HANDLER_CLOSED = (
    "unable to perform operation on <TCPTransport closed=True reading=False 0x7f0000000000>;"
    " the handler is closed"
)
_OF_THE_PROCESS = re.compile(r"INFO: +(Shutting|Waiting|Finished|Application|Started|Uvicorn)")
_REJECTED = {LEGACY: "503 Service Unavailable"}


@dataclass
class _Connection:
    """What the trace tells of one connection that its log lines depend on."""

    implementation: str = LEGACY
    opened: bool = False
    opened_ns: int = -1
    cut_short: bool = False  # its first task was cancelled before it ran
    received: int = 0  # code of the peer's close frame
    sent: int = 0  # code of the server's own close frame
    error: int = 0  # code of the exception
    failed: bool = False  # the application's own code


@dataclass
class _Log:
    trace: Trace
    connections: dict[int, _Connection] = field(default_factory=dict)

    def of(self, number: int) -> _Connection:
        return self.connections.setdefault(number, _Connection())

    def note(self, row: Row) -> None:
        """Keep what a later line needs."""
        connection = self.of(row.conn)
        if row.event is Event.STARTED and row.detail:
            connection.implementation = row.detail
        elif row.event is Event.RESPONSE:  # none is on the wire if the client has gone before
            connection.opened_ns = row.time_ns
        elif row.event is Event.SERVER_FRAME and row.detail == "close" and not connection.sent:
            connection.sent = row.code
            connection.cut_short = row.time_ns == connection.opened_ns
        elif row.event is Event.EXCEPTION:
            connection.error = row.code
            connection.failed = row.detail == "work"

    def text(self, row: Row) -> list[str]:
        """Write one event of the log."""
        name = self.trace.endpoints[row.endpoint] if row.endpoint >= 0 else "?"
        connection = self.of(row.conn)
        if row.detail == "accepted":
            where = f"{ADDRESS}:{row.code}"
            if connection.implementation == SANSIO_38:
                where = f"('{ADDRESS}', {row.code})"
            return [f'INFO:     {where} - "WebSocket {URL_PREFIX}{name}" [accepted]']
        if row.detail == "ready timeout":
            seconds = to_s(row.value_ns)
            return [f"[WS] {name}: Client never sent ready signal within {seconds:g}s"]
        if row.detail == "asgi exception":
            own = f"builtins.RuntimeError: {WORK_FAILED}" if connection.failed else _WRONG_MESSAGE
            return ["Exception in ASGI application", own]
        if row.detail == "connection rejected":
            status = _REJECTED.get(connection.implementation, "500 Internal Server Error")
            return [f"INFO:     connection rejected ({status})"]
        connection.opened |= row.detail == "connection open"
        if row.detail in _ERRORS:
            causes, last = _ERRORS[row.detail](connection)
            message = last.partition(": ")[2]
            line = f"[WS] Error in {name} WebSocket connection: {message}".rstrip()
            return [line, *causes, last]
        return [f"INFO:     {row.detail}"]


def _send_error(connection: _Connection) -> tuple[list[str], str]:
    """Causes and exception of a send that failed."""
    if connection.implementation == SANSIO_38 and not connection.error:
        return [], f"builtins.RuntimeError: {_HANDLER_CLOSED}"
    causes = []
    if connection.implementation == LEGACY:
        causes = _connection_closed(connection)
    elif connection.implementation != SANSIO and (connection.received or connection.sent):
        causes = [
            'wsproto.utilities.LocalProtocolError: Event Message(data=\'{"type":"initial"}\','
            " frame_finished=True, message_finished=True) cannot be sent in state"
            f" ConnectionState.{'CLOSED' if connection.received else 'LOCAL_CLOSING'}."
            if connection.implementation == WSPROTO
            else "websockets.exceptions.InvalidState: connection is closing"
        ]
    causes.append("uvicorn.protocols.utils.ClientDisconnected: ")
    return causes, "starlette.websockets.WebSocketDisconnect: "


def _connection_closed(connection: _Connection) -> list[str]:
    received, sent = (_meaning(code) for code in (connection.received, connection.sent))
    if connection.received:
        fine = connection.received in {NORMAL, GOING_AWAY, NO_STATUS}
        kind = "ConnectionClosedOK" if fine else "ConnectionClosedError"
        sent = sent or received
        return [f"websockets.exceptions.{kind}: received {received}; then sent {sent}"]
    if connection.sent:
        reason = " keepalive ping timeout" if connection.sent == INTERNAL_ERROR else ""
        text = f"sent {sent}{reason}; no close frame received"
        closed = f"websockets.exceptions.ConnectionClosedError: {text}"
        return [closed] if connection.cut_short else ["asyncio.exceptions.CancelledError: ", closed]
    noticed = "asyncio.exceptions.IncompleteReadError: 0 bytes read on a total of 2 expected bytes"
    closed = "websockets.exceptions.ConnectionClosedError: no close frame received or sent"
    return [noticed, closed] if connection.opened else [closed]


def _meaning(code: int) -> str:
    return f"{code} ({_MEANING.get(code, 'unknown')})" if code else ""


def _receive_error(connection: _Connection) -> tuple[list[str], str]:
    """Causes and exception of a receive that reported the end; its text has code and reason."""
    code, reason = str(connection.error), "None"
    if connection.received:
        reason = "''"
    if connection.implementation == LEGACY and connection.opened:
        if connection.error in _CLOSE_CODE:
            code, reason = f"<CloseCode.{_CLOSE_CODE[connection.error]}: {code}>", "''"
    elif connection.implementation in {SANSIO, SANSIO_38} and connection.received == NO_STATUS:
        code = f"<CloseCode.{_CLOSE_CODE[NO_STATUS]}: {code}>"
    elif connection.implementation == WSPROTO and connection.received in _CLOSE_REASON:
        code = f"<CloseReason.{_CLOSE_REASON[connection.received]}: {code}>"
    return [], f"starlette.websockets.WebSocketDisconnect: ({code}, {reason})"


def _work_error(_: _Connection) -> tuple[list[str], str]:
    """What the application's own code raised."""
    return [], f"builtins.RuntimeError: {WORK_FAILED}"


_ERRORS = {
    "error on send": _send_error,
    "error on receive": _receive_error,
    "error in work": _work_error,
}


def timed_lines(trace: Trace) -> list[tuple[int, str]]:
    """Every line of the server's log with its time in nanoseconds, in order.

    Needs the endpoints' names in the trace's header (``Trace.endpoints``). Of a real server it is
    what that has logged (``server_log`` in the header).
    """
    if "server_log" in trace.header:
        logged = [(int(time_ns), str(line)) for time_ns, line in trace.header["server_log"]]
        return [(time_ns, line) for time_ns, line in logged if not _OF_THE_PROCESS.match(line)]
    log = _Log(trace)
    for row in trace:  # a close frame may be noticed before the connection's end is
        if row.event is Event.LOST and row.code:
            log.of(row.conn).received = row.code
    result: list[tuple[int, str]] = []
    for row in trace:
        if row.event is Event.LOG:
            result.extend((row.time_ns, line) for line in log.text(row))
        elif row.conn >= 0:
            log.note(row)
    return result


def lines(trace: Trace) -> list[str]:
    """The lines of the server's log, in order; see :func:`timed_lines`."""
    return [line for _, line in timed_lines(trace)]
