"""How long a policy may take to come back."""

from typing import Any

import pytest

from stormlab.policy import (
    AdaptiveThrottle,
    Constant,
    Leaky,
    TokenBucket,
    TokensByResult,
)
from stormlab.policy.breaker import CircuitBreaker
from stormlab.policy.budget import BudgetRule
from stormlab.properties.promises.settling import settle_s


def test_the_bound_is_the_sum_of_what_may_come_one_after_another(hand: Any) -> None:
    # 30 s of delay, 10 s of connect time-out, 1 s for the handshake itself
    assert settle_s(hand.subject()) == 41.0
    open_20_s = CircuitBreaker(open_for=Constant(20.0))
    assert settle_s(hand.subject(breaker=open_20_s)) == 41.0 + 20.0 * 1.2 + 2.0 + 30.0
    assert settle_s(hand.subject(budget=TokenBucket(0.1)), sockets=3) == 41.0 + 3 * 10.0 + 2.0


def test_the_bound_grows_with_the_failures_as_far_as_delays_do(hand: Any) -> None:
    assert settle_s(hand.subject(), failures=2) == 4.0 + 11.0
    assert settle_s(hand.subject(), failures=90) == settle_s(hand.subject())


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        (TokenBucket(0.1), 10.0),
        (Leaky(ttl_s=20.0, steps=10), 22.0),
        (AdaptiveThrottle(probe_s=7.0), 7.0),
        (AdaptiveThrottle(), 60.0),
        (TokensByResult(10), 60.0),
    ],
)
def test_a_budget_adds_the_time_for_a_token(hand: Any, budget: BudgetRule, seconds: float) -> None:
    assert settle_s(hand.subject(budget=budget)) == pytest.approx(41.0 + seconds + 2.0)


@pytest.mark.parametrize(
    ("more", "shared", "seconds"),
    [
        ({}, False, 24.0),
        ({"half_open_s_max": 7.0}, False, 24.0 + 7.0 + 20.0),
        ({"probe_again": True}, False, 24.0),
        ({"probe_again": True}, True, 24.0 + 20.0),
        ({}, True, 24.0),
    ],
)
def test_a_breaker_adds_its_open_time_and_what_may_stand_in_the_way(
    hand: Any,
    more: dict[str, Any],
    shared: bool,  # noqa: FBT001  a parameter
    seconds: float,
) -> None:
    breaker = CircuitBreaker(open_for=Constant(20.0), **more)
    found = settle_s(hand.subject(breaker=breaker, shared=shared))
    assert found == pytest.approx(41.0 + seconds + 2.0 + 30.0)
