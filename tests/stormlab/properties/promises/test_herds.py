from dataclasses import dataclass
from typing import Any

import pytest

from stormlab.evidence import Outcome
from stormlab.policy import (
    Chance,
    Constant,
    Decision,
    Decorrelated,
    Delays,
    Exponential,
    Fact,
    Full,
    Happened,
    Multiplied,
    Reconnect,
    RetryAt,
    Stop,
    Table,
    rfc6455,
)
from stormlab.policy.schedule import Span
from stormlab.properties import PROMISES, Subject
from stormlab.properties.promises.herds import amplification_bound, spread_s

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
GROWING = Exponential(1.0)
FULL = Delays(GROWING, Full(), cap_s=30.0)
BARE = Delays(GROWING, cap_s=30.0)
HERD = (
    "jitter-survives-the-cap",
    "fleet-disperses",
    "first-retry-is-spread",
    "amplification-bounded",
)
ERASED = Delays(GROWING, Multiplied(1.0, 1.5), cap_s=30.0, placement="before_cap")


@pytest.mark.parametrize(
    ("schedule", "outcome"),
    [(FULL, HOLDS), (Decorrelated(1.0, 30.0), HOLDS), (BARE, BROKEN), (ERASED, BROKEN)],
)
def test_jitter_is_still_there_at_the_cap(hand: Any, schedule: Any, outcome: Outcome) -> None:
    subject = hand.subject(Reconnect(schedule))
    assert hand.judge("jitter-survives-the-cap", subject=subject).outcome is outcome


@pytest.mark.parametrize(
    ("schedule", "outcome"),
    [
        (FULL, HOLDS),
        (rfc6455(cap_s=60.0), HOLDS),
        (Delays(GROWING, Multiplied(0.9, 1.1), cap_s=30.0), HOLDS),
        (Delays(Constant(1.0), Multiplied(0.9, 1.1)), HOLDS),
        (BARE, BROKEN),
        (Delays(GROWING, Multiplied(0.99, 1.01), cap_s=30.0), BROKEN),
        (Delays(Constant(1.0)), BROKEN),
    ],
)
def test_a_fleet_disperses(hand: Any, schedule: Any, outcome: Outcome) -> None:
    subject = hand.subject(Reconnect(schedule))
    assert hand.judge("fleet-disperses", subject=subject).outcome is outcome


def test_the_spread_is_that_of_the_delays_within_reason(hand: Any) -> None:
    assert spread_s(hand.subject(Reconnect(FULL))) == 15.0  # half of the longest
    assert spread_s(hand.subject(Reconnect(BARE))) == 5.0  # RFC 6455
    assert spread_s(hand.subject(Reconnect(Delays(Constant(1.0))))) == 0.5
    assert spread_s(hand.subject(Reconnect(FULL), spread_s=9.0)) == 9.0


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (Span(0.0, 5.0), HOLDS),
        (Span(0.0, 0.25), HOLDS),
        (Span(0.0, 0.0), BROKEN),
        (Span(2.0, 2.0), BROKEN),
    ],
)
def test_first_retries_are_spread(hand: Any, first: Span, outcome: Outcome) -> None:
    subject = hand.subject(Reconnect(FULL, first_after_drop=first))
    assert hand.judge("first-retry-is-spread", subject=subject).outcome is outcome


def test_an_outage_makes_no_more_attempts_than_declared(hand: Any) -> None:
    # 0.5 + 1 + 2 + 4 + 8 s, then 15 s each: 12 delays for 120 s
    honest = hand.subject(Reconnect(FULL))
    assert amplification_bound(honest) == 2 * 12 + 5
    assert hand.judge("amplification-bounded", subject=honest).outcome is HOLDS
    often = Reconnect(Delays(Constant(1.0)))
    claims = hand.subject(often, supports=hand.subject(Reconnect(FULL)).declared.supports)
    found = hand.judge("amplification-bounded", subject=claims)
    assert found.outcome is BROKEN
    assert found.reason == "119 attempts per lost connection in 120 s; bound: 29"


def test_who_does_not_come_back_is_not_judged_as_a_herd(hand: Any) -> None:
    never = hand.subject(Reconnect(FULL, attempts_max=0))
    names = ("jitter-survives-the-cap", "fleet-disperses", "first-retry-is-spread")
    for name in (*names, "amplification-bounded"):
        assert hand.judge(name, subject=never).outcome is UNDECIDED


@dataclass
class Mixed:
    """Of its clients a share retries at all, and of those a share waits a second exactly."""

    retrying: float = 1.0
    together: float = 0.0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        if chance.unit("retries", "client") >= self.retrying:
            return Stop("not this one")
        same = chance.unit("together", "client") < self.together
        wait_s = 1.0 if same else 1.0 + 4.0 * chance.unit("jitter")
        return RetryAt(happened.time_ns + round(wait_s * 1e9))

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


def mixed(retrying: float, together: float) -> Subject:
    return Subject("mixed", lambda: Mixed(retrying, together), None)


@pytest.mark.parametrize(
    ("name", "retrying", "together", "outcome"),
    [
        ("first-retry-is-spread", 0.4, 1.0, UNDECIDED),
        ("first-retry-is-spread", 0.6, 1.0, BROKEN),
        ("first-retry-is-spread", 1.0, 0.4, HOLDS),
        ("first-retry-is-spread", 1.0, 0.65, BROKEN),
        ("jitter-survives-the-cap", 0.4, 1.0, UNDECIDED),
        ("jitter-survives-the-cap", 0.6, 1.0, BROKEN),
        ("jitter-survives-the-cap", 1.0, 0.8, HOLDS),
        ("jitter-survives-the-cap", 1.0, 0.97, BROKEN),
    ],
)
def test_a_share_of_the_herd_decides(
    hand: Any, name: str, retrying: float, together: float, outcome: Outcome
) -> None:
    assert hand.judge(name, subject=mixed(retrying, together)).outcome is outcome


def test_the_spread_is_that_of_the_delays_before_the_later_half(hand: Any) -> None:
    """0.5 + 1 + 2 + 4 + 8 + 16 + 32 s are the middles of the first minute."""
    assert spread_s(hand.subject(Reconnect(Delays(GROWING, Full(), cap_s=600.0)))) == 32.0


def test_the_last_middle_goes_on(hand: Any) -> None:
    ends = hand.subject(Reconnect(Delays(Table((2.0, 10.0), then="stop"))))
    assert amplification_bound(ends) == 2 * 13 + 5  # 2 s, then 10 s each
    assert amplification_bound(mixed(1.0, 0.0)) == 125  # one a second, where none are declared


def test_the_herd_s_numbers_are_told(hand: Any) -> None:
    told = {name: PROMISES[name].bound(hand.subject(Reconnect(FULL))) for name in HERD}
    assert told == {
        "jitter-survives-the-cap": "90% of 200 clients",
        "fleet-disperses": "37 attempts of 200 clients in 1 s",
        "first-retry-is-spread": "100 of 200 within 100 ms",
        "amplification-bounded": "29 attempts in 120 s",
    }
    assert PROMISES["first-retry-is-spread"].formula.endswith("of 200 clients in any 100 ms <= 100")
    assert PROMISES["amplification-bounded"].formula.endswith("125 where none are declared")


def test_what_is_the_same_is_shown(hand: Any) -> None:
    found = hand.judge("jitter-survives-the-cap", subject=hand.subject(Reconnect(BARE)))
    assert found.reason == "100% of 200 clients wait exactly the same"
    assert [line.partition("#")[2] for line in found.events] == ["25 in 30.000 s"]
