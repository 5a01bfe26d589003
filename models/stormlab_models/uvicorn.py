"""Three WebSocket implementations of uvicorn, from the accepted TCP connection to its end.

Theory of operation. A connection's life is two or three tasks on the server's loop. One poll reads
a socket once: all data that has come, or its end; so the end of TCP behind a request is seen one
iteration after the request.

* legacy (``websockets`` up to 15, uvicorn's ``websockets_impl``): reading the request makes a
  *handler* task, which sets the handshake timer (10 s), starts the application's task and waits for
  its accept; the next iteration writes the 101 and logs "connection open". The end of TCP is
  handled one iteration after it is read. A close frame is answered with one and FIN, and the
  transport lives until the client's FIN, or for 10 s. When the timer fires, the handler closes TCP
  and logs "connection closed"; the application learns of it at its first send.
* sansio (``websockets-sansio``): the request starts the application at once, accept() writes the
  101 itself and raises when TCP has gone. No handshake timer, no "connection closed".
* wsproto: as sansio, without keep-alive pings; a failed accept() is an ASGI exception in the log,
  there is no "connection open" line, and a send after the end of TCP goes nowhere without an error.

A send that fails reports 1006, whatever the peer's own code was.

How the versions differ is told in :mod:`stormlab_models.implementations`.

Sources: uvicorn@0.38.0:uvicorn/protocols/websockets/{websockets_impl,websockets_sansio_impl,
wsproto_impl}.py, websockets@15.0.1:websockets/legacy/{server,protocol}.py read; order of log
lines, codes and processor time measured.

Simplifications: no back-pressure, no message fragments, no size limits, one write per message;
a keep-alive that fails closes TCP at once (legacy: after up to 20 s); a reset is read as an end.
"""

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from stormlab.clock import NS_PER_S
from stormlab.vocabulary import Event
from stormlab_models.asgi import AcceptFailed, Application, Disconnected, Message, WorkFailed
from stormlab_models.event_loop import Block, Signal, Sleep, Steps, Task, turns
from stormlab_models.implementations import (
    ERROR_BYTES,
    IMPLEMENTATIONS,
    RESPONSE_BYTES,
    Implementation,
)
from stormlab_models.keep_alive import KeepAlive, Pinger
from stormlab_models.network import Connection, Segment
from stormlab_models.server import Server
from stormlab_models.websocket import ABNORMAL, INTERNAL_ERROR, NO_STATUS, SERVICE_RESTART

__all__ = ["IMPLEMENTATIONS", "Implementation", "KeepAlive", "UvicornConnection"]

NO_CODE = 0  # of an error that is not a disconnect
FRAME_OVERHEAD_BYTES = 4
CLOSE_FRAME_BYTES = 4
PING_BYTES = 6
CLOSE_TIMEOUT_NS = 10 * NS_PER_S  # legacy waits so long for each end of a closing handshake
CLOSING_TURNS = (
    3  # of the loop, from the end of TCP until legacy's closing handshake counts as done
)


class HandshakeTimeout(Exception):  # noqa: N818  the event, not a fault of the program
    """The legacy handshake timer fired."""


