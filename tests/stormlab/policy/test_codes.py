"""Close codes, statuses and advice."""

import pytest

from stormlab.policy import RESTART_SPAN, Advice, Fact, Happened, Rule, Span, codes, stop_on
from stormlab.policy.codes import (
    ABNORMAL,
    NORMAL,
    SERVICE_RESTART,
    TRY_AGAIN_LATER,
    first_fit,
)


def dropped(code: int = 0, status: int = 0, reason: str = "") -> Happened:
    return Happened(Fact.DROPPED, 0, code=code, status=status, reason=reason)


RULES = (
    stop_on(1002, (4400, 4499)),
    Rule("now", codes(1000), counts=False),
    Rule("stop", statuses=((400, 428),)),
    Rule("schedule", reason="Overload", schedule=Span(3, 3)),
    Rule("stop", fact=Fact.REFUSED),
)


@pytest.mark.parametrize(
    ("happened", "index"),
    [
        (dropped(4400), 0),
        (dropped(4499), 0),
        (dropped(4500), None),
        (dropped(1000), 1),
        (dropped(1006, status=404), 2),
        (dropped(1006, status=429), None),
        (dropped(1011, reason="Overloaded now"), 3),
        (Happened(Fact.REFUSED, 0, code=1006), 4),
    ],
)
def test_the_first_rule_that_fits_decides(happened: Happened, index: int | None) -> None:
    assert first_fit(RULES, happened) is (None if index is None else RULES[index])


def test_another_schedule_is_given_when_it_is_asked_for() -> None:
    with pytest.raises(ValueError, match="exactly when its action is 'schedule'"):
        Rule("schedule")
    with pytest.raises(ValueError, match="exactly when its action is 'schedule'"):
        Rule("stop", schedule=Span(1, 1))


def test_rules_are_told_to_people() -> None:
    assert [rule.words for rule in RULES] == [
        "1002, 4400-4499: stop",
        "1000: now, not counted",
        "HTTP 400-428: stop",
        "reason Overload…: 3 s",
        "refused: stop",
    ]


def test_a_restart_asks_for_5_to_30_s() -> None:
    advice = Advice(restart=RESTART_SPAN)
    assert advice.schedule(dropped(1012)) is RESTART_SPAN
    assert advice.schedule(dropped(1013)) is None
    assert RESTART_SPAN.support(0).text == "5 to 30 s"
    assert advice.words == "1012: U[5, 30) s"


def test_later_is_for_1013_alone() -> None:
    advice = Advice(later=Span(60, 60))
    asked = {code: advice.schedule(dropped(code)) for code in (1000, 1011, 1012, 1013, 1014)}
    assert asked == {1000: None, 1011: None, 1012: None, 1013: Span(60, 60), 1014: None}


def test_advice_is_told_to_people() -> None:
    assert [
        advice.words
        for advice in (
            Advice(),
            Advice("at_least"),
            Advice("exact", limit_s=20, later=Span(60, 60)),
        )
    ] == ["", "Retry-After: at least as long", "Retry-After: the exact delay; 1013: 60 s"]


def test_codes_are_the_registry_s() -> None:
    """RFC 6455, section 7.4.1, and the IANA registry."""
    assert (NORMAL, ABNORMAL, SERVICE_RESTART, TRY_AGAIN_LATER) == (1000, 1006, 1012, 1013)


def test_what_is_not_said_is_the_usual() -> None:
    assert stop_on(1000).announced
    assert Rule("retry") == Rule("retry", counts=True, announced=True)
    assert Advice() == Advice("ignore", None, 0.0, None, None)


def test_equal_rules_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    assert {stop_on(1000), Rule("stop", codes(1000))} == {stop_on(1000)}
    assert len({*RULES, Advice(), Advice("exact")}) == len(RULES) + 2
