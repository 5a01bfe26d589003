"""Promises of real code alone, on lives written by hand."""

from typing import Any

import pytest

from stormlab.evidence import Outcome

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
CLOSED = (10, "close_called", {"detail": "by the application", "socket": -1, "attempt": 0})
OPEN = [(0, "new"), (0.06, "open")]


@pytest.mark.parametrize("event", ["uncaught", "halted"])
def test_an_error_that_nobody_catches_is_shown(hand: Any, event: str) -> None:
    found = hand.judge("raises-nothing", hand.story((0, "new"), (1, event, {"detail": "oh"})))
    assert found.outcome is BROKEN
    assert found.events[0].startswith("client 0: 1.000 s")
    assert found.events[0].endswith("oh")
    assert ("stopped" in found.reason) == (event == "halted")


def test_at_most_three_errors_are_shown_and_none_is_long(hand: Any) -> None:
    errors = [(second, "uncaught", {"detail": "x" * 300 + " at 1:2"}) for second in range(5)]
    found = hand.judge("raises-nothing", hand.story(*errors))
    assert len(found.events) == 3
    assert max(map(len, found.events)) <= 120
    assert all(line.endswith(" at 1:2") for line in found.events)


def test_the_reason_is_the_error_in_a_line_with_its_place(hand: Any) -> None:
    place = " (at node_modules/p/index.js:4:15, called from client.ts:22:26)"
    detail = {"detail": "TypeError: " + "x" * 200 + place}
    found = hand.judge("raises-nothing", hand.story((0, "new"), (1, "uncaught", detail)))
    assert found.reason.startswith("an error that nobody catches: TypeError: xxx")
    assert found.reason.endswith("... (at node_modules/p/index.js:4:15)")
    assert len(found.reason) <= 128
    short = hand.story((0, "new"), (1, "uncaught", {"detail": "oh"}))
    assert hand.judge("raises-nothing", short).reason == "an error that nobody catches: oh"


def test_what_the_console_says_is_no_error(hand: Any) -> None:
    story = hand.story((0, "new"), (1, "console", {"detail": "error"}))
    assert hand.judge("raises-nothing", story).outcome is HOLDS


@pytest.mark.parametrize(
    ("after", "outcome"),
    [
        ([], BROKEN),
        ([(20, "close", {"socket": 1})], HOLDS),
        ([(100.1, "close", {"socket": 1})], BROKEN),
        ([(50, "retry_by_hand")], UNDECIDED),
        ([(20, "close", {"socket": 1}), (30, "new")], BROKEN),
        ([(20, "close", {"socket": 1}), (30, "new"), (31, "close", {"socket": 2})], HOLDS),
        ([(11, "close_called", {"socket": 1}), (70, "close", {"socket": 1})], HOLDS),
    ],
    ids=["stays", "ends", "late", "reopened", "a new one", "a short one", "answered late"],
)
def test_nothing_stays_connected_after_close(hand: Any, after: Any, outcome: Outcome) -> None:
    assert hand.judge("closes-for-good", hand.story(*OPEN, CLOSED, *after)).outcome is outcome


def test_a_close_of_its_own_is_not_the_applications(hand: Any) -> None:
    own = (10, "close_called", {"detail": "OPEN", "socket": 1})
    assert hand.judge("closes-for-good", hand.story(*OPEN, own)).outcome is UNDECIDED


def test_a_close_just_before_the_end_shows_nothing(hand: Any) -> None:
    story = hand.story(*OPEN, CLOSED, end_s=99.0)
    assert hand.judge("closes-for-good", story).outcome is UNDECIDED
