import asyncio
from typing import Any

import pytest

from stormlab.hosts.aio import World

HERE = ("127.0.0.1", 8000)


def run(main: Any, *, cut_s: float | None = None, listens: bool = True) -> World:
    """A world with a server that says hello, and a program."""

    async def serve() -> None:
        async def hello(reader: Any, writer: Any) -> None:
            writer.write(b"hello")
            await reader.read()
            writer.close()

        server = await asyncio.start_server(hello, *HERE)
        await server.serve_forever()

    world = World()
    if listens:
        world.client(serve)
    if cut_s is not None:
        world.at(cut_s, lambda: world.network.cut("127.0.0.1"))
    world.client(main)
    world.run(100)
    assert world.failures == []
    return world


def test_nobody_listens() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", 9)

    run(main, listens=False)


@pytest.mark.parametrize(("tls", "at_s"), [(None, 0.02), (True, 0.04)])
def test_tls_takes_one_round_trip_more(tls: Any, at_s: float) -> None:
    times: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, *HERE, ssl=tls)
        times.append(loop.time())
        assert (transport.get_extra_info("sslcontext") is None) == (tls is None)
        transport.close()

    run(main)
    assert times == [at_s]


def test_a_connection_may_be_upgraded() -> None:
    times: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(asyncio.Protocol, *HERE)
        context: Any = object()  # is not looked at
        await loop.start_tls(transport, protocol, context)
        times.append(loop.time())
        transport.close()

    run(main)
    assert times == [0.04]


def test_what_comes_during_tls_is_read_behind_it() -> None:
    got: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), *HERE, ssl=True
        )
        got.append((await reader.readexactly(5), loop.time()))
        transport.close()

    run(main)
    assert got == [(b"hello", 0.04)]


def test_an_attempt_may_be_given_up() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.open_connection(*HERE), 5)

    run(main, cut_s=0)


def test_an_attempt_times_out() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.open_connection(*HERE)
        assert asyncio.get_running_loop().time() == 67.01

    run(main, cut_s=0)
