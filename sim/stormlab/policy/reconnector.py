"""The policy that a :class:`.reconnect.Reconnect` makes, at work.

What it does is written in :mod:`stormlab.policy.rules.reconnecting`, as functions that the compiled
fleet calls too; here they meet the contract.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from stormlab.clock import to_s
from stormlab.policy.breaker import Breaker
from stormlab.policy.budget import Budget
from stormlab.policy.contract import Chance, Decision, Fact, Happened, RetryAt, Stop, Terms
from stormlab.policy.plan import plan_of
from stormlab.policy.rules import numbers, reconnecting
from stormlab.policy.rules.numbers import LAST_STOP, NEVER, NOTHING, REASONS

if TYPE_CHECKING:
    from stormlab.policy.reconnect import Reconnect

_DROPPED, _REFUSED, _OPENED = Fact.DROPPED, Fact.REFUSED, Fact.OPENED  # slow to find in 3.11
USED_UP, TOO_LONG, TOO_YOUNG, NOT_RETRIED = REASONS
_LEARNT = {
    Fact.PROVED: numbers.ON_PROOF,
    Fact.REACHED: numbers.ON_HTTP,
}
_SURROUNDINGS = {
    Fact.ONLINE: numbers.IS_ONLINE,
    Fact.OFFLINE: numbers.IS_OFFLINE,
    Fact.VISIBLE: numbers.IS_VISIBLE,
    Fact.HIDDEN: numbers.IS_HIDDEN,
}


class Reconnector:
    """One reconnect policy at work; see :class:`.reconnect.Reconnect` for what it obeys.

    ``n``: index of the next delay. ``retries``: since the last reset, for the limit. ``attempts``:
    since then, for a connect time-out that grows. ``fresh``: no failure since then. ``memory``: of
    schedules. ``outage_ns``: the first failure since something was open. ``failed_ns``: the last
    that counted. ``began_ns``, ``opened_ns``: the last attempt. ``delay_ns``: before the next.
    ``unit``: for a budget that refuses by chance. ``unresolved``: breaker and budget wait for the
    end of an attempt. ``retried``: the attempt under way is a retry.
    """

    __slots__ = (
        "attempts", "began_ns", "breaker", "budget", "delay_ns", "failed_ns", "fresh", "hidden",
        "memory", "n", "offline", "opened_ns", "outage_ns", "phase", "plan", "retried", "retries",
        "rule", "unit", "unresolved", "withheld",
    )  # fmt: skip

    phase: int
    n: int
    retries: int
    attempts: int
    fresh: bool
    outage_ns: int
    failed_ns: int
    began_ns: int
    opened_ns: int
    delay_ns: int
    unit: float
    unresolved: bool
    retried: bool
    offline: bool
    hidden: bool
    withheld: bool

    def __init__(self, rule: "Reconnect", breaker: Breaker | None, budget: Budget | None) -> None:
        """Start with nothing counted."""
        self.rule, self.plan = rule, plan_of(rule)
        self.breaker, self.budget = breaker, budget
        self.memory: dict[str, float] = {}
        reconnecting.begin(self)

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact, plan = happened.fact, self.plan
        if fact is _DROPPED or fact is _REFUSED:
            end = plan.end_of(happened)
            began_ns = happened.began_ns
            decision = reconnecting.failed(
                plan,
                self,
                self.breaker,
                self.budget,
                end,
                fact is _DROPPED,
                happened.time_ns,
                NEVER if began_ns is None else began_ns,
                chance,
            )
            if decision > LAST_STOP:
                return RetryAt(decision)
            announced = end.announced if decision == numbers.NOT_RETRIED else self.rule.announced
            return Stop(REASONS[decision - NOTHING - 1], announced=announced)
        if fact is _OPENED:
            reconnecting.opened(plan, self, self.breaker, self.budget, happened.time_ns)
            return None
        if fact in _LEARNT:
            what = _LEARNT[fact]
            reconnecting.learn(plan, self, self.breaker, self.budget, what, happened.time_ns)
            return None
        if fact in _SURROUNDINGS:
            what = _SURROUNDINGS[fact]
            return _retry(reconnecting.surroundings(plan, self, what, happened.time_ns, chance))
        return _retry(reconnecting.by_hand(plan, self, self.breaker, happened.time_ns))

    @property
    def terms(self) -> Terms:
        """What the host must do for the next attempt and the connection it gives."""
        growing = self.rule.connect_timeout
        if growing is None:
            return self.rule.terms
        under_way = self.phase == numbers.CONNECTING and self.attempts > 0
        timeout_s = growing.seconds(self.attempts - under_way, to_s(self.delay_ns))
        return replace(self.rule.terms, connect_timeout_s=timeout_s)

    def start(self, time_ns: int, chance: Chance) -> RetryAt:
        """When to make the first attempt of all."""
        return RetryAt(reconnecting.start(self.plan, self, time_ns, chance))

    def may_attempt(self, time_ns: int) -> bool:
        """Whether an attempt that is due is made; a yes takes a probe and a token."""
        return reconnecting.may_attempt(self.plan, self, self.breaker, self.budget, time_ns)

    def postponed(self, time_ns: int, chance: Chance) -> Decision:
        """The next attempt after a refusal by breaker or budget; None: a fact will bring it."""
        breaker, budget = self.breaker, self.budget
        return _retry(reconnecting.postponed(self.plan, self, breaker, budget, time_ns, chance))


def _retry(decision: int) -> RetryAt | None:
    return None if decision == NOTHING else RetryAt(decision)
