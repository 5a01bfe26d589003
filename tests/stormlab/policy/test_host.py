"""The host without IO: phases, late and repeated facts, pending decisions; any order of facts."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import given, settings
from hypothesis import strategies as st

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Chance, Decision, Fact, Happened, RetryAt, Scope, Stop
from stormlab.policy.host import (
    OF_AN_ATTEMPT,
    UNDECIDED,
    WITHHELD,
    Attempt,
    Host,
    Phase,
    Step,
    Told,
)


@dataclass
class Scripted:
    """Answers as it was told to, and keeps what it was told."""

    answers: list[Decision] = field(default_factory=list)
    allowed: list[bool] = field(default_factory=list)
    told: list[Happened] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        self.told.append(happened)
        return self.answers.pop(0) if self.answers else None

    def may_attempt(self, time_ns: int) -> bool:
        self.asked.append(time_ns)
        return self.allowed.pop(0) if self.allowed else True


class Counting:
    """Chance that counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        self.calls += 1
        return self.calls / 100


def hosted(*answers: Decision, allowed: list[bool] | None = None) -> tuple[Host, Scripted]:
    policy = Scripted(list(answers), allowed or [])
    host = Host(policy, Counting())
    host.start(0)
    return host, policy


def due(host: Host) -> int | None:
    return host.due_ns


def stopped(host: Host) -> Stop | None:
    return host.stopped


def test_the_first_attempt_is_due_at_the_start_and_the_policy_is_asked() -> None:
    host, policy = hosted()
    assert due(host) == 0
    assert host.begin(3) == 1
    assert (host.phase, due(host), policy.asked) == (Phase.CONNECTING, None, [3])


def test_a_fact_about_an_attempt_is_told_with_its_beginning() -> None:
    host, policy = hosted()
    host.begin(5)
    for fact in (Fact.REACHED, Fact.OPENED, Fact.PROVED, Fact.DROPPED):
        assert host.tell(Happened(fact, 9), 1)
    host.tell(Happened(Fact.ONLINE, 10))
    assert [happened.began_ns for happened in policy.told] == [5, 5, 5, 5, None]


def test_an_attempt_ends_once_and_late_refusals_are_left_out() -> None:
    host, policy = hosted(RetryAt(10))
    host.begin(0)
    assert host.tell(Happened(Fact.REFUSED, 2, status=503), 1)
    assert not host.tell(Happened(Fact.REFUSED, 3), 1)
    assert host.begin(10) == 2
    assert not host.tell(Happened(Fact.REFUSED, 11), 1)
    assert host.phase is Phase.CONNECTING
    assert len(policy.told) == 1


def test_proved_is_told_once_in_a_connection_and_only_there() -> None:
    host, policy = hosted()
    host.begin(0)
    assert not host.tell(Happened(Fact.PROVED, 1), 1)
    host.tell(Happened(Fact.OPENED, 2), 1)
    assert host.tell(Happened(Fact.PROVED, 3), 1)
    assert not host.tell(Happened(Fact.PROVED, 4), 1)
    assert [happened.fact for happened in policy.told] == [Fact.OPENED, Fact.PROVED]


def test_a_newer_decision_replaces_the_pending_one_and_none_keeps_it() -> None:
    host, _ = hosted(RetryAt(100), None, RetryAt(20))
    host.begin(0)
    host.tell(Happened(Fact.REFUSED, 1), 1)
    host.tell(Happened(Fact.VISIBLE, 2))
    assert host.due_ns == 100
    host.tell(Happened(Fact.ONLINE, 3))
    assert host.due_ns == 20
    with pytest.raises(RuntimeError, match="no attempt is due at 19 ns: waiting, due at 20"):
        host.begin(19)


def test_a_time_in_the_past_means_now() -> None:
    host, policy = hosted(RetryAt(-5))
    host.begin(0)
    host.tell(Happened(Fact.REFUSED, 7), 1)
    assert host.begin(7) == 2
    assert policy.asked == [0, 7]


def test_a_retry_decided_during_an_attempt_or_a_connection_is_not_made() -> None:
    host, _ = hosted(RetryAt(4), None, RetryAt(5))
    host.begin(0)
    host.tell(Happened(Fact.RETRY_BY_HAND, 4))
    assert due(host) is None
    host.tell(Happened(Fact.OPENED, 5), 1)
    host.tell(Happened(Fact.RETRY_BY_HAND, 5))
    host.tell(Happened(Fact.DROPPED, 6), 1)
    assert (due(host), host.stopped) == (None, UNDECIDED)


def test_a_stop_decided_during_an_attempt_holds_after_it() -> None:
    host, _ = hosted(Stop("hidden"))
    host.begin(0)
    host.tell(Happened(Fact.HIDDEN, 1))
    assert stopped(host) is None
    host.tell(Happened(Fact.REFUSED, 2), 1)
    assert stopped(host) == Stop("hidden")