class UvicornConnection:
    """One connection under one implementation; the protocol and the application's socket."""

    def __init__(
        self,
        server: Server,
        connection: Connection,
        number: int,
        *,
        kind: Implementation,
        app: Application,
        keep_alive: KeepAlive,
    ) -> None:
        """Begin life when the process takes the connection from the accept queue."""
        self.server = server
        self.loop = server.accepting
        self.number = number
        self.endpoint = connection.who.endpoint
        self.client = connection.who.client
        self.peer_code: int | None = None  # code of a close frame received
        self.shutdown = False
        self._connection = connection
        self._columns = {**vars(connection.who), "conn": number}
        self._kind = kind
        self._app = app
        self._pinger = Pinger(self.loop, keep_alive, self._ping, self._pong_missed)
        self._unread: deque[Segment] = deque()
        self._requested = False
        self._accepted = Signal(self.loop)  # the application called accept()
        self._completed = Signal(self.loop)  # handshake done, or never to be
        self._lost = Signal(self.loop)
        self._closing = False  # the transport is closing
        self._close_sent = False  # the server has begun a closing handshake
        self._open = False
        self._inbox: deque[Message] = deque()
        self._mail = Signal(self.loop)
        self._app_task: Task | None = None
        self._handler: Task | None = None
        self._ended = self._received_all = False
        self._paused = False  # all but legacy read no further while a message waits
        self._waited_ns = 0  # how long a receive() waited in vain

    @property
    def busy(self) -> bool:
        """Whether the application still runs."""
        return self._app_task is not None and not self._app_task.done.is_set

    # what arrives -------------------------------------------------------------------------------

    def arrived(self, segment: Segment) -> None:
        """Let the loop's next poll find the socket readable."""
        self._unread.append(segment)
        if len(self._unread) == 1 and not self._paused:
            self.loop.arrive(self._readable)

    def _readable(self) -> int:
        """One read: all data that has come, or else the end; nothing while reading is paused."""
        if self._paused or not self._unread:
            return 0
        if self._unread[0].kind in {"fin", "rst"}:
            self._unread.clear()
            self._close_transport()
            return 0
        busy_ns = 0
        while self._unread and self._unread[0].kind not in {"fin", "rst"}:
            busy_ns += self._read(self._unread.popleft())
        if self._unread and not self._paused:
            self.loop.arrive(self._readable)
        return busy_ns

    def _resume(self) -> None:
        """The application has taken every message: read on."""
        if self._paused:
            self._paused = False
            if self._unread:
                self.loop.arrive(self._readable)

    def _read(self, segment: Segment) -> int:
        if self._closing:
            return 0
        if segment.kind == "request":
            return self._read_request()
        return self._read_message(segment.payload) if isinstance(segment.payload, Message) else 0

    def _read_request(self) -> int:
        self._requested = True
        if self._kind.handshake_timeout_s is not None:
            self._handler = self.loop.task(self._legacy_handler(self._kind.handshake_timeout_s))
            return 0
        self._app_task = self.loop.task(self._run_app())
        return self.server.machine.cpu_ns(self._kind.parse_ns)

    def _read_message(self, message: Message) -> int:
        if message.kind == "close":
            self.peer_code = message.size or NO_STATUS
            if self._kind.legacy:
                self.loop.task(self._legacy_closing(message.size))
            else:
                self._close_frame(message.size)
                self._close_transport()
        elif message.kind == "pong":
            self._in_own_task(self._pinger.pong)
        else:
            self._paused = not self._kind.legacy
            if not self._ended:
                self._record(Event.RECEIVED, detail=message.kind)
                self._in_own_task(partial(self._take, message))
        return self.server.machine.cpu_ns(self._kind.send_ns)

    def _in_own_task(self, act: Callable[[], None]) -> None:
        """Legacy reads in a task of its own, one iteration after the loop has."""
        if self._kind.legacy:
            self.loop.call_soon(act)
        else:
            act()

    def _take(self, message: Message) -> None:
        self._inbox.append(message)
        if self._kind.legacy:  # who waits for it hears of it an iteration later
            self.loop.call_soon(self._mail.set)
        else:
            self._mail.set()

    def _close_transport(self) -> None:
        """Close TCP; what hangs on it learns of it in the next iteration."""
        if not self._closing:
            self._closing = True
            self._write(Segment("fin", payload="server dropped"))
            self.loop.call_soon(self._connection_lost)

    def _close_frame(self, code: int) -> None:
        self._write(Segment("frame", Message("close", code), CLOSE_FRAME_BYTES))

    def _legacy_closing(self, code: int) -> Steps:
        """One task reads a close frame and answers it, another sends FIN and waits for that."""
        if not self._close_sent:
            self._close_frame(code)
        yield Sleep(0)
        self._write(Segment("fin", payload="server dropped"))
        self.loop.call_later(CLOSE_TIMEOUT_NS, self._close_transport)
        self._received_all = True
        self._mail.set()

    def _connection_lost(self) -> None:
        self.server.forget(self)
        self._record(Event.LOST, code=self.peer_code or 0)
        self._open = False
        self._lost.set()
        self._completed.set()
        self._mail.set()
        self._pinger.stop()

    # the tasks ----------------------------------------------------------------------------------

    def _legacy_handler(self, timeout_s: float) -> Steps:
        timer = self.loop.call_later(round(timeout_s * NS_PER_S), self._handshake_timed_out)
        try:
            yield Block(self.server.machine.cpu_ns(self._kind.parse_ns))
            self._app_task = self.loop.task(self._run_app())
            yield self._accepted
            if not self._lost.is_set:
                timer.cancel()
                yield from self._respond()
                self._completed.set()
                yield self._lost
                yield from turns(1 if self.peer_code is None else CLOSING_TURNS)
        except HandshakeTimeout:
            self._record(Event.HANDSHAKE_TIMEOUT)
            self._close_transport()
        timer.cancel()
        self.log("connection closed")

    def _handshake_timed_out(self) -> None:
        if self._handler is not None:
            self._handler.cancel(HandshakeTimeout())

    def _run_app(self) -> Steps:
        try:
            yield from self._app(self)
        except WorkFailed:
            self.log("asgi exception")
            self._reject()
            self._close_transport()
        self._ended = True
        if self._kind.return_closes:
            self._close_transport()

    def _respond(self) -> Steps:
        yield Block(self.server.machine.cpu_ns(self._kind.respond_ns))
        if self.shutdown:
            self.log("connection rejected")
            return
        self._write(Segment("response", 101, RESPONSE_BYTES[self._kind.name]))
        self._open = True
        if self._kind.logs_open:
            self.log("connection open")
        if self._kind.pings:
            self._pinger.start()

    def _ping(self) -> bool:
        if not self._closing:
            self._write(Segment("frame", Message("ping"), PING_BYTES))
        return not self._closing

    def _pong_missed(self) -> None:
        if not self._closing:
            self._record(Event.PING_TIMEOUT)
            self._fail(INTERNAL_ERROR)

    # the application's socket -------------------------------------------------------------------

    def accept(self) -> Steps:
        """Answer the handshake."""
        if (self._closing and not self._kind.legacy) or self.shutdown:
            self._record(Event.ACCEPT_FAILED)
            if self._kind.logs_accept_error or self._kind.legacy:
                self.log("asgi exception")
            raise AcceptFailed
        self.log("accepted")
        if not self._kind.legacy:
            yield from self._respond()
            self._completed.set()
        self._accepted.set()
        self._record(Event.ACCEPTED)

    def send(self, message: Message) -> Steps:
        """Send one message, once the handshake is complete."""
        yield self._completed
        if self._kind.legacy and self.peer_code is not None:
            yield self._lost  # the closing handshake comes to its end first
        self._raise_if_gone()
        yield Block(self.server.machine.cpu_ns(self._kind.send_ns))
        self._write(Segment("frame", message, message.size + FRAME_OVERHEAD_BYTES))

    def _raise_if_gone(self) -> None:
        if self._close_sent or (self.peer_code is not None and not self._kind.legacy):
            raise Disconnected(ABNORMAL, sending=True)
        if self._lost.is_set or (self._closing and self._kind.name == "sansio"):
            if self._kind.send_after_end == "disconnect":
                raise Disconnected(ABNORMAL, sending=True)
            if self._kind.send_after_end == "error":
                raise Disconnected(NO_CODE, sending=True)

    def receive(self, timeout_ns: int | None = None) -> Generator[Any, None, Message | None]:
        """Wait for a message; None after ``timeout_ns``.

        With a timeout it is ``asyncio.wait_for`` up to Python 3.11: a timer, which runs from the
        call, and a task of its own, whose start takes one iteration of the loop and whose result
        two. The order of log lines shows it.
        """
        expired = Signal(self.loop)
        if timeout_ns is None:
            return (yield from self._receive(expired))

        def expire() -> None:
            expired.set()
            self._mail.set()

        timer = self.loop.call_later(timeout_ns, expire)
        yield Sleep(0)
        try:
            message = yield from self._receive(expired)
        except Exception:  # not GeneratorExit: a generator that is dropped must not wait
            yield Sleep(0)
            yield Sleep(0)
            raise
        finally:
            timer.cancel()
        if message is None:
            self._waited_ns = timeout_ns
        yield Sleep(0)
        yield Sleep(0)
        return message

    def _receive(self, expired: Signal) -> Generator[Any, None, Message | None]:
        yield self._completed
        while not self._inbox and not self._over and not expired.is_set:
            self._mail = Signal(self.loop)
            yield self._mail
        if self._inbox:
            message = self._inbox.popleft()
            if not self._inbox:
                self._resume()
            return message
        if self._over:
            if not self._lost.is_set:
                yield self._lost
                yield from turns(CLOSING_TURNS)
            elif self._kind.legacy and not self._received_all:
                yield from turns(1)
            raise Disconnected(self._end_code(), sending=False)
        return None

    @property
    def _over(self) -> bool:
        """Whether nothing more will be received."""
        return self._lost.is_set or self._received_all

    def close(self, code: int) -> Steps:
        """Send a close frame and let the peer answer; legacy waits for the end of it."""
        yield self._completed
        if self._closing or self._close_sent:
            return
        if not self._kind.legacy:
            self._fail(code)
        elif self.peer_code is None:
            self._close_sent = True
            self._close_frame(code)
            self.loop.call_later(CLOSE_TIMEOUT_NS, self._close_transport)
            yield self._lost

    # the process ends ---------------------------------------------------------------------------

    def shut_down(self) -> None:
        """SIGTERM: 1012 to an open WebSocket, HTTP 500 to a handshake whose request was read."""
        self.shutdown = True
        if self._closing:
            return
        if self._open:
            self._fail(SERVICE_RESTART)
            return
        if self._requested:
            self._reject()
        self._close_transport()

    def _reject(self) -> None:
        """Answer a handshake with HTTP 500, if there is somebody to answer.

        If not, uvloop's transport raises, and legacy's handler is left to its handshake timer.
        """
        if self._lost.is_set:
            return
        self._write(Segment("response", 500, ERROR_BYTES[self._kind.name]))
        self._accepted.set()
        if self._kind.logs_rejected and not self._kind.legacy:
            self.log("connection rejected")

    def die(self) -> None:
        """SIGKILL: the kernel closes TCP."""
        self._closing = True
        self._connection.send_down(Segment("fin", payload="killed"))

    def _fail(self, code: int) -> None:
        """Send a close frame and close TCP."""
        self._close_sent = True
        self._close_frame(code)
        self._close_transport()

    # helpers ------------------------------------------------------------------------------------

    def log(self, kind: str) -> None:
        """Write a line to the server's log (:mod:`stormlab_models.server_log` has the text)."""
        if kind == "connection closed" and not self._kind.logs_closed:
            return
        waited_ns = self._waited_ns if kind == "ready timeout" else 0
        self._record(Event.LOG, code=self._connection.port, detail=kind, value_ns=waited_ns)

    def _end_code(self) -> int:
        if self.shutdown:
            return SERVICE_RESTART
        if self.peer_code is not None:
            return self.peer_code
        return self._kind.eof_code

    def _write(self, segment: Segment) -> None:
        if segment.size and not self._connection.server_closed:  # else it goes nowhere
            event = Event.RESPONSE if segment.kind == "response" else Event.SERVER_FRAME
            kind = segment.payload.kind if isinstance(segment.payload, Message) else ""
            code = segment.payload if isinstance(segment.payload, int) else 0
            if isinstance(segment.payload, Message) and kind == "close":
                code = segment.payload.size
            self._record(event, down=segment.size, detail=kind, code=code)
        self._connection.send_down(segment)

    def _record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  see Recorder.add
        self.server.recorder.add(self.server.clock.now_ns, event, **self._columns, **columns)

    def record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  see Recorder.add
        """Record an event of the application about this connection."""
        if event is Event.STARTED:  # the log's text depends on who serves
            columns["detail"] = self._kind.name
        self._record(event, **columns)
