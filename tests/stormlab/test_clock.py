"""Virtual time: exact, in one stated order, never backwards."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import NS_PER_S, Clock, Rank, to_ns, to_s

Key = tuple[int, Rank, int, int, int]
keys = st.tuples(
    st.integers(0, 2),
    st.sampled_from(Rank),
    st.integers(0, 3) | st.just(2**24 - 1),
    st.integers(0, 3) | st.just(2**20 - 1),
    st.integers(0, 3) | st.just(2**16 - 1),
)


def happened(scheduled: list[Key]) -> list[Key]:
    """Schedule calls in this order, run, and say in which order they came."""
    clock, seen = Clock(), list[Key]()

    def call(key: Key) -> Callable[[], None]:
        return lambda: seen.append(key)

    for key in scheduled:
        time_ns, rank, client, socket, attempt = key
        clock.at(time_ns, rank, call(key), client=client, socket=socket, attempt=attempt)
    clock.run(10)
    return seen


@given(
    st.lists(keys, unique=True, max_size=12).flatmap(
        lambda k: st.tuples(st.just(k), st.permutations(k))
    )
)
def test_ties_are_ordered_by_key_whoever_scheduled_first(
    orders: tuple[list[Key], list[Key]],
) -> None:
    one, two = orders
    assert happened(one) == happened(two) == sorted(one)


def test_equal_keys_keep_the_order_of_scheduling() -> None:
    clock, seen = Clock(), list[str]()
    for name in "abc":
        clock.at(5, Rank.PAGE, lambda name=name: seen.append(name))  # type: ignore[misc]
    clock.run(5)
    assert seen == ["a", "b", "c"]


@given(st.integers(0, 10**17))
def test_times_are_exact(time_ns: int) -> None:
    clock, seen = Clock(), list[int]()
    clock.at(time_ns, Rank.TIMER, lambda: seen.append(clock.now_ns))
    clock.run(time_ns)
    assert seen == [time_ns]


def test_a_chain_of_delays_adds_up_exactly() -> None:
    clock, third_ns = Clock(), to_ns(1 / 3)

    def again() -> None:
        if clock.now_ns < 3000 * third_ns:
            clock.after(third_ns, Rank.TIMER, again)

    clock.after(third_ns, Rank.TIMER, again)
    clock.run(10_000 * NS_PER_S)
    assert clock.now_ns == 3000 * third_ns


def test_the_past_is_refused() -> None:
    clock = Clock()
    clock.at(5, Rank.PAGE, lambda: None)
    clock.run(5)
    with pytest.raises(ValueError, match="cannot schedule at 4 ns: it is already 5 ns"):
        clock.at(4, Rank.PAGE, lambda: None)
    with pytest.raises(ValueError, match="already"):
        clock.after(-1, Rank.PAGE, lambda: None)


@pytest.mark.parametrize(
    "key",
    [{"client": 2**24}, {"socket": 2**20}, {"attempt": 2**16}]
    + [{name: -1} for name in ("client", "socket", "attempt")],
)
def test_a_key_that_would_spill_into_its_neighbour_is_refused(key: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="no place in the order"):
        Clock().at(0, Rank.PAGE, lambda: None, **key)


def test_what_is_due_now_comes_still_now() -> None:
    clock, seen = Clock(), list[str]()

    def now() -> None:
        clock.after(0, Rank.PAGE, lambda: seen.append("then"))

    clock.at(3, Rank.FAULT, now)
    clock.at(3, Rank.OBSERVER, lambda: seen.append("last"))
    clock.run(3)
    assert seen == ["then", "last"]


def test_a_cancelled_call_does_nothing() -> None:
    clock, seen = Clock(), list[str]()
    timer = clock.at(3, Rank.TIMER, lambda: seen.append("no"))
    pending = [timer.pending]
    timer.cancel()
    timer.cancel()
    pending.append(timer.pending)
    clock.run(10)
    assert pending == [True, False]
    assert seen == []


def test_cancelling_after_it_fired_is_allowed() -> None:
    clock, seen = Clock(), list[str]()
    timer = clock.at(3, Rank.TIMER, lambda: seen.append("yes"))
    clock.run(3)
    assert not timer.pending
    timer.cancel()
    assert seen == ["yes"]


def test_a_run_includes_its_last_moment_and_nothing_later() -> None:
    assert happened([(10, Rank.PAGE, 0, 0, 0), (11, Rank.PAGE, 0, 0, 0)]) == [
        (10, Rank.PAGE, 0, 0, 0)
    ]


def test_a_stopped_clock_calls_nobody_until_it_is_resumed() -> None:
    clock, seen = Clock(), list[str]()
    clock.at(1, Rank.PAGE, clock.stop)
    clock.at(2, Rank.PAGE, lambda: seen.append("late"))
    clock.run(5)
    assert seen == []
    assert clock.now_ns == 1
    clock.resume()
    clock.run(5)
    assert seen == ["late"]


@pytest.mark.parametrize(
    ("seconds", "time_ns"), [(0.1, 10**8), (1e-9, 1), (4e-10, 0), (1e7, 10**16)]
)
def test_seconds_become_the_nearest_nanosecond(seconds: float, time_ns: int) -> None:
    assert to_ns(seconds) == time_ns
    assert to_s(time_ns) == pytest.approx(seconds, abs=1e-9)
