from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.evidence import Outcome
from stormlab.policy import (
    AdaptiveThrottle,
    Constant,
    Delays,
    Reconnect,
    ShareOfActive,
    TokenBucket,
    TokensByResult,
)
from stormlab.properties.promises.load import _busiest, fooled_s, refused_in
from stormlab.trace import Recorder
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED
Lives = Callable[..., list[Any]]


def test_what_it_does_in_a_window_of_refusals(hand: Any) -> None:
    every_10_s = hand.subject(Reconnect(Delays(Constant(10.0))))
    assert refused_in(every_10_s, 0, 60.0) == 6
    every_100_ms = hand.subject(Reconnect(Delays(Constant(0.1))))
    assert refused_in(every_100_ms, 0, 30.0) == 300  # more than the short walk


def fooled(begin_s: float, times: int, every_s: float, code: int = 1000) -> list[Any]:
    lines: list[Any] = []
    for number in range(times):
        time_s = begin_s + number * every_s
        ended = (time_s + 0.1, "close", {"code": code, "clean": 1})
        lines += [(time_s, "new"), (time_s + 0.06, "open"), ended]
        lines += [(time_s + 0.1, "timer_set", {"value_s": every_s - 0.1})]
    return lines


REJECT, SERVE = (0, "fault", {"detail": "reject"}), (70.0, "fault", {"detail": "serve"})


@pytest.mark.parametrize(
    ("times", "declares", "outcome"),
    [
        (18, {}, BROKEN),
        (17, {}, HOLDS),  # every 10 s when refused: 2 * 6 + 5
    ],
)
def test_fooled_clients_come_not_much_more_often(
    hand: Any, times: int, declares: dict[str, Any], outcome: Outcome
) -> None:
    every_10_s = hand.subject(Reconnect(Delays(Constant(10.0))), **declares)
    story = hand.story(REJECT, *fooled(1.0, times, 50.0 / times), SERVE)
    assert hand.judge("calm-when-fooled", story, subject=every_10_s).outcome is outcome


def test_the_reason_says_what_is_compared(hand: Any) -> None:
    every_10_s = hand.subject(Reconnect(Delays(Constant(10.0))))
    story = hand.story(REJECT, *fooled(1.0, 18, 50.0 / 18), SERVE)
    assert hand.judge("calm-when-fooled", story, subject=every_10_s).reason == (
        "18 attempts in 60 s, each accepted and closed;"
        " when refused it makes 6, and 2 * 6 + 5 = 17 are allowed"
    )


@pytest.mark.parametrize(
    ("lines", "obeys", "outcome"),
    [
        ([(30.0, "retry_by_hand")], False, UNDECIDED),
        ([(30.0, "online")], False, UNDECIDED),
        ([(30.0, "close", {"advice_s": 0.0, "code": 1013})], True, UNDECIDED),
        ([(30.0, "close", {"advice_s": 0.0, "code": 1013})], None, UNDECIDED),
        ([(30.0, "close", {"advice_s": 0.0, "code": 1013})], False, HOLDS),
    ],
)
def test_what_somebody_asked_for_is_not_held_against_it(
    hand: Any, lines: list[Any], obeys: Any, outcome: Outcome
) -> None:
    story = hand.story(REJECT, *lines, SERVE)
    assert hand.judge("calm-when-fooled", story, obeys_advice=obeys).outcome is outcome


@pytest.mark.parametrize(
    ("times", "every_s", "declares", "outcome"),
    [
        (20, 1.0, {}, BROKEN),  # it usually waits 22 s after 8 failures, so 2.8 s at least
        (20, 3.0, {}, HOLDS),
        (16, 1.0, {}, UNDECIDED),  # the last of them is not waited for
        (17, 1.0, {}, BROKEN),
        (9, 3.0, {}, UNDECIDED),
        (10, 3.0, {}, HOLDS),  # one long wait shows it, more cannot lessen it
        (20, 1.0, {"resets_on": "stable", "stable_s": 0.03}, UNDECIDED),
        (20, 1.0, {"resets_on": "stable", "stable_s": 5.0}, BROKEN),
        (20, 1.0, {"resets_on": "time", "stable_s": 0.5}, UNDECIDED),
        (20, 1.0, {"resets_on": "time", "stable_s": 1.0}, BROKEN),  # it must be longer
        (20, 1.0, {"resets_on": None}, BROKEN),
    ],
)
def test_opening_alone_forgets_nothing(
    hand: Any, times: int, every_s: float, declares: dict[str, Any], outcome: Outcome
) -> None:
    story = hand.story(REJECT, *fooled(1.0, times, every_s), (70.0, "fault", {"detail": "serve"}))
    found = hand.judge("backoff-survives-flapping", story, **declares)
    assert found.outcome is outcome


