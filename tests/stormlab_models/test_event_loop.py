"""Order inside the loop: due timers, then what is ready, then what has arrived."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import Clock, Rank
from stormlab_models.event_loop import (
    Block,
    Cancelled,
    EventLoop,
    Signal,
    Sleep,
    Steps,
    turns,
)

MS = 1_000_000


class Desk:
    """A loop, and a list of what ran when, in milliseconds."""

    def __init__(self, wake_ns: int = 0) -> None:
        self.clock = Clock()
        self.loop = EventLoop(self.clock, lambda: wake_ns)
        self.seen: list[tuple[int, str]] = []

    def note(self, what: str, busy_ms: int = 0) -> Callable[[], int]:
        def act() -> int:
            self.seen.append((self.clock.now_ns // MS, what))
            return busy_ms * MS

        return act

    def at(self, time_ms: int, act: Callable[[], object]) -> None:
        self.clock.at(time_ms * MS, Rank.NETWORK, lambda: void(act()))

    def run(self) -> list[tuple[int, str]]:
        self.clock.run(10**12)
        return self.seen


def void(_: object) -> None:
    """Drop a result."""


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_timers_then_ready_then_arrived(desk: Desk) -> None:
    def fill() -> int:
        desk.loop.arrive(desk.note("arrived"))
        desk.loop.call_soon(desk.note("ready"))
        desk.loop.call_later(5 * MS, desk.note("timer"))
        return 10 * MS

    desk.loop.call_soon(fill)
    # the poll that follows the block is the same iteration's: then timers, then what is ready
    assert desk.run() == [(10, "arrived"), (10, "timer"), (10, "ready")]


def test_what_a_timer_makes_ready_runs_in_the_same_iteration(desk: Desk) -> None:
    def fire() -> None:
        desk.loop.call_soon(desk.note("made ready"))
        desk.loop.arrive(desk.note("arrived"))

    desk.loop.call_later(MS, fire)
    assert desk.run() == [(1, "made ready"), (1, "arrived")]


def test_what_is_made_ready_meanwhile_waits_for_the_next_iteration(desk: Desk) -> None:
    def first() -> None:
        desk.loop.call_soon(desk.note("second round"))

    desk.loop.call_soon(first)
    desk.loop.call_soon(desk.note("first round"))
    assert [what for _, what in desk.run()] == ["first round", "second round"]


def test_a_blocking_callback_holds_up_all_behind_it(desk: Desk) -> None:
    desk.loop.call_soon(desk.note("block", 100))
    desk.loop.call_soon(desk.note("next"))
    desk.at(50, lambda: desk.loop.arrive(desk.note("arrived")))
    assert desk.run() == [(0, "block"), (100, "next"), (100, "arrived")]
    assert desk.loop.busy_total_ns == 100 * MS


def test_an_overdue_timer_fires_before_what_became_ready_in_the_block(desk: Desk) -> None:
    desk.loop.call_later(20 * MS, desk.note("20"))
    desk.loop.call_later(10 * MS, desk.note("10"))

    def block() -> int:
        desk.loop.call_soon(desk.note("ready"))
        return 100 * MS

    desk.loop.call_soon(block)
    assert desk.run() == [(100, "10"), (100, "20"), (100, "ready")]


def test_an_idle_loop_wakes_late_and_a_busy_one_polls_at_once() -> None:
    desk = Desk(wake_ns=3 * MS)
    desk.at(10, lambda: desk.loop.arrive(desk.note("woken", 20)))
    desk.at(20, lambda: desk.loop.arrive(desk.note("polled")))
    assert desk.run() == [(13, "woken"), (33, "polled")]


def test_a_cancelled_timer_does_nothing(desk: Desk) -> None:
    timer = desk.loop.call_later(MS, desk.note("never"))
    desk.loop.call_later(2 * MS, desk.note("later"))
    timer.cancel()
    assert desk.run() == [(2, "later")]


def test_a_stopped_loop_runs_nothing_more(desk: Desk) -> None:
    desk.loop.call_soon(desk.note("block", 100))
    desk.loop.call_soon(desk.note("never"))
    desk.loop.call_later(MS, desk.note("never"))
    desk.at(50, desk.loop.stop)
    desk.at(60, lambda: desk.loop.arrive(desk.note("never")))
    assert desk.run() == [(0, "block")]


def test_a_task_sleeps_blocks_and_returns(desk: Desk) -> None:
    def steps() -> Steps:
        yield Sleep(5 * MS)
        desk.note("slept")()
        yield Block(7 * MS)
        desk.note("blocked")()
        return "result"

    task = desk.loop.task(steps())
    desk.at(6, lambda: desk.loop.arrive(desk.note("arrived")))
    assert desk.run() == [(5, "slept"), (12, "blocked"), (12, "arrived")]
    assert task.done.is_set
    assert task.result == "result"


def test_a_sleep_of_nothing_takes_its_place_in_the_line(desk: Desk) -> None:
    def steps() -> Steps:
        yield from turns(2)
        desk.note("slept")()

    desk.loop.task(steps())
    for turn in range(3):
        desk.loop.call_soon(desk.note(f"before {turn}"))
        desk.loop.call_soon(lambda: desk.loop.call_soon(desk.note("later")))
    # the second turn of the task comes behind what was made ready while it took the first
    assert [what for _, what in desk.run()] == [
        *("before 0", "before 1", "before 2"),
        *("later", "later", "later", "slept"),
    ]


def test_a_signal_wakes_its_waiters_in_order_and_only_once(desk: Desk) -> None:
    signal = Signal(desk.loop)

    def wait(name: str) -> Steps:
        yield signal
        yield signal  # set by now: no wait
        desk.note(name)()

    desk.loop.task(wait("a"))
    desk.loop.task(wait("b"))
    desk.at(4, signal.set)
    desk.at(5, signal.set)
    assert desk.run() == [(4, "a"), (4, "b")]


@pytest.mark.parametrize("want", ["sleep", "signal", "block"])
def test_cancel_throws_into_a_waiting_task(desk: Desk, want: str) -> None:
    wants: dict[str, Sleep | Block | Signal] = {
        "sleep": Sleep(50 * MS),
        "block": Block(50 * MS),
        "signal": Signal(desk.loop),
    }

    def steps() -> Steps:
        try:
            yield wants[want]
            desk.note("went on")()
        except Cancelled:
            desk.note("cancelled")()
            raise

    task = desk.loop.task(steps())
    desk.at(10, task.cancel)
    desk.at(11, task.cancel)
    # a blocking call cannot be interrupted: the error waits for its end
    assert desk.run() == [(50 if want == "block" else 10, "cancelled")]
    assert task.done.is_set


def test_a_cancel_beats_a_wake_that_is_already_queued(desk: Desk) -> None:
    signal = Signal(desk.loop)

    def steps() -> Steps:
        try:
            yield signal
            desk.note("went on")()
        except KeyError:
            desk.note("error")()

    task = desk.loop.task(steps())

    def both() -> None:
        signal.set()
        task.cancel(KeyError())

    desk.at(1, both)
    desk.run()
    task.cancel()  # ended: nothing happens
    assert desk.run() == [(1, "error")]


KINDS = st.sampled_from(["ready", "arrive", "timer"])
PLANS = st.lists(
    st.tuples(st.integers(0, 50), KINDS, st.integers(0, 30), st.integers(0, 20)), max_size=40
)


@given(PLANS, st.integers(0, 5))
def test_no_callback_is_lost_and_time_never_runs_backwards(
    plans: list[tuple[int, str, int, int]], wake_ms: int
) -> None:
    desk = Desk(wake_ms * MS)
    for number, (at_ms, kind, delay_ms, busy_ms) in enumerate(plans):
        act = desk.note(str(number), busy_ms)

        def enter(kind: str = kind, delay: int = delay_ms, act: Callable[[], int] = act) -> None:
            if kind == "timer":
                desk.loop.call_later(delay * MS, act)
            else:
                {"ready": desk.loop.call_soon, "arrive": desk.loop.arrive}[kind](act)

        desk.at(at_ms, enter)
    seen = desk.run()
    assert sorted(int(what) for _, what in seen) == list(range(len(plans)))
    times = [time for time, _ in seen]
    assert times == sorted(times)
    for time_ms, what in seen:
        at_ms, kind, delay_ms, _ = plans[int(what)]
        assert time_ms >= at_ms + (delay_ms if kind == "timer" else 0)
    assert desk.loop.busy_total_ns == sum(plan[3] for plan in plans) * MS


@given(PLANS)
def test_what_arrives_is_handled_in_order(plans: list[tuple[int, str, int, int]]) -> None:
    desk = Desk()
    for number, (at_ms, _, _, busy_ms) in enumerate(plans):
        act = desk.note(str(number), busy_ms)
        desk.at(at_ms, lambda act=act: desk.loop.arrive(act))  # type: ignore[misc]
    order = [int(what) for _, what in desk.run()]
    assert order == sorted(order, key=lambda number: (plans[number][0], number))
