"""The composed policy at work: facts in, decisions out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    RESTART_SPAN,
    Advice,
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
