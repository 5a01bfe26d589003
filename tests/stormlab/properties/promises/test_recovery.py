from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from stormlab.clock import NS_PER_S
from stormlab.evidence import Outcome
from stormlab.policy import (
    AdaptiveThrottle,
    Chance,
    Constant,
    Exponential,
    Fact,
    Happened,
    Leaky,
    Reconnect,
    RetryAt,
    Schedule,
    Terms,
    TokenBucket,
    TokensByResult,
)
from stormlab.policy.breaker import CircuitBreaker
from stormlab.policy.budget import BudgetRule
from stormlab.properties.promises.recovery import settle_s
from stormlab.vocabulary import Cause

Lives = Callable[..., list[Any]]


def test_the_bound_is_the_sum_of_what_may_come_one_after_another(hand: Any) -> None:
    # 30 s of delay, 10 s of connect time-out, 1 s for the handshake itself
    assert settle_s(hand.subject()) == 41.0
    open_20_s = CircuitBreaker(open_for=Constant(20.0))
    assert settle_s(hand.subject(breaker=open_20_s)) == 41.0 + 20.0 * 1.2 + 2.0 + 30.0
    assert settle_s(hand.subject(budget=TokenBucket(0.1)), sockets=3) == 41.0 + 3 * 10.0 + 2.0


def test_the_bound_grows_with_the_failures_as_far_as_delays_do(hand: Any) -> None:
    assert settle_s(hand.subject(), failures=2) == 4.0 + 11.0
    assert settle_s(hand.subject(), failures=90) == settle_s(hand.subject())


@pytest.mark.parametrize(
    ("opened_s", "outcome"), [(50.0, Outcome.UNDECIDED), (150.0, Outcome.BROKEN)]
)
def test_a_connection_that_died_before_the_healing_may_be_noticed_late(
    hand: Any, opened_s: float, outcome: Outcome
) -> None:
    """Whether it is noticed in time says notices-a-dead-peer; one that is alive is another case."""
    dead = (595.0, "close", {"code": 1006, "cause": Cause.HALF_OPEN})
    story = hand.story((opened_s, "new"), (opened_s, "open"), dead)
    assert hand.judge("converges", story, healed_s=100.0).outcome is outcome


@pytest.mark.parametrize(
    ("begun_s", "timeout_s", "outcome"),
    [(99.0, None, Outcome.UNDECIDED), (99.0, 5.0, Outcome.BROKEN), (101.0, None, Outcome.BROKEN)],
)
def test_who_has_no_time_out_waits_for_a_host_that_vanished(
    hand: Any, begun_s: float, timeout_s: float | None, outcome: Outcome
) -> None:
    story = hand.story((begun_s, "new"), (begun_s, "established"))
    found = hand.judge("converges", story, healed_s=100.0, terms=Terms(timeout_s))
    assert found.outcome is outcome


@pytest.mark.parametrize(
    ("back_s", "outcome"),
    [
        (100.0, Outcome.HOLDS),
        (114.9, Outcome.HOLDS),
        (115.1, Outcome.BROKEN),
        (None, Outcome.BROKEN),
    ],
)
def test_converges_within_the_bound_of_the_failures_it_had(
    hand: Any, lost: Any, back_s: float | None, outcome: Outcome
) -> None:
    lines = [(0, "new"), (0.02, "close", lost)]  # one failure: 4 + 10 + 1 s at most
    lines += [(back_s - 0.06, "new"), (back_s, "open")] if back_s is not None else []
    assert hand.judge("converges", hand.story(*lines), healed_s=100.0).outcome is outcome


