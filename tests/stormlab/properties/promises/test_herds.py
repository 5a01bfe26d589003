from typing import Any

import pytest

from stormlab.evidence import Outcome
from stormlab.policy import (
    Constant,
    Decorrelated,
    Delays,
    Exponential,
    Full,
    Multiplied,
    Reconnect,
    rfc6455,
)
from stormlab.policy.schedule import Span
from stormlab.properties.promises.herds import amplification_bound, spread_s

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
GROWING = Exponential(1.0)
FULL = Delays(GROWING, Full(), cap_s=30.0)
BARE = Delays(GROWING, cap_s=30.0)
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
    [(Span(0.0, 5.0), HOLDS), (Span(0.0, 0.0), BROKEN), (Span(2.0, 2.0), BROKEN)],
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