def test_delays_that_do_not_grow_have_no_backoff_to_keep(hand: Any) -> None:
    subject = hand.subject(Reconnect(Delays(Constant(10.0))))
    story = hand.story(REJECT, *fooled(1.0, 20, 1.0), SERVE)
    found = hand.judge("backoff-survives-flapping", story, subject=subject)
    assert found.outcome is UNDECIDED


@pytest.mark.parametrize(
    ("lines", "outcome"), [([], BROKEN), ([(9.0, "online")], HOLDS), ([(9.0, "open")], HOLDS)]
)
def test_attempts_are_bounded_while_nothing_opens(
    hand: Any, refused: Lives, lines: list[Any], outcome: Outcome
) -> None:
    subject = hand.subject(Reconnect(Delays(Constant(10.0))))
    story = hand.story(*refused(0, 9, 1.0), *lines, *refused(10.0, 9, 1.0))
    found = hand.judge("attempts-bounded", story, subject=subject)
    assert found.outcome is outcome


def test_who_declares_no_delays_may_come_twice_a_second(hand: Any, refused: Lives) -> None:
    subject = hand.subject(Reconnect(Delays(Constant(0.4))), seen=True)
    twice, thrice = (hand.story(*refused(0, 40 * n, 1 / n)) for n in (2, 4))
    assert hand.judge("attempts-bounded", twice, subject=subject).outcome is HOLDS
    assert hand.judge("attempts-bounded", thrice, subject=subject).outcome is BROKEN


def test_a_wait_that_the_server_chose_is_not_counted(hand: Any) -> None:
    subject = hand.subject(Reconnect(Delays(Constant(10.0))), obeys_advice=True)
    told = {"code": 1006, "advice_s": 0.0}
    lines = [line for n in range(40) for line in ((n, "new"), (n + 0.1, "close", told))]
    assert hand.judge("attempts-bounded", hand.story(*lines), subject=subject).outcome is HOLDS


def test_a_story_that_was_cut_never_waits(hand: Any) -> None:
    story = hand.story((0, "new"), cut=True)
    assert hand.judge("attempts-bounded", story).outcome is BROKEN


def test_a_retry_needs_a_token_of_a_reference_budget(hand: Any, refused: Lives) -> None:
    one_in_10_s = TokenBucket(0.1, burst=2)

    def outcome(*lines: Any, budget: Any = one_in_10_s) -> Outcome:
        return Outcome(hand.judge("budget-kept", hand.story(*lines), budget=budget).outcome)

    assert outcome(*refused(0, 3, 1.0)) is HOLDS  # the first is no retry
    assert outcome(*refused(0, 4, 1.0)) is BROKEN
    assert outcome(*refused(0, 9, 10.0)) is HOLDS
    assert outcome((0, "new")) is UNDECIDED
    assert outcome(*refused(0, 4, 1.0), budget=None) is UNDECIDED
    assert outcome(*refused(0, 4, 1.0), budget=AdaptiveThrottle()) is UNDECIDED


def test_sockets_that_share_a_budget_are_judged_together(hand: Any, refused: Lives) -> None:
    lives = [hand.story(*refused(part / 2, 3, 1.0), endpoint=part) for part in range(2)]
    budget = TokenBucket(0.1, burst=2)
    assert hand.judge("budget-kept", *lives, budget=budget).outcome is HOLDS
    assert hand.judge("budget-kept", *lives, budget=budget, shared=True).outcome is BROKEN


@pytest.mark.parametrize(("size", "outcome"), [(500, HOLDS), (16_000, BROKEN), (None, UNDECIDED)])
def test_the_bytes_of_a_handshake_are_bounded(
    hand: Any, size: int | None, outcome: Outcome
) -> None:
    recorder = Recorder()
    socket: dict[str, Any] = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
    if size is not None:
        recorder.add(to_ns(1), Event.NEW, **socket)
        recorder.add(to_ns(1), Event.REQUEST, **socket, up=size)
    trace = recorder.finish({"duration_ns": to_ns(2), "seed": 0})
    assert hand.judge("bytes-bounded", trace=trace).outcome is outcome
    assert hand.judge("bytes-bounded").outcome is UNDECIDED