def test_the_client_starts_once_when_the_policy_wants_it() -> None:
    class Late(Scripted):
        def start(self, time_ns: int, chance: Chance) -> RetryAt:
            return RetryAt(time_ns + round(100 * chance.unit("first")))

    host = Host(Late(), Counting())
    assert due(host) is None
    host.start(7)
    host.start(50)
    assert due(host) == 8


def test_a_stop_told_before_the_start_holds() -> None:
    host = Host(Scripted([Stop("offline"), RetryAt(3)]), Counting())
    host.tell(Happened(Fact.OFFLINE, 0))
    host.start(1)
    assert (due(host), stopped(host)) == (None, Stop("offline"))
    host.tell(Happened(Fact.ONLINE, 3))
    assert due(host) == 3


def test_a_refusal_can_be_a_postponement() -> None:
    class Postpones(Scripted):
        def postponed(self, time_ns: int, chance: Chance) -> Decision:
            del time_ns, chance
            return self.answers.pop(0)

    steps: list[Step] = []
    policy = Postpones([RetryAt(9), Stop("closed"), RetryAt(3)], [False, False, False])
    host = Host(policy, Counting(), steps.append)
    host.start(0)
    assert host.begin(0) is None
    assert (due(host), stopped(host)) == (9, None)
    assert host.begin(9) is None
    assert (due(host), stopped(host)) == (None, Stop("closed"))
    assert steps[0] == Attempt(0, 0, 0, made=False, instead=RetryAt(9))
    again = Host(policy, Counting())
    again.start(5)
    assert again.begin(5) is None
    assert stopped(again) == WITHHELD, "a time in the past would be asked for in a busy loop"


def test_addressed_chance_moves_on_with_each_decision_that_draws() -> None:
    chance = AddressedChance(Draws(1), 0)
    host = Host(Scripted([RetryAt(5)]), chance)
    host.start(0)
    host.begin(0)
    ordinals = [chance.ordinal]
    for fact in (Fact.REACHED, Fact.OPENED, Fact.PROVED, Fact.HIDDEN, Fact.DROPPED):
        host.tell(Happened(fact, 1), 1)
        ordinals.append(chance.ordinal)
    assert ordinals == [2, 2, 2, 2, 3, 4]  # the start and the attempt that fell due are two


def test_a_stop_holds_until_a_fact_brings_a_decision() -> None:
    host, _ = hosted(Stop("used up"), None, RetryAt(9))
    host.begin(0)
    assert stopped(host) is None
    host.tell(Happened(Fact.REFUSED, 1), 1)
    assert stopped(host) == Stop("used up")
    host.tell(Happened(Fact.VISIBLE, 2))
    assert stopped(host) == Stop("used up")
    host.tell(Happened(Fact.RETRY_BY_HAND, 9))
    assert (host.stopped, host.due_ns) == (None, 9)


def test_a_refused_attempt_is_not_asked_for_again_by_itself() -> None:
    host, policy = hosted(RetryAt(5), RetryAt(6), allowed=[True, False, True])
    host.begin(0)
    host.tell(Happened(Fact.REFUSED, 1), 1)
    assert host.begin(5) is None
    assert (host.due_ns, host.stopped) == (None, WITHHELD)
    host.tell(Happened(Fact.ONLINE, 6))
    assert host.begin(6) == 2
    assert policy.asked == [0, 5, 6]


def test_being_away_is_remembered() -> None:
    host, _ = hosted()
    seen = []
    for fact in (Fact.OFFLINE, Fact.OFFLINE, Fact.HIDDEN, Fact.ONLINE, Fact.VISIBLE, Fact.VISIBLE):
        host.tell(Happened(fact, 0))
        seen.append(host.away)
    assert seen == [True, True, True, True, False, False]


def test_a_decision_asks_chance_once_for_each_purpose() -> None:
    class Twice(Scripted):
        def on(self, happened: Happened, chance: Chance) -> Decision:
            drawn = [chance.unit("a"), chance.unit("a"), chance.unit("a", "client")]
            return RetryAt(happened.time_ns + round(100 * (drawn[0] + drawn[1])))

    chance = Counting()
    host = Host(Twice(), chance)
    host.start(0)
    host.tell(Happened(Fact.ONLINE, 0))
    assert (host.due_ns, chance.calls) == (2, 2)
    host.tell(Happened(Fact.ONLINE, 0))
    assert host.due_ns == 6


def test_each_step_is_recorded() -> None:
    steps: list[object] = []
    policy = Scripted([Stop("no")], [True])
    host = Host(policy, Counting(), steps.append)
    host.start(4)
    host.begin(6)
    host.tell(Happened(Fact.REFUSED, 8, status=404), 1)
    refused = Happened(Fact.REFUSED, 8, began_ns=6, status=404)
    assert steps == [Attempt(1, 6, 4), Told(refused, Stop("no"), 1)]


