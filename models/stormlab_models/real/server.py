"""A real ASGI application where a modelled server would be: same path, same page, same clock.

The application runs in virtual time (:mod:`stormlab.hosts.aio`), on the real uvicorn in uvloop's
order of things, or by itself. To the world it is what :class:`stormlab_models.server.Server` is:
the listener of a path, with a process that is started, stopped, killed and blocked. So a scenario
of simulated pages runs against either, and what the pages see can be compared.

Simplifications: the application starts in no time; what uvicorn does costs what the model says it
costs (:mod:`stormlab_models.implementations`), what the application does costs nothing but its
sleeps; one worker; no plain HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, Literal

from stormlab.clock import NS_PER_S
from stormlab.hosts.aio.output import logging_to
from stormlab.hosts.aio.phased import Order, PhasedLoop
from stormlab.hosts.aio.process import Process
from stormlab.hosts.aio.world import World as Hosts
from stormlab.model import World
from stormlab_models.implementations import Implementation
from stormlab_models.machine import SERVER_WAKE, Machine
from stormlab_models.network import Connection, Path
from stormlab_models.real.end import HOST, CarriedEnd, Doorbell
from stormlab_models.real.log import Listening
from stormlab_models.real.witness import Asgi, Watching, Witness

On = Literal["uvicorn", "asgi"]
WS = {"legacy": "websockets", "wsproto": "wsproto"}  # uvicorn's names; else websockets-sansio


@dataclass(frozen=True)
class Setting:
    """How the application is served.

    ``on``: the real uvicorn, or nothing but the host. ``logger``: the application's own, whose
    lines carry no level.
    """

    on: On
    kind: Implementation
    logger: str
    ping_interval_s: float | None = 20.0
    ping_timeout_s: float | None = 20.0
    backlog: int = 2048
    port: int = 8002
    number: int = 0


class _Hosts(Hosts):
    """Its one kind of process is the server's."""

    def __init__(self, world: World, witness: Witness, server: "RealServer") -> None:
        super().__init__(world.draws.seed, clock=world.clock, recorder=world.recorder)
        self.journal = witness
        self._server = server

    def process(self, *args: Any, **settings: Any) -> Process:  # noqa: ANN401  World.process's
        """A new process of the server."""
        order: Order = "uvloop"
        process = super().process(*args, **{**settings, "order": order})
        self._server.begun(process)
        return process


def _poll(loop: PhasedLoop, act: Callable[[PhasedLoop], object]) -> None:
    loop.call_polled(act, loop)