@pytest.mark.parametrize(
    ("more", "end_s"),
    [
        ([(150.0, "offline")], 600.0),
        ([(150.0, "hidden")], 600.0),
        ([(150.0, "offline"), (160.0, "visible")], 600.0),
        ([(150.0, "close_called", {"detail": "by the application"})], 600.0),
        ([], 110.0),
        ([(150.0, "offline"), (599.0, "online")], 600.0),
        ([(101.0, "new"), (101.1, "open"), (590.0, "close", {"cause": Cause.KILLED})], 600.0),
        ([(101.0, "new"), (101.1, "close", {"advice_s": 495.0, "code": 1013})], 600.0),
    ],
    ids=["offline", "hidden", "two ways", "closed", "too short", "just back", "just lost", "told"],
)
def test_who_cannot_be_expected_is_undecided(
    hand: Any, lost: Any, more: list[Any], end_s: float
) -> None:
    story = hand.story((0, "new"), (0.02, "close", lost), *more, end_s=end_s)
    found = hand.judge("converges", story, healed_s=100.0, obeys_advice=None)
    assert found.outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("cause", "asks", "outcome"),
    [
        (Cause.SERVER_CLOSED, {"retry_after_s": 495.0}, Outcome.UNDECIDED),
        (Cause.REJECTED, {"retry_after_s": 495.0}, Outcome.UNDECIDED),
        (Cause.REFUSED, {"retry_after_s": 495.0}, Outcome.BROKEN),
        (Cause.SERVER_CLOSED, {}, Outcome.BROKEN),
    ],
)
def test_a_simulated_server_asks_by_its_scenario(
    hand: Any, lost: Any, cause: Cause, asks: dict[str, float], outcome: Outcome
) -> None:
    ended = (101.1, "close", {"code": 1013, "cause": cause})
    story = hand.story((0, "new"), (0.02, "close", lost), (101.0, "new"), ended)
    world = SimpleNamespace(document={"server": asks})
    declares = {"healed_s": 100.0, "obeys_advice": None}
    assert hand.judge("converges", story, world=world, **declares).outcome is outcome


def test_a_story_that_was_cut_shows_nothing_of_the_end(hand: Any, lost: Any) -> None:
    story = hand.story((0, "new"), (0.02, "close", lost), cut=True)
    assert hand.judge("converges", story).outcome is Outcome.UNDECIDED


def test_survives_what_it_declares_to_survive(hand: Any, lost: Any) -> None:
    down = [(0, "fault", {"detail": "refuse"}), (0, "new"), (0.02, "close", lost)]
    gave_up = hand.story(
        *down, (300.0, "gave_up", {"clean": 1}), (301.0, "fault", {"detail": "serve"})
    )
    back = hand.story(*down, (301.0, "fault", {"detail": "serve"}), (302.0, "new"), (302.1, "open"))
    short = hand.story(*down, (299.0, "fault", {"detail": "serve"}))

    def outcome(story: Any, **declares: Any) -> Outcome:
        found: Outcome = hand.judge(
            "survives-long-outages", story, healed_s=301.0, **declares
        ).outcome
        return found

    assert outcome(gave_up) is Outcome.BROKEN
    assert outcome(back) is Outcome.HOLDS
    assert outcome(short) is Outcome.UNDECIDED
    assert outcome(gave_up, gives_up=True) is Outcome.UNDECIDED
    assert outcome(gave_up, gives_up=True, survives_s=302.0) is Outcome.BROKEN
    assert outcome(gave_up, gives_up=True, survives_s=200.0) is Outcome.UNDECIDED


def test_gives_up_only_as_declared_and_says_so(hand: Any, refused: Lives) -> None:
    lines = [*refused(0, 5, 10.0), (45.0, "timer_cleared")]
    said, silent = (hand.story(*lines, (45.0, "gave_up", {"clean": clean})) for clean in (1, 0))
    nothing = hand.story(*lines)

    def outcome(story: Any, **declares: Any) -> Outcome:
        return Outcome(hand.judge("gives-up-as-declared", story, **declares).outcome)

    assert outcome(said) is Outcome.BROKEN  # it declares never
    assert outcome(said, gives_up=True, attempts_max=5) is Outcome.HOLDS
    assert outcome(said, gives_up=True, attempts_max=6) is Outcome.BROKEN
    assert outcome(said, gives_up=True, survives_s=44.0) is Outcome.HOLDS
    assert outcome(said, gives_up=True, survives_s=46.0) is Outcome.BROKEN
    assert outcome(said, final_codes=frozenset({1006})) is Outcome.HOLDS
    assert outcome(silent, gives_up=True, attempts_max=5) is Outcome.BROKEN
    assert outcome(nothing) is Outcome.BROKEN  # nothing pending, and it never said so
    assert outcome(hand.story(*lines, cut=True)) is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ((140.9, "close"), Outcome.HOLDS),
        ((141.2, "close"), Outcome.BROKEN),
        ((120.0, "close_called"), Outcome.HOLDS),
        ((141.2, "fault", {"detail": "serve"}), Outcome.BROKEN),
        ((130.0, "fault", {"detail": "serve"}), Outcome.HOLDS),
        ((599.0, "message"), Outcome.BROKEN),
    ],
)
def test_a_dead_peer_is_noticed_by_the_heartbeat(hand: Any, end: Any, outcome: Outcome) -> None:
    story = hand.story((0, "new"), (0.1, "open"), (100.0, "fault", {"detail": "hang"}), end)
    assert hand.judge("notices-a-dead-peer", story).outcome is outcome


