from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.evidence import Outcome
from stormlab.trace import Recorder
from stormlab.vocabulary import Event, State

BROKEN, HOLDS, UNDECIDED = Outcome.BROKEN, Outcome.HOLDS, Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([(0, "new"), (1, "new")], BROKEN),
        ([(0, "new"), (1, "open"), (2, "new")], BROKEN),
        ([(0, "new"), (1, "close"), (1, "new")], HOLDS),
        ([(0, "new"), (1, "close_called"), (1, "new")], HOLDS),
        ([(0, "new"), (1, "gone"), (1, "new")], HOLDS),
        ([(0, "new"), (1, "close"), (1, "timer_set"), (2, "new")], HOLDS),
    ],
)
def test_an_endpoint_has_one_live_socket(hand: Any, lines: list[Any], outcome: Outcome) -> None:
    assert hand.judge("one-live-socket", hand.story(*lines)).outcome is outcome


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([(0, "timer_set"), (1, "timer_set")], BROKEN),
        ([(0, "timer_set"), (1, "timer_fired"), (1, "timer_set")], HOLDS),
        ([(0, "timer_set"), (1, "timer_cleared"), (1, "timer_set")], HOLDS),
        ([(0, "timer_set"), (1, "timer_ignored"), (1, "timer_set")], HOLDS),
        ([(0, "timer_set"), (1, "gone"), (1, "timer_set")], HOLDS),
        ([(0, "timer_set"), (1, "visible")], HOLDS),
    ],
)
def test_an_endpoint_has_one_pending_timer(hand: Any, lines: list[Any], outcome: Outcome) -> None:
    assert hand.judge("one-pending-timer", hand.story(*lines)).outcome is outcome


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ([], BROKEN),
        ([(20, "lost", {"socket": 1, "conn": 1})], HOLDS),
        ([(20, "close", {"socket": 1})], HOLDS),
        ([(20, "close_called", {"socket": 1})], HOLDS),
        ([(20, "gone")], HOLDS),
        ([(54.9, "lost", {"socket": 1, "conn": 1})], HOLDS),
        ([(55.2, "lost", {"socket": 1, "conn": 1})], BROKEN),
    ],
    ids=["both stay", "server saw it", "page saw it", "closing", "reloaded", "in time", "late"],
)
def test_the_server_holds_one_connection_of_an_endpoint(
    hand: Any, small_trace: Any, more: list[Any], outcome: Outcome
) -> None:
    two = [
        (0, "new"),
        (0.1, "accepted", {"conn": 1}),
        (10, "new"),
        (10.1, "accepted", {"conn": 2}),
    ]
    story = hand.story(*two, *more)
    found = hand.judge("one-connection-at-the-server", story, trace=small_trace)
    assert found.outcome is outcome


def test_without_a_server_there_is_nothing_to_hold(hand: Any, small_trace: Any) -> None:
    name = "one-connection-at-the-server"
    assert hand.judge(name, hand.story((0, "new"))).outcome is UNDECIDED
    assert hand.judge(name, hand.story((0, "new")), trace=small_trace).outcome is UNDECIDED


@pytest.mark.parametrize("end", ["gave_up", "gone", "close_called"])
@pytest.mark.parametrize(
    ("between", "outcome"), [([], BROKEN), ([(2, "online")], HOLDS), ([(2, "offline")], BROKEN)]
)
def test_nothing_follows_an_end_unless_somebody_asks(
    hand: Any, end: str, between: list[Any], outcome: Outcome
) -> None:
    closed = end == "close_called"
    facts = {"detail": "by the application"} if closed else {}
    story = hand.story((1, end, facts), *between, (3, "new"))
    outcome = BROKEN if closed else outcome  # and only a person takes it back
    assert hand.judge("quiet-after-the-end", story).outcome is outcome


def test_a_close_that_the_code_will_follow_by_another_socket_is_no_end(hand: Any) -> None:
    story = hand.story((0, "new"), (1, "close_called"), (3, "new"))
    assert hand.judge("quiet-after-the-end", story).outcome is UNDECIDED


def test_a_life_without_an_end_is_not_judged(hand: Any) -> None:
    assert hand.judge("quiet-after-the-end", hand.story((0, "new"))).outcome is UNDECIDED


def test_a_cleanup_is_an_end_unless_the_component_is_mounted_again(hand: Any) -> None:
    mounted = [(0, "mount"), (1, "cleanup")]
    gone = hand.story(*mounted, (2, "new"))
    again = hand.story(*mounted, (1, "mount"), (2, "new"))
    assert hand.judge("quiet-after-the-end", gone).outcome is BROKEN
    assert hand.judge("quiet-after-the-end", again).outcome is UNDECIDED


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(State.CONNECTING, BROKEN), (State.OPEN, HOLDS), (None, UNDECIDED)],
)
def test_messages_are_sent_when_open(hand: Any, state: State | None, outcome: Outcome) -> None:
    recorder = Recorder()
    if state is not None:
        recorder.add(
            to_ns(1), Event.SEND, client=0, endpoint=0, socket=0, attempt=1, before=int(state)
        )
    trace = recorder.finish({"duration_ns": to_ns(2), "seed": 0})
    assert hand.judge("sends-when-open", trace=trace).outcome is outcome


