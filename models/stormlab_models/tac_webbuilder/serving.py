"""Who serves the page: the modelled server with the modelled handler, or the real application.

Both are the listener of the same path and are started, stopped, killed, blocked and looked at
alike; ``server.on`` says which.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from stormlab.model import World
from stormlab.scenario import ScenarioError
from stormlab_models.event_loop import Steps
from stormlab_models.implementations import IMPLEMENTATIONS
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path
from stormlab_models.server import Server
from stormlab_models.tac_webbuilder.handler import Backend
from stormlab_models.tac_webbuilder.parameters import Parameters
from stormlab_models.uvicorn import KeepAlive, UvicornConnection


class Process(Protocol):
    """A listening address and the process behind it."""

    draining: bool

    @property
    def up(self) -> bool:
        """Whether it listens."""

    @property
    def busy_total_ns(self) -> int:
        """Processor and blocking time of its event loops so far."""

    def start(self) -> None:
        """Start it, or a new one after an outage."""

    def stop(self) -> None:
        """SIGTERM."""

    def crash(self) -> None:
        """SIGKILL."""

    def block(self, for_ns: int) -> None:
        """Block its event loop once."""

    def look(self, act: Callable[[], None]) -> None:
        """Call back from its event loop, if it is up."""


@dataclass
class Serving:
    """A server of the site; ``query``: a plain GET, of the modelled one only."""

    process: Process
    active: Callable[[], Collection[int]]  # accepted connections whose handlers run
    query: Callable[[int], Steps] | None = None


def modelled(
    world: World, machine: Machine, path: Path, parameters: Parameters, number: int
) -> Serving:
    """The modelled server with the modelled handler."""
    settings = parameters.server
    backend = Backend(settings, world.draws, malformed_share=parameters.page.malformed_share)
    keep_alive = KeepAlive(settings.ping_interval_s, settings.ping_timeout_s)
    kind = IMPLEMENTATIONS[settings.implementation]

    def make(server: Server, connection: Connection, conn: int) -> UvicornConnection:
        return UvicornConnection(
            server, connection, conn, kind=kind, app=backend.handle, keep_alive=keep_alive
        )

    server = Server(
        world.clock,
        world.recorder,
        machine,
        path,
        make,
        backlog=settings.backlog,
        number=number,
        workers=settings.workers,
    )
    backend.process = server
    server.on_start.append(backend.start)
    return Serving(server, lambda: backend.active, backend.query)


def real(world: World, machine: Machine, path: Path, parameters: Parameters) -> Serving:
    """The real application.

    Raises:
        ScenarioError: one line, when a library is missing.
    """
    settings = parameters.server
    try:
        from stormlab_models.real.server import RealServer, Setting  # noqa: PLC0415  extras
        from stormlab_models.tac_webbuilder import real_app  # noqa: PLC0415  as above

        def make_app(tell: Callable[[str], None]) -> Any:  # noqa: ANN401  an ASGI application
            return real_app.application(settings, tell)

        server = RealServer(
            world,
            machine,
            path,
            make_app,
            Setting(
                "asgi" if settings.on == "asgi" else "uvicorn",
                IMPLEMENTATIONS[settings.implementation],
                real_app.LOGGER,
                settings.ping_interval_s,
                settings.ping_timeout_s,
                settings.backlog,
            ),
        )
    except ImportError as error:
        msg = f"server.on: found '{settings.on}'; allowed here: 'model'; {error}"
        raise ScenarioError(msg) from None
    return Serving(server, lambda: server.witness.active)
