import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.hosts.aio import World


def run(main: Callable[[], Any]) -> World:
    world = World(seed=1)
    world.client(main)
    world.run(10)
    return world


def test_names_are_resolved_in_memory() -> None:
    told: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        told.extend(await loop.getaddrinfo("a.example", 80))
        told.append(await loop.getnameinfo(("10.1.0.1", 80)))

    assert run(main).failures == []
    family, kind, proto, _, address = told[0]
    assert (family, kind, proto) == (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    assert address == ("10.1.0.1", 80)
    assert told[1] == ("10.1.0.1", "80")


def test_executors_run_inline() -> None:
    told: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        told.append(await loop.run_in_executor(None, sum, [1, 2]))
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, lambda: 1 // 0)
        await loop.shutdown_default_executor()

    assert run(main).failures == []
    assert told == [3]


def test_a_loop_is_not_run_from_inside() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="virtual time"):
            loop.run_forever()
        with pytest.raises(RuntimeError, match="virtual time"):
            loop.run_until_complete(asyncio.sleep(1))

    assert run(main).failures == []


def test_sockets_of_the_operating_system_are_not_there() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as real:
            with pytest.raises(OSError, match="virtual time"):
                await loop.create_connection(asyncio.Protocol, sock=real)
            with pytest.raises(OSError, match="virtual time"):
                await loop.create_server(asyncio.Protocol, sock=real)

    assert run(main).failures == []


def test_a_placeholder_socket_connects() -> None:
    """As aiohttp does it: a socket, sock_connect, create_connection(sock=...)."""
    got: list[bytes] = []

    async def serve() -> None:
        async def answer(reader: Any, writer: Any) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 8000)
        await server.serve_forever()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        placeholder = socket.socket()
        await loop.sock_connect(placeholder, ("127.0.0.1", 8000))
        reader = asyncio.StreamReader()
        transport, _ = await loop.create_connection(
            lambda: asyncio.StreamReaderProtocol(reader), sock=placeholder
        )
        transport.write(b"hello\n")
        got.append(await reader.read())

    world = World()
    world.client(serve)
    world.client(main, at_s=1)
    world.run(10)
    assert got == [b"hello\n"]
    assert world.failures == []


def test_what_is_not_there_is_named() -> None:
    async def main() -> None:
        with pytest.raises(NotImplementedError, match=r"virtual time: loop.subprocess_exec\(\)"):
            await asyncio.create_subprocess_exec("true")
        with pytest.raises(NotImplementedError, match=r"loop.create_unix_connection\(\)"):
            await asyncio.open_unix_connection("/nowhere")

    assert run(main).failures == []


def test_a_blocking_socket_does_not_leave_the_world() -> None:
    async def main() -> None:
        with socket.socket() as real, pytest.raises(OSError, match="virtual time"):
            real.connect(("127.0.0.1", 9))

    assert run(main).failures == []
    with socket.socket() as real, pytest.raises(ConnectionRefusedError):
        real.connect(("127.0.0.1", 9))