def test_without_a_heartbeat_or_a_silence_a_dead_peer_is_no_question(hand: Any) -> None:
    silent = hand.story((0, "new"), (0.1, "open"), (100.0, "fault", {"detail": "hang"}))
    closed = hand.story((0, "new"), (100.0, "fault", {"detail": "hang"}))
    none = hand.subject(Reconnect(hand.careful.schedule))
    assert hand.judge("notices-a-dead-peer", silent, subject=none).outcome is Outcome.UNDECIDED
    assert hand.judge("notices-a-dead-peer", closed).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("up_s", "wait_s", "end", "outcome"),
    [
        (21.0, 3.99, {}, Outcome.HOLDS),  # twice its longest first two delays: 2 * 2 s
        (21.0, 4.1, {}, Outcome.BROKEN),
        (19.0, 30.0, {}, Outcome.UNDECIDED),
        (21.0, 30.0, {"code": 1012}, Outcome.UNDECIDED),
        (21.0, 30.0, {"advice_s": 30.0}, Outcome.UNDECIDED),
    ],
)
def test_a_stable_connection_is_forgiven_the_failures_before(
    hand: Any, refused: Lives, up_s: float, wait_s: float, end: dict[str, Any], outcome: Outcome
) -> None:
    up = [(60.0, "new"), (60.1, "open"), (60.1, "proved")]
    ended = (60.1 + up_s, "close", {"code": 1006, **end})
    story = hand.story(
        *refused(0, 5, 10.0), *up, ended, (60.1 + up_s, "timer_set", {"value_s": wait_s})
    )
    assert hand.judge("forgets-when-stable", story).outcome is outcome


def test_an_uncapped_schedule_has_a_bound_for_the_failures_there_were(hand: Any, lost: Any) -> None:
    schedule: Schedule = hand.careful.schedule.__class__(Exponential(1.0))
    subject = hand.subject(Reconnect(schedule))
    story = hand.story((0, "new"), (0.02, "close", lost), (1.0, "new"), (1.1, "open"))
    assert hand.judge("converges", story, subject=subject).outcome is Outcome.HOLDS
    assert settle_s(subject) < 2.0**12 + 100.0


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        (TokenBucket(0.1), 10.0),
        (Leaky(ttl_s=20.0, steps=10), 22.0),
        (AdaptiveThrottle(probe_s=7.0), 7.0),
        (AdaptiveThrottle(), 60.0),
        (TokensByResult(10), 60.0),
    ],
)
def test_a_budget_adds_the_time_for_a_token(hand: Any, budget: BudgetRule, seconds: float) -> None:
    assert settle_s(hand.subject(budget=budget)) == pytest.approx(41.0 + seconds + 2.0)


@pytest.mark.parametrize(
    ("more", "shared", "seconds"),
    [
        ({}, False, 24.0),
        ({"half_open_s_max": 7.0}, False, 24.0 + 7.0 + 20.0),
        ({"probe_again": True}, False, 24.0),
        ({"probe_again": True}, True, 24.0 + 20.0),
        ({}, True, 24.0),
    ],
)
def test_a_breaker_adds_its_open_time_and_what_may_stand_in_the_way(
    hand: Any,
    more: dict[str, Any],
    shared: bool,  # noqa: FBT001  a parameter
    seconds: float,
) -> None:
    breaker = CircuitBreaker(open_for=Constant(20.0), **more)
    found = settle_s(hand.subject(breaker=breaker, shared=shared))
    assert found == pytest.approx(41.0 + seconds + 2.0 + 30.0)


