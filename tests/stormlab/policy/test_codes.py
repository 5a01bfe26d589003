"""Close codes, statuses and advice."""

import pytest

from stormlab.policy import RESTART_SPAN, Advice, Fact, Happened, Rule, Span, codes, stop_on
from stormlab.policy.codes import first_fit


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
