"""Small programs and an application, for tests of Python code in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.wire import Data, End, Mouth
from stormlab.trace import Trace
from stormlab.vocabulary import Event

App = Callable[..., Awaitable[None]]
URL = "ws://127.0.0.1:8000/ws"


async def lifespan(receive: Any, send: Any) -> None:
    """Start and stop, and do nothing else."""
    while True:
        event = await receive()
        await send({"type": event["type"] + ".complete"})
        if event["type"] == "lifespan.shutdown":
            return


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Send back what comes."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    await receive()
    chosen = scope["subprotocols"][0] if scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": chosen})
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})


async def stay(url: str = URL) -> None:
    """Be connected for ever, as the documentation of websockets says."""
    async for connection in connect(url):
        try:
            async for _ in connection:
                pass
        except websockets.ConnectionClosed:
            continue


async def talk() -> None:
    """Send something each second and wait for it, for ever."""
    async for connection in connect(URL):
        try:
            while True:
                await connection.send("hello")
                await connection.recv()
                await asyncio.sleep(1)
        except websockets.ConnectionClosed:
            continue


@pytest.fixture
def echo_app() -> App:
    """An ASGI application that sends back what comes."""
    return echo


@pytest.fixture
def staying() -> Callable[[], Any]:
    """A client that stays connected."""
    return stay


@pytest.fixture
def staying_at() -> Callable[[str], Any]:
    """A client that stays connected to a URL."""
    return stay


@pytest.fixture
def talking() -> Callable[[], Any]:
    """A client that sends something each second."""
    return talk


@pytest.fixture
def told() -> Callable[..., list[tuple[float, ...]]]:
    """Events of a trace as (seconds, one column or more)."""

    def rows(trace: Trace, event: Event, *columns: str) -> list[tuple[float, ...]]:
        found = [row for row in trace if row.event is event]
        return [(row.time_ns / 1e9, *(getattr(row, column) for column in columns)) for row in found]

    return rows


class Listener:
    """A message-level client's end (Ear) that keeps what it hears, with the time in ms."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.heard: list[tuple[int, object]] = []
        self.mouth: Mouth | None = None

    def _note(self, what: object) -> None:
        self.heard.append((round(self._world.clock.now_ns / 1e6), what))

    def opened(self, protocol: str) -> None:
        self._note(f"opened {protocol}".strip())

    def message(self, data: Data) -> None:
        self._note(data)

    def closing(self) -> None:
        self._note("closing")

    def ended(self, end: End) -> None:
        self._note(end)


@pytest.fixture
def listener() -> type[Listener]:
    """An ear that keeps what it hears."""
    return Listener
