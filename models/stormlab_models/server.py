"""A server process: listening socket, accept queue, event loop, its end, and its log.

The kernel completes TCP handshakes by itself while the accept queue has room (listen backlog plus
one); beyond that it drops SYNs, and the client waits for Linux's retransmission. The process takes
one connection from the queue at each poll of its loop, so that a burst is served in one of three
ways: the process gets to it connection by connection (each iteration's blocking work then delays
all behind it, but starts no timer of theirs), or takes the first alone and the rest as one batch,
or all as one batch. What a connection does then is the business of a protocol
(:mod:`stormlab_models.uvicorn`) and of the application on top of it.

``crash`` is SIGKILL: the kernel closes every connection without a close frame. ``stop`` is
SIGTERM: uvicorn closes open WebSockets with 1012, answers handshakes with HTTP 500, and ends when
the last handler has ended, looking every 0.1 s. ``drain`` refuses new connections and keeps the
old ones.

Sources: measured life cycle of uvicorn 0.38 and 0.54 with one worker; close codes 1012 and 1006;
one accept per poll is libuv's since 1.45 (src/unix/stream.c, uv__server_io), and both it and the
three ways of serving a burst were seen with uvloop 0.23 (tests/integration/test_batches.py).

Workers (``uvicorn --workers``) share the listening socket: each idle one wakes for a connection,
and the first to get there takes it.

Simplifications: a worker has a loop of its own and nothing else; uvicorn's looks for SIGTERM are
0.1 s apart from the start on (in fact from the last look, which a blocked loop puts off); refusing
is immediate (measured 2-9 ms at the page); a restarted process listens at once (measured one to a
few seconds, which a scenario states as a longer outage).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from stormlab.clock import NS_PER_MS, Clock, Rank
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab_models.event_loop import EventLoop
from stormlab_models.machine import SERVER_WAKE, Machine
from stormlab_models.network import Connection, Path, Segment


class ServerConnection(Protocol):
    """A protocol's view of one connection; also receives what arrives on it."""

    number: int

    @property
    def busy(self) -> bool:
        """Whether the application still runs."""

    def arrived(self, segment: Segment) -> None:
        """A segment came from the client."""

    def shut_down(self) -> None:
        """The process shuts down in order."""

    def die(self) -> None:
        """The process was killed."""


EXIT_LOOK_NS = 100 * NS_PER_MS  # how often a process that shuts down looks for handlers
EXIT_NS = NS_PER_MS
ProtocolFactory = Callable[["Server", Connection, int], ServerConnection]


@dataclass
class ServerStats:
    """Counters that a run's figures need and that no event carries."""

    connections: int = 0
    requests: int = 0  # plain HTTP
    wakes: int = 0
    busy_before_ns: int = 0  # of earlier processes


