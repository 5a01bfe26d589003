from typing import Any, Literal

import pytest

from stormlab.check import see, target_of
from stormlab.evidence import Outcome
from stormlab.policy import Constant, Delays, Reconnect, Reset
from stormlab.properties import PROMISES, Declared
from stormlab.properties.promises.outages import outages_s
from stormlab.worlds.bare import BareWorld, Phase

DOWN, DOWN_AGAIN = (0.0, "fault", {"detail": "refuse"}), (301.0, "fault", {"detail": "refuse"})
UP, UP_AGAIN = (300.0, "fault", {"detail": "serve"}), (501.0, "fault", {"detail": "serve"})
BACK = [(300.1, "new"), (300.2, "open")]
PROVED, LOST = (300.3, "proved"), (301.0, "close")


@pytest.mark.parametrize(
    ("resets_on", "between", "lengths_s"),
    [
        ("proof", [], [501.0]),  # it was not there when the server was
        ("proof", BACK, [501.0]),
        ("open", BACK, [300.0, 200.0]),
        ("proof", [*BACK, PROVED], [300.0, 200.0]),
        ("proof", [*BACK, PROVED, LOST], [300.0, 200.0]),
        ("stable", [*BACK, PROVED], [501.0]),  # 0.8 s, and it asks for 5 s
        (None, [*BACK, PROVED], [501.0]),
        ("never", [*BACK, PROVED], [501.0]),
    ],
)
def test_outages_are_one_unless_it_was_back_in_between(
    hand: Any, resets_on: str | None, between: list[Any], lengths_s: list[float]
) -> None:
    declared = Declared(resets_on=resets_on, stable_s=5.0)
    story = hand.story(DOWN, UP, *between, DOWN_AGAIN, UP_AGAIN)
    assert outages_s(declared, story) == lengths_s


def test_the_connection_that_an_outage_ends_is_not_one_after_it(hand: Any) -> None:
    good = [(-9.0, "new"), (-8.0, "open"), (-7.0, "proved")]
    story = hand.story(*good, DOWN, (0.0, "close"), UP, DOWN_AGAIN, UP_AGAIN)
    assert outages_s(Declared(resets_on="proof"), story) == [501.0]


def test_an_outage_without_an_end_has_no_length(hand: Any) -> None:
    assert outages_s(Declared(), hand.story(DOWN)) == []
    assert outages_s(Declared(), hand.story((0.0, "fault", {"detail": "serve"}))) == []


@pytest.mark.parametrize(("between", "delay_s"), [("serve", 35.0), ("mute", 30.0)])
@pytest.mark.parametrize("survives_s", [400.0, 700.0])
def test_who_survives_400_s_is_not_asked_to_survive_twice_300_s(
    between: Literal["serve", "mute"], delay_s: float, survives_s: float
) -> None:
    """The second in between is missed by the one client, and gives no proof to the other."""
    policy = Reconnect(
        Delays(Constant(delay_s)), reset=Reset(on="proof"), give_up_after_s=survives_s
    )
    phases = (Phase("refuse", 300.0), Phase(between, 1.0), Phase("refuse", 300.0))
    target = target_of(policy, "patient")
    promise = PROMISES["survives-long-outages"]
    found = promise.judge(target.subject, see(target, BareWorld(phases, settle_s=120.0)))
    assert found.outcome is (Outcome.UNDECIDED if survives_s == 400.0 else Outcome.HOLDS)
