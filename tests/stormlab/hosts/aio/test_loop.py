import asyncio
import math
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.hosts.aio import World
from stormlab.hosts.aio.loop import CALLBACKS_PER_INSTANT_MAX
from stormlab.vocabulary import Event


def run(main: Callable[[], Any], seconds: float = 10.0) -> World:
    world = World(seed=1)
    world.client(main)
    world.run(seconds)
    return world


def test_sleeping_takes_virtual_time_alone() -> None:
    times: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for _ in range(3):
            await asyncio.sleep(1000.1)
            times.append(loop.time())

    began = time.monotonic()
    assert run(main, 4000.0).failures == []
    assert times == [1000.1, 2000.2, 3000.3]
    assert time.monotonic() - began < 5


def test_callbacks_run_in_the_order_of_calling() -> None:
    order: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0, order.append, "later 0")
        loop.call_soon(order.append, "soon 1")
        loop.call_soon(loop.call_soon, order.append, "soon of soon")
        loop.call_soon(order.append, "soon 2")
        loop.call_at(loop.time() + 0.1, order.append, "at 1")
        loop.call_later(0.1, order.append, "later 1").cancel()
        loop.call_soon_threadsafe(order.append, "soon 3")
        await asyncio.sleep(0.2)

    run(main)
    virtual = list(order)
    assert virtual == ["soon 1", "soon 2", "soon 3", "later 0", "soon of soon", "at 1"]
    order.clear()
    asyncio.run(main())
    assert virtual == order  # as asyncio's own loop


def test_timeouts_queues_locks_and_groups_work() -> None:
    told: list[Any] = []

    async def main() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await queue.get()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.get(), 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.put(5))
            got = group.create_task(queue.get())
        told.extend([got.result(), asyncio.get_running_loop().time()])

    assert run(main).failures == []
    assert told == [5, 2.5]


def test_a_step_that_sleeps_holds_the_loop_up() -> None:
    times: list[tuple[str, float]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(1, lambda: times.append(("timer", loop.time())))
        loop.call_soon(lambda: times.append(("ready", loop.time())))
        time.sleep(3)  # noqa: ASYNC251  that is the point
        times.append(("slept", loop.time()))

    run(main)
    assert times == [("slept", 3.0), ("ready", 3.0), ("timer", 3.0)]


def test_what_nobody_catches_is_kept() -> None:
    async def fail() -> None:
        raise ValueError("in a task")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task  # never asked for its result
        await asyncio.sleep(1)
        raise KeyError("its end")

    world = World(seed=1)
    world.client(main)
    trace = world.run(10)
    raised = [row.detail for row in trace if row.event is Event.UNCAUGHT]
    # when a forgotten task is collected depends on the version: at once, or at the end
    assert sorted(text.partition(": ")[2] for text in raised[1:]) == [
        "KeyError: 'its end'",
        "ValueError: in a task",
    ]
    assert "ZeroDivisionError" in raised[0]
    assert len(world.failures) == 3
    [gave_up] = [row for row in trace if row.event is Event.GAVE_UP]
    assert (gave_up.time_ns, gave_up.detail) == (3_000_000_000, "KeyError: 'its end'")


def test_a_loop_that_never_waits_is_ended() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    world = run(main)
    assert len(world.failures) == 1
    assert f"{CALLBACKS_PER_INSTANT_MAX} callbacks at one instant" in world.failures[0]


def test_an_interrupt_leaves_the_run() -> None:
    async def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(main)


def test_an_alarm_of_somebody_else_leaves_the_run() -> None:
    class Alarm(BaseException):
        pass

    async def main() -> None:
        raise Alarm

    with pytest.raises(Alarm):
        run(main)


def test_an_exit_ends_the_program() -> None:
    async def main() -> None:
        raise SystemExit(3)

    assert run(main).failures == ["client 0: exit: SystemExit: 3"]


def test_signals_are_accepted() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, print)
        assert loop.remove_signal_handler(signal.SIGTERM) is False

    assert run(main).failures == []


def test_a_loop_around_it_is_left_as_it_was() -> None:
    inside: list[Any] = []

    async def main() -> None:
        inside.append(asyncio.get_running_loop())

    async def outside() -> None:
        own = asyncio.get_running_loop()
        run(main)
        assert asyncio.get_running_loop() is own
        assert inside[0] is not own

    asyncio.run(outside())


def test_one_may_sleep_for_ever() -> None:
    async def main() -> None:
        await asyncio.sleep(math.inf)

    world = World()
    process = world.client(main)
    running: list[bool] = []
    world.at(9, lambda: running.append(process.running))
    world.run(10)
    assert running == [True]
    assert world.failures == []


def test_cancelled_timers_are_forgotten() -> None:
    sizes: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(500, print)
        for _ in range(1000):
            loop.call_later(1000, print).cancel()
        sizes.append(len(loop._scheduled))  # type: ignore[attr-defined]

    run(main)
    assert sizes[0] < 250


def test_a_callback_that_is_cancelled_inside_is_a_failure() -> None:
    def cancelled() -> None:
        raise asyncio.CancelledError

    async def main() -> None:
        asyncio.get_running_loop().call_soon(cancelled)
        await asyncio.sleep(1)

    assert "CancelledError" in run(main).failures[0]


def test_two_loops_live_on_one_clock() -> None:
    order: list[tuple[int, float]] = []

    def program(number: int) -> Callable[[], Any]:
        async def main() -> None:
            for _ in range(3):
                await asyncio.sleep(1)
                order.append((number, asyncio.get_running_loop().time()))

        return main

    world = World()
    for number in range(3):
        world.client(program(number))
    world.run(10)
    assert order == [(number, t) for t in (1.0, 2.0, 3.0) for number in range(3)]
