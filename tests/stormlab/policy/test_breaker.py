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
