"""State machines: every policy made of parts in its host, every breaker beside a plain reference.

Rules that repeat the same thing many times matter: single steps of Hypothesis hardly ever make the
run of fifty failures in a row at which a cap, an overflow or a hot loop shows. The life cycle of a
page's socket is driven in the same way against its table, in ``tests/stormlab_models``.
"""

from collections.abc import Callable

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stormlab.clock import to_ns
from stormlab.draws import Draws
from stormlab.policy import (
    AddressedChance,
    BreakerState,
    Chance,
    CircuitBreaker,
    Consecutive,
    Delays,
    Fact,
    Happened,
    RateInCount,
    RateInWindow,
    Reconnect,
    RetryAt,
)
from stormlab.policy.host import Attempt, Host, Phase, Step, Told
from stormlab.strategies import breakers, policies

TIMES = st.sampled_from((1, 2, 5, 60))
WAITS_S = st.sampled_from((0.0, 0.1, 1.0, 10.0, 100.0))


class PolicyLife(RuleBasedStateMachine):
    """A policy in its host, failing and succeeding in any order."""

    @initialize(reconnect=policies(), seed=st.integers(0, 9))
    def begin(self, reconnect: Reconnect, seed: int) -> None:
        self.reconnect = reconnect
        self.now_ns = 0
        self.made: list[int] = []
        self.refused = 0  # in a row since anything else
        chance = AddressedChance(Draws(seed), 0)
        self.longest_ns = self.declared_ns(reconnect)
        self.host = Host(reconnect.make(), chance, self.heard)
        self.host.start(0)

    @staticmethod
    def declared_ns(reconnect: Reconnect) -> int:
        """The longest that schedule, first retry, breaker and the asking again allow."""
        supports = [reconnect.support(n) for n in (*range(20), 5_000)]  # they grow to the cap
        longest_ns = max(each.high_ns for each in supports if each is not None)
        drop = reconnect.support_after_drop()
        longest_ns = max(longest_ns, drop.high_ns if drop is not None else 0)
        if reconnect.breaker is not None:
            longest_ns += to_ns((reconnect.breaker.open_for.base_ms(0) or 0.0) / 1000 + 1.5)
        return longest_ns

    def heard(self, step: Step) -> None:
        if isinstance(step, Attempt) and step.made:
            self.made.append(step.time_ns)
        if isinstance(step, Told) and isinstance(step.decision, RetryAt):
            self.delay_is_declared(step)

    def delay_is_declared(self, told: Told) -> None:
        """No delay is negative, or longer than what is declared and what the server asked for."""
        assert isinstance(told.decision, RetryAt)
        delay_ns = told.decision.time_ns - told.happened.time_ns
        assert delay_ns >= 0
        longest_ns = self.longest_ns
        longest_ns += told.happened.retry_after_ns or 0
        assert delay_ns <= longest_ns + 1_000

    def make_attempt(self) -> bool:
        """Go to the next attempt that is due, if one is; a breaker may put it off."""
        for _ in range(5):
            if self.host.due_ns is None:
                return False
            self.now_ns = max(self.now_ns, self.host.due_ns)
            if self.host.begin(self.now_ns) is not None:
                return True
        return False

    def tell(self, fact: Fact, code: int = 0, advice_s: float | None = None) -> None:
        advice_ns = None if advice_s is None else to_ns(advice_s)
        told = Happened(fact, self.now_ns, code=code, retry_after_ns=advice_ns)
        self.host.tell(told, self.host.attempt)

    @rule(times=TIMES, advice_s=st.sampled_from((None, 3.0)))
    def refuse(self, times: int, advice_s: float | None) -> None:
        for _ in range(times):
            if self.host.phase is not Phase.WAITING or not self.make_attempt():
                return
            self.tell(Fact.REFUSED, 1006, advice_s)

    @rule(times=TIMES, proves=st.booleans(), lasts_s=WAITS_S, code=st.sampled_from((1006, 1012)))
    def connect_and_lose(self, times: int, proves: bool, lasts_s: float, code: int) -> None:  # noqa: FBT001
        for _ in range(times):
            if self.host.phase is not Phase.WAITING or not self.make_attempt():
                return
            self.tell(Fact.OPENED)
            if proves:
                self.tell(Fact.PROVED)
            self.now_ns += to_ns(lasts_s)
            self.tell(Fact.DROPPED, code)

    @rule(times=TIMES, fact=st.sampled_from((Fact.OFFLINE, Fact.ONLINE, Fact.HIDDEN, Fact.VISIBLE)))
    def surroundings(self, times: int, fact: Fact) -> None:
        for _ in range(times):
            self.host.tell(Happened(fact, self.now_ns))

    @rule()
    def by_hand(self) -> None:
        self.host.tell(Happened(Fact.RETRY_BY_HAND, self.now_ns))

    @rule(wait_s=WAITS_S)
    def wait(self, wait_s: float) -> None:
        due_ns = self.host.due_ns
        later_ns = self.now_ns + to_ns(wait_s)
        self.now_ns = later_ns if due_ns is None else min(later_ns, max(due_ns, self.now_ns))

    @invariant()
    def attempts_are_made_in_order(self) -> None:
        assert self.made == sorted(self.made)
        assert self.host.attempt == len(self.made)

    @invariant()
    def something_is_pending_or_it_said_that_it_stopped(self) -> None:
        if self.host.phase is Phase.WAITING and self.host.due_ns is None:
            assert self.host.stopped is not None
            gives_up = self.reconnect.attempts_max is not None
            assert gives_up or self.host.away or not self.made, self.host.stopped


