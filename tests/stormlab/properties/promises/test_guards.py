from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stormlab.evidence import Outcome
from stormlab.policy import Constant, Delays, Reconnect, TokenBucket
from stormlab.policy.breaker import CircuitBreaker
from stormlab.properties import PROMISES

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
Lives = Callable[..., list[Any]]
NAMES = (
    "quiet-while-the-breaker-is-open",
    "half-open-keeps-its-quota",
    "breaker-tries-again",
    "breaker-opens-for-cause",
    "probe-frees-its-slot",
)


@pytest.mark.parametrize("name", NAMES)
def test_who_declares_no_breaker_is_not_judged(hand: Any, refused: Lives, name: str) -> None:
    assert hand.judge(name, hand.story(*refused(0, 9, 1.0))).outcome is UNDECIDED


@pytest.mark.parametrize(("next_s", "outcome"), [(21.9, BROKEN), (22.02, HOLDS), (None, HOLDS)])
def test_no_attempt_while_a_reference_breaker_is_open(
    hand: Any, refused: Lives, breaker: CircuitBreaker, next_s: float | None, outcome: Outcome
) -> None:
    story = hand.story(*refused(0, 3, 1.0), *([(next_s, "new")] if next_s else []))  # open at 2.02
    found = hand.judge(NAMES[0], story, breaker=breaker)
    assert found.outcome is outcome
    if outcome is BROKEN:
        assert found.events[-1] == "21.900 s new #4"


def test_a_breaker_that_never_had_to_open_is_not_judged(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    story = hand.story(*refused(0, 2, 1.0))
    assert hand.judge(NAMES[0], story, breaker=breaker).outcome is UNDECIDED
    assert hand.judge(NAMES[2], story, breaker=breaker).outcome is UNDECIDED


def test_a_person_closes_the_breaker_unless_it_is_declared_otherwise(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    story = hand.story(*refused(0, 3, 1.0), (5.0, "retry_by_hand"), (5.0, "new"))
    assert hand.judge(NAMES[0], story, breaker=breaker).outcome is HOLDS
    other = hand.judge(NAMES[0], story, breaker=breaker, by_hand_resets=False)
    assert other.outcome is BROKEN


def test_sockets_that_share_a_breaker_are_judged_together(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    stories = [hand.story(*refused(part / 3, 2, 1.0), endpoint=part) for part in range(3)]
    assert hand.judge(NAMES[0], *stories, breaker=breaker).outcome is UNDECIDED
    assert hand.judge(NAMES[0], *stories, breaker=breaker, shared=True).outcome is BROKEN


def test_half_open_lets_its_quota_through_and_a_probe_that_ended_frees_its_place(
    hand: Any, refused: Lives, breaker: CircuitBreaker, lost: Any
) -> None:
    first = hand.story(*refused(0, 3, 1.0), (23.0, "new"), (23.5, "close", lost))
    at_once = hand.story((23.1, "new"), endpoint=1)
    later = hand.story((43.6, "new"), endpoint=1)

    def outcome(*stories: Any, probes: int | None = 1) -> Outcome:
        rule = replace(breaker, probes=probes)
        return Outcome(hand.judge(NAMES[1], *stories, breaker=rule, shared=True).outcome)

    assert outcome(first, at_once) is BROKEN
    assert outcome(first, later) is HOLDS
    assert outcome(first, at_once, probes=2) is HOLDS
    assert outcome(first, at_once, probes=None) is UNDECIDED
    assert outcome(hand.story(*refused(0, 3, 1.0))) is UNDECIDED


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ([], BROKEN),
        ([(50.0, "new")], HOLDS),
        ([(57.0, "new")], BROKEN),  # 20 * 1.2 + 30 s after 2.02
        ([(10.0, "gave_up", {"clean": 1})], HOLDS),
        ([(10.0, "offline")], HOLDS),
        ([(10.0, "close_called")], HOLDS),
    ],
    ids=["never", "in time", "late", "gave up", "offline", "closed"],
)
def test_an_open_breaker_tries_again(
    hand: Any, refused: Lives, breaker: CircuitBreaker, more: list[Any], outcome: Outcome
) -> None:
    story = hand.story(*refused(0, 3, 1.0), *more)
    assert hand.judge(NAMES[2], story, breaker=breaker).outcome is outcome
    held = hand.judge(NAMES[2], story, breaker=breaker, budget=TokenBucket(0.01))
    assert held.outcome is UNDECIDED


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ([(31.0, "new")], BROKEN),  # a lone failure, and 30 s are the longest delay
        ([(29.0, "new")], HOLDS),
        ([(10.0, "hidden"), (31.0, "visible")], HOLDS),
        ([(10.0, "gave_up", {"clean": 1}), (31.0, "online")], HOLDS),
    ],
    ids=["late", "in time", "hidden", "gave up"],
)
def test_a_breaker_opens_only_for_cause(
    hand: Any, lost: Any, breaker: CircuitBreaker, more: list[Any], outcome: Outcome
) -> None:
    story = hand.story((0, "new"), (0.02, "close", lost), *more)
    assert hand.judge(NAMES[3], story, breaker=breaker).outcome is outcome


