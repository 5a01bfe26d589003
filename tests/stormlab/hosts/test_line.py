"""What becomes of a WebSocket: by phase, by what the device does, by what the client does."""

from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.hosts.wire import ABNORMAL, NO_STATUS, End
from stormlab.vocabulary import Cause, Event, State
from stormlab.worlds.bare import Act, BareWorld, Phase, run_bare
from stormlab.worlds.bare_socket import SYN_NS

REFUSED = End(cause=Cause.REFUSED)


# --- the server's phases -------------------------------------------------------------------------


def test_a_connection_opens_after_three_round_trips_and_is_proved(stage: Any) -> None:
    assert stage.run() == [(0.06, "opened", "")]
    assert stage.server.told == [(0.05, "opened", 0)]
    assert stage.seen(Event.ACCEPTED, Event.OPEN, Event.PROVED) == [0.05, 0.06, 0.06]


@pytest.mark.parametrize("what", ["refuse", "stop"])
def test_who_is_not_there_refuses_after_one_round_trip(stage: Any, what: str) -> None:
    stage.phase(0.0, what, advice_s=5.0)
    assert stage.run() == [(0.02, "ended", REFUSED)]
    (close,) = [step for step in stage.diary.steps if step.event is Event.CLOSE]
    assert (close.code, close.clean, close.conn) == (ABNORMAL, 0, -1)
    assert close.advice_ns == to_ns(5.0)


def test_a_crash_ends_what_is_open_without_a_word(stage: Any) -> None:
    stage.phase(3.0, "refuse")
    end = End(ABNORMAL, failed=False, cause=Cause.KILLED)
    assert stage.run()[1:] == [(3.01, "ended", end)]
    assert stage.server.told[1:] == [(3.0, "gone", 0)]


def test_a_stop_closes_with_its_code_and_the_handshake_begins_first(stage: Any) -> None:
    stage.phase(3.0, "stop", code=1001)
    end = End(1001, clean=True, failed=False, cause=Cause.SERVER_CLOSED)
    assert stage.run()[1:] == [(3.01, "closing", ""), (3.01, "ended", end)]


def test_a_server_that_serves_may_drop_what_it_has(stage: Any) -> None:
    stage.phase(3.0, "serve", code=4001, drop=True, advice_s=2.0)
    assert stage.run()[-1][0] == 3.01
    assert stage.ears[0].end.code == 4001
    (close,) = [step for step in stage.diary.steps if step.event is Event.CLOSE]
    assert close.advice_ns == to_ns(2.0)


def test_it_also_drops_what_it_has_accepted_a_moment_ago(stage: Any) -> None:
    stage.phase(0.055, "serve", drop=True)
    assert [(at_s, what) for at_s, what, _ in stage.run()] == [
        (0.06, "opened"),
        (0.065, "closing"),
        (0.065, "ended"),
    ]


def test_syns_are_repeated_until_the_server_answers(stage: Any) -> None:
    stage.phase(0.0, "hang")
    stage.phase(5.5, "serve")
    assert stage.run() == [(7.06, "opened", "")]  # the SYN of 7 s


def test_an_attempt_is_given_up_when_no_syn_is_left(stage: Any) -> None:
    stage.phase(0.0, "hang")
    assert stage.run() == [(SYN_NS[-1] / 1e9 + 0.01, "ended", End(cause=Cause.TIMED_OUT))]


def test_a_connection_falls_silent_and_is_reset_when_the_server_is_back(stage: Any) -> None:
    stage.server.greets = "hello"
    stage.phase(3.0, "hang")
    stage.phase(9.0, "serve")
    stage.at(1.0, lambda: stage.lines[0].send("early"))
    stage.at(4.0, lambda: stage.lines[0].send("lost"))
    stage.at(0.9, lambda: stage.server.callers[0].later(4.0, lambda: stage.server._tell("woke")))
    end = End(ABNORMAL, failed=False, cause=Cause.RESET)
    assert stage.run() == [
        (0.06, "opened", ""),
        (0.06, "message", "hello"),
        (9.01, "ended", end),
    ]
    assert stage.server.told == [
        (0.05, "opened", 0),
        (1.01, "message", (0, "early")),
        (9.0, "gone", 0),
    ]


