"""The composed policy at work: facts in, decisions out."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    RESTART_SPAN,
    Advice,
    Budget,
    Chance,
    CircuitBreaker,
    Consecutive,
    Constant,
    Decision,
    Delays,
    Exponential,
    Fact,
    Full,
    Happened,
    Network,
    Reconnect,
    Reconnector,
    Reset,
    RetryAt,
    Rule,
    Scope,
    Span,
    Stop,
    Table,
    TokenBucket,
    codes,
    due,
    stop_on,
)
from stormlab.policy.reconnect import ConnectTimeout
from stormlab.policy.reconnector import NOT_RETRIED, TOO_LONG, TOO_YOUNG, USED_UP

S = 1_000_000_000
POWERS = Delays(Exponential(1), cap_s=60)


class Half:
    """Chance that always says one half."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.5


class Life:
    """A client's life in seconds: each call moves on and answers with the delay until the retry."""

    def __init__(self, policy: Reconnector, chance: Chance | None = None) -> None:
        self.policy = policy
        self.chance = chance or Half()
        self.now = 0.0
        self.at: float | None = 0.0

    def told(self, fact: Fact, **more: int | str) -> float | Stop | None:
        happened = Happened(fact, round(self.now * S), **more)  # type: ignore[arg-type]
        return self._decided(self.policy.on(happened, self.chance))

    def _decided(self, decision: Decision) -> float | Stop | None:
        if isinstance(decision, RetryAt):
            self.at = decision.time_ns / S
            return self.at - self.now
        return decision

    def attempt(self) -> float | Stop | None:
        """Make the attempt that is pending: 0.0, or what the policy decides instead."""
        assert self.at is not None
        self.now = max(self.now, self.at)
        return self._decided(due(self.policy, round(self.now * S), self.chance))

    def opened(self, up_s: float = 0.0, *, proved: bool = False) -> None:
        assert self.attempt() == 0.0
        self.told(Fact.OPENED)
        if proved:
            self.told(Fact.PROVED)
        self.now += up_s

    def refused(self, **more: int | str) -> float | Stop | None:
        assert self.attempt() == 0.0
        return self.told(Fact.REFUSED, **more)

    def dropped(self, up_s: float = 0.0, *, proved: bool = False, **more: int | str) -> object:
        self.opened(up_s, proved=proved)
        return self.told(Fact.DROPPED, **more)


