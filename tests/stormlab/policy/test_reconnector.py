"""The composed policy at work: facts in, decisions out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    RESTART_SPAN,
    Advice,
    CircuitBreaker,
    Consecutive,
    Constant,
    Delays,
    Exponential,
    Fact,
    Full,
    Happened,
    Network,
    Reconnect,
    Reset,
    RetryAt,
    Rule,
    Span,
    Stop,
    Table,
    TokenBucket,
    codes,
    due,
    stop_on,
)
from stormlab.policy.reconnect import ConnectTimeout
from stormlab.policy.reconnector import NOT_RETRIED, TOO_LONG, TOO_YOUNG, USED_UP

S = 1_000_000_000
POWERS = Delays(Exponential(1), cap_s=60)


def test_refusals_follow_the_schedule_and_an_open_resets_it(live: Any) -> None:
    life = live(Reconnect(POWERS)())
    assert [life.refused() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert life.dropped() == 1


def test_the_first_retry_after_a_drop_is_its_own(live: Any) -> None:
    """websockets: at once after a drop, the schedule only when refused."""
    life = live(Reconnect(POWERS, first_after_drop=Span(0, 0), drop_counts=False)())
    assert [life.dropped(), life.refused(), life.refused()] == [0, 1, 2]
    assert [life.dropped(), life.dropped()] == [0, 0]
    counted = live(Reconnect(POWERS, first_after_drop=Span(0, 0))())
    assert [counted.dropped(), counted.refused()] == [0, 2]


def test_a_first_retry_of_its_own_does_not_hide_flapping(live: Any) -> None:
    rule = Reconnect(POWERS, Span(0, 0), drop_counts=False, reset=Reset("stable", 5))
    life = live(rule())
    assert [life.dropped(up_s=1) for _ in range(4)] == [0, 1, 2, 4]
    assert life.dropped(up_s=6) == 0


@pytest.mark.parametrize(
    ("reset", "after_open", "after_proof", "after_long"),
    [
        (Reset("open"), 1, 1, 1),
        (Reset("proof"), 8, 1, 8),
        (Reset("stable", 5), 8, 8, 1),
        (Reset("http"), 8, 8, 8),
        (Reset("never"), 8, 8, 8),
    ],
)
def test_what_resets_the_count(
    live: Any, reset: Reset, after_open: int, after_proof: int, after_long: int
) -> None:
    for up_s, proved, expected in (
        (1, False, after_open),
        (1, True, after_proof),
        (6, False, after_long),
    ):
        life = live(Reconnect(POWERS, reset=reset)())
        for _ in range(3):
            life.refused()
        assert life.dropped(up_s, proved=proved) == expected


def test_an_answered_http_call_resets_the_count(live: Any) -> None:
    life = live(Reconnect(POWERS, reset=Reset("http"))())
    assert [life.refused(), life.refused()] == [1, 2]
    life.attempt()
    life.told(Fact.REACHED)
    assert life.told(Fact.REFUSED) == 1


def test_only_time_resets_discord_py(live: Any) -> None:
    life = live(Reconnect(POWERS, reset=Reset("time", 100))())
    assert [life.refused(), life.refused(), life.dropped(up_s=50)] == [1, 2, 4]
    assert life.dropped(up_s=101) == 1


def test_an_end_that_does_not_count_does_not_put_the_reset_by_time_off(live: Any) -> None:
    at_once = Rule("now", fact=Fact.DROPPED, counts=False)
    life = live(Reconnect(POWERS, reset=Reset("time", 100), rules=(at_once,))())
    assert [life.refused(), life.refused(), life.dropped(up_s=90)] == [1, 2, 0]
    assert life.dropped(up_s=20) == 0
    assert life.refused() == 1


def test_a_young_connection_is_given_up_by_a_gate(live: Any) -> None:
    rule = Reconnect(POWERS, reset=Reset("open", 5, gate=True))
    assert live(rule()).dropped(up_s=6) == 1
    assert live(rule()).dropped(up_s=4) == Stop(TOO_YOUNG)


@pytest.mark.parametrize("announced", [True, False])
def test_attempts_are_used_up(live: Any, announced: bool) -> None:  # noqa: FBT001  a parameter
    life = live(Reconnect(POWERS, attempts_max=2, announced=announced)())
    assert [life.refused(), life.refused()] == [1, 2]
    assert life.refused() == Stop(USED_UP, announced=announced)
    assert not life.policy.may_attempt(round(life.now * S))
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.refused() == 1


def test_a_table_that_ends_stops_and_an_outage_can_be_too_long(live: Any) -> None:
    table = live(Reconnect(Delays(Table((0, 2), then="stop")))())
    assert [table.refused() for _ in range(3)] == [0, 2, Stop(USED_UP)]
    long = live(Reconnect(Delays(Constant(4)), give_up_after_s=10)())
    assert [long.refused() for _ in range(4)] == [4, 4, 4, Stop(TOO_LONG)]


def test_codes_decide_first(live: Any) -> None:
    rules = (
        stop_on((4400, 4499), announced=False),
        Rule("now", codes(1000), counts=False),
        Rule("schedule", codes(1013), schedule=Span(300, 300)),
    )
    life = live(Reconnect(POWERS, rules=rules, attempts_max=2, reset=Reset("never"))())
    assert [life.dropped(code=1000) for _ in range(5)] == [0] * 5
    assert life.dropped(code=1013) == 300
    assert life.dropped(code=1006) == 2
    assert life.dropped(code=1000) == 0
    assert life.dropped(code=4401) == Stop(NOT_RETRIED, announced=False)


def test_advice_is_taken_as_far_as_it_is_taken(live: Any) -> None:
    def after(advice: Advice, **more: int) -> Any:
        return live(Reconnect(Delays(Constant(10)), advice=advice)()).refused(**more)

    five, sixty = 5 * S, 60 * S
    assert after(Advice(), retry_after_ns=sixty) == 10
    assert after(Advice("at_least"), retry_after_ns=five) == 10
    assert after(Advice("at_least"), retry_after_ns=sixty) == 60
    assert after(Advice("exact"), retry_after_ns=five) == 5
    assert after(Advice("exact", limit_s=20, spread_s=4), retry_after_ns=sixty) == 22
    assert after(Advice(restart=RESTART_SPAN), code=1012) == 17.5
    assert after(Advice(later=Span(60, 60)), code=1013) == 60


def test_a_delay_can_run_from_the_beginning_of_the_attempt(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(10)), counted_from="attempt")())
    assert life.dropped(up_s=3) == 7
    assert life.dropped(up_s=60) == 0


def test_attempts_keep_a_distance(live: Any) -> None:
    """ably: two retries at once are at least a second apart."""
    life = live(Reconnect(POWERS, first_after_drop=Span(0, 0), spacing_s=1)())
    assert life.dropped(up_s=30) == 0
    assert life.dropped(up_s=0.25) == 0.75


def test_another_schedule_takes_over_in_a_long_outage(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(15)), late=(60, Delays(Constant(30))))())
    assert [life.refused() for _ in range(6)] == [15, 15, 15, 15, 30, 30]


def test_a_connect_timeout_can_grow(live: Any) -> None:
    growing = ConnectTimeout(Exponential(15), cap_s=60)
    life = live(Reconnect(Delays(Constant(1)), connect_timeout=growing)())
    found = []
    for _ in range(4):
        found.append(life.policy.terms.connect_timeout_s)
        life.refused()
    assert found == [15, 30, 60, 60]
    life.dropped(up_s=10)
    assert life.policy.terms.connect_timeout_s == 15  # the first attempt since the reset
    life.refused()
    assert life.policy.terms.connect_timeout_s == 30
    grpc = Reconnect(POWERS, connect_timeout=ConnectTimeout(Constant(20), at_least_delay=True))
    life = live(grpc())
    for _ in range(6):
        life.refused()
    assert life.policy.terms.connect_timeout_s == 32


# the device and the page -------------------------------------------------------------------------


# breakers and budgets ----------------------------------------------------------------------------


BREAKER = CircuitBreaker(Consecutive(3), Constant(30))


FACTS = st.sampled_from([*Fact, "attempt", "attempt"])


@given(
    steps=st.lists(st.tuples(st.integers(0, 100), FACTS), max_size=60),
    rule=st.sampled_from(
        [
            Reconnect(Delays(Exponential(1), Full(), 30)),
            Reconnect(POWERS, breaker=BREAKER, budget=TokenBucket(0.1, 2), spacing_s=1),
            Reconnect(POWERS, network=Network(Span(0, 1), "wait", "skip", visible=Span(0, 0))),
            Reconnect(POWERS, attempts_max=3, reset=Reset("stable", 5), counted_from="attempt"),
        ]
    ),
)
def test_any_life_leads_to_decisions_that_make_sense(
    half: Any, steps: list[tuple[int, Fact | str]], rule: Reconnect
) -> None:
    """No decision lies in the past; a refused attempt is followed by another or by a fact."""
    policy, now, stopped = rule(), 0, False
    for wait_s, what in steps:
        now += wait_s * S
        if isinstance(what, Fact):
            decision = policy.on(Happened(what, now), half)
            stopped = isinstance(decision, Stop) or (stopped and decision is None)
        else:
            decision = due(policy, now, half)
            held = rule.network.offline == "wait" and decision is None
            assert isinstance(decision, RetryAt) or stopped or held
        if isinstance(decision, RetryAt):
            assert decision.time_ns >= now


def test_a_refusal_is_no_drop(live: Any) -> None:
    life = live(Reconnect(POWERS, first_after_drop=Span(0.25, 0.25))())
    assert [life.refused(), life.refused(), life.dropped()] == [1, 2, 0.25]
    gated = live(Reconnect(POWERS, reset=Reset("open", 5, gate=True))())
    assert gated.refused() == 1
    stable = live(Reconnect(POWERS, reset=Reset("stable", 5))())
    stable.now = 100
    assert [stable.refused(), stable.refused(), stable.refused()] == [1, 2, 4]


def test_a_connect_timeout_stays_while_its_attempt_is_under_way(live: Any) -> None:
    growing = ConnectTimeout(Exponential(15), cap_s=100)
    life = live(Reconnect(Delays(Constant(1)), connect_timeout=growing, reset=Reset("http"))())
    found = []
    for _ in range(3):
        found.append(life.policy.terms.connect_timeout_s)
        assert life.attempt() == 0
        found.append(life.policy.terms.connect_timeout_s)
        life.told(Fact.REFUSED)
    assert found == [15, 15, 30, 30, 60, 60]
    assert life.attempt() == 0
    life.told(Fact.REACHED)
    assert life.policy.terms.connect_timeout_s == 15


def test_time_gone_by_since_the_attempt_is_taken_off(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(10), less_elapsed=True))())
    assert life.dropped(up_s=3) == 7
    assert life.dropped(up_s=30) == 0
    told = live(Reconnect(Delays(Constant(10), less_elapsed=True))())
    told.opened(up_s=5)
    assert told.told(Fact.DROPPED, began_ns=2 * S) == 7  # as it is told, not as it is known
    fresh = live(Reconnect(Delays(Constant(10), less_elapsed=True))())
    fresh.now = 4
    assert fresh.told(Fact.REFUSED) == 10  # no attempt is known


def test_the_delay_after_a_drop_never_runs_from_the_attempt(live: Any) -> None:
    rule = Reconnect(Delays(Constant(10)), Span(6, 6), counted_from="attempt")
    life = live(rule())
    assert life.dropped(up_s=3) == 6
    assert life.attempt() == 0
    life.now += 4
    assert life.told(Fact.REFUSED) == 6


def test_no_retry_at_all_is_a_limit_too(live: Any) -> None:
    assert live(Reconnect(POWERS, attempts_max=0)()).refused() == Stop(USED_UP)
    assert live(Reconnect(POWERS, give_up_after_s=0)()).refused() == Stop(TOO_LONG)


def test_an_outage_is_counted_from_its_first_failure(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(4)), give_up_after_s=10)())
    assert life.dropped(up_s=1000) == 4
    assert [life.refused() for _ in range(3)] == [4, 4, Stop(TOO_LONG)]


def test_what_does_not_count_uses_nothing_up(live: Any) -> None:
    retried = Rule("retry", codes(1000), counts=False)
    life = live(Reconnect(POWERS, rules=(retried,), attempts_max=2, reset=Reset("never"))())
    assert [life.dropped(code=1000) for _ in range(4)] == [1, 1, 1, 1]
    assert [life.dropped(code=1006) for _ in range(3)] == [1, 2, Stop(USED_UP)]


def test_what_is_retried_at_once_counts_where_it_says(live: Any) -> None:
    rules = (Rule("now", codes(1000)),)
    life = live(Reconnect(POWERS, rules=rules, reset=Reset("never"))())
    assert [life.dropped(code=code) for code in (1000, 1000, 1006, 1000)] == [0, 0, 4, 0]


def test_advice_comes_with_a_spread_and_a_limit(live: Any) -> None:
    def after(advice: Advice, seconds: float) -> Any:
        rule = Reconnect(Delays(Constant(10)), advice=advice)
        return live(rule()).refused(retry_after_ns=round(seconds * S))

    assert after(Advice("exact", spread_s=4), 0) == 2
    assert after(Advice("exact"), 0) == 0
    assert after(Advice("at_least", limit_s=20, spread_s=4), 60) == 22
    assert after(Advice("at_least", limit_s=90), 60) == 60
    assert after(Advice("at_least", limit_s=0), 60) == 10


def test_a_rule_s_schedule_goes_before_the_server_s(live: Any) -> None:
    rules = (Rule("schedule", codes(1012), schedule=Span(300, 300)), Rule("retry", codes(1013)))
    advice = Advice(restart=Span(7, 7), later=Span(60, 60))
    life = live(Reconnect(POWERS, rules=rules, advice=advice, reset=Reset("never"))())
    assert [life.dropped(code=code) for code in (1012, 1013, 1006)] == [300, 60, 4]
    silent = live(Reconnect(POWERS)())
    assert [silent.refused(code=code) for code in (1012, 1013)] == [1, 2]


def test_the_first_rule_decides_alone(live: Any) -> None:
    rules = (Rule("retry", codes(1000)), stop_on((1000, 1999), announced=False))
    life = live(Reconnect(POWERS, rules=rules)())
    assert life.dropped(code=1000) == 1
    assert life.dropped(code=1001) == Stop(NOT_RETRIED, announced=False)


def test_time_resets_after_its_end_and_a_late_schedule_may_be_there_from_the_start(
    live: Any,
) -> None:
    life = live(Reconnect(POWERS, reset=Reset("time", 100))())
    life.refused()
    life.at = 100
    assert life.refused() == 2
    life.at = 201
    assert life.refused() == 1
    late = live(Reconnect(Delays(Constant(15)), late=(0, Delays(Constant(30))))())
    assert late.refused() == 30
