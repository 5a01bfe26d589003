from dataclasses import replace
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Consecutive,
    Constant,
    Decision,
    Delays,
    Full,
    Happened,
    Reconnect,
    RetryAt,
    Stop,
    Terms,
)
from stormlab.policy.breaker import CircuitBreaker
from stormlab.properties import Subject
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase, run_bare

EVERY_5_S = Reconnect(Delays(Constant(5.0)))
BREAKER = CircuitBreaker(Consecutive(2), open_for=Constant(20.0))


def lines(policy: Any, *events: Event, refuse_s: float = 12.0) -> list[str]:
    world = BareWorld((Phase("refuse", refuse_s),), settle_s=60.0)
    return [step.text for step in run_bare(Subject.of(policy).group, world)[0].of(*events)]


def test_timers_are_set_and_fire() -> None:
    assert lines(EVERY_5_S, Event.TIMER_SET, Event.TIMER_FIRED) == [
        "0.000 s timer_fired #1",
        "0.020 s timer_set #1 in 5.000 s",
        "5.020 s timer_fired #2",
        "5.040 s timer_set #2 in 5.000 s",
        "10.040 s timer_fired #3",
        "10.060 s timer_set #3 in 5.000 s",
        "15.060 s timer_fired #4",
    ]


def test_the_breaker_is_seen_to_open_and_close() -> None:
    breakers = Event.BREAKER_OPENED, Event.BREAKER_HALF_OPEN, Event.BREAKER_CLOSED
    assert lines(replace(EVERY_5_S, breaker=BREAKER), *breakers) == [
        "5.040 s breaker_opened #2",
        "25.040 s breaker_half_open #3",
        "25.100 s breaker_closed #3",
    ]


def test_a_timer_that_does_nothing_is_ignored_and_set_again() -> None:
    shared = replace(EVERY_5_S, breaker=BREAKER, shared="client")
    world = BareWorld((Phase("refuse", 12.0),), settle_s=60.0, sockets=2)
    first = run_bare(Subject.of(shared).group, world)[0]
    # both were refused at 0.02 s, which opened the breaker; this one had its timer already
    ignored = first.of(Event.TIMER_IGNORED)[0]
    again = first.of(Event.TIMER_SET)[1]
    assert (ignored.time_ns, again.time_ns) == (to_ns(5.02), to_ns(5.02))
    assert again.value_ns == to_ns(15.0)


def test_an_end_says_whether_a_person_is_told() -> None:
    for announced in (True, False):
        policy = replace(EVERY_5_S, attempts_max=1, announced=announced)
        world = BareWorld((Phase("refuse", 30.0),))
        last = run_bare(Subject.of(policy).group, world)[0].of(Event.GAVE_UP)[-1]
        assert (last.time_ns, last.clean) == (to_ns(5.04), int(announced))


class Polls:
    """It asks for the HTTP call to be told, and keeps what it was told."""

    terms = Terms(http_first=True)

    def __init__(self) -> None:
        self.facts: list[str] = []

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        self.facts.append(f"{happened.fact} {happened.began_ns} {happened.time_ns}")
        return RetryAt(happened.time_ns) if happened.fact == "refused" else None

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


def test_facts_are_told_in_order_with_the_beginning_of_their_attempt() -> None:
    policy = Polls()
    run_bare(lambda _count: [policy], BareWorld((Phase("refuse", 0.015),), settle_s=1.0))
    assert policy.facts == [
        "refused 0 20000000",
        "reached 20000000 80000000",
        "opened 20000000 80000000",
        "proved 20000000 80000000",
    ]


def test_chance_may_be_given() -> None:
    class Half:
        def unit(self, purpose: str, scope: str = "attempt") -> float:
            del purpose, scope
            return 0.5

    schedule = Delays(Constant(10.0), Full())
    world = BareWorld((Phase("refuse", 1.0),), settle_s=30.0)
    story = run_bare(Subject.of(Reconnect(schedule)).group, world, Half())[0]
    assert [step.value_ns for step in story.of(Event.TIMER_SET)] == [to_ns(5.0)]


class Fails(Polls):
    def on(self, happened: Happened, chance: Chance) -> Decision:
        del happened, chance
        raise RuntimeError("the policy's own")


def test_what_a_policy_raises_passes_through() -> None:
    with pytest.raises(RuntimeError, match="the policy's own"):
        run_bare(lambda _count: [Fails()], BareWorld())


class Ends(Polls):
    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        return Stop("enough") if happened.fact == "refused" else None


def test_nothing_is_attempted_after_a_stop() -> None:
    story = run_bare(lambda _count: [Ends()], BareWorld((Phase("refuse", 5.0),)))[0]
    assert len(story.of(Event.NEW)) == 1
    assert [step.text for step in story.of(Event.GAVE_UP)] == ["0.020 s gave_up #1 enough"]
