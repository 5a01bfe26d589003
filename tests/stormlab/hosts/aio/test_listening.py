import asyncio
import time
from typing import Any

import pytest

from stormlab.hosts.aio import World

HERE = ("127.0.0.1", 8000)


class Notes(asyncio.Protocol):
    """Keeps how its connection ends, with the time in milliseconds."""

    def __init__(self, notes: list[Any]) -> None:
        self.notes = notes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        del transport
        self.notes.append((round(asyncio.get_running_loop().time() * 1000), "made"))

    def connection_lost(self, exc: Exception | None) -> None:
        what = type(exc).__name__
        self.notes.append((round(asyncio.get_running_loop().time() * 1000), what))


def test_a_server_tells_what_it_is() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "a.example", 0)
        [listening] = server.sockets
        assert listening.getsockname()[0] == "10.1.0.1"
        with pytest.raises(OSError, match="not connected"):
            listening.getpeername()
        assert server.is_serving()
        assert server.get_loop() is loop
        await server.start_serving()
        server.close()
        await server.wait_closed()
        assert not server.is_serving()
        assert server.sockets == ()

    world = World()
    world.client(main)
    world.run(10)
    assert world.failures == []


def test_a_killed_process_leaves_nobody_waiting() -> None:
    """What the kernel has accepted and the process has not, is reset."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(asyncio.Protocol, *HERE)
        await asyncio.sleep(1)
        time.sleep(5)  # noqa: ASYNC251  that is the point
        await asyncio.sleep(100)

    heard: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: Notes(heard), *HERE)
        await asyncio.sleep(20)

    world = World()
    process = world.client(serve)
    world.client(main, at_s=2)
    world.at(4, process.kill)
    world.run(10)
    assert heard == [(2020, "made"), (4010, "ConnectionResetError")]


def test_one_may_serve_until_cancelled() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, *HERE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(server.serve_forever(), 2)
        assert not server.is_serving()

    world = World()
    world.client(main)
    world.run(10)
    assert world.failures == []
