"""Code that stops as it declares is not accused of that, and code that does not declare it is."""

from typing import Any

import pytest

from stormlab.properties import Outcome
from stormlab.properties.promises.stops import counted
from stormlab.vocabulary import Cause

SERVER = {"code": 1008, "clean": 1, "cause": Cause.SERVER_CLOSED}
PAGE = {"code": 1008, "clean": 1, "cause": Cause.CLOSED_BY_PAGE}


def refused(times: int, *, opened: bool = False) -> list[Any]:
    lines: list[Any] = []
    for n in range(times):
        lines += [(10.0 * n, "new"), (10.0 * n + 0.1, "close", {"code": 1006})]
        if opened:
            lines.insert(-1, (10.0 * n + 0.05, "open"))
    return lines


def test_a_number_of_things() -> None:
    assert [counted(n, "failure") for n in (0, 1, 2)] == ["0 failures", "1 failure", "2 failures"]


@pytest.mark.parametrize(
    ("declares", "end", "outcome"),
    [
        ({"final_codes": frozenset({1008})}, SERVER, Outcome.UNDECIDED),
        ({"final_codes": frozenset({1008})}, PAGE, Outcome.BROKEN),  # its own close is no answer
        ({"final_codes": frozenset({1011})}, SERVER, Outcome.BROKEN),
        ({}, SERVER, Outcome.BROKEN),
    ],
)
def test_a_final_code_excuses_code_that_stays_away(
    hand: Any, declares: dict[str, Any], end: dict[str, Any], outcome: Outcome
) -> None:
    story = hand.story((0, "new"), (0.1, "open"), (5, "close", end))
    assert hand.judge("converges", story, opaque=True, healed_s=5.0, **declares).outcome is outcome


@pytest.mark.parametrize(
    ("failures", "outcome"), [(2, Outcome.BROKEN), (3, Outcome.UNDECIDED), (4, Outcome.UNDECIDED)]
)
def test_declared_attempts_excuse_code_that_made_them(
    hand: Any, failures: int, outcome: Outcome
) -> None:
    declares = {"gives_up": True, "attempts_max": 3}
    story = hand.story(*refused(failures))
    found = hand.judge("converges", story, opaque=True, **declares)
    assert found.outcome is outcome
    assert "not connected" in found.reason or f"after {failures} failed attempts" in found.reason


@pytest.mark.parametrize(
    ("resets_on", "outcome"), [("open", Outcome.BROKEN), ("proof", Outcome.UNDECIDED)]
)
def test_failures_count_from_the_last_good_connection(
    hand: Any, resets_on: str, outcome: Outcome
) -> None:
    declares = {"gives_up": True, "attempts_max": 3, "resets_on": resets_on}
    story = hand.story(*refused(4, opened=True))
    assert hand.judge("converges", story, opaque=True, **declares).outcome is outcome
    proved = [(0, "new"), (0.1, "open"), (0.2, "proved"), (5, "close", {"code": 1006})]
    later = [(10.0 + line[0], *line[1:]) for line in refused(2)]
    story = hand.story(*proved, *later)
    assert hand.judge("converges", story, opaque=True, **declares).outcome is Outcome.BROKEN
    hand_story = hand.story(*refused(4), (50, "retry_by_hand"), (50, "new"), (51, "close"))
    assert hand.judge("converges", hand_story, opaque=True, **declares).outcome is Outcome.BROKEN


def test_who_stops_and_says_nothing_is_told_so(hand: Any) -> None:
    declares = {"gives_up": True, "attempts_max": 3}
    story = hand.story(*refused(3))
    found = hand.judge("gives-up-as-declared", story, opaque=True, **declares)
    assert found.outcome is Outcome.BROKEN
    assert found.reason == "it stopped after 3 failed attempts, and told nobody"
    soon = hand.story(*refused(3), end_s=25.0)  # it may only be waiting
    assert hand.judge("gives-up-as-declared", soon, opaque=True, **declares).outcome is (
        Outcome.UNDECIDED
    )
    told = hand.story(*refused(3), (20.2, "gave_up", {"clean": 1}))
    assert (
        hand.judge("gives-up-as-declared", told, opaque=True, **declares).outcome is Outcome.HOLDS
    )
    coded = hand.story((0, "new"), (0.1, "open"), (5, "close", SERVER))
    final = {**declares, "final_codes": frozenset({1008})}  # the code itself tells
    assert hand.judge("gives-up-as-declared", coded, opaque=True, **final).outcome is (
        Outcome.UNDECIDED
    )


def test_a_model_says_itself_that_it_stops(hand: Any) -> None:
    declares = {"gives_up": True, "attempts_max": 3}
    assert hand.judge("converges", hand.story(*refused(3)), **declares).outcome is Outcome.BROKEN
