from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

import pytest

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Constant,
    Decision,
    Delays,
    Happened,
    Reconnect,
    RetryAt,
    Rule,
    Terms,
    codes,
)
from stormlab.policy.catalogue import find_policy
from stormlab.policy.schedule import Span
from stormlab.properties import Declared, Subject


class Own:
    """A class of one's own that says nothing of itself."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        return RetryAt(happened.time_ns + to_ns(2.0 + 6.0 * chance.unit("jitter")))

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


class Telling(Own):
    declared: ClassVar[Declared] = Declared(delay_s_max=8.0, gives_up=False)
    terms = Terms(heartbeat_s=5.0)


def test_what_is_not_declared_is_seen_and_given_a_quarter_more() -> None:
    subject = Subject.of(Own)
    assert subject.name == "Own"
    assert subject.declared.seen
    assert subject.declared.gives_up is False
    seen_s = subject.declared.delay_s_max
    assert seen_s == pytest.approx(8.0, abs=0.1)
    assert subject.longest_ns() == to_ns(1.25 * (seen_s or 0.0))


def test_a_class_may_declare() -> None:
    declared = Subject.of(Telling, "mine").declared
    assert (declared.delay_s_max, declared.seen) == (8.0, False)
    assert declared.terms.heartbeat_s == 5.0  # taken from the policy


def test_parts_and_entries_declare_by_their_parameters(hand: Any) -> None:
    assert Subject.of(hand.careful).declared.delay_s_max == 30.0
    found = Subject.of(find_policy("aws-full-jitter"))
    assert found.name == "aws-full-jitter"
    assert found.declared.resets_on is not None


def test_the_longest_wait_is_that_of_the_failures_there_were(hand: Any) -> None:
    subject = hand.subject()
    assert [subject.longest_ns(n) for n in (0, 1, 3, 99)] == [to_ns(s) for s in (1, 2, 8, 30)]
    ruled = replace(hand.careful, rules=(Rule("schedule", codes(1013), schedule=Span(60.0, 90.0)),))
    assert hand.subject(ruled).longest_ns(0) == to_ns(90.0)


def test_walks_are_remembered(hand: Any) -> None:
    subject = hand.subject()
    assert subject.walk(9, 3) is subject.walk(9, 3)
    assert subject.walk(9, 3).delays_ns != subject.walk(9, 4).delays_ns
    numbers = count()
    assert [subject.once("a key", lambda: next(numbers)) for _ in range(3)] == [0, 0, 0]
    assert subject.once("another", lambda: next(numbers)) == 1


def test_the_schedule_is_what_is_left_without_guards(hand: Any, breaker: Any) -> None:
    guarded = Reconnect(hand.careful.schedule, breaker=breaker, spacing_s=50.0)
    scheduled = hand.subject(guarded).scheduled
    assert scheduled == Reconnect(hand.careful.schedule)
    assert Subject("own", Own, Declared(delay_s_max=8.0, breaker=breaker)).scheduled is None
    assert Subject.of(Own).scheduled is Own


@pytest.mark.parametrize(("delay_s", "never"), [(0.0, True), (0.004, True), (0.006, False)])
def test_a_policy_that_never_waits_is_known(delay_s: float, never: Any) -> None:
    assert Subject.of(Reconnect(Delays(Constant(delay_s)))).never_waits is never


def test_all_sockets_of_a_client_come_from_one_group(hand: Any, breaker: Any) -> None:
    shared = replace(hand.careful, breaker=breaker, shared="client")
    first, second = Subject.of(shared).group(2)
    assert first.breaker is second.breaker  # type: ignore[attr-defined]  # both are Reconnectors
    assert len(Subject.of(Own).group(3)) == 3