def test_a_reject_closes_after_its_time_and_never_answers(stage: Any) -> None:
    stage.server.greets = "hello"
    stage.phase(0.0, "reject", 30.0, code=1013, after_s=0.5)
    assert [(at_s, what) for at_s, what, _ in stage.run()] == [
        (0.06, "opened"),
        (0.56, "closing"),
        (0.56, "ended"),
    ]
    assert stage.ears[0].end.code == 1013
    assert stage.server.told == []
    assert stage.seen(Event.PROVED) == []


def test_a_reject_that_answers_lets_the_peer_speak_first(stage: Any) -> None:
    stage.server.greets = "hello"
    stage.phase(0.0, "reject", 30.0, code=1013, after_s=0.5, answers=True)
    assert [what for _, what, _ in stage.run()] == ["opened", "message", "closing", "ended"]
    assert stage.server.told == [(0.05, "opened", 0), (0.56, "gone", 0)]
    assert stage.seen(Event.PROVED) == [0.06]


def test_who_was_let_in_is_closed_when_the_reject_is_over(stage: Any) -> None:
    stage.phase(0.0, "reject", 2.0, code=1013, after_s=10.0)
    stage.phase(2.0, "serve")
    assert stage.run()[-1][0] == 2.01


def test_a_mute_server_opens_and_says_nothing(stage: Any) -> None:
    stage.server.greets = "hello"
    stage.phase(0.0, "mute")
    stage.at(1.0, lambda: stage.lines[0].send("anybody"))
    assert stage.run() == [(0.06, "opened", "")]
    assert stage.server.told == []
    assert stage.seen(Event.RECEIVED) == [1.01]


def test_a_handshake_meets_a_server_that_has_gone_meanwhile(stage: Any) -> None:
    stage.phase(0.055, "refuse")
    assert stage.run() == [(0.06, "ended", End(cause=Cause.RESET))]
    assert stage.server.told == [(0.05, "opened", 0), (0.055, "gone", 0)]


# --- messages ------------------------------------------------------------------------------------


def test_messages_take_one_way_and_go_both_ways(stage: Any) -> None:
    stage.at(1.0, lambda: stage.lines[0].send("up"))
    stage.at(2.0, lambda: stage.server.callers[0].send(b"down"))
    assert stage.run()[1:] == [(2.01, "message", b"down")]
    assert stage.server.told[1:] == [(1.01, "message", (0, "up"))]
    assert stage.seen(Event.SEND, Event.RECEIVED, Event.MESSAGE) == [1.0, 1.01, 2.01]


def test_a_connection_is_proved_once(stage: Any) -> None:
    stage.prove(1.0)
    stage.run()
    assert stage.seen(Event.PROVED) == [0.06]


def test_nothing_is_sent_before_the_opening_and_nothing_after_the_end(stage: Any) -> None:
    stage.phase(1.0, "refuse")
    stage.at(0.03, lambda: stage.lines[0].send("too early"))
    stage.at(2.0, lambda: stage.lines[0].send("too late"))
    stage.at(2.0, lambda: stage.server.callers[0].send("too late"))
    assert [what for _, what, _ in stage.run()] == ["opened", "ended"]
    assert [what for _, what, _ in stage.server.told] == ["opened", "gone"]


def test_the_server_may_close_and_its_timers_end_with_the_connection(stage: Any) -> None:
    stage.at(1.0, lambda: stage.server.callers[0].later(2.0, lambda: stage.server._tell("late")))
    stage.at(2.0, lambda: stage.server.callers[0].close(4000, "enough"))
    assert stage.run()[-1][0] == 2.01
    assert (stage.ears[0].end.code, stage.ears[0].end.reason) == (4000, "enough")
    assert [what for _, what, _ in stage.server.told] == ["opened", "gone"]


