import asyncio
from typing import Any

from stormlab.hosts.aio import World
from stormlab.vocabulary import Event


def test_the_end_of_a_program_ends_the_rest_as_asyncio_run_does() -> None:
    told: list[tuple[str, float]] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            told.append(("ended", asyncio.get_running_loop().time()))

    async def main() -> None:
        asyncio.create_task(linger())  # noqa: RUF006  that is the point
        await asyncio.sleep(2)

    world = World()
    process = world.client(main)
    world.run(10)
    assert told == [("ended", 3.0)]
    assert not process.running


def test_the_kernel_closes_what_a_program_leaves_open(echo_app: Any) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        kept.append(await loop.create_connection(asyncio.Protocol, "127.0.0.1", 8000))
        await asyncio.sleep(1)

    kept: list[Any] = []
    world = World()
    world.serve(echo_app)
    world.client(main)
    trace = world.run(10)
    [close] = [row for row in trace if row.event is Event.CLOSE]
    assert close.time_ns == 1_020_000_000


def test_a_program_that_cannot_begin_is_a_failure() -> None:
    def main() -> Any:
        raise ValueError("no coroutine")

    world = World()
    world.client(main)
    world.run(1)
    assert world.failures == ["client 0: its program: ValueError: no coroutine"]


def test_a_killed_process_runs_no_more(echo_app: Any, talking: Any, told: Any) -> None:
    world = World()
    world.serve(echo_app)
    process = world.client(talking)
    world.at(3.5, process.kill)
    trace = world.run(10)
    assert not process.running
    assert [row[0] for row in told(trace, Event.SEND)] == [0.04, 1.06, 2.08, 3.1]
    assert told(trace, Event.CLOSE) == [(3.5,)]
    assert [row[0] for row in told(trace, Event.LOST)] == [3.51]  # the server hears of it
    assert not any(row.event is Event.GAVE_UP for row in trace)
    assert world.failures == []


def test_a_task_that_does_not_end_is_named() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                continue

    world = World()
    world.client(stubborn, name="mule")
    world.run(1)
    assert world.failures == ["mule: mule does not end when it is cancelled"]


def test_a_process_may_begin_later(told: Any) -> None:
    times: list[float] = []

    async def main() -> None:
        times.append(asyncio.get_running_loop().time())

    world = World()
    world.client(main, at_s=2.5)
    trace = world.run(10)
    assert times == [2.5]
    assert told(trace, Event.GAVE_UP, "detail") == [(2.5, "its program ended")]
