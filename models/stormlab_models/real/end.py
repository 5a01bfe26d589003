"""The server's end of a modelled TCP connection, as real code in virtual time has it.

To the modelled network it is the server's side of a connection; to the hosted loop it is what the
virtual TCP's own end (:class:`stormlab.hosts.aio.network.End`) is. What crosses it is translated by
:mod:`stormlab_models.real.octets`.

What arrives finds the process idle or busy, as that of a modelled server
(:class:`stormlab_models.event_loop.EventLoop`): an idle one gets the processor a little later, and
then sees all that has come.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from stormlab.clock import Clock, Rank
from stormlab.hosts.aio.network import Address, failure
from stormlab.hosts.aio.phased import PhasedLoop
from stormlab_models.asgi import Message
from stormlab_models.network import Connection, Segment
from stormlab_models.real.octets import Answers, frame, request

ECONNRESET = 104
HOST = "127.0.0.1"
Sent = Callable[["CarriedEnd", Segment], None]


class Doorbell:
    """Brings what arrives to a process; ``wake_ns``: how late an idle one gets the processor."""

    def __init__(self, clock: Clock, wake_ns: Callable[[], int]) -> None:
        self._clock, self._wake_ns = clock, wake_ns
        self._inbox: list[Callable[[], None]] = []
        self._waking = False
        self.loop: PhasedLoop | None = None  # of the process that runs

    def ring(self, act: Callable[[], None]) -> None:
        """Something arrived: ``act`` hands it to the loop."""
        if self._waking:
            self._inbox.append(act)
        elif self.loop is None or not self.loop.idle:
            if self.loop is not None and self.loop.dead and self.loop.died_idle:
                self._wake_ns()  # as the model draws one, so that later ones are the same
            act()
        else:
            self._waking = True
            self._inbox.append(act)
            self._clock.after(self._wake_ns(), Rank.SERVER, self._woken)

    def _woken(self) -> None:
        self._waking = False
        inbox, self._inbox = self._inbox, []
        for act in inbox:
            act()


def _always() -> bool:
    return True


class CarriedEnd:
    """One connection; ``sent`` is told every segment when it leaves."""

    def __init__(
        self, connection: Connection, doorbell: Doorbell, port: int, *, sent: Sent
    ) -> None:
        self.local: Address = (HOST, port)
        self.remote: Address = (HOST, connection.port)
        self.closed = False
        self.why = "server dropped"  # what the modelled client is told of a FIN
        self._connection, self._doorbell, self._sent = connection, doorbell, sent
        self._clock = connection.path.clock
        self._answers = Answers()
        self._ear: Any = None  # a TcpEar
        self._early: list[Segment] = []
        self._stamps: list[int] = []  # of the page's pings that wait for their pongs
        self._leaving = 0  # segments that are still to leave
        connection.attach(self)

    @property
    def waiting(self) -> bool:
        """Whether the process has not taken it yet."""
        return self._ear is None and not self.closed

    # what the modelled network does -------------------------------------------------------------

    def arrived(self, segment: Segment) -> None:
        """A segment came from the client."""
        if self.closed or self._ear is None or getattr(self._ear, "is_reading", _always)():
            self._doorbell.ring(partial(self._hear, segment))
        else:
            self._hear(segment)  # reading is paused: nobody polls for it

    def _hear(self, segment: Segment) -> None:
        if self.closed:
            return
        if self._ear is None:
            self._early.append(segment)
        elif segment.kind == "fin":
            self._ear.ended()
        elif segment.kind == "rst":
            self._ear.lost(failure(ECONNRESET))
        elif isinstance(segment.payload, Message):
            message, pings = segment.payload, self._answers.pings
            if message.kind == "ping":
                self._stamps.append(message.stamp_ns)
            echo = pings.popleft() if message.kind == "pong" and pings else b""
            self._ear.received(frame(message, echo))
        else:
            host = f"localhost:{self.local[1]}"
            self._ear.received(request(str(segment.payload), host, segment.size))

    # what the hosted loop does ------------------------------------------------------------------

    def attach(self, ear: Any) -> None:  # noqa: ANN401  a TcpEar
        """The process takes the connection: ``ear`` hears what comes, and what has come."""
        self._ear = ear
        early, self._early = self._early, []
        for segment in early:
            self._hear(segment)

    def write(self, data: bytes, lag_ns: int = 0) -> None:
        """Send bytes."""
        if not self.closed:
            for segment in self._answers.feed(data):
                self._leave(self._stamped(segment), lag_ns)

    def _stamped(self, segment: Segment) -> Segment:
        """A page's pong carries the time of its ping."""
        message = segment.payload
        if isinstance(message, Message) and message.kind == "pong" and self._stamps:
            return Segment(
                segment.kind, Message("pong", message.size, self._stamps.pop(0)), segment.size
            )
        return segment

    def fin(self, lag_ns: int = 0) -> None:
        """Say that no more bytes come."""
        self._leave(Segment("fin", payload=self.why), lag_ns)

    def close(self, lag_ns: int = 0) -> None:
        """Close the socket."""
        if not self.closed:
            self.fin(lag_ns)
            self.closed = True

    def reset(self, lag_ns: int = 0) -> None:
        """Close with a RST."""
        if not self.closed:
            self._leave(
                Segment("rst", payload=None if self.why == "server dropped" else self.why), lag_ns
            )
            self.closed = True

    def start_tls(self, done: Callable[[], None]) -> None:
        """Not asked for by a server."""

    def _leave(self, segment: Segment, lag_ns: int) -> None:
        """Let a segment go ``lag_ns`` from now, behind those before it."""
        if lag_ns == 0 and self._leaving == 0:
            self._go(segment)
            return
        self._leaving += 1
        self._clock.after(lag_ns, Rank.SERVER, partial(self._left, segment))

    def _left(self, segment: Segment) -> None:
        self._leaving -= 1
        if self.why != "killed" or segment.kind in {"fin", "rst"}:  # else it was never written
            self._go(segment)

    def _go(self, segment: Segment) -> None:
        self._sent(self, segment)
        self._connection.send_down(segment)
