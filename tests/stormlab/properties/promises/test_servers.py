from typing import Any, ClassVar

import pytest

from stormlab.clock import to_ns
from stormlab.evidence import Outcome
from stormlab.policy import Reconnect
from stormlab.policy.support import Support
from stormlab.properties import PROMISES
from stormlab.vocabulary import Cause

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED


def clean(code: int, **more: Any) -> dict[str, Any]:
    return {"code": code, "clean": 1, **more}


@pytest.mark.parametrize(
    ("next_s", "declares", "outcome"),
    [
        (30.9, {}, BROKEN),
        (31.0, {}, HOLDS),
        (11.0, {"advice_limit_s": 10.0}, HOLDS),
        (10.9, {"advice_limit_s": 10.0}, BROKEN),
        (2.0, {"ruled_codes": frozenset({1013})}, UNDECIDED),
        (2.0, {"obeys_advice": None}, UNDECIDED),
        (2.0, {"obeys_advice": False}, UNDECIDED),
    ],
)
def test_advice_is_kept_as_far_as_it_is_declared(
    hand: Any, next_s: float, declares: dict[str, Any], outcome: Outcome
) -> None:
    story = hand.story((0, "new"), (1.0, "close", clean(1013, advice_s=30.0)), (next_s, "new"))
    declared = {"obeys_advice": True, **declares}
    assert hand.judge("obeys-advice", story, **declared).outcome is outcome


def test_a_person_overrules_advice(hand: Any) -> None:
    told = (1.0, "close", clean(1013, advice_s=30.0))
    story = hand.story((0, "new"), told, (2.0, "retry_by_hand"), (2.0, "new"))
    assert hand.judge("obeys-advice", story, obeys_advice=True).outcome is UNDECIDED


@pytest.mark.parametrize(("next_s", "outcome"), [(5.9, BROKEN), (6.0, HOLDS)])
def test_a_restart_is_given_the_time_that_is_declared_for_it(
    hand: Any, next_s: float, outcome: Outcome
) -> None:
    restart = Support.of([(to_ns(5.0), to_ns(30.0))])
    story = hand.story((0, "new"), (1.0, "close", clean(1012)), (next_s, "new"))
    declares = {"restart": restart, "obeys_advice": False}
    assert hand.judge("obeys-advice", story, **declares).outcome is outcome
    other = hand.story((0, "new"), (1.0, "close", clean(1001)), (next_s, "new"))
    assert hand.judge("obeys-advice", other, **declares).outcome is UNDECIDED


@pytest.mark.parametrize(
    ("code", "after", "declares", "outcome"),
    [
        (4001, [(5.0, "new")], {}, BROKEN),
        (4002, [(5.0, "new")], {}, HOLDS),
        (4001, [(5.0, "online"), (5.0, "new")], {}, HOLDS),
        (1012, [(1.0, "gave_up", {"clean": 1})], {}, BROKEN),
        (1012, [(9.0, "gave_up", {"clean": 1})], {}, HOLDS),
        (1012, [(1.0, "gave_up", {"clean": 1})], {"attempts_max": 1}, HOLDS),
        (1013, [(1.0, "gave_up", {"clean": 1})], {"final_codes": frozenset({1013})}, BROKEN),
        (1008, [(1.0, "gave_up", {"clean": 1})], {}, HOLDS),
    ],
)
def test_final_codes_end_it_and_transient_ones_do_not(
    hand: Any, code: int, after: list[Any], declares: dict[str, Any], outcome: Outcome
) -> None:
    story = hand.story((0, "new"), (0.1, "open"), (1.0, "close", clean(code)), *after)
    declared = {"final_codes": frozenset({4001}), **declares}
    assert hand.judge("obeys-close-codes", story, **declared).outcome is outcome


def test_without_a_close_frame_no_code_is_judged(hand: Any, lost: Any) -> None:
    story = hand.story((0, "new"), (1.0, "close", lost), (2.0, "new"))
    assert hand.judge("obeys-close-codes", story).outcome is UNDECIDED


class Proxied:
    document: ClassVar[dict[str, Any]] = {"network": {"idle_cut_s": 60.0}}


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([(61.0, "idle_cut")], BROKEN),
        ([(99.0, "message")], HOLDS),
        ([(50.0, "close", {})], UNDECIDED),
        ([(50.0, "timer_set"), (70.0, "close", {})], HOLDS),
        ([(1.0, "close"), (550.0, "new"), (550.1, "open")], UNDECIDED),
    ],
)
def test_a_heartbeat_beats_the_proxy(
    hand: Any, small_trace: Any, lines: list[Any], outcome: Outcome
) -> None:
    story = hand.story((0, "new"), (0.1, "open"), *lines)
    found = hand.judge("heartbeat-beats-the-proxy", story, world=Proxied(), trace=small_trace)
    assert found.outcome is outcome
    assert hand.judge("heartbeat-beats-the-proxy", story).outcome is UNDECIDED


def test_three_cuts_show_that_a_proxy_wins(hand: Any, small_trace: Any) -> None:
    cuts = [(61.0 * n, "idle_cut") for n in range(1, 5)]
    story = hand.story((0, "new"), (0.1, "open"), *cuts)
    found = hand.judge("heartbeat-beats-the-proxy", story, world=Proxied(), trace=small_trace)
    assert found.reason == "a proxy cuts after 60 s of silence, and its heartbeat is 20 s"
    assert len(found.events) == 3


def test_the_heartbeat_is_told(hand: Any) -> None:
    bound = PROMISES["heartbeat-beats-the-proxy"].bound
    assert bound(hand.subject()) == "heartbeat every 20 s"
    assert bound(hand.subject(Reconnect(hand.careful.schedule))) == "has no heartbeat"


def test_an_end_without_advice_gives_nothing_to_judge(hand: Any, lost: Any) -> None:
    for end in (clean(1000), lost):
        story = hand.story((0, "new"), (1.0, "close", end), (2.0, "new"))
        assert hand.judge("obeys-advice", story, obeys_advice=True).outcome is UNDECIDED


def test_a_close_of_the_codes_own_is_no_final_code_of_the_servers(hand: Any) -> None:
    for cause, outcome in (
        (Cause.SERVER_CLOSED, Outcome.BROKEN),
        (Cause.CLOSED_BY_PAGE, Outcome.HOLDS),
    ):
        end = {"code": 1000, "clean": 1, "cause": cause}
        story = hand.story((0, "new"), (0.1, "open"), (5, "close", end), (9, "new"))
        found = hand.judge("obeys-close-codes", story, final_codes=frozenset({1000}))
        assert found.outcome is outcome
