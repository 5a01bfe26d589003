"""Plain HTTP requests to the same server process: they share its event loop, and so its delays.

A request ends with what the server returns, or with None: the server is down, the path is cut, or
the process is killed while it serves. A process that shuts down serves what it has begun.

Simplifications: one request per connection, sizes fixed, no HTTP cache; a request to a server that
is down or behind a cut fails after the path's latency.
"""

from collections.abc import Callable

from stormlab.clock import Rank
from stormlab_models.event_loop import Steps, Task
from stormlab_models.network import Path, Segment, Who
from stormlab_models.server import Server

REQUEST_BYTES, RESPONSE_BYTES = 420, 2250
_WHO_BASE = 1 << 19  # addresses of a client's requests, away from its sockets'


def get(
    path: Path, server: Server, client: int, number: int, serve: Callable[[], Steps]
) -> "Request":
    """Send the client's ``number``-th request; ``serve`` runs as a task of the server's loop."""
    return Request(path, server, Who(client, _WHO_BASE + number), serve)


class Request:
    """A request under way; ``on_done`` is called with the result, or with None on failure."""

    def __init__(self, path: Path, server: Server, who: Who, serve: Callable[[], Steps]) -> None:
        """Put it on the wire."""
        self.on_done: Callable[[object], None] | None = None
        self.number = 0  # below zero, away from the WebSockets', once the server has it
        self._path = path
        self._server = server
        self._who = who
        self._serve = serve
        self._task: Task | None = None
        self._at(path.arrival_ns(who, 1, up=True), self._reach_server)

    @property
    def busy(self) -> bool:
        """Whether the server still serves it."""
        return self._task is not None and not self._task.done.is_set

    def arrived(self, segment: Segment) -> None:
        """Nothing follows a request."""

    def shut_down(self) -> None:
        """The process shuts down in order: it waits for the answer."""

    def die(self) -> None:
        """The process was killed."""
        self._back(None)

    def _reach_server(self) -> None:
        server = self._server
        if not server.up or self._path.closed_until_heal:
            self._back(None)
            return
        server.stats.requests += 1
        self.number = -server.stats.requests
        server.live[self.number] = self
        loop = server.worker_of(self.number)

        def start() -> None:
            self._task = loop.task(self._steps())

        loop.arrive(start)

    def _steps(self) -> Steps:
        result = yield from self._serve()
        self._server.forget(self)
        self._back(result)

    def _back(self, result: object) -> None:
        arrival_ns = self._path.arrival_ns(self._who, 2, up=False)
        self._at(arrival_ns, lambda: self.on_done(result) if self.on_done else None)

    def _at(self, time_ns: int, act: Callable[[], None]) -> None:
        self._path.clock.at(time_ns, Rank.NETWORK, act, client=self._who.client)
