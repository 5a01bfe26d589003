from dataclasses import dataclass
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.evidence import Outcome
from stormlab.policy import Chance, Constant, Decision, Delays, Fact, Happened, Reconnect, RetryAt
from stormlab.policy.support import Support
from stormlab.properties import PROMISES, Declared, Seen, Subject
from stormlab.properties.promises.delays import luck

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED


@dataclass
class Table:
    """It waits as it is told, by the number of failures; the last delay for ever."""

    delays_s: tuple[float, ...]
    failures: int = 0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        del chance
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        self.failures += 1
        delay_s = self.delays_s[min(self.failures, len(self.delays_s)) - 1]
        return RetryAt(happened.time_ns + to_ns(delay_s))

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


def waits(*delays_s: float, declared: Declared | None = None) -> Subject:
    return Subject("waits", lambda: Table(delays_s), declared)


@pytest.mark.parametrize(
    ("delays_s", "outcome"),
    [
        ((1.0, 2.0, 4.0, 4.0), HOLDS),
        ((1.0, 2.0, 1.9, 4.0), BROKEN),
        ((1.0, 0.6, 2.0), HOLDS),  # the first one may be special
        ((1.0, 0.4, 2.0), BROKEN),
        ((1.0, 0.6, 0.5), BROKEN),
        ((1.0, 0.6, 0.7, 2.0), HOLDS),  # and is then forgotten
        ((1.0, 2.0, 1.9995, 4.0), HOLDS),  # rounding
    ],
)
def test_delays_grow_with_the_same_draw(
    hand: Any, delays_s: tuple[float, ...], outcome: Outcome
) -> None:
    assert hand.judge("delay-grows-to-the-cap", subject=waits(*delays_s)).outcome is outcome


@pytest.mark.parametrize(
    ("last_s", "outcome"), [(30.0, HOLDS), (0.0, BROKEN), (-1.0, BROKEN), (0.02, BROKEN)]
)
def test_no_delay_collapses_after_a_thousand_failures(
    hand: Any, last_s: float, outcome: Outcome
) -> None:
    subject = waits(1.0, *(30.0,) * 1_100, last_s)
    assert hand.judge("delay-survives-overflow", subject=subject).outcome is outcome


def test_a_class_with_a_breaker_in_it_has_no_delays_of_its_own(hand: Any, breaker: Any) -> None:
    guarded = waits(1.0, 20.0, 1.0, declared=Declared(delay_s_max=1.0, breaker=breaker))
    for name in ("delay-grows-to-the-cap", "delay-survives-overflow"):
        assert hand.judge(name, subject=guarded).outcome is UNDECIDED
        parts = hand.subject(Reconnect(hand.careful.schedule, breaker=breaker))
        assert hand.judge(name, subject=parts).outcome is HOLDS


@pytest.mark.parametrize(
    ("delay_s", "outcome"), [(10.0, HOLDS), (10.1, BROKEN), (4.9, BROKEN), (5.0, HOLDS)]
)
def test_delays_lie_in_the_declared_range(hand: Any, delay_s: float, outcome: Outcome) -> None:
    support = Support.of([(to_ns(5.0), to_ns(10.0))])
    declared = Declared(delay_s_max=10.0, supports=lambda _: support)
    found = hand.judge("delay-in-range", subject=waits(delay_s, declared=declared))
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([(1, "timer_set", {"value_s": 30.0})], HOLDS),
        ([(1, "timer_set", {"value_s": 30.1})], BROKEN),
        ([(1, "timer_set", {"value_s": -0.1})], BROKEN),
        ([(1, "close", {"advice_s": 60.0}), (1, "timer_set", {"value_s": 60.0})], HOLDS),
        ([(1, "close", {"advice_s": 60.0}), (1, "timer_set", {"value_s": 60.1})], BROKEN),
    ],
)
def test_so_do_the_waits_in_a_world(hand: Any, lines: list[Any], outcome: Outcome) -> None:
    assert hand.judge("delay-in-range", hand.story(*lines)).outcome is outcome


def test_who_declares_no_range_is_held_to_zero(hand: Any) -> None:
    subject = waits(10.0)
    story = hand.story((1, "timer_set", {"value_s": 99.0}))
    assert hand.judge("delay-in-range", story, subject=subject).outcome is HOLDS


def test_a_rule_or_a_spacing_that_overrules_the_schedule_is_no_breach(hand: Any) -> None:
    spaced = Reconnect(hand.careful.schedule, spacing_s=5.0)
    assert hand.judge("delay-in-range", subject=hand.subject(spaced)).outcome is HOLDS
    late = Reconnect(hand.careful.schedule, late=(60.0, Delays(Constant(45.0))))
    assert hand.judge("delay-in-range", subject=hand.subject(late)).outcome is HOLDS


