"""The real uvicorn in virtual time: start, graceful stop, kill.

``uvicorn.Server`` is used as it is, through public names: ``capture_signals`` is overridden (a
signal handler is the real process's affair), ``should_exit`` is what SIGTERM sets, and
``server_state`` gets sets that keep their order. Its main loop looks every 0.1 s of virtual time.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from stormlab.clock import Rank
from stormlab.hosts.aio.needs import need
from stormlab.hosts.aio.ordered import OrderedSet
from stormlab.hosts.aio.output import logging_to
from stormlab.hosts.aio.phased import Order
from stormlab.hosts.aio.watched_app import watched
from stormlab.vocabulary import Event

if TYPE_CHECKING:
    from stormlab.hosts.aio.process import Process
    from stormlab.hosts.aio.world import World

_uvicorn: Any = need("uvicorn")
LOGGER = "uvicorn"


class _Server(_uvicorn.Server):  # type: ignore[misc]  # imported by name
    """Leaves the real process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Log(logging.Handler):
    """Keeps the lines of the server whose step it is."""

    def __init__(self, server: "UvicornServer") -> None:
        super().__init__(logging.INFO)
        self._server = server

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record if it is this server's."""
        if self._server.steps():
            self._server.records.append(record)


class UvicornServer:
    """One address and the uvicorn behind it, across restarts."""

    def __init__(
        self,
        world: "World",
        app: Any,
        *,
        host: str,
        port: int,
        ws: str = "auto",
        loggers: tuple[str, ...] = (),
        **config: Any,
    ) -> None:
        self._loggers = (LOGGER, *loggers)
        self.records: list[logging.LogRecord] = []
        self._world, self._app = world, _watched(app, world, config)
        self._config: dict[str, Any] = {"host": host, "port": port, "ws": ws, **config}
        self._config.setdefault("log_config", None)
        self._config.setdefault("access_log", False)
        self._server: Any = None
        self._process: Process | None = None
        self._handler: _Log | None = None
        self._unlogged: Callable[[], None] | None = None

    @property
    def lines(self) -> list[str]:
        """What it logged, as its default format has it, without colours and tracebacks."""
        return [f"{each.levelname}:".ljust(10) + each.getMessage() for each in self.records]

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.running

    def steps(self) -> bool:
        """Whether this server's process takes a step right now."""
        process = self._process
        return process is not None and process.loop.is_running() and not self._world.over

    def start(self) -> None:
        """Start the process, or a new one after the last has ended or listens no more."""
        if self.up and not self._server.should_exit:
            return
        config = _uvicorn.Config(self._app, **self._config)
        self._server = server = _Server(config)
        if "ordered sets" in self._world.cures:
            server.server_state.connections = OrderedSet()
            server.server_state.tasks = OrderedSet()
        self._listen_to_log()
        name = f"uvicorn {self._config['host']}:{self._config['port']}"
        order: Order = "uvloop" if self._config.get("loop") == "uvloop" else "asyncio"
        self._process = self._world.process(server.serve, name=name, rank=Rank.SERVER, order=order)
        self._world.journal.add(Event.UP)
        self._process.start()

    def stop(self) -> None:
        """As SIGTERM does: within 0.1 s it closes what is open with 1012; it waits for the rest."""
        if self.up:
            self._world.journal.add(Event.SHUTDOWN)
            self._server.should_exit = True

    def kill(self) -> None:
        """As SIGKILL does: TCP is closed by the kernel, without a close frame."""
        if self._process is not None and self.up:
            self._world.journal.add(Event.KILLED)
            self._process.kill()

    def block(self, for_s: float) -> None:
        """Hold its loop up once, as a handler with a long blocking call does."""
        if self._process is not None and self.up:
            self._process.loop.call_soon(self._process.loop.block, for_s)

    def _listen_to_log(self) -> None:
        if self._handler is None:
            self._handler = _Log(self)
            self._world.while_running(logging_to(self._handler, *self._loggers))


def _watched(app: Any, world: "World", config: dict[str, Any]) -> Any:
    """The application, with what it hears written down; one that uvicorn imports itself is not."""
    if isinstance(app, str) or config.get("interface", "asgi3") not in {"asgi3", "auto"}:
        return app
    if config.get("factory"):
        return lambda: watched(app(), world.journal)
    return watched(app, world.journal)
