"""An ASGI application by itself, without uvicorn: WebSockets at the level of messages.

Clients may speak bytes or messages (:mod:`stormlab.hosts.aio.link`). The application runs on a loop
of its own, and its lifespan is run at start and stop. What this server does where servers differ:
an application that returns closes the connection with 1000, one that raises with 1011 (before
accept: HTTP 500); ``websocket.close`` before accept is HTTP 403; a send after the end raises
OSError; SIGTERM (:meth:`AsgiServer.stop`) closes with 1012. There are no pings, and no plain HTTP:
those are uvicorn's.
"""

import asyncio
import contextlib
import urllib.parse
from functools import partial
from typing import TYPE_CHECKING, Any

from stormlab.clock import Rank
from stormlab.hosts.aio.link import Link, LinkServer
from stormlab.hosts.aio.watched_app import watched
from stormlab.hosts.wire import ABNORMAL, Data

if TYPE_CHECKING:
    from stormlab.hosts.aio.process import Process
    from stormlab.hosts.aio.world import World

VERSIONS = {"version": "3.0", "spec_version": "2.4"}
GOING, FAILED, NORMAL = 1012, 1011, 1000
FORBIDDEN, INTERNAL_ERROR = 403, 500


class GoneError(OSError):
    """Raised by ``send`` when the client has gone (ASGI 2.4)."""


class AsgiServer:
    """One address and the application behind it, across restarts."""

    def __init__(self, world: "World", app: Any, *, host: str, port: int) -> None:
        self._world, self._app = world, watched(app, world.journal)
        self._name = f"asgi {host}:{port}"
        self.server = (host, port)
        self._links = LinkServer(
            world.network, world.journal, (host, port), self._connection, self._lag_ns
        )
        self._process: Process | None = None
        self._stopping: asyncio.Event | None = None
        self._running: dict[int, asyncio.Task[None]] = {}
        self.state: dict[str, Any] = {}

    @property
    def up(self) -> bool:
        """Whether it listens."""
        return self._links.up

    def start(self) -> None:
        """Start the process; it listens when the application has started."""
        process, stopping = self._process, self._stopping
        going = stopping is not None and stopping.is_set()
        if process is None or not process.running or going:
            self._running, self._stopping = {}, None
            self._process = self._world.process(self._main, name=self._name, rank=Rank.SERVER)
            self._process.start()

    def stop(self) -> None:
        """Listen no more, close what is open with 1012, wait for the application, end."""
        if self._stopping is not None and self.up:
            self._links.stop(GOING)
            self._stopping.set()

    def kill(self) -> None:
        """End at once; TCP is closed without a close frame."""
        if self._process is not None and self._process.running:
            self._process.kill()
            self._links.kill()

    def _lag_ns(self) -> int:
        return self._process.loop.lag_ns if self._process is not None else 0

    async def _main(self) -> None:
        self._stopping = stopping = asyncio.Event()
        running = self._running
        lifespan = _Lifespan(self._app, self.state)
        await lifespan.startup()
        self._links.start()
        await stopping.wait()
        if running:
            await asyncio.wait(list(running.values()))
        await lifespan.shutdown()

    def _connection(self, link: Link) -> "AsgiConnection":
        connection = AsgiConnection(self, link)
        assert self._process is not None  # noqa: S101  it listens
        self._process.loop.call_soon(partial(self._begin, connection))
        return connection

    def _begin(self, connection: "AsgiConnection") -> None:
        loop = asyncio.get_running_loop()
        number, running = connection.link.number, self._running
        task = loop.create_task(self._serve(connection), name=f"connection {number}")
        running[number] = task
        task.add_done_callback(lambda _: running.pop(number, None))

    async def _serve(self, connection: "AsgiConnection") -> None:
        link = connection.link
        try:
            await self._app(connection.scope(), connection.receive, connection.send)
        except Exception:  # noqa: BLE001  of the application, and written down
            link.close(FAILED)
            link.reject(INTERNAL_ERROR)
        else:
            link.close(NORMAL)
            link.reject(INTERNAL_ERROR)


class AsgiConnection:
    """One WebSocket, as the application has it."""

    def __init__(self, server: AsgiServer, link: Link) -> None:
        self.link = link
        self._server = server
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._events.put_nowait({"type": "websocket.connect"})
        self._response: tuple[int, bytes] | None = None

    def scope(self) -> dict[str, Any]:
        """What the application is called with."""
        path, _, query = self.link.url.partition("?")
        return {
            "type": "websocket",
            "asgi": dict(VERSIONS),
            "http_version": "1.1",
            "scheme": "ws",
            "path": urllib.parse.unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in self.link.headers
            ],
            "client": self.link.client,
            "server": self._server.server,
            "subprotocols": list(self.link.offered),
            "state": self._server.state.copy(),
            "extensions": {"websocket.http.response": {}},
        }

    async def receive(self) -> dict[str, Any]:
        """The next event."""
        return await self._events.get()

    async def send(self, event: dict[str, Any]) -> None:
        """Do what the application says.

        Raises:
            OSError: The client has gone.
        """
        link, kind = self.link, event["type"]
        if link.over:
            raise GoneError("the client has gone")
        if kind == "websocket.accept":
            headers = [(name.decode(), value.decode()) for name, value in event.get("headers", ())]
            link.accept(event.get("subprotocol") or "", headers)
        elif kind == "websocket.send":
            text = event.get("text")
            link.send(bytes(event["bytes"]) if text is None else text)
        elif kind == "websocket.close" and link.accepted:
            link.close(event.get("code", NORMAL), event.get("reason") or "")
        elif kind == "websocket.close":
            link.reject(FORBIDDEN)
        elif kind == "websocket.http.response.start":
            self._response = (event["status"], b"")
        elif kind == "websocket.http.response.body" and self._response is not None:
            status, body = self._response
            self._response = (status, body + event.get("body", b""))
            if not event.get("more_body", False):
                link.reject(status, self._response[1].decode("utf-8", "replace"))
        else:
            raise RuntimeError(f"unexpected ASGI event {kind!r}")

    def message(self, data: Data) -> None:
        """A message arrived."""
        key = "text" if isinstance(data, str) else "bytes"
        self._events.put_nowait({"type": "websocket.receive", key: data})

    def ended(self, code: int, reason: str) -> None:
        """No more comes."""
        if code == ABNORMAL and self.link.closing:
            code = GOING if not self._server.up else code
        self._events.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})


class _Lifespan:
    """The application's start and stop; one that has none raises, which is its way to say so."""

    def __init__(self, app: Any, state: dict[str, Any]) -> None:
        self._app, self._state = app, state
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start, or find out that there is nothing to start."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="lifespan")
        await self._ask("startup")

    async def shutdown(self) -> None:
        """Stop."""
        if self._task is not None and not self._task.done():
            await self._ask("shutdown")
            await self._task

    async def _ask(self, what: str) -> None:
        self._events.put_nowait({"type": f"lifespan.{what}"})
        answer = await self._answers.get()
        if answer == f"lifespan.{what}.failed":
            raise RuntimeError(f"the application's {what} failed")

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": dict(VERSIONS), "state": self._state}
        with contextlib.suppress(Exception):  # as uvicorn's lifespan="auto" takes it
            await self._app(scope, self._events.get, self._send)
        self._answers.put_nowait("over")

    async def _send(self, event: dict[str, Any]) -> None:
        self._answers.put_nowait(event["type"])