def test_a_final_code_excuses_giving_up_and_no_other_does(hand: Any) -> None:
    ended = (1.0, "close", {"code": 4001, "clean": 1})
    story = hand.story((0, "new"), (0.1, "open"), ended, (1.0, "gave_up", {"clean": 1}))
    for final, outcome in ((4001, Outcome.UNDECIDED), (4002, Outcome.BROKEN)):
        found = hand.judge("converges", story, final_codes=frozenset({final}))
        assert found.outcome is outcome


def test_a_breaker_that_wants_proof_is_excused_while_the_last_connection_gives_none(
    hand: Any, lost: Any, breaker: CircuitBreaker
) -> None:
    first = [(0, "new"), (0.1, "open")]
    again = [(1.0, "close", lost), (2.0, "new"), (2.1, "open")]
    proved = [(0.2, "proved")]

    def outcome(*lines: Any) -> Outcome:
        declares = {"breaker": breaker, "proves_success": True}
        return Outcome(hand.judge("converges", hand.story(*lines), **declares).outcome)

    assert outcome(*first, *proved, *again) is Outcome.UNDECIDED
    assert outcome(*first, *again, (2.2, "proved")) is Outcome.HOLDS


def test_who_is_not_back_is_shown_by_the_last_things_it_did(hand: Any, refused: Lives) -> None:
    lines = [(0, "fault", {"detail": "refuse"}), *refused(1.0, 2, 1.0)]
    healed = (100.0, "fault", {"detail": "serve"})
    found = hand.judge("converges", hand.story(*lines, healed), healed_s=100.0)
    assert found.reason.startswith("not connected 500 s after the healing; bound: 19.0 s")
    assert [line.partition(": ")[2].split()[2] for line in found.events] == [
        "timer_set",
        "new",
        "close",
        "timer_set",
    ]


def test_a_silence_that_the_end_cuts_short_is_no_breach(hand: Any) -> None:
    lines = [(0, "new"), (0.1, "open"), (590.0, "fault", {"detail": "hang"})]
    assert hand.judge("notices-a-dead-peer", hand.story(*lines)).outcome is Outcome.HOLDS


class _OneThenFour:
    """Waits 1 s, and then 4 s each time, until the application answers."""

    def __init__(self) -> None:
        self.failures = 0

    def on(self, happened: Happened, _chance: Chance) -> RetryAt | None:
        if happened.fact is Fact.PROVED:
            self.failures = 0
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        self.failures += 1
        return RetryAt(happened.time_ns + (1 if self.failures == 1 else 4) * NS_PER_S)

    def may_attempt(self, _time_ns: int) -> bool:
        return True


@pytest.mark.parametrize(("wait_s", "outcome"), [(7.9, Outcome.HOLDS), (8.1, Outcome.BROKEN)])
def test_the_first_two_delays_that_a_policy_is_seen_to_take_count(
    hand: Any, refused: Lives, wait_s: float, outcome: Outcome
) -> None:
    up = [(60.0, "new"), (60.1, "open"), (60.1, "proved"), (90.0, "close", {"code": 1006})]
    story = hand.story(*refused(0, 5, 10.0), *up, (90.0, "timer_set", {"value_s": wait_s}))
    subject = hand.subject(_OneThenFour)
    assert hand.judge("forgets-when-stable", story, subject=subject).outcome is outcome


def test_a_breaker_that_other_sockets_opened_may_hold_back_a_first_retry(
    hand: Any, refused: Lives
) -> None:
    rule = CircuitBreaker(open_for=Constant(20.0))
    up = [(60.0, "new"), (60.1, "open"), (60.1, "proved"), (81.1, "close", {"code": 1006})]
    late = hand.story(*refused(0, 5, 10.0), *up, (81.1, "timer_set", {"value_s": 12.0}))
    other = hand.story(*refused(0, 5, 10.0), endpoint=1)

    def outcome(*stories: Any, **declares: Any) -> Outcome:
        return Outcome(hand.judge("forgets-when-stable", *stories, **declares).outcome)

    assert outcome(late, other, breaker=rule, shared=True) is Outcome.UNDECIDED
    assert outcome(late, other, breaker=rule, shared=False) is Outcome.BROKEN
    assert outcome(late, other, shared=True) is Outcome.BROKEN
    assert outcome(late, breaker=rule, shared=True) is Outcome.BROKEN


