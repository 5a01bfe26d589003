"""Clients without a browser: a Python process that opens sockets as fast as it can.

No gate, no throttle, no limits: all handshakes may be on the wire at once. One process does it all
and needs processor time for each step, which bounds the rate (about 1,000 handshakes per second
were measured). It answers no pings, so that a server that pings closes it after 40 s.

Source: measured storms of 100 x 8 sockets, parallel and one after another, and rates with 1, 8
and 32 at once.

Simplifications: one client process on its own core; it never reconnects.
"""

from collections.abc import Callable
from typing import Any

from stormlab.clock import NS_PER_US, Clock, Rank, Timer, to_ns
from stormlab.trace import Recorder
from stormlab.vocabulary import Cause, Event, State
from stormlab_models.asgi import Message
from stormlab_models.event_loop import EventLoop
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, Segment, Who
from stormlab_models.websocket import ABNORMAL, NO_STATUS

REQUEST_BYTES = 251
CLOSE_FRAME_BYTES = 8
CONNECT_COST_NS = 180 * NS_PER_US
REQUEST_COST_NS = 600 * NS_PER_US  # the client's own handshake; longer than the server's parsing
STEP_COST_NS = 200 * NS_PER_US
HTTP_SWITCHING = 101


class ClientProcess:
    """The process that all bare clients run in."""

    def __init__(self, clock: Clock, recorder: Recorder, machine: Machine, path: Path) -> None:
        """Start it."""
        self.clock = clock
        self.recorder = recorder
        self.machine = machine
        self.path = path
        self.loop = EventLoop(clock, lambda: 20 * NS_PER_US)

    def cost_ns(self, cost_ns: int) -> int:
        """Processor time of one step."""
        return self.machine.cpu_ns(cost_ns)


class BareSocket:
    """One socket; succeeds when its first message comes before the timeout."""

    def __init__(
        self,
        process: ClientProcess,
        who: Who,
        url_path: str,
        *,
        timeout_s: float,
        on_end: Callable[["BareSocket"], None],
    ) -> None:
        """Queue the attempt in the client process."""
        self.who = who
        self.succeeded = False
        self._process = process
        self._url_path = url_path
        self._timeout_s = timeout_s
        self._on_end = on_end
        self._connection: Connection | None = None
        self._timer: Timer | None = None
        self._finished = False
        self._open = False
        self._record(Event.NEW, after=State.CONNECTING)
        process.loop.arrive(self._start)

    def close(self) -> None:
        """Close an open socket."""
        if self._open and self._connection is not None:
            self._record(Event.CLOSE_CALLED, before=State.OPEN, after=State.CLOSING)
            frame = Message("close", NO_STATUS)
            self._connection.send_up(Segment("frame", frame, CLOSE_FRAME_BYTES))
            self._record(Event.CLIENT_FRAME, up=CLOSE_FRAME_BYTES, detail=frame.kind)
            self._end(NO_STATUS, Cause.CLOSED_BY_PAGE, clean=True, called=True)

    def _start(self) -> int:
        self._connection = self._process.path.connect(self, self.who)
        self._timer = self._process.clock.after(
            to_ns(self._timeout_s),
            Rank.TIMER,
            self._timed_out,
            client=self.who.client,
            socket=self.who.socket,
        )
        return self._process.cost_ns(CONNECT_COST_NS)

    def established(self) -> None:
        """TCP is there: send the request."""
        self._process.loop.arrive(self._request)

    def refused(self) -> None:
        """Nobody listens; too late to matter after the timeout."""
        if not self._finished:
            self._end(ABNORMAL, Cause.REFUSED)

    def arrived(self, segment: Segment) -> None:
        """Let the process handle what came."""
        self._process.loop.arrive(lambda: self._handle(segment))

    def _request(self) -> int:
        if self._connection is not None and not self._finished:
            size = REQUEST_BYTES + len(self._url_path)
            self._record(Event.REQUEST, up=size)
            self._connection.send_up(Segment("request", self._url_path, size))
        return self._process.cost_ns(REQUEST_COST_NS)

    def _handle(self, segment: Segment) -> int | None:
        if self._finished and not self._open:
            return None
        if segment.kind in {"fin", "rst"}:
            self._end(ABNORMAL, Cause.SERVER_DROPPED)
        elif segment.kind == "response":
            if segment.payload != HTTP_SWITCHING:
                self._end(ABNORMAL, Cause.REJECTED)
                return None
            self._open = True
            self._record(Event.OPEN, before=State.CONNECTING, after=State.OPEN)
        elif isinstance(segment.payload, Message):
            self._message(segment.payload)
        return self._process.cost_ns(STEP_COST_NS)

    def _message(self, message: Message) -> None:
        if message.kind == "close":
            self._end(message.size or NO_STATUS, Cause.SERVER_CLOSED, clean=True)
        elif message.kind != "ping" and not self._finished:
            self._record(Event.MESSAGE, detail=message.kind)
            self.succeeded = self._finished = True
            self._stop_timer()
            self._on_end(self)

    def _timed_out(self) -> None:
        if not self._finished:
            self._end(ABNORMAL, Cause.TIMED_OUT)

    def _end(self, code: int, cause: Cause, *, clean: bool = False, called: bool = False) -> None:
        was_open, self._open = self._open, False
        before = State.OPEN if was_open else State.CONNECTING
        self._stop_timer()
        self._record(
            Event.CLOSE,
            code=code,
            clean=int(clean),
            before=State.CLOSING if called else before,
            after=State.CLOSED,
            cause=cause,
            detail=_manner(called=called, was_open=was_open),
        )
        if self._connection is not None:
            self._connection.send_up(Segment("fin"))
        if not self._finished:
            self._finished = True
            self._on_end(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  Recorder.add's
        self._process.recorder.add(
            self._process.clock.now_ns,
            event,
            client=self.who.client,
            endpoint=self.who.endpoint,
            socket=self.who.socket,
            attempt=self.who.attempt,
            **columns,
        )


def _manner(*, called: bool, was_open: bool) -> str:
    if called:
        return "called@OPEN/opened"
    return "passive/opened" if was_open else "passive"