def test_a_connection_lasts_until_it_is_closed_whatever_happens_meanwhile(hand: Any) -> None:
    lines: list[Any] = [REJECT]
    for time_s in range(1, 160, 8):
        lines += [(time_s, "new"), (time_s + 0.06, "open"), (time_s + 0.07, "timer_cleared")]
        lines += [(time_s + 6.0, "close", {"code": 1000, "clean": 1})]
    story = hand.story(*lines, (170.0, "fault", {"detail": "serve"}))
    for stable_s, outcome in ((5.0, UNDECIDED), (7.0, BROKEN)):
        declares = {"resets_on": "stable", "stable_s": stable_s}
        found = hand.judge("backoff-survives-flapping", story, **declares)
        assert found.outcome is outcome


def test_too_few_connections_are_told(hand: Any) -> None:
    story = hand.story(REJECT, *fooled(1.0, 14, 1.0), SERVE)
    found = hand.judge("backoff-survives-flapping", story)
    assert found.reason == "fewer than 16 connections in a row, and no long wait"


def test_a_server_fools_as_long_as_a_client_takes_that_backs_off(hand: Any) -> None:
    assert fooled_s(hand.subject(Reconnect(Delays(Constant(20.0))))) == 12 * (20.0 + 1.5)
    assert fooled_s(hand.subject(Reconnect(Delays(Constant(0.1))))) == 120.0
    assert fooled_s(hand.subject(Reconnect(Delays(Constant(1e5))))) == 100_000.0


@pytest.mark.parametrize(
    ("times", "every_s", "outcome"),
    [(17, 3.0, HOLDS), (18, 3.0, BROKEN), (40, 3.6, HOLDS), (40, 3.5, BROKEN)],
)
def test_as_many_attempts_as_the_bound_fit_into_a_minute(
    hand: Any, refused: Lives, times: int, every_s: float, outcome: Outcome
) -> None:
    """Every 10 s when refused: 2 * 6 + 5 = 17."""
    subject = hand.subject(Reconnect(Delays(Constant(10.0))))
    story = hand.story(*refused(0, times, every_s))
    found = hand.judge("attempts-bounded", story, subject=subject)
    assert found.outcome is outcome
    if outcome is BROKEN:
        assert found.reason == "18 attempts in 60 s; bound: 17"
        assert len(found.events) == 4


def test_the_busiest_window_is_found_wherever_it_is() -> None:
    def busiest(*times_s: int) -> list[int]:
        steps = [Step(to_ns(time_s), Event.NEW) for time_s in times_s]
        return [round(step.time_ns / 1e9) for step in _busiest(steps, to_ns(60))]

    assert busiest() == []
    assert busiest(0, 100, 101, 102, 300, 301, 302, 303, 500) == [300, 301, 302, 303]
    assert busiest(0, 60, 120, 121, 180) == [120, 121, 180]


def test_a_budget_is_followed_without_timers(hand: Any, lost: Any) -> None:
    lines = [line for n in range(3) for line in ((n, "new"), (n + 0.02, "close", lost))]
    assert hand.judge("budget-kept", hand.story(*lines), budget=TokenBucket(9)).outcome is HOLDS


def test_a_share_of_what_is_active_is_followed(hand: Any, lost: Any) -> None:
    """A retry counts against the connections that are there, its own not yet among them."""
    budget = ShareOfActive(1.0, retries_min=0)
    lone = hand.story((0, "new"), (0.02, "close", lost), (1, "new"))
    beside = hand.story((0, "new"), (0.1, "open"), endpoint=1)
    left = hand.story((0, "new"), (0.1, "open"), (0.5, "close", lost), endpoint=1)

    def outcome(*stories: Any) -> Outcome:
        return Outcome(hand.judge("budget-kept", *stories, budget=budget, shared=True).outcome)

    assert outcome(lone) is BROKEN
    assert outcome(lone, beside) is HOLDS
    assert outcome(lone, left) is BROKEN


@pytest.mark.parametrize(
    ("lines", "proves", "outcome"),
    [
        ([], False, BROKEN),
        ([(1.5, "open")], False, HOLDS),
        ([(1.5, "open")], True, BROKEN),
        ([(1.5, "open"), (1.6, "proved")], True, HOLDS),
    ],
)
def test_a_success_brings_a_token_when_it_is_what_counts_as_one(
    hand: Any,
    lost: Any,
    lines: list[Any],
    proves: bool,  # noqa: FBT001  a parameter
    outcome: Outcome,
) -> None:
    story = hand.story(
        (0, "new"), (0.02, "close", lost), (1, "new"), *lines, (2, "close", lost), (3, "new"),
        (3.1, "close", lost), (4, "new") if outcome is BROKEN else (4, "offline"),
    )  # fmt: skip
    budget = TokensByResult(1, cost=1, per_success=1)
    found = hand.judge("budget-kept", story, budget=budget, proves_success=proves)
    assert found.outcome is outcome