class Server:
    """One listening address and the process behind it, across restarts."""

    def __init__(  # noqa: PLR0913  the parts of a server, the optional ones by name
        self,
        clock: Clock,
        recorder: Recorder,
        machine: Machine,
        path: Path,
        make_protocol: ProtocolFactory,
        *,
        backlog: int = 2048,
        accept_cost_ns: int = 0,
        number: int = 0,
        workers: int = 1,
    ) -> None:
        """Start down; :meth:`start` brings it up."""
        self.clock = clock
        self.recorder = recorder
        self.machine = machine
        self.stats = ServerStats()
        self.up = self._stopping = False
        self._started_ns = 0
        self.draining = False
        self.live: dict[int, ServerConnection] = {}
        self.on_start: list[Callable[[], None]] = []
        self._make_protocol = make_protocol
        self._backlog = backlog
        self._accept_cost_ns = accept_cost_ns
        self._number = number
        self._queue: deque[Connection] = deque()
        self.loops = [self._new_loop() for _ in range(workers)]
        self.accepting = self.loop  # whose worker takes a connection right now
        self._called: set[EventLoop] = set()  # loops that are on their way to the queue
        self._worker_of: dict[int, EventLoop] = {}
        path.listener = self

    @property
    def loop(self) -> EventLoop:
        """The first worker's event loop."""
        return self.loops[0]

    @property
    def busy_total_ns(self) -> int:
        """Processor and blocking time of the event loops so far, over all processes."""
        return self.stats.busy_before_ns + sum(loop.busy_total_ns for loop in self.loops)

    def start(self) -> None:
        """Start the process, or a new one after an outage."""
        if self._stopping:
            self._refuse()
        if self.up:
            return
        self.up, self._started_ns = True, self.clock.now_ns
        self.stats.busy_before_ns = self.busy_total_ns
        self.loops = [self._new_loop() for _ in self.loops]
        self._called.clear()
        self.recorder.add(self.clock.now_ns, Event.UP)
        for hook in self.on_start:
            hook()

    def crash(self) -> None:
        """Kill the process: every connection loses its TCP, nobody says goodbye."""
        if not self.up:
            return
        self.up = self._stopping = False
        for loop in self.loops:
            loop.stop()
        self.recorder.add(self.clock.now_ns, Event.KILLED)
        connections, self.live = list(self.live.values()), {}
        for connection in connections:
            connection.die()
        self._refuse_queued("fin", "killed")

    def stop(self) -> None:
        """Shut the process down in order, when its loop looks next; it is gone after that."""
        if not self.up or self._stopping:
            return
        self._stopping = True
        self.recorder.add(self.clock.now_ns, Event.SHUTDOWN)
        delay_ns = -(self.clock.now_ns - self._started_ns) % EXIT_LOOK_NS
        for loop in self.loops:
            loop.call_later(delay_ns, partial(loop.call_soon, partial(self._shut_down, loop)))

    def _refuse(self) -> None:
        """Listen no more."""
        if self._stopping:
            self.up = self._stopping = False
            self._refuse_queued("rst", "shut down")

    def block(self, for_ns: int) -> None:
        """Block the first worker's loop once, as a handler with a long blocking call would."""

        def hold() -> int:
            self.recorder.add(self.clock.now_ns, Event.BLOCKED, value_ns=for_ns)
            return for_ns

        self.loop.arrive(hold)

    def look(self, act: Callable[[], None]) -> None:
        """Call back as a request for the server's state is answered: late if it is blocked."""
        if self.up:
            self.loop.arrive(lambda: self.loop.call_soon(act))
        else:
            act()

    def incoming(self, connection: Connection) -> str:
        """Answer a SYN (see :class:`stormlab_models.network.Listener`)."""
        if not self.up or self.draining:
            return "refuse"
        if len(self._queue) > self._backlog:
            return "drop"
        self._queue.append(connection)
        for loop in self.loops:
            self._call(loop)
        return "accept"

    def _call(self, loop: EventLoop) -> None:
        """The listening socket is readable: a worker's next poll sees it."""
        if loop not in self._called:
            self._called.add(loop)
            loop.arrive(partial(self._accept_one, loop))

    def _refuse_queued(self, kind: str, why: str) -> None:
        queued, self._queue = list(self._queue), deque()
        for connection in queued:
            connection.send_down(Segment(kind, payload=why))

    def forget(self, connection: ServerConnection) -> None:
        """A connection's transport is gone."""
        self.live.pop(connection.number, None)
        self._worker_of.pop(connection.number, None)

    def worker_of(self, number: int) -> EventLoop:
        """The loop that serves a connection or request; requests go round."""
        if number not in self._worker_of:
            self._worker_of[number] = self.loops[-number % len(self.loops)]
        return self._worker_of[number]

    def _accept_one(self, loop: EventLoop) -> int:
        self._called.discard(loop)
        if not self._queue:
            return 0
        self.accepting = loop
        connection = self._queue.popleft()
        number = self.stats.connections
        self.stats.connections += 1
        self._worker_of[number] = loop
        protocol = self._make_protocol(self, connection, number)
        self.live[number] = protocol
        connection.attach(protocol)
        if self._queue:  # the listening socket stays readable: the next poll takes the next one
            self._call(loop)
        return self._accept_cost_ns

    def _shut_down(self, loop: EventLoop) -> None:
        self._refuse()
        connections = [c for number, c in self.live.items() if self.worker_of(number) is loop]
        for connection in connections:
            self.live.pop(connection.number, None)
            connection.shut_down()

        def look() -> None:
            if any(connection.busy for connection in connections):
                loop.call_later(EXIT_LOOK_NS, look)
            else:
                self.clock.after(EXIT_NS, Rank.SERVER, loop.stop)

        # what the shutdown made ready runs first
        loop.call_later(0, look)

    def _new_loop(self) -> EventLoop:
        def wake_ns() -> int:
            self.stats.wakes += 1
            return self.machine.delay_ns(SERVER_WAKE, self._number, self.stats.wakes)

        return EventLoop(self.clock, wake_ns)
