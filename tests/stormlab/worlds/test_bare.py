"""Bare worlds step by step: every phase and every act, with times computed by hand.

The policy waits 10 s after each failure, so that all times follow. A way takes 10 ms: an attempt is
refused 20 ms and open 60 ms after it began.
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.clock import to_ns, to_s
from stormlab.policy import Constant, Delays, Reconnect, Reset, Terms
from stormlab.policy.catalogue import find_policy
from stormlab.properties import PROMISES, Outcome, Seen, Subject
from stormlab.worlds.bare import Act, BareWorld, Phase, run_bare
from stormlab.worlds.bare_socket import Notices

EVERY_10_S = Reconnect(
    Delays(Constant(10.0)),
    reset=Reset(on="proof"),
    terms=Terms(heartbeat_s=20.0, heartbeat_timeout_s=5.0),
)
IMPATIENT = replace(EVERY_10_S, terms=Terms(connect_timeout_s=3.0))
DEAF = replace(EVERY_10_S, terms=Terms())


def told(
    *phases: Phase,
    acts: tuple[Act, ...] = (),
    policy: Reconnect = EVERY_10_S,
    proof_ns: int = 0,
    notices: Notices | None = None,
) -> list[str]:
    """What happened, without timers and without the world's own steps."""
    world = BareWorld(phases, acts, settle_s=30.0)
    group = Subject.of(policy).group
    story = run_bare(group, world, proof_ns=proof_ns, notices=notices)[0]
    own = [step for step in story if step.event.value.startswith("page.")]
    return [step.text for step in own if "timer" not in step.event.value]


UP = ["0.000 s new #1", "0.060 s open #1", "0.060 s proved #1"]


def test_a_server_that_serves_opens_after_three_round_trips_and_proves() -> None:
    assert told() == UP


def test_a_proof_may_come_later_unless_the_connection_has_ended_by_then() -> None:
    late = to_ns(0.02)
    assert told(proof_ns=late) == [*UP[:2], "0.080 s proved #1"]
    assert told(Phase("serve", 0.069), Phase("refuse", 60.0), proof_ns=late)[:3] == [
        *UP[:2],
        "0.079 s close #1 code 1006 (killed)",
    ]
    # in the same moment the end comes first
    assert told(Phase("serve", 0.070), Phase("refuse", 60.0), proof_ns=late)[2] == (
        "0.080 s close #1 code 1006 (killed)"
    )
    assert told(Phase("serve", 0.065), Phase("hang", 60.0), proof_ns=late)[:2] == UP[:2]
    assert not any("proved" in line for line in told(Phase("mute", 99.0), proof_ns=late)[:2])


def test_when_silence_is_noticed_may_be_said_by_who_knows() -> None:
    asked: list[tuple[int, int]] = []

    def notices(opened_ns: int, silent_ns: int) -> int | None:
        asked.append((opened_ns, silent_ns))
        return silent_ns + to_ns(7.0)

    lost = "12.000 s close #1 code 1006 (half-open)"
    assert lost in told(Phase("serve", 5.0), Phase("hang", 60.0), notices=notices)
    assert asked[0] == (to_ns(0.06), to_ns(5.0))
    quiet = told(Phase("serve", 5.0), Phase("hang", 60.0), notices=lambda _opened, _silent: None)
    assert quiet[3] == "65.010 s close #1 code 1006 (reset)"


def test_the_end_of_a_reject_is_not_taken_for_that_of_the_next_connection() -> None:
    """The phase ends while the second attempt is under way: it is closed one way after opening."""
    assert told(Phase("reject", 10.11, after_s=0.05), Phase("serve", 30.0), policy=EVERY_10_S)[
        3:6
    ] == [
        "10.110 s new #2",
        "10.170 s open #2",
        "10.170 s proved #2",
    ]
    assert told(Phase("reject", 10.165, after_s=0.05), Phase("serve", 30.0))[3:6] == [
        "10.110 s new #2",
        "10.170 s open #2",
        "10.180 s close #2 code 1012 (server closed)",
    ]


def test_a_crash_drops_with_1006_and_refuses_after_one_round_trip() -> None:
    assert told(Phase("serve", 5.0), Phase("refuse", 10.05)) == [
        *UP,
        "5.010 s close #1 code 1006 (killed)",
        "15.010 s new #2",
        "15.030 s close #2 code 1006 (refused)",
        "25.030 s new #3",
        "25.090 s open #3",
        "25.090 s proved #3",
    ]


def test_a_stop_closes_with_its_code() -> None:
    assert told(Phase("serve", 5.0), Phase("stop", 1.0, code=1012))[3:5] == [
        "5.010 s close #1 code 1012 (server closed)",
        "15.010 s new #2",
    ]


