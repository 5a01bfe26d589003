"""Modelled servers of protocols against real ones: the same client is told the same packets.

The real ones run in this process, under uvicorn on loopback, and end by their own handle; the
client is a plain WebSocket that speaks the protocol by hand.
"""

import asyncio
import gc
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import socketio
import uvicorn
from pycrdt.websocket import ASGIServer, WebsocketServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from stormlab.clock import Clock, Rank, to_ns
from stormlab.hosts.wire import NORMAL, Data, Peer
from stormlab_models.libraries import peers

PATIENCE_S = 10.0
PING_S = 1.0  # whole seconds: python-engineio tells its clients no others
Step = Data | None  # say this, or: hear the next packet


class QuickSocketIo(peers.SocketIo):
    """The same at another pace."""

    PING_S, TIMEOUT_S = PING_S, PING_S


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """An ASGI application under uvicorn, and where it is."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who comes before uvicorn does waits
        config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.wait_for(running, PATIENCE_S)


async def talk(url: str, steps: Sequence[Step]) -> list[Data]:
    """Go through the steps on a real connection; what was heard, and ``closed`` at its end."""
    heard: list[Data] = []
    async with asyncio.timeout(PATIENCE_S), connect(url, ping_interval=None) as websocket:
        for step in steps:
            if step is not None:
                await websocket.send(step)
                continue
            try:
                heard.append(await websocket.recv())
            except ConnectionClosed:
                heard.append("closed")
    return heard


class Modelled:
    """A connection to a modelled server, in virtual time, that goes through the same steps."""

    number, url, protocol = 0, "ws://server.example/", ""

    def __init__(self, peer: Peer, steps: Sequence[Step]) -> None:
        self.clock, self.peer, self.steps = Clock(), peer, list(steps)
        self.waiting: list[Data] = []
        self.heard: list[Data] = []
        self.closed = False

    def send(self, data: Data) -> None:
        self._arrives(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        del code, reason
        self.closed = True
        self._arrives("closed")

    def _arrives(self, data: Data) -> None:
        self.waiting.append(data)
        self.clock.after(0, Rank.NETWORK, self._go_on)

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        self.clock.after(to_ns(delay_s), Rank.SERVER, lambda: None if self.closed else action())

    def proved(self) -> None:
        """Nothing that a client hears."""

    def _go_on(self) -> None:
        while self.steps:
            if self.steps[0] is not None:
                self.peer.message(self, self.steps.pop(0) or "")
            elif self.waiting:
                self.steps.pop(0)
                self.heard.append(self.waiting.pop(0))
            else:
                return

    def talk(self) -> list[Data]:
        self.peer.opened(self)
        self.clock.after(0, Rank.NETWORK, self._go_on)
        self.clock.run(to_ns(PATIENCE_S))
        return self.heard


def packet(data: Data) -> tuple[str, object]:
    """A packet's type and what is in it, session identifiers left out."""
    text = str(data)
    kind, rest = text.rstrip("}").partition("{")[0], text.partition("{")[1:]
    content = json.loads("".join(rest)) if rest[0] else {}
    if "sid" in content:
        content["sid"] = type(content["sid"]).__name__
    return kind, content


def real_socket_io(**settings: Any) -> Any:
    quiet = {"logger": False, "engineio_logger": False}
    return socketio.ASGIApp(socketio.AsyncServer(async_mode="asgi", **quiet, **settings))


SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"


async def told_by_socket_io(steps: Sequence[Step], **settings: Any) -> list[Data]:
    async with serving(real_socket_io(**settings)) as place:
        return await talk(place + SOCKET_IO, steps)


@pytest.mark.parametrize(
    "steps",
    [
        [None, "40", None, None, "3", None],  # hello, connect, two pings
        [None, "40", None, None, None],  # a ping that is not answered
    ],
)
def test_the_modelled_socket_io_server_says_what_the_real_one_says(steps: list[Step]) -> None:
    logging.getLogger("engineio").setLevel(logging.CRITICAL)
    pace = {"ping_interval": PING_S, "ping_timeout": PING_S}
    real = asyncio.run(told_by_socket_io(steps, **pace))
    modelled = Modelled(QuickSocketIo(), steps).talk()
    assert [packet(data) for data in real] == [packet(data) for data in modelled]
    assert len(real) == steps.count(None)


def test_its_defaults_are_those_of_the_real_one() -> None:
    real = asyncio.run(told_by_socket_io([None]))
    (kind, content), (kind_modelled, modelled) = (
        packet(real[0]),
        packet(Modelled(peers.SocketIo(), [None]).talk()[0]),
    )
    assert (kind, content) == (kind_modelled, modelled)
    assert isinstance(content, dict)
    assert (content["pingInterval"], content["pingTimeout"]) == (25000, 20000)


AWARENESS = bytes([1, 6, 1, 7, 1, 2]) + b"{}"  # one client (7), its first state: {}


# pycrdt-websocket leaves streams of anyio to the garbage, which warns
IGNORED = (
    "ignore:Exception ignored in. <function MemoryObject.*:pytest.PytestUnraisableExceptionWarning"
)


async def told_by_yjs(steps: Sequence[Step]) -> list[Data]:
    async with AsyncExitStack() as stack:
        rooms = await stack.enter_async_context(WebsocketServer())
        place = await stack.enter_async_context(serving(ASGIServer(rooms)))
        return await talk(f"{place}/room", steps)


@pytest.mark.parametrize(
    "steps",
    [
        [None, bytes([0, 0, 1, 0]), None],  # both ask for what the other has, which is nothing
        [None, bytes([0, 0, 1, 0]), None, AWARENESS, None],  # awareness comes back
    ],
)
@pytest.mark.filterwarnings(IGNORED, "ignore:Unclosed <MemoryObject.*:ResourceWarning")
def test_the_modelled_yjs_server_says_what_the_real_one_says(steps: list[Step]) -> None:
    real = asyncio.run(told_by_yjs(steps))
    gc.collect()  # here, and not in the middle of another test
    assert real == Modelled(peers.Yjs(), steps).talk()
    assert len(real) == steps.count(None)
