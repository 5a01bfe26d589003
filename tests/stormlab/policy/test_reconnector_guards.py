"""The composed policy and what guards it: a breaker, a budget."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from stormlab.policy import (
    Budget,
    CircuitBreaker,
    Consecutive,
    Constant,
    Delays,
    Exponential,
    Fact,
    Reconnect,
    Reconnector,
    Span,
    TokenBucket,
)

S = 1_000_000_000
POWERS = Delays(Exponential(1), cap_s=60)
BREAKER = CircuitBreaker(Consecutive(3), Constant(30))
FACTS = st.sampled_from([*Fact, "attempt", "attempt"])


def test_a_breaker_puts_the_next_attempt_at_its_probe(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), breaker=BREAKER, breaker_spread_s=4)())
    assert [life.refused() for _ in range(4)] == [1, 1, 32, 32]
    life.opened()
    assert life.told(Fact.DROPPED) == 1


def test_accept_then_close_is_a_failure_to_those_who_want_proof(live: Any) -> None:
    rule = Reconnect(Delays(Constant(1)), breaker=BREAKER, success_on="proof")
    life = live(rule())
    assert [life.dropped() for _ in range(3)] == [1, 1, 30]
    naive = live(Reconnect(Delays(Constant(1)), breaker=BREAKER)())
    assert [naive.dropped() for _ in range(9)] == [1] * 9
    strict = live(Reconnect(Delays(Constant(1)), breaker=BREAKER, drops_fail=True)())
    assert [strict.dropped() for _ in range(3)] == [1, 1, 1]


def test_sockets_of_a_client_share_its_breaker(live: Any) -> None:
    rule = Reconnect(Delays(Constant(1)), breaker=BREAKER, shared="client")
    first, second = (
        live(policy) for policy in rule.make_group(2) if isinstance(policy, Reconnector)
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


def test_a_budget_that_is_empty_postpones_and_never_ends(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), budget=TokenBucket(0.1, 2))())
    assert [life.refused() for _ in range(3)] == [1, 1, 1]
    waited = life.attempt()
    assert isinstance(waited, float)
    assert waited > 1
    assert life.refused() == 1


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


def test_a_budget_is_told_of_each_attempt_once(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), budget=Ledgers())())
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


def test_a_budget_that_wants_proof_hears_of_a_loss_without_it(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), budget=Ledgers(), success_on="proof")())
    ledger = life.policy.budget
    assert isinstance(ledger, Ledger)
    life.dropped()
    life.dropped(proved=True)
    told = [what for what, _ in ledger.lines if "e " in what or "s " in what]
    assert told == ["failure False", "take 0.5", "success True"]


def test_a_client_that_no_attempt_is_under_way_of_gives_none_back(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), budget=Ledgers())())
    ledger = life.policy.budget
    assert isinstance(ledger, Ledger)
    assert life.told(Fact.REFUSED) == 1
    assert ledger.lines == []


def test_a_budget_that_cannot_say_is_asked_again_after_the_recheck(live: Any) -> None:
    rule = Reconnect(Delays(Constant(1)), budget=Ledgers(allows=False), recheck=Span(2, 2))
    life = live(rule())
    life.refused()
    assert [life.attempt(), life.attempt()] == [2, 2]
    at_once = Reconnect(Delays(Constant(1)), budget=Ledgers(allows=False), recheck=Span(0, 0))
    life = live(at_once())
    life.refused()
    assert life.attempt() == 1


def test_a_person_closes_the_breaker(live: Any) -> None:
    life = live(Reconnect(Delays(Constant(1)), breaker=BREAKER)())
    assert [life.refused() for _ in range(3)] == [1, 1, 30]
    assert life.told(Fact.RETRY_BY_HAND) == 0
    assert life.attempt() == 0
    goes_on = live(Reconnect(Delays(Constant(1)), breaker=BREAKER, by_hand_resets=False)())
    assert [goes_on.refused() for _ in range(3)] == [1, 1, 30]
    assert goes_on.told(Fact.RETRY_BY_HAND) == 0
    assert goes_on.attempt() == 30


def test_the_loss_of_a_good_connection_fails_where_it_is_said(live: Any) -> None:
    once = CircuitBreaker(Consecutive(1), Constant(30))
    lives = [
        live(Reconnect(Delays(Constant(1)), breaker=once, drops_fail=drops_fail)())
        for drops_fail in (False, True)
    ]
    assert [life.dropped(up_s=100) for life in lives] == [1, 30]


def test_a_breaker_s_numbers_are_the_policy_s(live: Any) -> None:
    ten = CircuitBreaker(
        Consecutive(1), Exponential(30), probes=2, failure_ratio=1.0, half_open_s_max=20
    )
    life = live(Reconnect(Delays(Constant(1)), breaker=ten, attempts_max=20)())
    assert life.refused() == 30
    assert [life.refused(), life.refused()] == [1, 60]
    found = life.policy.plan.limits
    assert (found.probes, found.successes, found.failure_ratio) == (2, 1, 1.0)
    assert (found.ratio_decides, found.half_open_ns_max) == (True, 20 * S)
