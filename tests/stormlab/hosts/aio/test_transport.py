import asyncio
from collections.abc import Callable
from typing import Any

from stormlab.clock import Rank
from stormlab.hosts.aio import World

HERE = ("127.0.0.1", 8000)


class Notes(asyncio.Protocol):
    """Keeps what it hears, with the time in milliseconds."""

    def __init__(self, notes: list[Any], *, keep_open: bool = False) -> None:
        self.notes = notes
        self._keep_open = keep_open

    def _note(self, what: Any) -> None:
        self.notes.append((round(asyncio.get_running_loop().time() * 1000), what))

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._note("made")

    def data_received(self, data: bytes) -> None:
        self._note(data)

    def eof_received(self) -> bool:
        self._note("eof")
        return self._keep_open

    def connection_lost(self, exc: Exception | None) -> None:
        self._note(type(exc).__name__ if exc else "lost")


def pair(
    client: Callable[[Any], Any], *, keep_open: bool = False, tls: bool = False
) -> tuple[list[Any], list[Any], World]:
    """Connect, do what ``client`` does with the transport, and give what both sides heard."""
    mine: list[Any] = []
    theirs: list[Any] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Notes(theirs, keep_open=keep_open), *HERE)
        async with server:
            await server.serve_forever()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: Notes(mine), *HERE, ssl=tls or None)
        await client(transport)

    world = World()
    process = world.process(serve, name="server", rank=Rank.SERVER)
    world.at(0, process.start)
    world.client(main)
    world.run(10)
    return mine, theirs, world


async def nothing(transport: Any) -> None:
    del transport
    await asyncio.sleep(5)


def test_a_connection_is_made() -> None:
    mine, theirs, _ = pair(nothing)
    assert mine[:1] == [(20, "made")]
    assert theirs[:1] == [(30, "made")]


def test_what_has_come_together_is_one_read_and_the_end_another() -> None:
    async def client(transport: Any) -> None:
        transport.write(b"a")
        transport.writelines([b"b", bytearray(b"c")])
        transport.close()
        transport.write(b"late")
        assert transport.is_closing()
        await asyncio.sleep(1)

    mine, theirs, _ = pair(client)
    assert theirs == [(30, "made"), (30, b"abc"), (30, "eof"), (30, "lost")]
    assert mine == [(20, "made"), (20, "lost")]


def test_a_half_closed_connection_can_be_kept() -> None:
    async def client(transport: Any) -> None:
        assert transport.can_write_eof()
        transport.write_eof()
        await asyncio.sleep(1)

    _, theirs, _ = pair(client, keep_open=True)
    assert theirs[:2] == [(30, "made"), (30, "eof")]
    assert (30, "lost") not in theirs


def test_an_abort_resets() -> None:
    async def client(transport: Any) -> None:
        await asyncio.sleep(0.98)
        transport.abort()
        await asyncio.sleep(1)

    mine, theirs, _ = pair(client)
    assert theirs[1:] == [(1010, "ConnectionResetError")]
    assert mine[1:] == [(1000, "lost")]


def test_reading_can_be_paused() -> None:
    async def client(transport: Any) -> None:
        protocol = transport.get_protocol()
        transport.pause_reading()
        assert not transport.is_reading()
        transport.write(b"x")
        await asyncio.sleep(0.98)
        transport.resume_reading()
        await asyncio.sleep(0.01)
        protocol.notes.append("done")

    class Echo(Notes):
        def data_received(self, data: bytes) -> None:
            self.transport.write(data)
            self.transport.close()

    mine: list[Any] = []

    async def serve() -> None:
        await asyncio.get_running_loop().create_server(lambda: Echo([]), *HERE)
        await asyncio.sleep(9)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: Notes(mine), *HERE)
        await client(transport)

    world = World()
    world.client(serve)
    world.client(main)
    world.run(10)
    assert mine == [(20, "made"), (1000, b"x"), (1000, "eof"), (1000, "lost"), "done"]


def test_addresses_are_told() -> None:
    told: list[Any] = []

    async def client(transport: Any) -> None:
        placeholder = transport.get_extra_info("socket")
        told.extend([placeholder.getpeername(), transport.get_extra_info("peername")])
        told.extend([placeholder.getsockname(), transport.get_extra_info("sockname")])
        told.append(transport.get_extra_info("nonsense", 5))
        assert transport.get_write_buffer_size() == 0
        transport.set_write_buffer_limits(1, 0)

    _, _, world = pair(client)
    assert world.failures == []
    assert told[0] == told[1] == HERE
    assert told[2] == told[3]
    assert told[2][0] == "10.0.0.2"
    assert told[4] == 5


def test_streams_work_and_buffered_protocols_too() -> None:
    got: list[bytes] = []

    class Buffered(asyncio.BufferedProtocol):
        def __init__(self) -> None:
            self._space = bytearray(2)

        def get_buffer(self, sizehint: int) -> bytearray:
            del sizehint
            return self._space

        def buffer_updated(self, nbytes: int) -> None:
            got.append(bytes(self._space[:nbytes]))

    async def serve() -> None:
        await asyncio.get_running_loop().create_server(Buffered, *HERE)
        await asyncio.sleep(9)

    async def main() -> None:
        _, writer = await asyncio.open_connection(*HERE)
        writer.write(b"hello")
        await writer.drain()
        await asyncio.sleep(1)
        writer.close()
        await writer.wait_closed()

    world = World()
    world.client(serve)
    world.client(main)
    world.run(10)
    assert got == [b"he", b"ll", b"o"]
    assert world.failures == []