def test_delays_of_nothing_do_not_collapse(hand: Any) -> None:
    for delays_s in ((0.0, 0.0, 0.0), (0.0, 1.0), (5.0, 0.0, 0.0)):  # the first one may be special
        assert hand.judge("delay-survives-overflow", subject=waits(*delays_s)).outcome is HOLDS
    assert hand.judge("delay-survives-overflow", subject=waits(5.0, 1.0, 0.0)).outcome is BROKEN


def test_what_breaks_a_walk_is_shown_with_what_came_before(hand: Any) -> None:
    shrinks = hand.judge("delay-grows-to-the-cap", subject=waits(1.0, 2.0, 1.5))
    assert shrinks.reason == "with the same draw, delay 2 is shorter than one before"
    assert [line.partition("#")[2] for line in shrinks.events] == ["2 in 2.000 s", "3 in 1.500 s"]
    assert shrinks.walk_ns == (to_ns(1.0), to_ns(2.0), to_ns(1.5))
    collapsed = hand.judge("delay-survives-overflow", subject=waits(1.0, 30.0, 0.02))
    shown = [line.partition("#")[2] for line in collapsed.events]
    assert shown == ["2 in 30.000 s", "3 in 0.020 s"]
    zero = hand.judge("delay-survives-overflow", subject=waits(1.0, 2.0, 0.0))
    assert zero.walk_ns == (to_ns(1.0), to_ns(2.0), 0)
    assert [line.partition("#")[2] for line in zero.events] == ["2 in 2.000 s", "3 in 0.000 s"]


@pytest.mark.parametrize(
    ("delay_s", "outcome"), [(4.9, BROKEN), (5.0, HOLDS), (10.0, HOLDS), (99.0, HOLDS)]
)
def test_what_is_guarded_may_wait_longer_than_its_schedule_and_not_less(
    hand: Any, breaker: Any, delay_s: float, outcome: Outcome
) -> None:
    support = Support.of([(to_ns(5.0), to_ns(10.0))])
    declared = Declared(delay_s_max=10.0, supports=lambda _: support, breaker=breaker)
    found = hand.judge("delay-in-range", subject=waits(delay_s, declared=declared))
    assert found.outcome is outcome


@pytest.mark.parametrize(("wait_s", "outcome"), [(63.9, HOLDS), (64.1, BROKEN)])
def test_advice_is_followed_within_its_spread(hand: Any, wait_s: float, outcome: Outcome) -> None:
    story = hand.story((1, "close", {"advice_s": 60.0}), (1, "timer_set", {"value_s": wait_s}))
    assert hand.judge("delay-in-range", story, advice_spread_s=4.0).outcome is outcome


def test_no_wait_at_all_is_not_below_zero(hand: Any) -> None:
    story = hand.story((1, "timer_set", {"value_s": 0.0}))
    assert hand.judge("delay-in-range", story).outcome is HOLDS


def test_what_was_only_seen_to_wait_is_held_to_no_cap(hand: Any, breaker: Any) -> None:
    story = hand.story((1, "timer_set", {"value_s": 99.0}))
    assert hand.judge("delay-in-range", story).outcome is BROKEN
    for declares in ({"seen": True}, {"delay_s_max": None}, {"breaker": breaker}):
        assert hand.judge("delay-in-range", story, **declares).outcome is HOLDS


def test_the_range_is_told(hand: Any) -> None:
    bound = PROMISES["delay-in-range"].bound
    assert bound(hand.subject()) == "0 to 30 s"
    assert bound(hand.subject(delay_s_max=32.5)) == "0 to 32.5 s"
    assert bound(hand.subject(delay_s_max=None)) == "declares no cap"


def test_every_seed_has_its_own_walk_or_one_of_a_few() -> None:
    @dataclass
    class World:
        seed: int

    seeds = [luck(Seen((), 0, 0, World(seed)), 4) for seed in (0, 3, 4, 9)]
    assert seeds == [0, 3, 0, 1]
    assert luck(Seen((), 0, 0, World(999_999))) == 999_999
    assert luck(Seen((), 0, 0), 4) == 0


def test_the_walk_ends_with_the_delay_out_of_range(hand: Any) -> None:
    support = Support.of([(to_ns(5.0), to_ns(10.0))])
    declared = Declared(delay_s_max=10.0, supports=lambda _: support)
    found = hand.judge("delay-in-range", subject=waits(6.0, 7.0, 4.0, declared=declared))
    assert found.walk_ns == (to_ns(6.0), to_ns(7.0), to_ns(4.0))