def test_bytes_count_both_ways_and_for_each_socket(hand: Any) -> None:
    def outcome(*lines: tuple[Event, int, int, int, int]) -> Outcome:
        recorder = Recorder()
        for number, (event, client, socket, up, down) in enumerate(lines):
            columns = {"client": client, "endpoint": 0, "socket": socket, "attempt": 1}
            recorder.add(to_ns(number), Event.NEW, **columns)  # type: ignore[arg-type]
            recorder.add(to_ns(number), event, **columns, up=up, down=down)  # type: ignore[arg-type]
        trace = recorder.finish({"duration_ns": to_ns(99), "seed": 0})
        return Outcome(hand.judge("bytes-bounded", trace=trace).outcome)

    request, response = Event.REQUEST, Event.RESPONSE
    assert outcome((request, 0, 0, 5_000, 0), (response, 0, 0, 0, 5_000)) is BROKEN
    assert outcome((request, 0, 0, 4_000, 0), (response, 0, 0, 0, 5_000)) is HOLDS
    assert outcome((request, 0, 32, 5_000, 0), (request, 1, 0, 5_000, 0)) is HOLDS


# --- a server that answers before it closes ------------------------------------------------------


def answered(times: int, every_s: float) -> list[Any]:
    """As :func:`fooled`, each connection proved."""
    lines: list[Any] = []
    for line in fooled(0.0, times, every_s):
        lines += [line, (line[0], "proved")] if line[1] == "open" else [line]
    return lines


@pytest.mark.parametrize(
    ("every_s", "outcome"), [(0.11, BROKEN), (0.29, BROKEN), (0.31, HOLDS), (1.0, HOLDS)]
)
def test_an_answer_is_the_proof_that_a_reset_needs_but_no_leave_to_hammer(
    hand: Any, every_s: float, outcome: Outcome
) -> None:
    lines = answered(round(69 / every_s), every_s)
    story = hand.story(REJECT, *lines, SERVE)
    assert hand.judge("calm-when-fooled", story, opaque=True).outcome is outcome


def test_without_an_answer_a_wait_is_no_excuse(hand: Any) -> None:
    story = hand.story(REJECT, *fooled(0.0, 69, 1.0), SERVE)
    assert hand.judge("calm-when-fooled", story, opaque=True).outcome is BROKEN


def test_a_proof_excuses_a_reset(hand: Any) -> None:
    for lines, outcome in ((fooled(0.0, 60, 1.0), BROKEN), (answered(60, 1.0), UNDECIDED)):
        story = hand.story(REJECT, *lines, SERVE)
        assert hand.judge("backoff-survives-flapping", story, opaque=True).outcome is outcome


def test_a_close_of_the_codes_own_is_nobodys_wish(hand: Any) -> None:
    """An endpoint that closes its own sockets is fooled all the same."""
    lines = []
    for line in fooled(0.0, 69, 1.0):
        own = {"detail": "OPEN"}
        lines += [line, (line[0] + 0.01, "close_called", own)] if line[1] == "open" else [line]
    story = hand.story(REJECT, *lines, SERVE)
    assert hand.judge("calm-when-fooled", story, opaque=True).outcome is BROKEN
    closed = (30, "close_called", {"detail": "by the application"})
    lines = sorted([*lines, closed], key=lambda line: line[0])
    story = hand.story(REJECT, *lines, SERVE)
    assert hand.judge("calm-when-fooled", story, opaque=True).outcome is UNDECIDED


def test_until_the_first_connection_another_rule_may_hold(hand: Any) -> None:
    early = [(float(n), "new") for n in range(60)]
    assert hand.judge("attempts-bounded", hand.story(*early)).outcome is Outcome.BROKEN
    assert hand.judge("attempts-bounded", hand.story(*early), setup_delay_s=1.0).outcome is (
        Outcome.HOLDS
    )
    first = [(0, "new"), (0.1, "open"), (0.2, "proved"), (1, "close", {"code": 1006})]
    later = [(2.0 + time_s, name) for time_s, name in early]
    story = hand.story(*first, *later)
    assert hand.judge("attempts-bounded", story, setup_delay_s=1.0).outcome is Outcome.BROKEN
