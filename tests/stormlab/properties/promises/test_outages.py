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


def fault(time_s: float, detail: str) -> tuple[float, str, dict[str, str]]:
    return time_s, "fault", {"detail": detail}


@pytest.mark.parametrize(
    ("resets_on", "up_s", "two"),
    [
        ("stable", 5.0, True),
        ("stable", 4.9, False),
        ("time", 5.0, True),
        ("time", 4.9, False),
        (None, 20.0, True),
        (None, 19.9, False),
        ("http", 0.1, True),
        ("never", 99.0, False),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_a_connection_ends_an_outage_when_it_lasts(
    hand: Any,
    resets_on: str | None,
    up_s: float,
    two: bool,  # noqa: FBT001  a parameter
    lost: bool,  # noqa: FBT001  a parameter
) -> None:
    again_s = 300.2 + up_s
    back = [(300.2, "open"), *([] if resets_on == "http" else [(300.2, "proved")])]
    end = [(again_s, "close")] if lost else []
    down, up = fault(again_s, "refuse"), fault(again_s + 100.0, "serve")
    story = hand.story(DOWN, UP, *back, *end, down, up)
    found = outages_s(Declared(resets_on=resets_on, stable_s=5.0), story)
    assert found == pytest.approx([300.0, 100.0] if two else [again_s + 100.0])


def test_each_outage_needs_its_own_return(hand: Any) -> None:
    story = hand.story(
        fault(0, "refuse"), fault(10, "serve"), (11, "open"), (12, "proved"), (13, "close"),
        fault(20, "refuse"), fault(30, "serve"),
        fault(40, "refuse"), fault(50, "mute"), (51, "open"),
        fault(60, "refuse"), fault(70, "serve"), (71, "open"), (72, "proved"),
        fault(80, "refuse"), fault(81, "hang"), fault(90, "serve"),
    )  # fmt: skip
    assert outages_s(Declared(resets_on="proof"), story) == [10.0, 50.0, 10.0]
    assert outages_s(Declared(resets_on="open"), story) == [10.0, 30.0, 10.0, 10.0]


def test_a_proof_is_that_of_its_own_connection(hand: Any) -> None:
    story = hand.story(
        fault(0, "refuse"), fault(10, "serve"), (-3, "open"), (-2, "proved"), (11, "open"),
        fault(20, "refuse"), fault(30, "serve"),
    )  # fmt: skip
    assert outages_s(Declared(resets_on="proof"), story) == [30.0]