def test_equal_steps_are_one() -> None:
    made, told = Attempt(1, 4, 4), Told(Happened(Fact.REFUSED, 8), Stop("no"), 1)
    again = Attempt(1, 4, 4), Told(Happened(Fact.REFUSED, 8), Stop("no"), 1)
    assert len({made, told, *again}) == 2


# any facts, any answers ---------------------------------------------------------------------------

Move = tuple[Fact | None, int, int]  # None: begin if due; time that passes; age of the attempt
moves = st.lists(
    st.tuples(st.none() | st.sampled_from(list(Fact)), st.integers(-2, 5), st.integers(0, 2)),
    max_size=40,
)
decisions = st.lists(
    st.none() | st.builds(RetryAt, st.integers(-5, 60)) | st.just(Stop("stop")), max_size=30
)
permissions = st.lists(st.booleans(), max_size=10)


def laws(host: Host, policy: Scripted, script: list[Move]) -> None:
    """Make the moves; judge by what the policy was told, not by what the host believes."""
    steps: list[Step] = []
    host._listen = steps.append
    host.start(0)
    time_ns = 0
    for fact, passed_ns, age in script:
        time_ns += passed_ns
        if fact is not None:
            host.tell(Happened(fact, time_ns), host.attempt - age)
        elif host.due_ns is not None and host.due_ns <= time_ns:
            host.begin(time_ns)
    under_way, opened = False, False
    pending: Decision = RetryAt(0)
    for step in steps:
        if isinstance(step, Attempt):
            assert not under_way, "two attempts at once"
            assert pending == RetryAt(step.due_ns), "an attempt that nothing decided"
            assert step.time_ns >= step.due_ns
            under_way, pending = step.made, step.instead
            continue
        fact = step.happened.fact
        if fact in OF_AN_ATTEMPT:
            assert under_way, "told of an attempt that is over"
            assert opened == (fact in {Fact.PROVED, Fact.DROPPED}), "opened once, then dropped"
        opened = opened if fact not in {Fact.OPENED, Fact.DROPPED} else fact is Fact.OPENED
        under_way = under_way and fact not in {Fact.REFUSED, Fact.DROPPED}
        if isinstance(step.decision, Stop) or not under_way:
            pending = step.decision or pending
    assert (host.due_ns is not None) + (host.stopped is not None) + under_way == 1
    times = [happened.time_ns for happened in policy.told]
    assert times == sorted(times), "told out of order"


@given(moves, decisions, permissions)
def test_any_facts_and_answers_keep_the_contract(
    script: list[Move], answers: list[Decision], allowed: list[bool]
) -> None:
    policy = Scripted(answers, allowed)
    laws(Host(policy, Counting()), policy, script)


class TwoAtOnce(Host):
    """Planted: a retry is made whatever is under way."""

    @property
    def due_ns(self) -> int | None:
        return self._pending.time_ns if isinstance(self._pending, RetryAt) else None

    def _ask(self, happened: Happened) -> None:
        phase, self.phase = self.phase, Phase.WAITING
        super()._ask(happened)
        self.phase = phase


class BelievesLateNews(Host):
    """Planted: whose attempt a fact is about is not looked at."""

    def tell(self, happened: Happened, attempt: int | None = None) -> bool:
        del attempt
        if happened.fact in OF_AN_ATTEMPT:
            self.phase = Phase.WAITING
        self._ask(happened)
        return True


class AsksAgain(Host):
    """Planted: a refused attempt stays pending, as in a busy loop."""

    def begin(self, time_ns: int) -> int | None:
        before = self._pending
        number = super().begin(time_ns)
        self._pending = before
        return number


class Backwards(Host):
    """Planted: the time is passed on as it was given."""

    def _ask(self, happened: Happened) -> None:
        self._now_ns = happened.time_ns
        super()._ask(happened)


@pytest.mark.parametrize("planted", [TwoAtOnce, BelievesLateNews, AsksAgain, Backwards])
def test_the_laws_find_a_planted_bug(planted: Callable[..., Host]) -> None:
    @settings(
        phases=[HypothesisPhase.generate],
        database=None,
        max_examples=500,
        report_multiple_bugs=False,
    )
    @given(moves, decisions, permissions)
    def broken(script: list[Move], answers: list[Decision], allowed: list[bool]) -> None:
        policy = Scripted(answers, allowed)
        laws(planted(policy, Counting()), policy, script)

    with pytest.raises((AssertionError, RuntimeError)):
        broken()


def test_nobody_is_told_when_the_host_waits_for_want_of_a_decision() -> None:
    assert not WITHHELD.announced
    assert not UNDECIDED.announced