def test_a_flap_drops_and_serves_on() -> None:
    assert told(Phase("serve", 5.0), Phase("serve", 0.0, code=1001, drop=True))[3:] == [
        "5.010 s close #1 code 1001 (server closed)",
        "15.010 s new #2",
        "15.070 s open #2",
        "15.070 s proved #2",
    ]


def test_who_is_connected_is_fooled_only_after_a_drop() -> None:
    fooling = Phase("reject", 12.0, code=1013, after_s=0.5)
    assert told(Phase("serve", 5.0), fooling)[3:] == []
    assert told(Phase("serve", 5.0), replace(fooling, drop=True))[3:6] == [
        "5.010 s close #1 code 1013 (server closed)",
        "15.010 s new #2",
        "15.070 s open #2",
    ]


def test_an_attempt_that_hangs_is_answered_by_the_kernels_next_syn() -> None:
    # SYNs at 0, 1, 2, 3, 4, 5, 7, 11 s; the server is back at 6 s
    assert told(Phase("hang", 6.0)) == ["0.000 s new #1", "7.060 s open #1", "7.060 s proved #1"]


def test_an_attempt_that_hangs_is_given_up_after_its_time_out_or_67_s() -> None:
    assert told(Phase("hang", 6.0), policy=IMPATIENT)[:3] == [
        "0.000 s new #1",
        "3.000 s close #1 code 1006 (timed out)",
        "13.000 s new #2",
    ]
    assert told(Phase("hang", 90.0))[1] == "67.010 s close #1 code 1006 (timed out)"


def test_a_time_out_shorter_than_the_handshake_never_opens() -> None:
    hasty = replace(EVERY_10_S, terms=Terms(connect_timeout_s=0.05))
    assert told(policy=hasty)[:2] == ["0.000 s new #1", "0.050 s close #1 code 1006 (timed out)"]


def test_a_silent_peer_is_noticed_by_the_heartbeat_or_when_it_is_back() -> None:
    hung = Phase("serve", 5.0), Phase("hang", 40.0)
    assert told(*hung)[3:5] == [
        "30.000 s heartbeat_lost #1",
        "30.000 s close #1 code 1006 (half-open)",
    ]
    assert told(*hung, policy=DEAF)[3:5] == [
        "45.010 s close #1 code 1006 (reset)",
        "55.010 s new #2",
    ]


def test_an_old_silence_does_not_end_a_later_one_early() -> None:
    twice = Phase("serve", 5.0), Phase("serve", 10.0), Phase("hang", 40.0)
    acts = Act("offline", 6.0), Act("online", 8.0)
    # the first silence would have ended at 31 s, the second one ends at 15 + 25 s
    assert told(*twice, acts=acts)[5] == "40.000 s heartbeat_lost #1"


def test_who_is_accepted_only_to_be_closed_never_proves() -> None:
    assert told(Phase("reject", 30.0, code=1008, after_s=2.0))[:5] == [
        "0.000 s new #1",
        "0.060 s open #1",
        "2.060 s close #1 code 1008 (server closed)",
        "12.060 s new #2",
        "12.120 s open #2",
    ]


def test_what_is_accepted_only_to_be_closed_is_closed_with_its_phase() -> None:
    assert told(Phase("reject", 1.0, code=1008, after_s=9.0))[2] == (
        "1.010 s close #1 code 1008 (server closed)"
    )


def test_a_mute_server_opens_and_never_proves() -> None:
    assert told(Phase("mute", 5.0)) == ["0.000 s new #1", "0.060 s open #1"]


def test_offline_fails_at_once_and_hears_of_nothing() -> None:
    acts = Act("offline", 1.0), Act("online", 25.0)
    lines = told(Phase("serve", 5.0), Phase("stop", 10.0), acts=acts)
    assert lines[3:6] == [
        "1.000 s offline #1",
        "25.000 s online #1",
        "25.020 s close #1 code 1006 (reset)",
    ]
    attempt = told(acts=(Act("offline", 0.0), Act("online", 1.0)))
    assert attempt[:3] == [
        "0.000 s offline",
        "0.000 s new #1",
        "0.001 s close #1 code 1006 (offline)",
    ]


def test_going_offline_while_connecting_ends_the_attempt() -> None:
    lines = told(acts=(Act("offline", 0.03), Act("online", 1.0)))
    assert lines[2] == "0.060 s close #1 code 1006 (offline)"


def test_a_policy_may_ask_to_be_closed_when_offline() -> None:
    closing = replace(EVERY_10_S, terms=Terms(closes_offline=True))
    lines = told(acts=(Act("offline", 1.0), Act("online", 2.0)), policy=closing)
    assert lines[3:5] == ["1.000 s offline #1", "1.000 s close #1 code 1006 (offline)"]


