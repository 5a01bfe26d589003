from dataclasses import replace

import pytest

from stormlab.policy import (
    Advice,
    CircuitBreaker,
    Constant,
    Delays,
    Exponential,
    Fact,
    Happened,
    Reconnect,
    Rule,
    Span,
    codes,
)
from stormlab.policy.plan import PLAIN, End, Limits, limits_of, plan_of
from stormlab.policy.rules.numbers import LATER, NOW, PARTS, RESTART, STOP

S = 1_000_000_000
POLICY = Reconnect(Delays(Constant(1.0)))


def dropped(code: int, retry_after_ns: int | None = None, status: int = 0) -> Happened:
    return Happened(Fact.DROPPED, 0, code=code, retry_after_ns=retry_after_ns, status=status)


def test_an_end_without_rules_and_advice_is_plain() -> None:
    plan = plan_of(POLICY)
    assert plan.end_of(dropped(1006)) is PLAIN
    assert plan.end_of(dropped(1012)).advised == -1
    assert plan.end_of(dropped(1006, 5 * S)) is PLAIN  # it does not listen


@pytest.mark.parametrize(
    ("rule", "action", "schedule", "counts"),
    [
        (Rule("stop", codes(4001), announced=False), STOP, -1, True),
        (Rule("now", codes(4001), counts=False), NOW, -1, False),
        (Rule("retry", codes(4001)), 0, -1, True),
        (Rule("schedule", codes(4001), schedule=Span(1.0, 2.0)), 0, PARTS + 1, True),
    ],
)
def test_the_first_rule_that_fits_decides(
    rule: Rule,
    action: int,
    schedule: int,
    counts: bool,  # noqa: FBT001
) -> None:
    plan = plan_of(replace(POLICY, rules=(Rule("stop", codes(4000)), rule, Rule("stop"))))
    end = plan.end_of(dropped(4001))
    assert (end.action, end.schedule, end.counts) == (action, schedule, counts)
    assert end.announced == rule.announced
    assert plan.schedules[PARTS + 1] == rule.schedule


def test_advice_is_limited_and_codes_have_schedules_of_their_own() -> None:
    advice = Advice("exact", limit_s=3.0, restart=Span(5.0, 30.0), later=Span(1.0, 2.0))
    plan = plan_of(replace(POLICY, advice=advice))
    assert plan.end_of(dropped(1012)).advised == RESTART
    assert plan.end_of(dropped(1013)).advised == LATER
    assert plan.end_of(dropped(1006, 2 * S)).asked_ns == 2 * S
    assert plan.end_of(dropped(1006, 9 * S)).asked_ns == 3 * S


def test_a_plan_is_made_once_for_equal_policies() -> None:
    assert plan_of(POLICY) is plan_of(Reconnect(Delays(Constant(1.0))))


def test_what_a_breaker_does_not_limit_is_below_zero() -> None:
    limits = limits_of(CircuitBreaker(probes=None, open_for=Constant(2.0)))
    assert (limits.probes, limits.half_open_ns_max) == (-1, -1)
    assert limits.open_time_ns(7) == 2 * S
    timed = limits_of(CircuitBreaker(half_open_s_max=4.0, failure_ratio=0.5))
    assert (timed.half_open_ns_max, timed.ratio_decides) == (4 * S, True)
    assert isinstance(timed, Limits)


def test_what_a_policy_does_not_limit_is_minus_one() -> None:
    plan = plan_of(POLICY)
    assert (plan.attempts_max, plan.give_up_ns, plan.late_ns, plan.advice_limit_ns) == (-1,) * 4
    assert Limits() == Limits(-1, 1, False, 0.0, False, -1, None)  # noqa: FBT003  in their places
    assert End() == PLAIN == End(0, True, -1, -1, -1, True)  # noqa: FBT003


def test_a_breaker_stays_open_by_how_often_it_opened() -> None:
    limits = limits_of(CircuitBreaker(open_for=Exponential(2.0)))
    assert [limits.open_time_ns(opens) // S for opens in range(5)] == [2, 2, 4, 8, 16]


def test_a_share_of_failures_is_kept_where_it_decides() -> None:
    limits = [limits_of(CircuitBreaker(failure_ratio=ratio)) for ratio in (None, 0.5)]
    assert [(each.ratio_decides, each.failure_ratio) for each in limits] == [
        (False, 0.0),
        (True, 0.5),
    ]


def test_advice_to_come_at_once_is_advice() -> None:
    plan = plan_of(replace(POLICY, advice=Advice("exact")))
    assert plan.end_of(dropped(1006, 0)).asked_ns == 0
    assert plan.end_of(dropped(1006)).asked_ns == -1


def test_a_usual_code_asks_for_no_other_schedule() -> None:
    plan = plan_of(
        replace(POLICY, rules=(Rule("retry", codes(1000)),), first_after_drop=Span(0.0, 1.0))
    )
    assert [plan.end_of(dropped(code)).advised for code in (1000, 1006, 1012)] == [-1, -1, -1]