def test_a_loss_while_away_is_no_sign_of_a_breaker(
    hand: Any, lost: Any, breaker: CircuitBreaker
) -> None:
    story = hand.story((0, "new"), (0.01, "offline"), (0.02, "close", lost), (99.0, "online"))
    assert hand.judge(NAMES[3], story, breaker=breaker).outcome is UNDECIDED


def test_a_probe_without_an_answer_does_not_keep_others_out(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    # The probe of socket 0 opens and never proves; socket 1 waits from 2.5 s on.
    probe = hand.story(*refused(0, 3, 1.0), (23.0, "new"), (23.06, "open"), end_s=200.0)
    waits = [(2.4, "new"), (2.5, "close", {"code": 1006})]
    kept_out = hand.story(*waits, endpoint=1, end_s=200.0)
    let_in = hand.story(*waits, (60.0, "new"), endpoint=1, end_s=200.0)

    def outcome(*stories: Any) -> Outcome:
        declares = {"breaker": breaker, "shared": True, "proves_success": True}
        return Outcome(hand.judge(NAMES[4], *stories, **declares).outcome)

    # 10 s of time-out + 20 * 1.2 + 30 s
    assert outcome(probe, kept_out) is BROKEN
    assert outcome(probe, let_in) is HOLDS
    assert outcome(probe) is UNDECIDED


def test_the_worst_of_several_sockets_decides(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    idle = hand.story((0, "new"))
    good = hand.story(*refused(0, 3, 1.0), (22.02, "new"), endpoint=1)
    bad = hand.story(*refused(0, 3, 1.0), (21.0, "new"), endpoint=2)

    def outcome(*stories: Any) -> Outcome:
        return Outcome(hand.judge(NAMES[0], *stories, breaker=breaker).outcome)

    assert outcome(idle) is UNDECIDED
    assert outcome(idle, good) is HOLDS
    assert outcome(idle, good, bad) is BROKEN
    assert outcome(bad, good, idle) is BROKEN
    assert outcome() is UNDECIDED


def test_an_attempt_while_open_is_shown_with_what_opened_it(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    found = hand.judge(NAMES[0], hand.story(*refused(0, 3, 1.0), (9.0, "new")), breaker=breaker)
    assert len(found.events) == 2
    assert found.events[0].startswith("2.020 s close #3")
    assert found.events[1] == "9.000 s new #4"


def test_a_breaker_that_waits_for_the_loss_alone_is_asked_to_try_again(
    hand: Any, lost: Any, breaker: CircuitBreaker
) -> None:
    """No timer need be told: the loss that opens it is enough."""
    lines = [line for n in range(3) for line in ((n, "new"), (n + 0.02, "close", lost))]
    found = hand.judge(NAMES[2], hand.story(*lines), breaker=breaker)
    assert found.outcome is BROKEN
    assert found.reason.startswith("no attempt 598 s after it opened")
    late = hand.judge(NAMES[2], hand.story(*lines, (62.02, "new")), breaker=breaker)
    assert late.reason.startswith("no attempt 60 s after it opened")
    asked = [*lines[:-1], (2.02, "close", {**lost, "advice_s": 90.0})]
    assert hand.judge(NAMES[2], hand.story(*asked), breaker=breaker).outcome is UNDECIDED


def test_only_a_plain_loss_is_answered_within_the_longest_delay(
    hand: Any, lost: Any, breaker: CircuitBreaker
) -> None:
    for more in ({"code": 1013}, {"advice_s": 90.0}):
        story = hand.story((0, "new"), (0.02, "close", {**lost, **more}), (99.0, "new"))
        assert hand.judge(NAMES[3], story, breaker=breaker).outcome is UNDECIDED
    story = hand.story((0, "new"), (0.02, "close", lost), (99.02, "new"))
    found = hand.judge(NAMES[3], story, breaker=breaker)
    assert found.reason.startswith("no attempt 99 s after a loss")


@pytest.mark.parametrize(
    ("declares", "more", "seconds"),
    [
        ({}, {}, 10 + 24 + 30),  # connect time-out, 20 s * 1.2, longest delay
        ({"probe_spread_s": 5.0}, {}, 15 + 24 + 30),
        ({}, {"half_open_s_max": 7.0}, 17 + 24 + 30),
        ({}, {"open_for": Constant(100.0)}, 10 + 120 + 30),
        ({"terms": None}, {}, 64 + 24 + 30),
    ],
)
def test_how_long_a_probe_may_keep_others_out(
    hand: Any,
    breaker: CircuitBreaker,
    declares: dict[str, Any],
    more: dict[str, Any],
    seconds: int,
) -> None:
    subject = hand.subject(breaker=replace(breaker, **more))
    terms = subject.declared.terms
    if "terms" in declares:
        declares = {"terms": replace(terms, connect_timeout_s=None)}
    subject = hand.subject(breaker=replace(breaker, **more), **declares)
    assert PROMISES[NAMES[4]].bound(subject) == f"{seconds} s"


def test_a_probe_keeps_nobody_out_who_came_later_or_was_told_to_wait(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    probe = hand.story(*refused(0, 3, 1.0), (23.0, "new"), (23.06, "open"), end_s=200.0)

    def outcome(*lines: Any) -> Outcome:
        other = hand.story(*lines, endpoint=1, end_s=200.0)
        declares = {"breaker": breaker, "shared": True, "proves_success": True}
        return Outcome(hand.judge(NAMES[4], probe, other, **declares).outcome)

    assert outcome((2.4, "new"), (2.5, "close", {"code": 1006})) is BROKEN
    assert outcome((2.4, "new"), (2.5, "close", {"code": 1006, "advice_s": 500.0})) is HOLDS
    assert outcome((2.4, "new"), (150.0, "close", {"code": 1006})) is HOLDS
    assert outcome((2.4, "new"), (2.5, "close", {"code": 1006}), (30.0, "gave_up")) is HOLDS
    assert outcome((2.4, "new"), (2.45, "open"), (2.46, "proved")) is HOLDS


def test_the_first_that_is_kept_out_is_shown(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    probe = hand.story(*refused(0, 3, 1.0), (23.0, "new"), (23.06, "open"), end_s=200.0)
    others = [
        hand.story((at - 0.1, "new"), (at, "close", {"code": 1006}), endpoint=endpoint, end_s=200.0)
        for endpoint, at in ((1, 2.5), (2, 2.7))
    ]
    declares = {"breaker": breaker, "shared": True, "proves_success": True}
    found = hand.judge(NAMES[4], probe, *others, **declares)
    assert [line.split()[0] for line in found.events] == ["2.500", "23.000"]


def test_an_attempt_of_a_closed_breaker_is_no_probe(hand: Any, breaker: CircuitBreaker) -> None:
    silent = hand.story((0, "new"), (0.06, "open"), end_s=200.0)
    other = hand.story((1, "new"), (1.1, "close", {"code": 1006}), endpoint=1, end_s=200.0)
    declares = {"breaker": breaker, "shared": True, "proves_success": True}
    assert hand.judge(NAMES[4], silent, other, **declares).outcome is UNDECIDED


def test_short_delays_give_a_probe_two_seconds_more(hand: Any, breaker: CircuitBreaker) -> None:
    short = Reconnect(Delays(Constant(0.5)), terms=hand.careful.terms)
    assert PROMISES[NAMES[4]].bound(hand.subject(short, breaker=breaker)) == "36 s"


def test_what_is_neither_an_end_nor_a_person_changes_no_breaker(
    hand: Any, refused: Lives, breaker: CircuitBreaker
) -> None:
    good = [
        line
        for n in range(5)
        for line in (
            (n, "new"),
            (n + 0.01, "connect"),
            (n + 0.02, "open"),
            (n + 0.5, "close", {"code": 1000, "clean": 1}),
        )
    ]
    assert hand.judge(NAMES[0], hand.story(*good), breaker=breaker).outcome is UNDECIDED
    for between in ("connect", "hidden"):
        story = hand.story(*refused(0, 3, 1.0), (3.0, between), (5.0, "new"))
        assert hand.judge(NAMES[0], story, breaker=breaker).outcome is BROKEN
