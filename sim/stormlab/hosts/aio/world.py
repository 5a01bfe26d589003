"""A world in which real asyncio programs live: processes, TCP between them, faults, one trace.

::

    world = World(seed=1)
    server = world.serve(app)  # an ASGI application, on the real uvicorn
    client = world.client(main)  # any coroutine function
    world.at(5.0, server.kill)
    world.at(9.0, server.start)
    trace = world.run(60.0)

Equal arguments give equal traces. What a program raises is in :attr:`World.failures` and in the
trace; it does not end the run.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from stormlab.clock import NS_PER_S, Clock, Rank, to_ns
from stormlab.draws import Draws
from stormlab.hosts.aio.cures import ALL, Cure
from stormlab.hosts.aio.entropy import Luck, surroundings
from stormlab.hosts.aio.network import LOCALHOST, Network
from stormlab.hosts.aio.phased import Order
from stormlab.hosts.aio.process import ENDED, Main, Process
from stormlab.hosts.aio.watch import Journal, Watcher
from stormlab.hosts.wire import Peer
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab.worlds.bare_socket import WAY_NS

if TYPE_CHECKING:
    from stormlab.hosts.aio.asgi import AsgiServer
    from stormlab.hosts.aio.dial import Dialler
    from stormlab.hosts.aio.link import LinkServer
    from stormlab.hosts.aio.uvicorn import UvicornServer

PORT = 8000
TEARDOWN_S = 120.0  # of virtual time, for what still runs at the end
TEARDOWN_ROUNDS = 3
NOT_CLIENTS = 1 << 24  # from here on, the addresses of the chance of other processes


class World:
    """Chance follows from ``seed``; ``way_s``: from one host to another, one way.

    ``clock``, ``recorder``: those of a world that has others in it besides. ``quiet``: what
    programs print, and log where nobody has configured it, goes into the trace (CONSOLE, of a
    server LOG) instead of onto the screen.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        way_s: float = WAY_NS / NS_PER_S,
        cures: frozenset[Cure] = ALL,
        clock: Clock | None = None,
        recorder: Recorder | None = None,
        quiet: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.draws = Draws(seed)
        self.network = Network(self.clock, to_ns(way_s))
        self.journal = Journal(self.clock, recorder or Recorder())
        self.processes: list[Process] = []
        self.cures = cures
        self._seed, self._quiet = seed, quiet
        self._clients = 0
        self._around = ExitStack()
        self.over = False  # what is left is being torn down, and is not of the run

    # who lives here -----------------------------------------------------------------------------

    def client(self, main: Main, *, name: str | None = None, at_s: float = 0.0) -> Process:
        """A program that connects; it begins at ``at_s``. Its number is that of the trace."""
        number, self._clients = self._clients, self._clients + 1
        name = name or f"client {number}"

        def ended(error: BaseException | None) -> None:
            said = ENDED if error is None else f"{type(error).__name__}: {error}"
            self.journal.add(Event.GAVE_UP, client=number, clean=int(error is None), detail=said)

        process = self.process(main, name=name, client=number, ended=ended)
        self.at(at_s, process.start, client=process.number)
        return process

    def process(
        self,
        main: Main,
        *,
        name: str,
        client: int = -1,
        rank: Rank = Rank.PAGE,
        ended: Callable[[BaseException | None], None] | None = None,
        order: Order = "asyncio",
    ) -> Process:
        """Any process; the caller starts it. ``client``: its number in the trace, if it is one."""

        def failed(what: str, error: BaseException | None) -> None:
            said = f"{what}: {type(error).__name__}: {error}" if error is not None else what
            event = Event.UNCAUGHT if client >= 0 else Event.EXCEPTION
            self.journal.add(event, client=client, detail=said)

        process = Process(
            self.clock,
            self.network,
            main,
            number=len(self.processes),
            name=name,
            luck=Luck(self.draws, client if client >= 0 else NOT_CLIENTS + len(self.processes)),
            rank=rank,
            cures=self.cures,
            ended=ended,
            failed=failed,
            order=order,
        )

        def said(line: str) -> None:
            if not self.over:
                event = Event.CONSOLE if client >= 0 else Event.LOG
                self.journal.add(event, client=client, detail=line)

        process.loop.watcher = Watcher(self.journal, client)
        process.loop.said = said if self._quiet else None
        self.processes.append(process)
        return process

    def serve(
        self, app: Any, *, host: str = LOCALHOST, port: int = PORT, ws: str = "auto", **config: Any
    ) -> "UvicornServer":
        """An ASGI application on the real uvicorn; it starts at once.

        ``ws``: uvicorn's WebSocket implementation: ``websockets``, ``websockets-sansio`` or
        ``wsproto``. ``config``: what :class:`uvicorn.Config` takes besides (``loop="uvloop"``: its
        order of things), and ``loggers``: names of loggers besides uvicorn's, whose records are
        kept too.
        """
        from stormlab.hosts.aio.uvicorn import UvicornServer  # noqa: PLC0415  needs uvicorn

        server = UvicornServer(self, app, host=host, port=port, ws=ws, **config)
        self.at(0.0, server.start)
        return server

    def serve_asgi(self, app: Any, *, host: str = LOCALHOST, port: int = PORT) -> "AsgiServer":
        """An ASGI application by itself, without uvicorn; it starts at once."""
        from stormlab.hosts.aio.asgi import AsgiServer  # noqa: PLC0415  needs websockets

        server = AsgiServer(self, app, host=host, port=port)
        self.at(0.0, server.start)
        return server

    def serve_peer(self, peer: Peer, *, host: str = LOCALHOST, port: int = PORT) -> "LinkServer":
        """A message-level server, for clients of any kind; it starts at once."""
        from stormlab.hosts.aio.peers import peer_server  # noqa: PLC0415  needs websockets

        server = peer_server(self, peer, host=host, port=port)
        self.at(0.0, server.start)
        return server

    def dial(self, *, direct: bool = False, record: bool = True) -> "Dialler":
        """The WebSockets of one more device, for a client that speaks in messages.

        ``direct``: to servers by :meth:`serve_asgi` and :meth:`serve_peer` messages may go as they
        are, without bytes. ``record``: whether what it does is written into the trace here.
        """
        from stormlab.hosts.aio.dial import Dialler  # noqa: PLC0415  needs websockets

        number, self._clients = self._clients, self._clients + 1
        host = f"10.2.{number // 250}.{number % 250 + 1}"
        journal = self.journal if record else None
        return Dialler(self.network, host, direct=direct, journal=journal, client=number)

    def at(self, time_s: float, action: Callable[[], object], *, client: int = 0) -> None:
        """Do something to the world at a time; of one moment, in the order of calling."""
        self.clock.at(to_ns(time_s), Rank.FAULT, partial(_do, action), client=client)

    def while_running(self, context: AbstractContextManager[object]) -> None:
        """Enter ``context`` now, and leave it when the run is over."""
        self._around.enter_context(context)

    @property
    def failures(self) -> list[str]:
        """What programs raised and nobody caught, with the name of the process."""
        return [
            f"{process.name}: {each}" for process in self.processes for each in process.failures
        ]

    # the run ------------------------------------------------------------------------------------

    def run(self, duration_s: float) -> Trace:
        """Let everybody live for ``duration_s`` seconds of virtual time; a world runs once."""
        duration_ns = to_ns(duration_s)
        with self.alive():
            self.clock.run(duration_ns)
            self.finish()
            header = {
                "model": "aio",
                "seed": self._seed,
                "duration_ns": duration_ns,
                "endpoints": list(self.journal.endpoints),
            }
            return self.journal.recorder.finish(header)

    def finish(self) -> None:
        """The run is over: what is still to come is not of it."""
        if not self.over:
            for process in self.processes:
                process.loop.report_forgotten()
            self.over = True

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Programs can live while this lasts, and are torn down at its end."""
        with self._around, surroundings(self._seed, self.cures):
            yield
            self.finish()
            if "teardown" in self.cures:
                self._tear_down()

    def _tear_down(self) -> None:
        """End what still runs, in virtual time, process by process in the order of creation."""
        self.clock.resume()
        for _ in range(TEARDOWN_ROUNDS):
            left = [process for process in self.processes if process.cancel()]
            if not left:
                break
            self._go_on(lambda: any(process.loop.tasks() for process in self.processes))
        for process in self.processes:
            process.close_generators()
        self._go_on(lambda: any(process.loop.tasks() for process in self.processes))
        for process in self.processes:
            process.close()

    def _go_on(self, while_: Callable[[], bool]) -> None:
        until_ns = self.clock.now_ns + to_ns(TEARDOWN_S)
        while while_() and self.clock.env.peek() <= until_ns:
            self.clock.run(int(self.clock.env.peek()))


def _do(action: Callable[[], object]) -> None:
    action()
