"""Parts as plain tables and back."""

import json
from typing import Any

import pytest

from stormlab.policy import (
    RESTART_SPAN,
    AdaptiveThrottle,
    Added,
    Advice,
    Between,
    Chain,
    CircuitBreaker,
    Comb,
    ConnectTimeout,
    Constant,
    Decorrelated,
    Delays,
    Equal,
    Exponential,
    Fact,
    Full,
    Leaky,
    Linear,
    Logarithmic,
    Memoryless,
    Multiplied,
    Network,
    NextAbove,
    NormalWalk,
    PollyV2,
    Polynomial,
    RateInCount,
    RateInWindow,
    Reconnect,
    Reset,
    Rule,
    Schedule,
    ShareOfActive,
    Span,
    Stages,
    Table,
    Terms,
    TokenBucket,
    TokensByResult,
    codes,
    stop_on,
)
from stormlab.policy.codec import KINDS, TableError, part_from, table_of

SCHEDULES: list[Schedule] = [
    Delays(Exponential(1, overflow="ieee"), Comb(), 5, "before_cap", 0.001, overflow="ieee"),
    Delays(Linear(-2, 2, 0.25), Multiplied(1, 5, scope="page"), 10, "between_caps"),
    Delays(Polynomial(3, 2, first=8), Added(0, 2, whole_ms=True), 300),
    Delays(Constant(5), Memoryless()),
    Delays(Logarithmic(1.2), Equal(0.3), step_s=1, rounding="nearest", less_elapsed=True),
    Delays(Table((0, 2, 10), then="stop")),
    Delays(Table((0.01, 0.05), then=5.0)),
    Delays(Constant(3), Chain((Multiplied(1, 2), Multiplied(0.5, 1.5, purpose="second")))),
    Span(0, 5),
    Span(3, 3, purpose="other"),
    Between(Linear(0, 2), Constant(25), cap_s=25),
    Stages(((1, Span(0, 0.5)), (2, Decorrelated(0.1, 20)), (0, Delays(Constant(7))))),
    NormalWalk(1.5, cap_s=300),
    PollyV2(0.128, 30),
    NextAbove((0.25, 0.5)),
]
RULES = [
    Reconnect(Delays(Constant(1)), budget=budget)
    for budget in (
        TokenBucket(1, 3),
        TokensByResult(500, cost=14, refund=True),
        Leaky(),
        ShareOfActive(0.3),
        AdaptiveThrottle(probe_s=10),
    )
]
EVERYTHING = Reconnect(
    Delays(Exponential(1), Full(0.5, on_top=True), 60),
    first_after_drop=Span(0, 5),
    drop_counts=False,
    first_connect=Span(0, 1),
    attempts_max=7,
    give_up_after_s=600,
    announced=False,
    reset=Reset("stable", 10, gate=True),
    rules=(
        stop_on(1002, (4400, 4499)),
        Rule("schedule", statuses=codes((500, 599)), schedule=Delays(Constant(9))),
        Rule("now", reason="Restart", fact=Fact.DROPPED, counts=False),
    ),
    advice=Advice("exact", 60, 5, RESTART_SPAN, Span(60, 120)),
    network=Network(
        Span(0, 0), "wait", "longest", 300, Span(0.2, 0.2), resets=True, visible_resets=True
    ),
    terms=Terms(20, 25, 20, closes_offline=True, http_first=True),
    connect_timeout=ConnectTimeout(Exponential(15), 60, at_least_delay=True),
    late=(120, Span(30, 40)),
    counted_from="attempt",
    spacing_s=1,
    by_hand_resets=False,
    breaker=CircuitBreaker(
        RateInWindow(30, 0.1, 100), Exponential(5), None, 2, probe_again=True, half_open_s_max=60
    ),
    breaker_spread_s=3,
    shared="client",
    success_on="proof",
    drops_fail=True,
    recheck=Span(2, 3),
)
RULES += [EVERYTHING, *map(Reconnect, SCHEDULES)]
RULES += [
    Reconnect(Span(1, 1), breaker=CircuitBreaker(RateInCount(), probes=10, failure_ratio=0.5))
]


def as_toml(part: object) -> dict[str, Any]:
    """The table as a file would give it."""
    document = json.loads(json.dumps(table_of(part), allow_nan=False))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("rule", RULES, ids=range(len(RULES)))