def test_refusals_follow_the_schedule_and_an_open_resets_it() -> None:
    life = Life(Reconnect(POWERS)())
    assert [life.refused() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert life.dropped() == 1


def test_the_first_retry_after_a_drop_is_its_own() -> None:
    """websockets: at once after a drop, the schedule only when refused."""
    life = Life(Reconnect(POWERS, first_after_drop=Span(0, 0), drop_counts=False)())
    assert [life.dropped(), life.refused(), life.refused()] == [0, 1, 2]
    assert [life.dropped(), life.dropped()] == [0, 0]
    counted = Life(Reconnect(POWERS, first_after_drop=Span(0, 0))())
    assert [counted.dropped(), counted.refused()] == [0, 2]


def test_a_first_retry_of_its_own_does_not_hide_flapping() -> None:
    rule = Reconnect(POWERS, Span(0, 0), drop_counts=False, reset=Reset("stable", 5))
    life = Life(rule())
    assert [life.dropped(up_s=1) for _ in range(4)] == [0, 1, 2, 4]
    assert life.dropped(up_s=6) == 0


@pytest.mark.parametrize(
    ("reset", "after_open", "after_proof", "after_long"),
    [
        (Reset("open"), 1, 1, 1),
        (Reset("proof"), 8, 1, 8),
        (Reset("stable", 5), 8, 8, 1),
        (Reset("http"), 8, 8, 8),
        (Reset("never"), 8, 8, 8),
    ],
)
def test_what_resets_the_count(
    reset: Reset, after_open: int, after_proof: int, after_long: int
) -> None:
    for up_s, proved, expected in (
        (1, False, after_open),
        (1, True, after_proof),
        (6, False, after_long),
    ):
        life = Life(Reconnect(POWERS, reset=reset)())
        for _ in range(3):
            life.refused()
        assert life.dropped(up_s, proved=proved) == expected


def test_an_answered_http_call_resets_the_count() -> None:
    life = Life(Reconnect(POWERS, reset=Reset("http"))())
    assert [life.refused(), life.refused()] == [1, 2]
    life.attempt()
    life.told(Fact.REACHED)
    assert life.told(Fact.REFUSED) == 1


def test_only_time_resets_discord_py() -> None:
    life = Life(Reconnect(POWERS, reset=Reset("time", 100))())
    assert [life.refused(), life.refused(), life.dropped(up_s=50)] == [1, 2, 4]
    assert life.dropped(up_s=101) == 1


def test_an_end_that_does_not_count_does_not_put_the_reset_by_time_off() -> None:
    at_once = Rule("now", fact=Fact.DROPPED, counts=False)
    life = Life(Reconnect(POWERS, reset=Reset("time", 100), rules=(at_once,))())
    assert [life.refused(), life.refused(), life.dropped(up_s=90)] == [1, 2, 0]
    assert life.dropped(up_s=20) == 0
    assert life.refused() == 1


def test_a_young_connection_is_given_up_by_a_gate() -> None:
    rule = Reconnect(POWERS, reset=Reset("open", 5, gate=True))
    assert Life(rule()).dropped(up_s=6) == 1
    assert Life(rule()).dropped(up_s=4) == Stop(TOO_YOUNG)


@pytest.mark.parametrize("announced", [True, False])
def test_attempts_are_used_up(announced: bool) -> None:  # noqa: FBT001  a parameter
    life = Life(Reconnect(POWERS, attempts_max=2, announced=announced)())
    assert [life.refused(), life.refused()] == [1, 2]
    assert life.refused() == Stop(USED_UP, announced=announced)
    assert not life.policy.may_attempt(round(life.now * S))
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.refused() == 1


def test_a_table_that_ends_stops_and_an_outage_can_be_too_long() -> None:
    table = Life(Reconnect(Delays(Table((0, 2), then="stop")))())
    assert [table.refused() for _ in range(3)] == [0, 2, Stop(USED_UP)]
    long = Life(Reconnect(Delays(Constant(4)), give_up_after_s=10)())
    assert [long.refused() for _ in range(4)] == [4, 4, 4, Stop(TOO_LONG)]


def test_codes_decide_first() -> None:
    rules = (
        stop_on((4400, 4499), announced=False),
        Rule("now", codes(1000), counts=False),
        Rule("schedule", codes(1013), schedule=Span(300, 300)),
    )
    life = Life(Reconnect(POWERS, rules=rules, attempts_max=2, reset=Reset("never"))())
    assert [life.dropped(code=1000) for _ in range(5)] == [0] * 5
    assert life.dropped(code=1013) == 300
    assert life.dropped(code=1006) == 2
    assert life.dropped(code=1000) == 0
    assert life.dropped(code=4401) == Stop(NOT_RETRIED, announced=False)


def test_advice_is_taken_as_far_as_it_is_taken() -> None:
    def after(advice: Advice, **more: int) -> float | Stop | None:
        return Life(Reconnect(Delays(Constant(10)), advice=advice)()).refused(**more)

    five, sixty = 5 * S, 60 * S
    assert after(Advice(), retry_after_ns=sixty) == 10
    assert after(Advice("at_least"), retry_after_ns=five) == 10
    assert after(Advice("at_least"), retry_after_ns=sixty) == 60
    assert after(Advice("exact"), retry_after_ns=five) == 5
    assert after(Advice("exact", limit_s=20, spread_s=4), retry_after_ns=sixty) == 22
    assert after(Advice(restart=RESTART_SPAN), code=1012) == 17.5
    assert after(Advice(later=Span(60, 60)), code=1013) == 60


def test_a_delay_can_run_from_the_beginning_of_the_attempt() -> None:
    life = Life(Reconnect(Delays(Constant(10)), counted_from="attempt")())
    assert life.dropped(up_s=3) == 7
    assert life.dropped(up_s=60) == 0


def test_attempts_keep_a_distance() -> None:
    """ably: two retries at once are at least a second apart."""
    life = Life(Reconnect(POWERS, first_after_drop=Span(0, 0), spacing_s=1)())
    assert life.dropped(up_s=30) == 0
    assert life.dropped(up_s=0.25) == 0.75


def test_another_schedule_takes_over_in_a_long_outage() -> None:
    life = Life(Reconnect(Delays(Constant(15)), late=(60, Delays(Constant(30))))())
    assert [life.refused() for _ in range(6)] == [15, 15, 15, 15, 30, 30]


def test_a_connect_timeout_can_grow() -> None:
    growing = ConnectTimeout(Exponential(15), cap_s=60)
    life = Life(Reconnect(Delays(Constant(1)), connect_timeout=growing)())
    found = []
    for _ in range(4):
        found.append(life.policy.terms.connect_timeout_s)
        life.refused()
    assert found == [15, 30, 60, 60]
    life.dropped(up_s=10)
    assert life.policy.terms.connect_timeout_s == 15  # the first attempt since the reset
    life.refused()
    assert life.policy.terms.connect_timeout_s == 30
    grpc = Reconnect(POWERS, connect_timeout=ConnectTimeout(Constant(20), at_least_delay=True))
    life = Life(grpc())
    for _ in range(6):
        life.refused()
    assert life.policy.terms.connect_timeout_s == 32


# the device and the page -------------------------------------------------------------------------


def test_coming_online_brings_the_retry_forward_only_while_waiting() -> None:
    life = Life(Reconnect(POWERS, network=Network(online=Span(0, 0), resets=True))())
    for _ in range(5):
        life.refused()
    life.now += 1
    assert life.told(Fact.ONLINE) == 0
    assert life.attempt() == 0
    assert life.told(Fact.ONLINE) is None
    assert life.told(Fact.REFUSED) == 1


def test_nothing_is_attempted_offline_by_those_who_wait() -> None:
    life = Life(Reconnect(POWERS, network=Network(offline="wait"))())
    life.refused()
    life.told(Fact.OFFLINE)
    assert life.attempt() is None
    life.now += 100
    assert life.told(Fact.ONLINE) == 0
    assert life.attempt() == 0


def test_a_hidden_page_skips_its_attempt_until_it_is_seen() -> None:
    """phoenix; a page that is seen again before the attempt falls due changes nothing."""
    life = Life(Reconnect(POWERS, network=Network(hidden="skip"))())
    life.refused()
    life.told(Fact.HIDDEN)
    assert life.told(Fact.VISIBLE) is None
    life.told(Fact.HIDDEN)
    assert life.attempt() is None
    assert life.told(Fact.VISIBLE) == 0


def test_a_hidden_page_can_wait_longest() -> None:
    network = Network(hidden="longest", hidden_s=300, visible=Span(0, 0))
    life = Life(Reconnect(POWERS, network=network)())
    life.told(Fact.HIDDEN)
    assert life.refused() == 300
    assert life.told(Fact.VISIBLE) == 0


# breakers and budgets ----------------------------------------------------------------------------


BREAKER = CircuitBreaker(Consecutive(3), Constant(30))


def test_a_breaker_puts_the_next_attempt_at_its_probe() -> None:
    life = Life(Reconnect(Delays(Constant(1)), breaker=BREAKER, breaker_spread_s=4)())
    assert [life.refused() for _ in range(4)] == [1, 1, 32, 32]
    life.opened()
    assert life.told(Fact.DROPPED) == 1


def test_accept_then_close_is_a_failure_to_those_who_want_proof() -> None:
    rule = Reconnect(Delays(Constant(1)), breaker=BREAKER, success_on="proof")
    life = Life(rule())
    assert [life.dropped() for _ in range(3)] == [1, 1, 30]
    naive = Life(Reconnect(Delays(Constant(1)), breaker=BREAKER)())
    assert [naive.dropped() for _ in range(9)] == [1] * 9
    strict = Life(Reconnect(Delays(Constant(1)), breaker=BREAKER, drops_fail=True)())
    assert [strict.dropped() for _ in range(3)] == [1, 1, 1]


def test_sockets_of_a_client_share_its_breaker() -> None:
    rule = Reconnect(Delays(Constant(1)), breaker=BREAKER, shared="client")
    first, second = (
        Life(policy) for policy in rule.make_group(2) if isinstance(policy, Reconnector)
    )
    assert [first.refused() for _ in range(3)] == [1, 1, 30]
    second.now = 2.5
    decision = second.attempt()
    assert decision == 32 - 2.5  # it was due, the breaker is open: postponed to the probe
    assert second.attempt() == 0
    first.now = 32
    postponed = first.attempt()
    assert isinstance(postponed, float)
    assert 0 < postponed <= 1.5  # the probe is taken: asked again soon
    own = Reconnect(Delays(Constant(1)), breaker=BREAKER).make_group(2)
    assert own[0].breaker is not own[1].breaker  # type: ignore[attr-defined]


def test_a_budget_that_is_empty_postpones_and_never_ends() -> None:
    life = Life(Reconnect(Delays(Constant(1)), budget=TokenBucket(0.1, 2))())
    assert [life.refused() for _ in range(3)] == [1, 1, 1]
    waited = life.attempt()
    assert isinstance(waited, float)
    assert waited > 1
    assert life.refused() == 1


FACTS = st.sampled_from([*Fact, "attempt", "attempt"])


@given(
    steps=st.lists(st.tuples(st.integers(0, 100), FACTS), max_size=60),
    rule=st.sampled_from(
        [
            Reconnect(Delays(Exponential(1), Full(), 30)),
            Reconnect(POWERS, breaker=BREAKER, budget=TokenBucket(0.1, 2), spacing_s=1),
            Reconnect(POWERS, network=Network(Span(0, 1), "wait", "skip", visible=Span(0, 0))),
            Reconnect(POWERS, attempts_max=3, reset=Reset("stable", 5), counted_from="attempt"),
        ]
    ),
)
def test_any_life_leads_to_decisions_that_make_sense(
    steps: list[tuple[int, Fact | str]], rule: Reconnect
) -> None:
    """No decision lies in the past; a refused attempt is followed by another or by a fact."""
    policy, now, stopped = rule(), 0, False
    for wait_s, what in steps:
        now += wait_s * S
        if isinstance(what, Fact):
            decision = policy.on(Happened(what, now), Half())
            stopped = isinstance(decision, Stop) or (stopped and decision is None)
        else:
            decision = due(policy, now, Half())
            held = rule.network.offline == "wait" and decision is None
            assert isinstance(decision, RetryAt) or stopped or held
        if isinstance(decision, RetryAt):
            assert decision.time_ns >= now


# what breaker, budget and schedules are told ------------------------------------------------------


class Ledger(Budget):
    """Writes down what it is told, and allows what it is told to."""

    def __init__(self, *, allows: bool = True) -> None:
        self.lines: list[tuple[str, float]] = []
        self.allows = allows

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        self.lines.append((f"take {unit()}", time_ns / S))
        return self.allows

    def request(self, time_ns: int) -> None:
        self.lines.append(("request", time_ns / S))

    def success(self, time_ns: int, *, retried: bool) -> None:
        self.lines.append((f"success {retried}", time_ns / S))

    def failure(self, time_ns: int, *, retried: bool) -> None:
        self.lines.append((f"failure {retried}", time_ns / S))

    def active(self, change: int) -> None:
        self.lines.append(("active", change))


@dataclass(frozen=True)
class Ledgers:
    """Makes ledgers."""

    allows: bool = True
    words = "a ledger"

    def make(self) -> Ledger:
        return Ledger(allows=self.allows)


def test_a_budget_is_told_of_each_attempt_once() -> None:
    life = Life(Reconnect(Delays(Constant(1)), budget=Ledgers())())
    ledger = life.policy.budget
    assert isinstance(ledger, Ledger)
    life.dropped(up_s=3)
    life.refused()
    life.opened(proved=True)
    assert ledger.lines == [
        ("request", 0), ("active", 1), ("success False", 0), ("active", -1),
        ("take 0.5", 4), ("request", 4), ("active", 1), ("failure True", 4), ("active", -1),
        ("take 0.5", 5), ("request", 5), ("active", 1), ("success True", 5),
    ]  # fmt: skip


def test_a_budget_that_wants_proof_hears_of_a_loss_without_it() -> None:
    life = Life(Reconnect(Delays(Constant(1)), budget=Ledgers(), success_on="proof")())
    ledger = life.policy.budget
    assert isinstance(ledger, Ledger)
    life.dropped()
    life.dropped(proved=True)
    told = [what for what, _ in ledger.lines if "e " in what or "s " in what]
    assert told == ["failure False", "take 0.5", "success True"]


def test_a_client_that_no_attempt_is_under_way_of_gives_none_back() -> None:
    life = Life(Reconnect(Delays(Constant(1)), budget=Ledgers())())
    ledger = life.policy.budget
    assert isinstance(ledger, Ledger)
    assert life.told(Fact.REFUSED) == 1
    assert ledger.lines == []


def test_a_budget_that_cannot_say_is_asked_again_after_the_recheck() -> None:
    rule = Reconnect(Delays(Constant(1)), budget=Ledgers(allows=False), recheck=Span(2, 2))
    life = Life(rule())
    life.refused()
    assert [life.attempt(), life.attempt()] == [2, 2]
    at_once = Reconnect(Delays(Constant(1)), budget=Ledgers(allows=False), recheck=Span(0, 0))
    life = Life(at_once())
    life.refused()
    assert life.attempt() == 1


def test_a_refusal_is_no_drop() -> None:
    life = Life(Reconnect(POWERS, first_after_drop=Span(0.25, 0.25))())
    assert [life.refused(), life.refused(), life.dropped()] == [1, 2, 0.25]
    gated = Life(Reconnect(POWERS, reset=Reset("open", 5, gate=True))())
    assert gated.refused() == 1
    stable = Life(Reconnect(POWERS, reset=Reset("stable", 5))())
    stable.now = 100
    assert [stable.refused(), stable.refused(), stable.refused()] == [1, 2, 4]


def test_a_connect_timeout_stays_while_its_attempt_is_under_way() -> None:
    growing = ConnectTimeout(Exponential(15), cap_s=100)
    life = Life(Reconnect(Delays(Constant(1)), connect_timeout=growing, reset=Reset("http"))())
    found = []
    for _ in range(3):
        found.append(life.policy.terms.connect_timeout_s)
        assert life.attempt() == 0
        found.append(life.policy.terms.connect_timeout_s)
        life.told(Fact.REFUSED)
    assert found == [15, 15, 30, 30, 60, 60]
    assert life.attempt() == 0
    life.told(Fact.REACHED)
    assert life.policy.terms.connect_timeout_s == 15


def test_time_gone_by_since_the_attempt_is_taken_off() -> None:
    life = Life(Reconnect(Delays(Constant(10), less_elapsed=True))())
    assert life.dropped(up_s=3) == 7
    assert life.dropped(up_s=30) == 0
    told = Life(Reconnect(Delays(Constant(10), less_elapsed=True))())
    told.opened(up_s=5)
    assert told.told(Fact.DROPPED, began_ns=2 * S) == 7  # as it is told, not as it is known
    fresh = Life(Reconnect(Delays(Constant(10), less_elapsed=True))())
    fresh.now = 4
    assert fresh.told(Fact.REFUSED) == 10  # no attempt is known


def test_the_delay_after_a_drop_never_runs_from_the_attempt() -> None:
    rule = Reconnect(Delays(Constant(10)), Span(6, 6), counted_from="attempt")
    life = Life(rule())
    assert life.dropped(up_s=3) == 6
    assert life.attempt() == 0
    life.now += 4
    assert life.told(Fact.REFUSED) == 6


def test_no_retry_at_all_is_a_limit_too() -> None:
    assert Life(Reconnect(POWERS, attempts_max=0)()).refused() == Stop(USED_UP)
    assert Life(Reconnect(POWERS, give_up_after_s=0)()).refused() == Stop(TOO_LONG)


def test_an_outage_is_counted_from_its_first_failure() -> None:
    life = Life(Reconnect(Delays(Constant(4)), give_up_after_s=10)())
    assert life.dropped(up_s=1000) == 4
    assert [life.refused() for _ in range(3)] == [4, 4, Stop(TOO_LONG)]


def test_what_does_not_count_uses_nothing_up() -> None:
    retried = Rule("retry", codes(1000), counts=False)
    life = Life(Reconnect(POWERS, rules=(retried,), attempts_max=2, reset=Reset("never"))())
    assert [life.dropped(code=1000) for _ in range(4)] == [1, 1, 1, 1]
    assert [life.dropped(code=1006) for _ in range(3)] == [1, 2, Stop(USED_UP)]


def test_what_is_retried_at_once_counts_where_it_says() -> None:
    rules = (Rule("now", codes(1000)),)
    life = Life(Reconnect(POWERS, rules=rules, reset=Reset("never"))())
    assert [life.dropped(code=code) for code in (1000, 1000, 1006, 1000)] == [0, 0, 4, 0]


def test_surroundings_bring_the_retry_after_their_own_delay() -> None:
    network = Network(online=Span(3, 3), visible=Span(5, 5))
    life = Life(Reconnect(Delays(Constant(100)), network=network)())
    life.refused()
    life.now += 1
    answers = [life.told(fact) for fact in (Fact.OFFLINE, Fact.ONLINE, Fact.HIDDEN, Fact.VISIBLE)]
    assert answers == [None, 3, None, 5]
    deaf = Life(Reconnect(Delays(Constant(100)))())
    deaf.refused()
    assert [deaf.told(fact) for fact in (Fact.ONLINE, Fact.VISIBLE)] == [None, None]


def test_both_device_and_page_must_be_back() -> None:
    network = Network(offline="wait", hidden="skip", online=Span(0, 0))
    life = Life(Reconnect(POWERS, network=network)())
    life.refused()
    life.told(Fact.OFFLINE)
    life.told(Fact.HIDDEN)
    assert life.attempt() is None
    assert life.told(Fact.ONLINE) is None
    assert life.told(Fact.VISIBLE) == 0
    assert life.attempt() == 0


def test_only_coming_online_sets_the_count_back_and_not_while_open() -> None:
    rule = Reconnect(POWERS, network=Network(resets=True), reset=Reset("never"))
    life = Life(rule())
    life.refused()
    life.refused()
    for fact in (Fact.OFFLINE, Fact.HIDDEN, Fact.VISIBLE):
        life.told(fact)
    assert life.refused() == 4
    life.told(Fact.ONLINE)
    assert life.refused() == 1
    life.opened()
    life.told(Fact.ONLINE)
    assert life.told(Fact.DROPPED) == 2
    deaf = Life(Reconnect(POWERS, reset=Reset("never"))())
    deaf.refused()
    deaf.told(Fact.ONLINE)
    assert deaf.refused() == 2


def test_a_person_is_heard_unless_it_is_open() -> None:
    life = Life(Reconnect(POWERS, reset=Reset("never"))())
    life.refused()
    life.refused()
    life.now += 1
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.refused() == 1
    life.opened()
    assert life.told(Fact.RETRY_BY_HAND) is None
    goes_on = Life(Reconnect(POWERS, by_hand_resets=False)())
    goes_on.refused()
    assert goes_on.told(Fact.RETRY_BY_HAND) == 0
    assert goes_on.refused() == 2


def test_a_person_closes_the_breaker() -> None:
    life = Life(Reconnect(Delays(Constant(1)), breaker=BREAKER)())
    assert [life.refused() for _ in range(3)] == [1, 1, 30]
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.attempt() == 0
    goes_on = Life(Reconnect(Delays(Constant(1)), breaker=BREAKER, by_hand_resets=False)())
    assert [goes_on.refused() for _ in range(3)] == [1, 1, 30]
    assert goes_on.told(Fact.RETRY_BY_HAND) == 0
    assert goes_on.attempt() == 30


def test_the_loss_of_a_good_connection_fails_where_it_is_said() -> None:
    once = CircuitBreaker(Consecutive(1), Constant(30))
    lives = [
        Life(Reconnect(Delays(Constant(1)), breaker=once, drops_fail=drops_fail)())
        for drops_fail in (False, True)
    ]
    assert [life.dropped(up_s=100) for life in lives] == [1, 30]


def test_advice_comes_with_a_spread_and_a_limit() -> None:
    def after(advice: Advice, seconds: float) -> float | Stop | None:
        rule = Reconnect(Delays(Constant(10)), advice=advice)
        return Life(rule()).refused(retry_after_ns=round(seconds * S))

    assert after(Advice("exact", spread_s=4), 0) == 2
    assert after(Advice("exact"), 0) == 0
    assert after(Advice("at_least", limit_s=20, spread_s=4), 60) == 22
    assert after(Advice("at_least", limit_s=90), 60) == 60
    assert after(Advice("at_least", limit_s=0), 60) == 10


def test_a_rule_s_schedule_goes_before_the_server_s() -> None:
    rules = (Rule("schedule", codes(1012), schedule=Span(300, 300)), Rule("retry", codes(1013)))
    advice = Advice(restart=Span(7, 7), later=Span(60, 60))
    life = Life(Reconnect(POWERS, rules=rules, advice=advice, reset=Reset("never"))())
    assert [life.dropped(code=code) for code in (1012, 1013, 1006)] == [300, 60, 4]
    silent = Life(Reconnect(POWERS)())
    assert [silent.refused(code=code) for code in (1012, 1013)] == [1, 2]


def test_the_first_rule_decides_alone() -> None:
    rules = (Rule("retry", codes(1000)), stop_on((1000, 1999), announced=False))
    life = Life(Reconnect(POWERS, rules=rules)())
    assert life.dropped(code=1000) == 1
    assert life.dropped(code=1001) == Stop(NOT_RETRIED, announced=False)


def test_a_breaker_s_numbers_are_the_policy_s() -> None:
    ten = CircuitBreaker(
        Consecutive(1), Exponential(30), probes=2, failure_ratio=1.0, half_open_s_max=20
    )
    life = Life(Reconnect(Delays(Constant(1)), breaker=ten, attempts_max=20)())
    assert life.refused() == 30
    assert [life.refused(), life.refused()] == [1, 60]
    found = life.policy.plan.limits
    assert (found.probes, found.successes, found.failure_ratio) == (2, 1, 1.0)
    assert (found.ratio_decides, found.half_open_ns_max) == (True, 20 * S)


def test_time_resets_after_its_end_and_a_late_schedule_may_be_there_from_the_start() -> None:
    life = Life(Reconnect(POWERS, reset=Reset("time", 100))())
    life.refused()
    life.at = 100
    assert life.refused() == 2
    life.at = 201
    assert life.refused() == 1
    late = Life(Reconnect(Delays(Constant(15)), late=(0, Delays(Constant(30))))())
    assert late.refused() == 30
