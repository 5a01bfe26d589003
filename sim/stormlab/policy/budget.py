"""Retry budgets, token buckets and client-side throttling, without a clock.

A budget is asked before each retry (``take``) and told what attempts did. A refusal does not end
anything: ``next_ns`` says when asking again makes sense, and a policy then retries later. All
counts are integers: tokens are held in nano-tokens, so that nothing is lost to rounding and no
budget can be overdrawn by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from stormlab.clock import NS_PER_S, to_ns
from stormlab.policy.rules import budgeting
from stormlab.policy.rules.numbers import NEVER, NO_MORE

NANO = 1_000_000_000


class Budget:
    """A budget at work; several sockets of a client may share it. This one refuses nothing."""

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        """Pay for one retry, or refuse; ``unit`` draws, for budgets that refuse by chance."""
        del time_ns, unit
        return True

    def next_ns(self, time_ns: int) -> int | None:
        """When a retry refused now can be paid for; None: not before something else happens."""
        return time_ns

    def request(self, time_ns: int) -> None:
        """An attempt is made, the first or a retry."""

    def success(self, time_ns: int, *, retried: bool) -> None:
        """An attempt succeeded; ``retried``: it was a retry."""

    def failure(self, time_ns: int, *, retried: bool) -> None:
        """An attempt failed; ``retried``: it was a retry."""

    def active(self, change: int) -> None:
        """A connection or an attempt began (+1) or ended (-1)."""


class BudgetRule(Protocol):
    """The parameters of a budget."""

    def make(self) -> Budget:
        """A budget that is full."""

    @property
    def words(self) -> str:
        """For people."""


@dataclass(frozen=True)
class TokenBucket:
    """Refilled by time: ``rate_per_s`` retries a second, at most ``burst`` at once."""

    rate_per_s: float
    burst: int = 1

    def make(self) -> Budget:
        """A bucket that is full."""
        return _Bucket(self)

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.rate_per_s:g} retries/s, burst {self.burst}"


class _Bucket(Budget):
    def __init__(self, rule: TokenBucket) -> None:
        self.burst = rule.burst
        self.period_ns = max(1, round(NS_PER_S / rule.rate_per_s))  # for one token
        self.full_at_ns = NEVER  # it is full

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del unit
        return budgeting.bucket_take(self, self, time_ns)

    def next_ns(self, time_ns: int) -> int | None:
        return budgeting.bucket_next_ns(self, self, time_ns)


@dataclass(frozen=True)
class TokensByResult:
    """Refilled by what happens: requests or successes bring tokens, retries or failures cost them.

    Brooker's: ``per_success=0.1, cost=1``. gRPC A6: ``cost=0, per_failure=1, per_success=0.1``,
    retries only while more than ``above`` = half are left. AWS (botocore): 500 tokens, ``cost=14``,
    ``refund`` on a retry that succeeds, ``per_success=1`` for a clean success.
    """

    tokens_max: float
    tokens_start: float | None = None
    cost: float = 1.0
    per_failure: float = 0.0
    per_success: float = 0.0
    per_request: float = 0.0
    refund: bool = False
    above: float = 0.0

    def make(self) -> Budget:
        """A budget with its first tokens."""
        return _Tokens(self)

    @property
    def words(self) -> str:
        """For people."""
        parts = [f"{self.tokens_max:g} tokens, a retry costs {self.cost:g}"]
        for name in ("failure", "success", "request"):
            amount = getattr(self, f"per_{name}")
            sign = "-" if name == "failure" else "+"
            parts += [f"{sign}{amount:g} per {name}"] if amount else []
        parts += ["refunded on success"] if self.refund else []
        parts += [f"only above {self.above:g}"] if self.above else []
        return ", ".join(parts)


def nano(tokens: float) -> int:
    """Tokens as an integer of nano-tokens."""
    return round(tokens * NANO)


class _Tokens(Budget):
    def __init__(self, rule: TokensByResult) -> None:
        start = rule.tokens_max if rule.tokens_start is None else rule.tokens_start
        self.left, self.tokens_max = nano(start), nano(rule.tokens_max)
        self.cost, self.above, self.refund = nano(rule.cost), nano(rule.above), rule.refund
        self.per_failure, self.per_success = nano(rule.per_failure), nano(rule.per_success)
        self.per_request = nano(rule.per_request)

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del time_ns, unit
        return budgeting.tokens_take(self, self)

    def next_ns(self, time_ns: int) -> int | None:
        del time_ns
        return None

    def request(self, time_ns: int) -> None:
        del time_ns
        budgeting.tokens_add(self, self, self.per_request)

    def success(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        budgeting.tokens_result(self, self, True, retried)  # noqa: FBT003

    def failure(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        budgeting.tokens_result(self, self, False, retried)  # noqa: FBT003


@dataclass(frozen=True)
class Leaky:
    """Finagle's: retries may be ``share`` of the requests of the last ``ttl_s``, and a reserve.

    ``reserve_per_s * ttl_s`` retries are there without any request. Deposits and withdrawals leave
    after ``ttl_s``, in ten steps. Source: twitter/finagle@4feb34cb:RetryBudget.scala.
    """

    share: float = 0.2
    ttl_s: float = 10.0
    reserve_per_s: float = 10.0
    steps: int = 10

    def make(self) -> Budget:
        """A budget that holds its reserve."""
        return _Leaky(self)

    @property
    def words(self) -> str:
        """For people."""
        reserve = f"{self.reserve_per_s:g}/s in reserve"
        return f"{self.share:.0%} of the requests of {self.ttl_s:g} s, {reserve}"


class _Leaky(Budget):
    def __init__(self, rule: Leaky) -> None:
        self.steps = rule.steps
        self.step_ns = max(1, to_ns(rule.ttl_s) // rule.steps)
        self.per_request = nano(rule.share)
        self.room = rule.steps + 2
        self.ring = [0] * (self.room * budgeting.WORDS)  # (step, nano-retries)
        self.first = self.count = 0
        self.left = nano(rule.reserve_per_s * rule.ttl_s)

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del unit
        return budgeting.leaky_take(self, self, time_ns // self.step_ns)

    def next_ns(self, time_ns: int) -> int | None:
        step = time_ns // self.step_ns
        found = budgeting.leaky_next(self, self, step)
        if found == NO_MORE:
            return None
        return time_ns if found == step else found * self.step_ns

    def request(self, time_ns: int) -> None:
        budgeting.leaky_move(self, self, time_ns // self.step_ns, self.per_request)


@dataclass(frozen=True)
class ShareOfActive:
    """Envoy's: at most ``share`` of what is active may be retries, at least ``retries_min``.

    Source: envoyproxy/envoy api@01c2c1fa:config/cluster/v3/circuit_breaker.proto.
    """

    share: float = 0.2
    retries_min: int = 3

    def make(self) -> Budget:
        """A budget with nothing under way."""
        return _Share(self)

    @property
    def words(self) -> str:
        """For people."""
        return f"retries at most {self.share:.0%} of what is active, at least {self.retries_min}"


class _Share(Budget):
    def __init__(self, rule: ShareOfActive) -> None:
        self.share, self.retries_min = rule.share, rule.retries_min
        self.count = 0
        self.retries = 0

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del time_ns, unit
        return budgeting.share_take(self, self)

    def next_ns(self, time_ns: int) -> int | None:
        del time_ns
        return None

    def success(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        self.retries = max(0, self.retries - retried)

    def failure(self, time_ns: int, *, retried: bool) -> None:
        self.success(time_ns, retried=retried)

    def active(self, change: int) -> None:
        self.count = max(0, self.count + change)


@dataclass(frozen=True)
class AdaptiveThrottle:
    """Google SRE: refuse with ``p = max(0, (requests - k * accepts) / (requests + 1))``.

    Over the last ``window_s``. A refused attempt counts as a request, as the book has it. When
    nothing is accepted p goes to 1; ``probe_s`` lets one through when none was let through for so
    long (None, the book: none).
    """

    k: float = 2.0
    window_s: float = 120.0
    probe_s: float | None = None

    def make(self) -> Budget:
        """A throttle that has seen nothing."""
        return _Throttle(self)

    @property
    def words(self) -> str:
        """For people."""
        probe = "" if self.probe_s is None else f", one at least every {self.probe_s:g} s"
        return f"adaptive throttle, K = {self.k:g} over {self.window_s:g} s{probe}"


class _Throttle(Budget):
    """Requests and accepts of the window in one ring, by time."""

    def __init__(self, rule: AdaptiveThrottle) -> None:
        self.k, self.window_ns = rule.k, to_ns(rule.window_s)
        self.probe_ns = -1 if rule.probe_s is None else to_ns(rule.probe_s)
        self.last_ns = NEVER  # let through
        self.room = 64
        self.ring = [0] * (self.room * budgeting.WORDS)
        self.first = self.count = 0
        self.left = 0  # accepts in the window

    def _make_room(self) -> None:
        if self.count == self.room:
            cut = self.first * budgeting.WORDS
            more = [0] * (self.room * budgeting.WORDS)
            self.ring = self.ring[cut:] + self.ring[:cut] + more
            self.first, self.room = 0, 2 * self.room

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        self._make_room()
        return budgeting.throttle_take(self, self, time_ns, unit())

    def next_ns(self, time_ns: int) -> int | None:
        found = budgeting.throttle_next_ns(self, self, time_ns)
        return None if found == NO_MORE else found

    def request(self, time_ns: int) -> None:
        self._make_room()
        budgeting.throttle_add(self, time_ns, 0)
        self.last_ns = time_ns

    def success(self, time_ns: int, *, retried: bool) -> None:
        del retried
        self._make_room()
        budgeting.throttle_add(self, time_ns, 1)