class RealServer:
    """One listening address and the real process behind it, across restarts."""

    def __init__(
        self,
        world: World,
        machine: Machine,
        path: Path,
        make_app: Callable[[Callable[[str], None]], Asgi],
        setting: Setting,
    ) -> None:
        """Start down; ``make_app`` is given what the application tells of itself to.

        Raises:
            ImportError: One line, when a library is missing.
        """
        self.clock, self.machine, self.draining = world.clock, machine, False
        self._setting = setting
        self._wakes = self._busy_before_ns = 0
        self._ends: list[CarriedEnd] = []
        self._doorbell = Doorbell(world.clock, self._wake_ns)
        self.witness = Witness(world.clock, world.recorder, frozenset({setting.logger}))
        self._hosts = _Hosts(world, self.witness, self)
        app = self.witness.watching(make_app(self.witness.tell), setting.kind.name)
        self._server = self._served(app)
        handler = Listening(self._steps, self.witness.logged)
        self._hosts.while_running(logging_to(handler, "uvicorn", setting.logger))
        world.around.enter_context(self._hosts.alive())
        world.endings.append(self._finish)
        world.endings.append(lambda: world.header.update(server_log=self.witness.lines))
        path.listener = self

    def _served(self, app: Asgi) -> Any:  # noqa: ANN401  either of two servers
        setting = self._setting
        if setting.on == "asgi":
            from stormlab.hosts.aio.asgi import AsgiServer  # noqa: PLC0415  needs websockets

            return AsgiServer(self._hosts, app, host=HOST, port=setting.port)
        from stormlab.hosts.aio.uvicorn import UvicornServer  # noqa: PLC0415  needs uvicorn

        if setting.kind.name == "wsproto" and find_spec("wsproto") is None:
            raise ImportError("uvicorn needs wsproto for this implementation: pip install wsproto")
        return UvicornServer(
            self._hosts,
            app,
            host=HOST,
            port=setting.port,
            ws=WS.get(setting.kind.name, "websockets-sansio"),
            loop="uvloop",
            ws_ping_interval=setting.ping_interval_s,
            ws_ping_timeout=setting.ping_timeout_s,
        )

    # the process ---------------------------------------------------------------------------------

    @property
    def up(self) -> bool:
        """Whether it listens."""
        return self._listener() is not None

    @property
    def active(self) -> int:
        """Accepted connections whose handlers run."""
        return len(self.witness.active)

    @property
    def busy_total_ns(self) -> int:
        """Processor and blocking time of the event loops so far, over all processes."""
        loop = self._doorbell.loop
        return self._busy_before_ns + (loop.busy_total_ns if loop is not None else 0)

    def begun(self, process: Process) -> None:
        """The host has made a process."""
        self._busy_before_ns = self.busy_total_ns
        loop, setting = process.loop, self._setting
        assert isinstance(loop, PhasedLoop)  # noqa: S101  in the order that was asked for
        loop.watcher = Watching(self.witness, loop, self.machine, setting.kind)
        self._doorbell.loop = loop
        self.witness.loop = loop

    def start(self) -> None:
        """Start the process, or a new one after an outage."""
        self._server.start()

    def stop(self) -> None:
        """As SIGTERM does."""
        self._server.stop()

    def crash(self) -> None:
        """As SIGKILL does."""
        for end in self._ends:
            end.why = "killed"
        self._server.kill()

    def block(self, for_ns: int) -> None:
        """Block its loop once, as a handler with a long blocking call would."""

        def hold(loop: PhasedLoop) -> None:
            self.witness.tell(f"block {for_ns / NS_PER_S}")
            loop.block(for_ns / NS_PER_S)

        self._in_poll(hold)

    def look(self, act: Callable[[], None]) -> None:
        """Call back as a request for the server's state is answered: late if it is blocked."""
        if self.up:
            self._in_poll(lambda loop: loop.call_soon(act))
        else:
            act()

    def _in_poll(self, act: Callable[[PhasedLoop], object]) -> None:
        loop = self._doorbell.loop
        if loop is not None and not loop.dead:
            self._doorbell.ring(partial(_poll, loop, act))

    def _steps(self) -> bool:
        loop = self._doorbell.loop
        return loop is not None and loop.is_running() and not self._hosts.over

    def _finish(self) -> None:
        self._hosts.finish()
        self.witness.over = True

    def _wake_ns(self) -> int:
        self._wakes += 1
        return self.machine.delay_ns(SERVER_WAKE, self._setting.number, self._wakes)

    # the listener --------------------------------------------------------------------------------

    def _listener(self) -> Any:  # noqa: ANN401  a Listener of the virtual TCP
        return self._hosts.network.listeners.get((HOST, self._setting.port))

    def incoming(self, connection: Connection) -> str:
        """Answer a SYN (see :class:`stormlab_models.network.Listener`)."""
        if self.draining or not self.up:
            return "refuse"
        self._ends = [each for each in self._ends if not each.closed]
        if sum(each.waiting for each in self._ends) > self._setting.backlog:
            return "drop"
        end = CarriedEnd(connection, self._doorbell, self._setting.port, sent=self.witness.sent)
        self._ends.append(end)
        self.witness.know(end.remote, dict(vars(connection.who)))
        self._doorbell.ring(lambda: self._accepted(end))
        return "accept"

    def _accepted(self, end: CarriedEnd) -> None:
        listener = self._listener()
        if listener is None:  # the process has gone meanwhile
            end.reset()
        else:
            listener.accept(end)