def test_a_policy_survives_being_written(rule: Reconnect) -> None:
    assert part_from(Reconnect, as_toml(rule), "policy") == rule


def test_every_kind_of_part_is_among_those_written() -> None:
    text = json.dumps([as_toml(rule) for rule in RULES])
    kinds = {kind for names in KINDS.values() for kind in names}
    default = {"none", "delays", "consecutive", "grown"}  # written shortly, or tested by itself
    assert {kind for kind in kinds - default if f'"{kind}"' not in text} == set()


def test_a_table_holds_only_what_differs() -> None:
    assert as_toml(Reconnect(Delays(Exponential(1)))) == {
        "schedule": {"backoff": {"kind": "exponential", "base_s": 1}}
    }
    assert as_toml(EVERYTHING)["rules"][0] == {"action": "stop", "codes": [1002, [4400, 4499]]}


BACKOFF = {"backoff": {"kind": "constant", "delay_s": 1}}


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"schedule": {"kind": "delay"}}, "p.schedule.kind: found 'delay'; allowed: delays, span"),
        ({"schedule": {}}, "p.schedule.kind: missing; allowed: delays, span"),
        ({"schedule": 1, "resett": {}}, "p.resett: unknown key; did you mean 'reset'? allowed:"),
        ({"schedule": [1, 2, 3]}, "p.schedule: found [1, 2, 3]; allowed: a number or [from, to]"),
        ({"schedule": [2, 1]}, "p.schedule: found [2, 1]; allowed: from 0 upwards"),
        ({"schedule": "x"}, "p.schedule: found 'x'; allowed: a table, a number or [from, to]"),
        ({"schedule": {"backoff": 3}}, "p.schedule.backoff: found 3; allowed: a table"),
        ({"schedule": BACKOFF | {"cap": 3}}, "p.schedule.cap: unknown key; allowed: backoff,"),
        ({"schedule": {"backoff": {"kind": "constant"}}}, "p.schedule.backoff.delay_s: missing;"),
        (
            {"schedule": {"backoff": {"kind": "constant", "delay_s": True}}},
            "p.schedule.backoff.delay_s: found true; allowed: a number",
        ),
        (
            {"schedule": {"backoff": {"kind": "constant", "delay_s": -1}}},
            "p.schedule.backoff.delay_s: found -1; allowed: a number, 0 to 1,000,000,000",
        ),
        (
            {"schedule": {"backoff": {"kind": "constant", "delay_s": 1, "cap": 1}}},
            "p.schedule.backoff.cap: unknown key; did you mean 'cap_s'?",
        ),
        (
            {"schedule": BACKOFF | {"jitter": {"kind": "full", "placement": "after"}}},
            "p.schedule.jitter.placement: found 'after'; allowed: 'before_cap',",
        ),
        ({"schedule": 1, "attempts_max": 1.5}, "p.attempts_max: found 1.5; allowed: a whole"),
        ({"schedule": 1, "announced": 1}, "p.announced: found 1; allowed: true or false"),
        ({"schedule": 1, "reset": 1}, "p.reset: found 1; allowed: a table"),
        ({"schedule": 1, "rules": {}}, "p.rules: found {}; allowed: a list"),
        (
            {"schedule": 1, "rules": [{"action": "schedule"}]},
            "p.rules.0: a rule has a schedule exactly when its action is 'schedule'",
        ),
        (
            {"schedule": 1, "rules": [{"action": "stop", "codes": [[1, 2, 3]]}]},
            "p.rules.0.codes.0: found [1, 2, 3]; allowed: a whole number or [from, to]",
        ),
        (
            {"schedule": 1, "rules": [{"action": "stop", "reason": 3}]},
            "p.rules.0.reason: found 3; allowed: a text in quotes",
        ),
        (
            {"schedule": 1, "rules": [{"action": "stop", "fact": "dropt"}]},
            "p.rules.0.fact: found 'dropt'; allowed: opened,",
        ),
        ({"schedule": 1, "late": {"kind": "span"}}, "p.late.after_s: missing; it is required"),
        ({"schedule": 1, "late": 3}, "p.late: found 3; allowed: a table"),
        ({}, "p.schedule: missing; it is required"),
        (3, "p: found 3; allowed: a table"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(table: object, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        part_from(Reconnect, table, "p")
    assert str(caught.value).startswith(complaint)
    assert "\n" not in str(caught.value)