class Tripped:
    """What opens a breaker, from the whole history: no window is ever moved."""

    def __init__(self, rule: CircuitBreaker) -> None:
        self.rule, self.results = rule, list[tuple[int, bool]]()

    def after(self, time_ns: int, *, success: bool) -> bool:
        """Take a result; tell whether the breaker opens."""
        self.results.append((time_ns, success))
        if success:
            return False
        trip = self.rule.trip
        if isinstance(trip, Consecutive):
            last = [success for _, success in self.results[-trip.failures :]]
            return len(last) == trip.failures and not any(last)
        if isinstance(trip, RateInCount):
            last = [success for _, success in self.results[-trip.size :]]
            return len(last) >= min(trip.minimum, trip.size) and self.enough(last, trip.ratio)
        assert isinstance(trip, RateInWindow)
        size_ns = to_ns(trip.window_s) // trip.buckets
        oldest = time_ns // size_ns - trip.buckets
        last = [success for at_ns, success in self.results if at_ns // size_ns > oldest]
        return len(last) >= trip.throughput_min and self.enough(last, trip.ratio)

    @staticmethod
    def enough(last: list[bool], ratio: float) -> bool:
        failures = last.count(False)
        return failures > 0 and failures / len(last) >= ratio


class BreakerLife(RuleBasedStateMachine):
    """A breaker beside a reference of a few lines: closed, open until, half-open with probes."""

    @initialize(rule=breakers())
    def begin(self, rule: CircuitBreaker) -> None:
        self.rule = rule
        self.breaker = rule.make()
        self.now_ns = 0
        self.expected = BreakerState.CLOSED
        self.until_ns = 0
        self.probes: list[int] = []  # when those under way were let through
        self.last_probe_ns = 0
        self.history = Tripped(rule)

    def open(self) -> None:
        self.expected = BreakerState.OPEN
        self.until_ns = self.now_ns + to_ns((self.rule.open_for.base_ms(0) or 0.0) / 1000)
        self.history = Tripped(self.rule)

    def move(self) -> None:
        if self.expected is BreakerState.OPEN and self.now_ns >= self.until_ns:
            self.expected, self.probes = BreakerState.HALF_OPEN, []

    def ask(self) -> bool:
        """Ask for an attempt; hold the answer against the reference."""
        self.move()
        open_ns = to_ns((self.rule.open_for.base_ms(0) or 0.0) / 1000)
        free = len(self.probes) < (self.rule.probes or 0) or (
            self.rule.probe_again and self.now_ns >= self.last_probe_ns + open_ns
        )
        allowed = self.expected is BreakerState.CLOSED or (
            self.expected is BreakerState.HALF_OPEN and free
        )
        assert self.breaker.allow(self.now_ns) == allowed
        if allowed and self.expected is BreakerState.HALF_OPEN:
            self.probes.append(self.now_ns)
            self.last_probe_ns = self.now_ns
        return allowed

    def end(self, *, success: bool) -> None:
        """Tell how an attempt ended, to both."""
        self.move()
        self.breaker.record(self.now_ns, success=success)
        if self.expected is BreakerState.CLOSED:
            if self.history.after(self.now_ns, success=success):
                self.open()
        elif self.expected is BreakerState.HALF_OPEN:
            self.probes = self.probes[1:]
            if success:
                self.expected, self.history = BreakerState.CLOSED, Tripped(self.rule)
            else:
                self.open()

    @rule(times=TIMES, success=st.booleans(), wait_s=WAITS_S)
    def attempts(self, times: int, success: bool, wait_s: float) -> None:  # noqa: FBT001
        for _ in range(times):
            if self.ask():
                self.end(success=success)
            self.now_ns += to_ns(wait_s)

    @rule(times=st.integers(1, 4))
    def attempts_without_an_end(self, times: int) -> None:
        """A probe that nobody answers: its place stays taken, unless it may be probed again."""
        for _ in range(times):
            self.ask()

    @precondition(lambda self: self.expected is BreakerState.OPEN)
    @rule(part=st.sampled_from((0.0, 0.5, 0.999, 1.0)))
    def wait_for_the_end_of_the_open_time(self, part: float) -> None:
        self.now_ns += round((self.until_ns - self.now_ns) * part)

    @rule()
    def reset(self) -> None:
        self.breaker.reset()
        self.expected, self.history = BreakerState.CLOSED, Tripped(self.rule)

    @invariant()
    def it_stands_where_the_reference_stands(self) -> None:
        self.move()
        assert self.breaker.state(self.now_ns) is self.expected
        if self.expected is BreakerState.OPEN:
            assert self.breaker.next_probe_ns(self.now_ns) == self.until_ns


FEW = settings(max_examples=60, stateful_step_count=25)
TestPolicyLife = PolicyLife.TestCase
TestPolicyLife.settings = FEW
TestBreakerLife = BreakerLife.TestCase
TestBreakerLife.settings = FEW


def without_cap(self: Delays, n: int, chance: Chance, **_: object) -> int:
    """The planted fault of a schedule: it doubles for ever."""
    del self, chance
    return to_ns(2.0 ** min(n, 60))


@pytest.mark.parametrize(
    ("machine", "place", "fault"),
    [
        (PolicyLife, "stormlab.policy.schedule.Delays.delay_ns", without_cap),
        (BreakerLife, "stormlab.policy.rules.breaking.probe_free", lambda *_: True),
        (BreakerLife, "stormlab.policy.breaker.Consecutive.results", lambda _: _Never()),
        (BreakerLife, "stormlab.policy.breaker._CountWindow.clear", lambda _: None),
    ],
)
def test_the_machines_find_planted_faults(
    monkeypatch: pytest.MonkeyPatch,
    machine: type[RuleBasedStateMachine],
    place: str,
    fault: Callable[..., object],
) -> None:
    monkeypatch.setattr(place, fault)
    quiet = settings(FEW, database=None, max_examples=300, phases=(HypothesisPhase.generate,))
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=quiet)


class _Never:
    """The planted fault of a breaker: it never trips."""

    def add(self, time_ns: int, *, success: bool) -> None: ...

    def clear(self) -> None: ...

    def tripped(self, time_ns: int) -> bool:
        del time_ns
        return False
