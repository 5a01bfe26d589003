from dataclasses import replace
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.policy import (
    Advice,
    Constant,
    Delays,
    Exponential,
    Network,
    Reconnect,
    Reset,
    Rule,
    Span,
    Table,
    Terms,
    codes,
    stop_on,
)
from stormlab.policy.catalogue import catalogue, find_policy
from stormlab.policy.codes import RESTART_SPAN
from stormlab.policy.reconnect import ConnectTimeout
from stormlab.properties.promises.declared import Declared, declared_by


def test_a_policy_of_parts_declares_its_parameters(hand: Any) -> None:
    advice = Advice("at_least", limit_s=60.0, spread_s=4.0, restart=RESTART_SPAN)
    declared = declared_by(replace(hand.careful, advice=advice, shared="client"))
    assert declared is not None
    assert (declared.delay_s_max, declared.resets_on, declared.shared) == (30.0, "proof", True)
    assert declared.obeys_advice is True
    assert (declared.advice_limit_s, declared.advice_spread_s) == (60.0, 4.0)
    assert declared.restart is not None
    assert (declared.restart.low_ns, declared.restart.high_ns) == (to_ns(5.0), to_ns(30.0))
    assert declared.wait_s_max == pytest.approx(30.0)
    assert declared.later is None


@pytest.mark.parametrize(
    ("changes", "gives_up", "by_limit"),
    [
        ({}, False, True),
        ({"attempts_max": 5}, True, True),
        ({"give_up_after_s": 60.0}, True, True),
        ({"rules": (stop_on(1008),)}, False, True),
        ({"rules": (Rule("stop", statuses=((400, 499),)),)}, True, False),
        ({"reset": Reset(on="open", after_s=5.0, gate=True)}, True, False),
    ],
)
def test_what_can_end_a_policy_of_parts(
    hand: Any,
    changes: dict[str, Any],
    gives_up: Any,
    by_limit: Any,
) -> None:
    declared = declared_by(replace(hand.careful, **changes))
    assert declared is not None
    assert (declared.may_give_up, declared.gives_up_by_limit) == (gives_up, by_limit)


def test_a_table_that_ends_gives_up() -> None:
    declared = declared_by(Reconnect(Delays(Table((1.0, 2.0), then="stop"))))
    assert declared is not None
    assert (declared.gives_up, declared.gives_up_by_limit) == (True, False)


def test_close_codes_with_rules_are_known(hand: Any) -> None:
    rules = (stop_on(1008, (4400, 4499)), Rule("now", codes(1001)))
    declared = declared_by(replace(hand.careful, rules=rules))
    assert declared is not None
    assert declared.final_codes == frozenset({1008, *range(4400, 4500)})
    assert declared.ruled_codes == declared.final_codes | {1001}


def test_other_waits_count_for_the_longest(hand: Any) -> None:
    hidden = replace(hand.careful, network=Network(hidden="longest", hidden_s=120.0))
    assert getattr(declared_by(hidden), "wait_s_max", None) == 120.0
    ruled = replace(hand.careful, rules=(Rule("schedule", codes(1013), schedule=Span(10.0, 45.0)),))
    assert getattr(declared_by(ruled), "wait_s_max", None) == pytest.approx(45.0)
    late = declared_by(replace(hand.careful, late=(60.0, Delays(Constant(90.0)))))
    assert late is not None
    support = late.supports(9)
    assert support is not None
    assert support.contains(to_ns(90.0))


def test_a_class_of_the_catalogue_declares_what_its_entry_says() -> None:
    name = next(name for name, entry in catalogue().items() if entry.reconnect is None)
    declared = declared_by(find_policy(name))
    assert declared is not None
    assert declared.attempts_max == catalogue()[name].attempts_max
    assert not declared.gives_up_by_limit


def test_nothing_is_known_of_a_plain_class() -> None:
    assert declared_by(object) is None
    assert not Declared().may_give_up
    assert not Declared().guarded


def test_the_patience_of_a_growing_connect_timeout_is_its_longest() -> None:
    growing = ConnectTimeout(Exponential(1.0, 2.0), cap_s=30.0)
    policy = Reconnect(Delays(Constant(1.0)), connect_timeout=growing)
    found = declared_by(policy)
    assert found is not None
    assert found.patience_s == 30.0
    plain = declared_by(Reconnect(Delays(Constant(1.0)), terms=Terms(connect_timeout_s=7.0)))
    assert plain is not None
    assert plain.patience_s == 7.0