def test_failures_before_an_earlier_connection_are_forgiven_already(
    hand: Any, refused: Lives
) -> None:
    lines = refused(0, 5, 10.0)
    for begin_s, wait_s in ((60.0, 2.0), (90.0, 30.0)):
        lines += [(begin_s, "new"), (begin_s + 0.1, "open"), (begin_s + 0.1, "proved")]
        lines += [(begin_s + 25.0, "close", {"code": 1006})]
        lines += [(begin_s + 25.0, "timer_set", {"value_s": wait_s})]
    assert hand.judge("forgets-when-stable", hand.story(*lines)).outcome is Outcome.HOLDS


@pytest.mark.parametrize(("survives_s", "outcome"), [(44.0, Outcome.HOLDS), (46.0, Outcome.BROKEN)])
def test_giving_up_is_counted_from_the_first_loss(
    hand: Any, refused: Lives, survives_s: float, outcome: Outcome
) -> None:
    lines = [*refused(1000.0, 5, 10.0), (1045.0, "timer_cleared")]
    story = hand.story(*lines, (1045.0, "gave_up", {"clean": 1}), end_s=2000.0)
    declares = {"gives_up": True, "survives_s": survives_s}
    assert hand.judge("gives-up-as-declared", story, **declares).outcome is outcome


# --- real code -----------------------------------------------------------------------------------

CLOSED = {"detail": "by the application", "socket": -1, "attempt": 0}


def test_an_old_socket_may_end_after_the_next_was_opened(hand: Any) -> None:
    old_ends = (20, "close", {"socket": 1, "code": 1006})
    two = [(0, "new"), (0.1, "open"), (10, "close_called", {"socket": 1, "detail": "OPEN"})]
    two += [(11, "new"), (11.1, "open")]
    assert hand.judge("converges", hand.story(*two, old_ends), opaque=True).outcome is Outcome.HOLDS
    last = (20, "close", {"socket": 2, "code": 1006})
    assert hand.judge("converges", hand.story(*two, last), opaque=True).outcome is Outcome.BROKEN


def test_a_close_of_the_codes_own_excuses_nothing(hand: Any, lost: Any) -> None:
    own = {"detail": "CONNECTING", "socket": 1}
    story = hand.story((0, "new"), (10, "close_called", own), (10, "close", lost))
    assert hand.judge("converges", story, opaque=True).outcome is Outcome.BROKEN
    story = hand.story((0, "new"), (10, "close_called", CLOSED), (10, "close", lost))
    assert hand.judge("converges", story, opaque=True).outcome is Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("back_s", "outcome"),
    [(305, Outcome.HOLDS), (420, Outcome.BROKEN), (None, Outcome.BROKEN)],
    ids=["soon", "late", "no"],
)
def test_who_was_closed_is_late_from_when_it_was_opened_again(
    hand: Any, back_s: float | None, outcome: Outcome
) -> None:
    lines = [(0, "new"), (0.1, "open"), (5, "close_called", CLOSED)]
    lines += [(5.1, "close", {"socket": 1, "code": 1000, "clean": 1}), (300, "retry_by_hand")]
    lines += [] if back_s is None else [(back_s, "new"), (back_s + 0.1, "open")]
    story = hand.story(*lines)
    assert hand.judge("converges", story, opaque=True, healed_s=10.0).outcome is outcome


def test_a_retry_by_hand_of_a_client_that_nobody_closed_changes_no_bound(hand: Any) -> None:
    lines = [(0, "new"), (0.1, "close", {"code": 1006}), (300, "retry_by_hand")]
    story = hand.story(*lines, (301, "new"), (301.1, "open"))
    assert hand.judge("converges", story, opaque=True, healed_s=10.0).outcome is Outcome.BROKEN


def test_what_code_has_pending_cannot_be_seen(hand: Any, lost: Any) -> None:
    story = hand.story((0, "new"), (0.02, "close", lost))
    assert hand.judge("gives-up-as-declared", story).outcome is Outcome.BROKEN
    assert hand.judge("gives-up-as-declared", story, opaque=True).outcome is Outcome.UNDECIDED
    gave_up = hand.story((0, "new"), (0.02, "close", lost), (0.02, "gave_up", {"clean": 1}))
    for declares, outcome in (
        ({"gives_up": False}, Outcome.BROKEN),
        ({"gives_up": True}, Outcome.HOLDS),
    ):
        found = hand.judge("gives-up-as-declared", gave_up, opaque=True, **declares)
        assert found.outcome is outcome