def test_a_connection_that_the_page_closed_is_the_one_that_is_not_counted(
    hand: Any, small_trace: Any
) -> None:
    story = hand.story(
        (0, "new"), (0.1, "accepted", {"conn": 1}),
        (1, "new"), (1.1, "accepted", {"conn": 2}),
        (2, "close", {"socket": 1}), (3, "lost", {"socket": 2, "conn": 2}),
        (4, "new"), (4.1, "accepted", {"conn": 3}),
    )  # fmt: skip
    found = hand.judge("one-connection-at-the-server", story, trace=small_trace)
    assert found.outcome is HOLDS


def test_the_two_oldest_connections_are_shown(hand: Any, small_trace: Any) -> None:
    lines = [line for n in range(3) for line in ((n, "new"), (n + 0.1, "accepted", {"conn": n}))]
    found = hand.judge("one-connection-at-the-server", hand.story(*lines), trace=small_trace)
    assert found.reason == "the server holds 3 connections of one endpoint"
    assert [line.partition(": ")[2].split()[0] for line in found.events] == ["0.100", "1.100"]


def test_every_socket_is_looked_at_and_what_is_no_attempt_is_none(hand: Any) -> None:
    quiet = hand.story((0, "new"))
    breach = hand.story((1, "gave_up"), (3, "new"), endpoint=1)
    assert hand.judge("quiet-after-the-end", quiet, breach).outcome is BROKEN
    for after in ("close", "timer_cleared"):
        story = hand.story((0, "new"), (1, "gave_up"), (2, after))
        assert hand.judge("quiet-after-the-end", story).outcome is HOLDS


def test_only_the_application_s_close_is_an_end(hand: Any) -> None:
    for detail in ("", "stale", "another socket"):
        story = hand.story((0, "new"), (1, "close_called", {"detail": detail}), (3, "new"))
        assert hand.judge("quiet-after-the-end", story).outcome is UNDECIDED


def test_after_a_second_mount_nothing_but_an_end_is_an_end(hand: Any) -> None:
    mounted = [(0, "mount"), (1, "cleanup"), (1, "mount")]
    for between in ("connect", "breaker_closed"):
        story = hand.story(*mounted, (1.5, between), (2, "new"))
        assert hand.judge("quiet-after-the-end", story).outcome is UNDECIDED


def test_the_first_message_that_came_too_early_is_shown(hand: Any) -> None:
    recorder = Recorder()
    for time_s in (1, 2):
        columns = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
        recorder.add(to_ns(time_s), Event.SEND, **columns, before=int(State.CONNECTING))  # type: ignore[arg-type]
    trace = recorder.finish({"duration_ns": to_ns(3), "seed": 0})
    assert hand.judge("sends-when-open", trace=trace).events[0].startswith("1.000 s")


# --- real code -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"), [("CONNECTING", BROKEN), ("", HOLDS), (None, UNDECIDED)]
)
def test_code_sends_when_open(hand: Any, state: str | None, outcome: Outcome) -> None:
    sends = [] if state is None else [(1, "send", {"detail": state})]
    story = hand.story((0, "new"), *sends)
    assert hand.judge("sends-when-open", story, opaque=True).outcome is outcome


@pytest.mark.parametrize(("opaque", "outcome"), [(True, BROKEN), (False, UNDECIDED)])
def test_the_server_of_hosted_code_is_seen(hand: Any, outcome: Outcome, *, opaque: bool) -> None:
    story = hand.story(
        (0, "new"), (0.1, "accepted", {"conn": 1}), (10, "new"), (10.1, "accepted", {"conn": 2})
    )
    found = hand.judge("one-connection-at-the-server", story, opaque=opaque)
    assert found.outcome is outcome


def test_a_close_of_the_codes_own_does_not_close_it_for_good(hand: Any) -> None:
    own = (1, "close_called", {"detail": "OPEN", "socket": 1})
    by_application = (1, "close_called", {"detail": "by the application"})
    for end, outcome in ((own, UNDECIDED), (by_application, BROKEN)):
        story = hand.story((0, "new"), (0.1, "open"), end, (3, "new"))
        assert hand.judge("quiet-after-the-end", story, opaque=True).outcome is outcome


def test_coming_back_in_sight_does_not_reopen_what_the_application_closed(hand: Any) -> None:
    closed = (1, "close_called", {"detail": "by the application"})
    for asks, outcome in (("online", BROKEN), ("visible", BROKEN), ("retry_by_hand", HOLDS)):
        story = hand.story((0, "new"), closed, (2, asks), (3, "new"))
        assert hand.judge("quiet-after-the-end", story, opaque=True).outcome is outcome