def test_the_peer_chooses_a_subprotocol(stage: Any) -> None:
    stage.at(1.0, lambda: stage.dial("first", "last"))
    stage.run()
    assert stage.ears[1].told == [(1.06, "opened", "last")]
    caller = stage.server.callers[1]
    assert (caller.number, caller.protocol, caller.url) == (1, "last", "wss://server.example/")


# --- the device ----------------------------------------------------------------------------------


def test_who_is_offline_cannot_connect(stage: Any) -> None:
    stage.around.go(online=False)
    assert stage.run() == [(0.001, "ended", End(cause=Cause.OFFLINE))]


def test_a_handshake_during_which_the_device_goes_offline_fails(stage: Any) -> None:
    stage.go(0.055, online=False)
    assert stage.run() == [(0.06, "ended", End(cause=Cause.OFFLINE))]


def test_messages_of_both_sides_wait_for_the_network(stage: Any) -> None:
    stage.at(1.995, lambda: stage.lines[0].send("on its way"))
    stage.at(1.995, lambda: stage.server.callers[0].send("as well"))
    stage.go(2.0, online=False)
    stage.at(3.0, lambda: stage.lines[0].send("held"))
    stage.at(3.0, lambda: stage.server.callers[0].send("held back"))
    buffered = []
    stage.at(4.0, lambda: buffered.append(stage.lines[0].buffered))
    stage.go(5.0, online=True)
    assert stage.run()[1:] == [(5.01, "message", "as well"), (5.01, "message", "held back")]
    assert stage.server.told[1:] == [
        (5.01, "message", (0, "on its way")),
        (5.01, "message", (0, "held")),
    ]
    assert buffered == [len("held") + len("on its way")]


def test_an_end_while_offline_is_heard_of_when_the_device_is_back(stage: Any) -> None:
    stage.go(2.0, online=False)
    stage.phase(3.0, "refuse")
    stage.phase(4.0, "serve")
    stage.go(9.0, online=True)
    end = End(ABNORMAL, failed=False, cause=Cause.RESET)
    assert stage.run()[1:] == [(9.02, "ended", end)]
    assert stage.server.told[1:] == [(3.0, "gone", 0)]


def test_a_short_absence_changes_nothing(stage: Any) -> None:
    stage.go(2.0, online=False)
    stage.go(3.0, online=True)
    stage.at(4.0, lambda: stage.lines[0].send("still here"))
    assert stage.run() == [(0.06, "opened", "")]
    assert stage.server.told[1:] == [(4.01, "message", (0, "still here"))]


# --- the client closes ---------------------------------------------------------------------------


def test_closing_a_connecting_one_fails_it_at_once(stage: Any) -> None:
    stage.close(0.03)
    assert stage.run() == [(0.03, "ended", End(cause=Cause.ABORTED_CONNECTING))]
    assert stage.server.told == []
    (called,) = [step for step in stage.diary.steps if step.event is Event.CLOSE_CALLED]
    assert called.detail == "CONNECTING"


def test_closing_an_open_one_takes_a_round_trip(stage: Any) -> None:
    stage.close(1.0, 3000, "bye")
    end = End(3000, "bye", clean=True, failed=False, cause=Cause.CLOSED_BY_PAGE)
    assert stage.run()[1:] == [(1.02, "ended", end)]
    assert stage.server.told[1:] == [(1.01, "gone", 0)]


def test_a_close_without_a_code_has_none(stage: Any) -> None:
    stage.close(1.0)
    stage.run()
    assert stage.ears[0].end.code == NO_STATUS


