"""Retry budgets, token buckets and client-side throttling, without a clock.

A budget is asked before each retry (``take``) and told what attempts did. A refusal does not end
anything: ``next_ns`` says when asking again makes sense, and a policy then retries later. All
counts are integers: tokens are held in nano-tokens, so that nothing is lost to rounding and no
budget can be overdrawn by one.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from stormlab.clock import NS_PER_S, to_ns

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
        self.full_at_ns: int | None = None  # None: it is full

    def _missing_ns(self, time_ns: int) -> int:
        return 0 if self.full_at_ns is None else max(0, self.full_at_ns - time_ns)

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del unit
        missing_ns = self._missing_ns(time_ns) + self.period_ns
        if missing_ns > self.burst * self.period_ns:
            return False
        self.full_at_ns = time_ns + missing_ns
        return True

    def next_ns(self, time_ns: int) -> int | None:
        if self.full_at_ns is None:
            return time_ns
        return max(time_ns, self.full_at_ns - (self.burst - 1) * self.period_ns)


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
        self.rule = rule
        start = rule.tokens_max if rule.tokens_start is None else rule.tokens_start
        self.left = nano(start)

    def _add(self, tokens: float) -> None:
        self.left = max(0, min(nano(self.rule.tokens_max), self.left + nano(tokens)))

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del time_ns, unit
        cost = nano(self.rule.cost)
        if self.left < cost or (self.rule.above and self.left <= nano(self.rule.above)):
            return False
        self.left -= cost
        return True

    def next_ns(self, time_ns: int) -> int | None:
        del time_ns
        return None

    def request(self, time_ns: int) -> None:
        del time_ns
        self._add(self.rule.per_request)

    def success(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        refunded = retried and self.rule.refund
        self._add(self.rule.cost if refunded else self.rule.per_success)

    def failure(self, time_ns: int, *, retried: bool) -> None:
        del time_ns, retried
        self._add(-self.rule.per_failure)


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
        self.rule = rule
        self.step_ns = max(1, to_ns(rule.ttl_s) // rule.steps)
        self.moves: deque[tuple[int, int]] = deque()  # (step, nano-retries)
        self.left = nano(rule.reserve_per_s * rule.ttl_s)

    def _forget(self, time_ns: int) -> None:
        while self.moves and self.moves[0][0] <= time_ns // self.step_ns - self.rule.steps:
            self.left -= self.moves.popleft()[1]

    def _move(self, time_ns: int, amount: int) -> None:
        self._forget(time_ns)
        self.moves.append((time_ns // self.step_ns, amount))
        self.left += amount

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del unit
        self._forget(time_ns)
        if self.left < NANO:
            return False
        self._move(time_ns, -NANO)
        return True

    def next_ns(self, time_ns: int) -> int | None:
        self._forget(time_ns)
        if self.left >= NANO:
            return time_ns
        left = self.left
        for step, amount in self.moves:  # withdrawals come back when they are forgotten
            left -= amount
            if left >= NANO:
                return (step + self.rule.steps) * self.step_ns
        return None

    def request(self, time_ns: int) -> None:
        self._move(time_ns, nano(self.rule.share))


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
        self.rule = rule
        self.count = 0
        self.retries = 0

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        del time_ns, unit
        if self.retries >= max(self.rule.retries_min, int(self.rule.share * self.count)):
            return False
        self.retries += 1
        return True

    def next_ns(self, time_ns: int) -> int | None:
        del time_ns
        return None

    def success(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        self.retries = max(0, self.retries - retried)

    def failure(self, time_ns: int, *, retried: bool) -> None:
        del time_ns
        self.retries = max(0, self.retries - retried)

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


@dataclass
class _Throttle(Budget):
    rule: AdaptiveThrottle
    requests: deque[int] = field(default_factory=deque)
    accepts: deque[int] = field(default_factory=deque)
    last_ns: int | None = None  # let through

    def refusal(self, time_ns: int) -> float:
        """The probability of a refusal now."""
        begin_ns = time_ns - to_ns(self.rule.window_s)
        for times in (self.requests, self.accepts):
            while times and times[0] <= begin_ns:
                times.popleft()
        total = len(self.requests)
        return max(0.0, (total - self.rule.k * len(self.accepts)) / (total + 1))

    def take(self, time_ns: int, unit: Callable[[], float]) -> bool:
        refusal = self.refusal(time_ns)
        due_ns = self._due_ns()
        probe = due_ns is not None and time_ns >= due_ns
        if not probe and refusal > 0 and unit() < refusal:
            self.requests.append(time_ns)
            return False
        return True

    def _due_ns(self) -> int | None:
        if self.rule.probe_s is None or self.last_ns is None:
            return None
        return self.last_ns + to_ns(self.rule.probe_s)

    def next_ns(self, time_ns: int) -> int | None:
        due_ns = self._due_ns()
        return None if due_ns is None else max(time_ns, due_ns)

    def request(self, time_ns: int) -> None:
        self.requests.append(time_ns)
        self.last_ns = time_ns

    def success(self, time_ns: int, *, retried: bool) -> None:
        del retried
        self.accepts.append(time_ns)