def test_a_person_retries_and_closes() -> None:
    acts = Act("by_hand", 3.0), Act("close", 4.0), Act("online", 5.0)
    assert told(Phase("refuse", 20.0), acts=acts) == [
        "0.000 s new #1",
        "0.020 s close #1 code 1006 (refused)",
        "3.000 s retry_by_hand #1",
        "3.000 s new #2",
        "3.020 s close #2 code 1006 (refused)",
        "4.000 s close_called #2 by the application",
    ]


def test_advice_goes_with_refusals_and_clean_closes_only() -> None:
    phases = (
        Phase("refuse", 5.0, advice_s=7.0),
        Phase("serve", 20.0),
        Phase("stop", 1.0, advice_s=9.0),
    )
    story = run_bare(Subject.of(EVERY_10_S).group, BareWorld(phases, settle_s=5.0))[0]
    closes = [step for step in story if step.event.value == "page.close"]
    assert [step.advice_ns for step in closes] == [to_ns(7.0), to_ns(9.0)]
    dead = Phase("serve", 1.0), Phase("hang", 60.0, advice_s=9.0)
    story = run_bare(Subject.of(EVERY_10_S).group, BareWorld(dead))[0]
    assert [step.advice_ns for step in story if step.event.value == "page.close"] == [None]


def test_all_sockets_live_through_the_same_world() -> None:
    world = BareWorld((Phase("serve", 5.0), Phase("refuse", 1.0)), settle_s=30.0, sockets=3)
    stories = run_bare(Subject.of(EVERY_10_S).group, world)
    assert [story.endpoint for story in stories] == [0, 1, 2]
    assert len({story.steps[-1].time_ns for story in stories}) == 1
    orders = sorted(step.order for story in stories for step in story)
    assert orders == list(range(1, len(orders) + 1))


def test_a_policy_that_never_waits_is_cut() -> None:
    never = Reconnect(Delays(Constant(0.0)))
    world = BareWorld((Phase("serve", 1.0),), (Act("offline", 0.0),), settle_s=30.0)
    story = run_bare(Subject.of(never).group, world)[0]
    assert story.cut
    assert to_s(story.end_ns) < 2.0


def test_a_world_says_when_it_is_healed_and_when_it_ends() -> None:
    world = BareWorld((Phase("serve", 5.0), Phase("refuse", 1.5)), settle_s=30.0)
    assert (world.healed_s, world.end_s) == (6.5, 36.5)


WHATS = ("serve", "refuse", "stop", "hang", "reject", "mute")
DOINGS = ("offline", "online", "hide", "show", "by_hand", "close")
TIMES_S = st.sampled_from((0.0, 0.01, 0.06, 1.0, 7.0, 35.0, 90.0))
PHASES = st.builds(
    Phase,
    st.sampled_from(WHATS),
    TIMES_S,
    code=st.sampled_from((1000, 1006, 1012, 1013)),
    after_s=st.sampled_from((0.0, 0.05, 5.0)),
    advice_s=st.sampled_from((None, None, 5.0, 120.0)),
    drop=st.booleans(),
)
WORLDS = st.builds(
    BareWorld,
    st.lists(PHASES, max_size=4).map(tuple),
    st.lists(st.builds(Act, st.sampled_from(DOINGS), TIMES_S), max_size=3).map(tuple),
    settle_s=st.just(120.0),
    sockets=st.integers(1, 3),
    seed=st.integers(0, 40),
)
HONEST = ("aws-full-jitter", "aws-equal-jitter", "tac-webbuilder-breaker-repaired", "convex")
SUBJECTS = {name: Subject.of(find_policy(name)) for name in HONEST}


@pytest.mark.parametrize("name", HONEST)
@given(world=WORLDS)
def test_no_world_raises_a_false_alarm_on_an_honest_policy(name: str, world: BareWorld) -> None:
    subject = SUBJECTS[name]

    def run() -> Any:
        return tuple(run_bare(subject.group, world))

    stories = run()
    end_ns = min(story.end_ns for story in stories)
    seen = Seen(stories, to_ns(world.healed_s), end_ns, world, again=run)
    for promise in PROMISES.values():
        if "bare" in promise.tiers:
            found = promise.judge(subject, seen)
            assert found.outcome is not Outcome.BROKEN, (promise.name, found)


@given(world=WORLDS)
def test_time_never_runs_back_and_equal_worlds_are_equal(world: BareWorld) -> None:
    subject = SUBJECTS["aws-full-jitter"]
    first, second = (run_bare(subject.group, world) for _ in range(2))
    assert first == second
    for story in first:
        assert all(a.time_ns <= b.time_ns for a, b in pairwise(story.steps))
        assert all(step.time_ns <= to_ns(world.end_s) for step in story)