def test_closing_twice_is_closing_once(stage: Any) -> None:
    stage.close(1.0, 3000)
    stage.close(1.0, 3001)
    stage.close(9.0, 3002)
    assert stage.run()[-1][0] == 1.02
    assert stage.ears[0].end.code == 3000
    assert stage.seen(Event.CLOSE_CALLED) == [1.0]


def test_while_it_closes_it_still_hears_and_sends_nothing(stage: Any) -> None:
    stage.at(0.995, lambda: stage.server.callers[0].send("last words"))
    stage.close(1.0)
    stage.at(1.001, lambda: stage.lines[0].send("no more"))
    assert [what for _, what, _ in stage.run()] == ["opened", "message", "ended"]
    assert [what for _, what, _ in stage.server.told] == ["opened", "gone"]


@pytest.mark.parametrize("how", ["hang", "offline"])
def test_a_close_that_nobody_answers_takes_as_long_as_the_platform_waits(
    stage: Any, how: str
) -> None:
    if how == "hang":
        stage.phase(1.0, "hang", 100.0)
    else:
        stage.go(1.0, online=False)
    stage.close(2.0)
    assert stage.run()[1:] == [(62.0, "ended", End(failed=False, cause=Cause.TIMED_OUT))]


def test_a_server_that_closes_first_ends_the_waiting(stage: Any) -> None:
    stage.phase(1.0, "hang", 100.0)
    stage.close(2.0)
    stage.phase(5.0, "serve")
    assert stage.run()[-1][0] == 5.01


def test_killing_it_ends_it_without_a_word(stage: Any) -> None:
    stage.kill(1.0)
    end = End(failed=False, cause=Cause.CLOSED_BY_PAGE)
    assert stage.run()[1:] == [(1.0, "ended", end)]
    assert stage.lines[0].state is State.CLOSED
    assert stage.around.lines == []


# --- as in a bare world --------------------------------------------------------------------------


class Never:
    """A policy that makes one attempt."""

    def on(self, happened: object, chance: object) -> None:
        del happened, chance

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


@pytest.mark.parametrize(
    ("phases", "acts"),
    [
        ((Phase("refuse", 5.0),), ()),
        ((Phase("hang", 5.0),), ()),
        ((Phase("hang", 100.0),), ()),
        ((Phase("reject", 5.0, after_s=0.5),), ()),
        ((Phase("reject", 0.3, after_s=0.5),), ()),
        ((Phase("serve", 5.0), Phase("stop", 5.0)), ()),
        ((Phase("serve", 5.0), Phase("hang", 5.0)), ()),
        ((Phase("serve", 5.0), Phase("reject", 5.0, drop=True)), ()),
        ((Phase("serve", 5.0), Phase("reject", 5.0)), ()),
        ((Phase("serve", 0.055), Phase("serve", 5.0, drop=True)), ()),
        ((Phase("serve", 5.0), Phase("refuse", 5.0)), (Act("offline", 4.0), Act("online", 20.0))),
        ((Phase("serve", 5.0),), (Act("offline", 0.055), Act("online", 20.0))),
    ],
)
def test_a_line_lives_as_an_attempt_of_a_bare_policy(
    stage: Any, phases: tuple[Phase, ...], acts: tuple[Act, ...]
) -> None:
    at_s = 0.0
    for phase in (*phases, Phase("serve", 60.0)):
        stage.at(at_s, lambda phase=phase: stage.around.enter(phase))
        at_s += phase.for_s
    for act in acts:
        stage.go(act.at_s, online=act.do == "online")
    stage.run()
    told = (Event.NEW, Event.OPEN, Event.CLOSE)
    kept = [
        (s.time_ns, s.event, s.code, s.clean, s.cause) for s in stage.diary.steps if s.event in told
    ]
    world = BareWorld(phases, acts, 60.0)
    bare = run_bare(lambda _: [Never()], world)[0]
    assert kept == [(s.time_ns, s.event, s.code, s.clean, s.cause) for s in bare.of(*told)]
