"""uvloop's order of things, beside asyncio's own."""

import asyncio
from typing import Any

import pytest

from stormlab.hosts.aio import World
from stormlab.hosts.aio.phased import Order, PhasedLoop

ORDERS: tuple[Order, ...] = ("asyncio", "uvloop")


def after_a_block(order: Order) -> list[str]:
    """What runs first when a timer, a callback and a readable socket have waited for the loop."""
    world = World(seed=1)
    told: list[Any] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.call_later(0.1, told.append, "timer")
        loop.call_soon(told.append, "ready")
        loop.call_polled(told.append, "socket")
        loop.block(0.2)
        await asyncio.sleep(0)

    world.process(main, name="it", order=order).start()
    world.run(1)
    assert world.failures == []
    return told


def test_timers_come_before_what_is_ready_and_sockets_last() -> None:
    # the block is in the phase "ready", which ends with a poll
    assert after_a_block("uvloop") == ["socket", "timer", "ready"]
    assert after_a_block("asyncio") == ["ready", "socket", "timer"]


def accepts(order: Order) -> list[float]:
    """When each of three connections that came at once is made, each taking 0.1 s."""
    world = World(seed=1)
    made: list[float] = []

    class Taker(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            del transport
            loop: Any = asyncio.get_running_loop()
            made.append(round(loop.time(), 2))
            loop.block(0.1)

    async def serve() -> None:
        await asyncio.get_running_loop().create_server(Taker, "127.0.0.1", 8000)
        await asyncio.sleep(100)

    async def visit() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", 8000)
        await asyncio.sleep(2)
        writer.close()

    world.process(serve, name="server", order=order).start()
    for _ in range(3):
        world.client(visit)
    world.run(5)
    assert world.failures == []
    return made


@pytest.mark.parametrize("order", ORDERS)
def test_connections_are_made_one_by_one_while_each_blocks(order: Order) -> None:
    assert accepts(order) == [0.03, 0.13, 0.23]


@pytest.mark.parametrize(
    ("order", "raised"), [("asyncio", ""), ("uvloop", "the handler is closed")]
)
def test_a_write_after_the_end_raises_as_on_uvloop(order: Order, raised: str) -> None:
    world = World(seed=1)
    told: list[Any] = []

    async def serve() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.transport.close()
            await asyncio.sleep(1)
            try:
                writer.transport.write(b"late")
                told.append("")
            except RuntimeError as error:
                told.append(str(error).rpartition("; ")[2])

        await asyncio.start_server(talk, "127.0.0.1", 8000)
        await asyncio.sleep(100)

    async def visit() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", 8000)
        writer.close()

    world.process(serve, name="server", order=order).start()
    world.client(visit)
    world.run(5)
    assert told == [raised]


def test_it_counts_how_long_it_was_held_up_and_says_when_it_is_idle() -> None:
    world = World(seed=1)
    told: list[Any] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        told.append(loop.idle)
        loop.block(0.2)
        await asyncio.sleep(1)

    process = world.process(main, name="it", order="uvloop")
    loop = process.loop
    assert isinstance(loop, PhasedLoop)
    process.start()
    assert not loop.idle  # it is on its way
    for time_s in (0.1, 0.3, 0.9):
        world.at(time_s, lambda: told.append(loop.idle))
    world.run(5)
    assert told == [False, False, True, True]
    assert loop.busy_total_ns == 200_000_000


def test_a_killed_loop_forgets_what_was_readable() -> None:
    world = World(seed=1)
    told: list[Any] = []

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        loop.call_polled(told.append, "socket")
        loop.block(1)

    process = world.process(main, name="it", order="uvloop")
    process.start()
    world.at(0.5, process.kill)
    world.run(5)
    assert told == []


def test_an_endless_loop_is_ended() -> None:
    world = World(seed=1)

    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    world.process(main, name="it", order="uvloop").start()
    world.run(5)
    assert any("endless loop" in failure for failure in world.failures)
