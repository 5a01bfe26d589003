"""Each trap of determinism is met without its cure, and is not met with it."""

import asyncio
import gc
import os
import random
import secrets
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab.hosts.aio.cures import ALL, Cure
from stormlab.vocabulary import Event

EPOCH_S = 1_700_000_000


def run(
    main: Callable[[], Any], *, without: Cure | None = None, seconds: float = 10.0, app: Any = None
) -> World:
    """A world of one client, run."""
    world = World(seed=1, cures=ALL - {without} if without is not None else ALL)
    if app is not None:
        world.serve(app)
    world.client(main)
    world.run(seconds)
    return world


def outcomes(make: Callable[[list[Any]], Callable[[], Any]], without: Cure | None) -> list[Any]:
    """What a program notes, in two runs."""
    found = []
    for _ in range(2):
        notes: list[Any] = []
        run(make(notes), without=without)
        found.append(notes)
    return found


def test_equal_deadlines_keep_their_order() -> None:
    def order(without: Cure | None) -> list[int]:
        notes: list[int] = []

        async def sleep(number: int) -> None:
            await asyncio.sleep(1.0)
            notes.append(number)

        async def main() -> None:
            await asyncio.gather(*(sleep(number) for number in range(20)))

        run(main, without=without)
        return notes

    assert order(None) == list(range(20))
    assert order("fifo") != list(range(20))
    assert sorted(order("fifo")) == list(range(20))


def test_what_is_left_ends_in_its_own_run() -> None:
    def draws(without: Cure | None) -> list[list[float]]:
        found: list[list[float]] = []

        async def linger() -> None:
            try:
                await asyncio.sleep(1e6)
            finally:
                random.random()

        async def main() -> None:
            linger_tasks = [asyncio.create_task(linger()) for _ in range(3)]
            await asyncio.sleep(1)
            gc.collect()  # at some time or other it happens by itself
            found.append([random.random() for _ in range(3)])
            await asyncio.gather(*linger_tasks)

        for _ in range(2):
            run(main, without=without)
        return found

    first, second = draws(None)
    assert first == second
    first, second = draws("teardown")
    assert first != second


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_generator_that_is_dropped_is_closed_by_its_loop() -> None:
    def closed_at(without: Cure | None) -> list[float]:
        notes: list[float] = []

        async def numbers() -> AsyncIterator[int]:
            try:
                yield 1
            finally:
                await asyncio.sleep(1)
                notes.append(asyncio.get_running_loop().time())

        async def main() -> None:
            async for _ in numbers():
                break
            await asyncio.sleep(5)

        run(main, without=without)
        return notes

    assert closed_at(None) == [1.0]
    assert closed_at("asyncgens") == []


def test_uvicorn_closes_connections_in_the_order_of_opening(echo_app: Any, staying: Any) -> None:
    def closed(without: Cure | None) -> list[int]:
        world = World(seed=1, cures=ALL - {without} if without is not None else ALL)
        server = world.serve(echo_app)
        for number in range(30):
            world.client(staying, at_s=number / 100)
        world.at(5.0, server.stop)
        return [row.conn for row in world.run(6.0) if row.event is Event.CLOSED]

    assert closed(None) == list(range(30))
    assert closed("ordered sets") != list(range(30))
    assert sorted(closed("ordered sets")) == list(range(30))


def test_sets_of_tasks_are_gone_through_in_the_order_of_creation() -> None:
    def names(without: Cure | None) -> list[int]:
        notes: list[int] = []

        async def main() -> None:
            tasks = [asyncio.create_task(asyncio.sleep(9), name=f"{n}") for n in range(32)]
            _, pending = await asyncio.wait(tasks, timeout=1)
            for task in pending:
                notes.append(int(task.get_name()))
                task.cancel()

        run(main, without=without)
        return notes

    assert names(None) == list(range(32))
    assert names("task hashes") != list(range(32))


def test_chance_is_addressed() -> None:
    def make(notes: list[Any]) -> Callable[[], Any]:
        async def main() -> None:
            notes.extend([random.random(), random.randint(1, 10**9), random.uniform(1, 2)])
            notes.extend([random.choice(range(10**9)), random.gauss(0, 1), random.randbytes(8)])
            notes.extend([secrets.token_hex(8), secrets.randbelow(10**9), os.urandom(8)])
            notes.extend([uuid.uuid4(), random.Random().random(), random.SystemRandom().random()])

        return main

    first, second = outcomes(make, None)
    assert first == second
    assert len(set(map(str, first))) == len(first) == 12
    first, second = outcomes(make, "chance")
    assert not any(one == other for one, other in zip(first, second, strict=True))


def test_chance_of_early_importers_is_repeatable() -> None:
    early = random.random  # as by "from random import random" before the run

    def make(notes: list[Any]) -> Callable[[], Any]:
        async def main() -> None:
            notes.append(early())

        return main

    first, second = outcomes(make, None)
    assert first == second
    state = random.getstate()
    outcomes(make, None)
    assert random.getstate() == state  # and put back


def test_time_is_virtual() -> None:
    def make(notes: list[Any]) -> Callable[[], Any]:
        async def main() -> None:
            await asyncio.sleep(2)
            time.sleep(0.001)  # noqa: ASYNC251  that is the point
            notes.extend([time.time() - EPOCH_S, time.monotonic(), time.perf_counter_ns() / 1e9])
            notes.append(asyncio.get_running_loop().time())

        return main

    first, second = outcomes(make, None)
    assert first == second
    assert first == pytest.approx([2.001] * 4, abs=1e-6)
    first, _ = outcomes(make, "time")
    assert first[0] > 10**6  # it is later than 2023
    assert first[3] == 2.0  # and the loop's own time knows nothing of the sleep


def test_threads_run_inline() -> None:
    def result(without: Cure | None) -> list[Any]:
        notes: list[Any] = []
        end = threading.Event()

        async def main() -> None:
            notes.append(await asyncio.to_thread(end.wait, 0.05))

        run(main, without=without)
        end.set()
        return notes

    assert result(None) == [False]
    assert result("threads") == []  # the run was over before the thread


def test_worker_threads_of_anyio_run_inline() -> None:
    notes: list[Any] = []

    async def main() -> None:
        notes.append(await anyio.to_thread.run_sync(threading.get_ident))

    run(main)
    assert notes == [threading.get_ident()]


def test_no_finaliser_runs_by_itself() -> None:
    def finalised(without: Cure | None) -> int:
        notes: list[int] = []

        class Cycle:
            def __init__(self) -> None:
                self.me = self

            def __del__(self) -> None:
                notes.append(1)

        async def main() -> None:
            for _ in range(20_000):
                Cycle()
            during.append(len(notes))

        during: list[int] = []
        run(main, without=without)
        return during[0]

    assert finalised(None) == 0
    assert finalised("garbage") > 0


def test_no_proxy_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, echo_app: Any
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)

    async def main() -> None:
        async with connect("wss://server.example:8000"):
            await asyncio.sleep(1)

    def failures(without: Cure | None) -> list[str]:
        world = World(seed=1, cures=ALL - {without} if without is not None else ALL)
        world.serve(echo_app, host="server.example")
        world.client(main)
        world.run(10)
        assert os.environ["https_proxy"]
        return world.failures

    assert failures(None) == []
    assert "refused" in " ".join(failures("environment"))
