"""Circuit breakers, held against small tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    Breaker,
    BreakerState,
    CircuitBreaker,
    Consecutive,
    Constant,
    Exponential,
    RateInCount,
    RateInWindow,
)
from stormlab.policy.breaker import Trip
from stormlab.policy.rules.windows import too_many

S = 1_000_000_000
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
THREE = CircuitBreaker(Consecutive(3), Constant(30))


def tripped(rule: CircuitBreaker = THREE) -> Breaker:
    """A breaker that three failures opened at time 0."""
    breaker = rule.make()
    for _ in range(3):
        assert breaker.allow(0)
        breaker.record(0, success=False)
    return breaker


def test_a_breaker_opens_probes_and_closes() -> None:
    breaker = tripped()
    assert [breaker.state(at) for at in (0, 30 * S - 1)] == [OPEN, OPEN]
    assert not breaker.allow(30 * S - 1)
    assert breaker.next_probe_ns(5 * S) == 30 * S
    assert breaker.state(30 * S) is HALF_OPEN
    assert [breaker.allow(30 * S) for _ in range(2)] == [True, False]
    assert breaker.next_probe_ns(31 * S) is None
    breaker.record(31 * S, success=True)
    assert breaker.state(31 * S) is CLOSED


def test_a_failed_probe_opens_it_again() -> None:
    breaker = tripped()
    assert breaker.allow(40 * S)
    breaker.record(41 * S, success=False)
    assert breaker.state(41 * S) is OPEN
    assert breaker.next_probe_ns(41 * S) == 71 * S


def test_a_success_between_breaks_the_row() -> None:
    breaker = THREE.make()
    for success in (False, False, True, False, False):
        breaker.record(0, success=success)
    assert breaker.state(0) is CLOSED
    breaker.record(0, success=False)
    assert breaker.state(0) is OPEN


def test_late_results_are_ignored_while_open() -> None:
    breaker = tripped()
    breaker.record(1, success=True)
    assert breaker.state(1) is OPEN


def test_the_open_time_may_grow_and_falls_back_when_closed() -> None:
    breaker = tripped(CircuitBreaker(Consecutive(3), Exponential(10)))
    times = []
    now = 0
    for _ in range(3):
        now = breaker.next_probe_ns(now) or 0
        times.append(now // S)
        breaker.allow(now)
        breaker.record(now, success=False)
    assert times == [10, 30, 70]
    now = breaker.next_probe_ns(now) or 0
    breaker.allow(now)
    breaker.record(now, success=True)
    assert breaker.opens == 0


def test_any_number_of_probes_passes_at_one_instant() -> None:
    breaker = tripped(CircuitBreaker(Consecutive(3), Constant(30), probes=None))
    assert all(breaker.allow(30 * S) for _ in range(1000))


def test_several_probes_must_succeed() -> None:
    breaker = tripped(CircuitBreaker(Consecutive(3), Constant(30), successes=2))
    for expected in (HALF_OPEN, CLOSED):
        assert breaker.allow(30 * S)
        breaker.record(30 * S, success=True)
        assert breaker.state(30 * S) is expected


@pytest.mark.parametrize(("failures", "state"), [(4, CLOSED), (5, OPEN)])
def test_ten_probes_decide_by_their_share(failures: int, state: BreakerState) -> None:
    """Resilience4j: ten calls are permitted half-open, 50 % failures open it again."""
    rule = CircuitBreaker(Consecutive(3), Constant(60), probes=10, failure_ratio=0.5)
    breaker = tripped(rule)
    for index in range(10):
        assert breaker.allow(60 * S)
        breaker.record(60 * S, success=index >= failures)
        if index < 9:
            assert breaker.state(60 * S) is HALF_OPEN
    assert breaker.state(60 * S) is state


def test_a_lost_probe_blocks_unless_the_rule_says_otherwise() -> None:
    lost, again, limited = (
        tripped(CircuitBreaker(Consecutive(3), Constant(30), **more))
        for more in ({}, {"probe_again": True}, {"half_open_s_max": 10.0})
    )
    for breaker in (lost, again, limited):
        assert breaker.allow(30 * S)
    assert not lost.allow(10_000 * S)
    assert again.next_probe_ns(31 * S) == 60 * S
    assert [again.allow(at * S) for at in (59, 60)] == [False, True]
    assert limited.state(40 * S) is OPEN
    assert limited.next_probe_ns(31 * S) == 70 * S
    assert limited.allow(70 * S)


@pytest.mark.parametrize(
    ("rule", "results", "state"),
    [
        (RateInWindow(10, 0.5, 20), [False] * 19, CLOSED),
        (RateInWindow(10, 0.5, 20), [False] * 20, OPEN),
        (RateInWindow(10, 0.5, 20), [True] * 10 + [False] * 10, OPEN),
        (RateInWindow(10, 0.5, 20), [True] * 11 + [False] * 10, CLOSED),
        (RateInWindow(10, 0.5, 20, above=True), [True] * 10 + [False] * 10, CLOSED),
        (RateInWindow(10, 0.5), [False], OPEN),
        (RateInWindow(10, 0.5, 2), [True, True, False, False], OPEN),
        (RateInCount(4, 0.5, 4), [False] * 3, CLOSED),
        (RateInCount(4, 0.5, 4), [False, False, True, True, True, False], CLOSED),
        (RateInCount(4, 0.5, 4), [True, True, True, False, False], OPEN),
    ],
)
def test_a_share_of_failures_opens_it(
    rule: RateInWindow | RateInCount, results: list[bool], state: BreakerState
) -> None:
    breaker = CircuitBreaker(rule, Constant(5)).make()
    for success in results:
        breaker.record(0, success=success)
    assert breaker.state(0) is state
    assert rule.words


@pytest.mark.parametrize("buckets", [10, 0])
@pytest.mark.parametrize(("later_s", "state"), [(9.9, OPEN), (10.0, CLOSED)])
def test_a_window_forgets(buckets: int, later_s: float, state: BreakerState) -> None:
    rule = CircuitBreaker(RateInWindow(10, 0.5, 2, buckets=buckets), Constant(5))
    breaker = rule.make()
    for at_ns in (0, round(later_s * S)):
        breaker.record(at_ns, success=False)
    assert breaker.state(round(later_s * S)) is state


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["ask", "good", "bad"])), max_size=60
    )
)
def test_a_breaker_is_the_reference_machine(steps: list[tuple[int, str]]) -> None:
    """Against the smallest machine there is: three in a row, 30 s, one probe."""
    breaker = THREE.make()
    row, until, probing, state, now = 0, 0, False, CLOSED, 0
    for wait_s, what in steps:
        now += wait_s * S
        if state is OPEN and now >= until:
            state, probing = HALF_OPEN, False
        if what == "ask":
            expected = state is CLOSED or (state is HALF_OPEN and not probing)
            probing = probing or state is HALF_OPEN
            assert breaker.allow(now) == expected
        else:
            good = what == "good"
            breaker.record(now, success=good)
            row = 0 if good else row + (state is CLOSED)
            if state is HALF_OPEN and good:
                state, row = CLOSED, 0
            elif (state is HALF_OPEN and not good) or (state is CLOSED and row == 3):
                state, until, row = OPEN, now + 30 * S, 0
        assert breaker.state(now) is state
        next_ns = breaker.next_probe_ns(now)
        assert next_ns == {CLOSED: now, OPEN: until}.get(state, None if probing else now)


def test_a_person_closes_it() -> None:
    breaker = tripped()
    breaker.reset()
    assert breaker.allow(0)
    assert THREE.words == "opens at 3 failures in a row for 30 s; half-open: 1 at a time"


WAITS_S = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 4.0]), st.booleans()), max_size=90)


@given(results=WAITS_S)
def test_a_window_of_any_number_of_results_is_a_list_of_them(
    results: list[tuple[float, bool]],
) -> None:
    """A window that moves with every result grows beyond its first room and loses none."""
    window = RateInWindow(10, 0.5, 3, buckets=0).results()
    now = 0
    seen: list[tuple[int, bool]] = []
    for wait_s, success in results:
        now += round(wait_s * S)
        window.add(now, success=success)
        seen = [(at, good) for at, good in [*seen, (now, success)] if at > now - 10 * S]
        failures = sum(not good for _, good in seen)
        assert window.tripped(now) == (len(seen) >= 3 and failures >= len(seen) / 2)


def test_a_window_grows_after_it_has_turned() -> None:
    """Its oldest entry is then no longer the first in the ring."""
    window = RateInWindow(10, 0.9, 50, buckets=0).results()
    window.add(0, success=True)
    for index in range(60):
        window.add(11 * S + index, success=index < 6)
    assert window.tripped(11 * S + 60)
    window.add(11 * S + 61, success=True)
    assert not window.tripped(11 * S + 61)


@pytest.mark.parametrize(("least", "state"), [(29, True), (30, False)])
def test_a_window_that_grew_forgets_its_oldest_first(
    least: int,
    state: bool,  # noqa: FBT001  a parameter
) -> None:
    window = RateInWindow(10, 0.5, least, buckets=0).results()
    window.add(0, success=True)
    for index in range(60):  # from 11 s on, ten a second
        window.add(11 * S + index * S // 10, success=False)
    assert window.tripped(24 * S) == state  # 14.1 to 16.9 s are left


@pytest.mark.parametrize("buckets", [5, 0])
def test_a_window_that_turns_many_times_is_a_list_of_results(buckets: int) -> None:
    window = RateInWindow(10, 0.5, 2, buckets=buckets).results()
    step_ns = 2 * S if buckets else 1
    now, seen, found = 0, [(0, False)], []
    window.add(0, success=False)
    for index in range(300):
        now += (30 if index % 20 == 0 else index % 3) * S
        success = index % 7 < 4 and index % 20 > 0
        window.add(now, success=success)
        seen.append((now // step_ns, success))
        left = [good for at, good in seen if at > now // step_ns - 10 * S // step_ns]
        found.append((window.tripped(now), len(left) >= 2 and left.count(False) * 2 >= len(left)))
    assert all(is_so == expected for is_so, expected in found)
    assert {is_so for is_so, _ in found} == {True, False}


def test_a_window_in_steps_forgets_whole_steps() -> None:
    window = RateInWindow(10, 0.5, 2, buckets=5).results()
    for at_s in (1.9, 2.0):
        window.add(round(at_s * S), success=False)
    assert [window.tripped(round(at_s * S)) for at_s in (9.9, 10.0)] == [True, False]


def test_a_lone_result_is_forgotten_too() -> None:
    window = RateInWindow(10, 0.5).results()
    window.add(0, success=False)
    assert [window.tripped(at * S) for at in (9, 10)] == [True, False]


@given(results=st.lists(st.booleans(), max_size=40))
def test_a_count_is_a_list_of_the_last_results(results: list[bool]) -> None:
    window = RateInCount(5, 0.5, 3).results()
    for index, success in enumerate(results):
        window.add(0, success=success)
        last = results[max(0, index - 4) : index + 1]
        assert window.tripped(0) == (len(last) >= 3 and last.count(False) >= len(last) / 2)


@pytest.mark.parametrize("trip", [Consecutive(1), RateInWindow(10, 0.5), RateInCount(4, 0.5, 1)])
def test_what_is_cleared_is_forgotten(trip: Trip) -> None:
    results = trip.results()
    results.add(0, success=False)
    assert results.tripped(0)
    results.clear()
    assert not results.tripped(0)
    results.add(0, success=False)
    assert results.tripped(0)


def test_more_failures_in_a_row_than_enough_are_enough() -> None:
    results = Consecutive(2).results()
    for _ in range(3):
        results.add(0, success=False)
    assert results.tripped(0)


def test_without_a_failure_there_are_never_too_many() -> None:
    assert [too_many(failures, 4, 0.0, above=False) for failures in (0, 1)] == [False, True]
    assert not too_many(0, 0, 0.0, above=True)


def test_probes_that_ended_make_room_for_as_many() -> None:
    rule = CircuitBreaker(Consecutive(3), Constant(30), probes=3, successes=9)
    breaker = tripped(rule)
    assert [breaker.allow(30 * S) for _ in range(4)] == [True, True, True, False]
    breaker.record(31 * S, success=True)
    assert [breaker.allow(31 * S) for _ in range(2)] == [True, False]


def test_another_probe_needs_another_open_time() -> None:
    rule = CircuitBreaker(Consecutive(3), Constant(30), probe_again=True)
    breaker = tripped(rule)
    assert [breaker.allow(at * S) for at in (30, 61, 62, 90, 91)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_half_open_for_too_long_it_names_the_sooner_of_both_ends() -> None:
    limited = tripped(CircuitBreaker(Consecutive(3), Constant(30), half_open_s_max=10.0))
    both = tripped(
        CircuitBreaker(Consecutive(3), Constant(30), probe_again=True, half_open_s_max=10.0)
    )
    later = tripped(
        CircuitBreaker(Consecutive(3), Constant(30), probe_again=True, half_open_s_max=100.0)
    )
    for breaker in (limited, both, later):
        assert breaker.allow(35 * S)
    found = [breaker.next_probe_ns(36 * S) for breaker in (limited, both, later)]
    assert found == [70 * S, 65 * S, 65 * S]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (RateInWindow(10, 0.5), "50% failures in 10 s"),
        (RateInWindow(10, 0.5, 0), "50% failures in 10 s"),
        (RateInWindow(10, 0.5, 2), "50% failures of at least 2 in 10 s"),
        (RateInCount(4, 0.25, 2), "25% failures of the last 4, at least 2"),
        (Consecutive(), "5 failures in a row"),
    ],
)
def test_what_opens_it_is_told(rule: Trip, words: str) -> None:
    assert rule.words == words


def test_its_probes_are_told() -> None:
    some, every, ten = (
        CircuitBreaker(Consecutive(3), Constant(30), **more)
        for more in ({"probes": 2}, {"probes": None}, {"probes": 10, "failure_ratio": 0.5})
    )
    assert [rule.words.partition("half-open: ")[2] for rule in (some, every, ten)] == [
        "2 at a time",
        "any number of probes",
        "10 probes decide",
    ]


def test_what_is_not_said_is_the_usual() -> None:
    assert RateInWindow() == RateInWindow(10.0, 0.5, 1, 10, above=False)
    assert RateInCount() == RateInCount(100, 0.5, 100, above=False)
    assert CircuitBreaker() == CircuitBreaker(
        Consecutive(5), Constant(60.0), 1, 1, None, probe_again=False, half_open_s_max=None
    )


def test_equal_breakers_are_one() -> None:
    """The limits are kept for all breakers of a kind, which takes a hash."""
    kinds = [Consecutive(), RateInWindow(), RateInCount(), CircuitBreaker()]
    assert len({*kinds, Consecutive(5), CircuitBreaker()}) == len(kinds)


def test_a_late_result_frees_no_probe_that_was_not_made() -> None:
    breaker = tripped(CircuitBreaker(Consecutive(3), Constant(30), successes=9))
    breaker.record(30 * S, success=True)
    assert [breaker.allow(30 * S) for _ in range(2)] == [True, False]


def test_no_probes_are_no_probes() -> None:
    assert not tripped(CircuitBreaker(Consecutive(3), Constant(30), probes=0)).allow(30 * S)


def test_probes_that_ended_use_up_those_that_decide() -> None:
    rule = CircuitBreaker(Consecutive(3), Constant(30), probes=3, failure_ratio=0.9)
    breaker = tripped(rule)
    for success in (True, False):
        assert breaker.allow(30 * S)
        breaker.record(30 * S, success=success)
    assert [breaker.allow(30 * S) for _ in range(2)] == [True, False]
