"""Circuit breakers without a clock: closed, open, half-open.

A breaker is asked before each attempt (``allow``) and told how it ended (``record``). What trips it
and how it probes are parameters; the published breakers differ in nothing else that matters here.

```
           tripped                     open time over
  CLOSED ───────────▶ OPEN ─────────────────────────────▶ HALF-OPEN
     ▲                 ▲                                   │      │
     │                 └──────────── a probe failed ───────┘      │
     └─────────────────────── enough probes succeeded ────────────┘
```

The step from open to half-open happens when somebody asks: a timer that did it (opossum) could not
be told apart from outside. Results of attempts that began before the breaker opened are ignored
while it is open, and count as a probe's when it is half-open.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stormlab.clock import to_ns
from stormlab.policy.backoff import Backoff, Constant, whole_ns


class BreakerState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Results(Protocol):
    """What a breaker remembers of results while it is closed."""

    def add(self, time_ns: int, *, success: bool) -> None:
        """Take one result."""

    def tripped(self, time_ns: int) -> bool:
        """Whether the breaker opens."""

    def clear(self) -> None:
        """Forget everything."""


class Trip(Protocol):
    """What opens a breaker."""

    def results(self) -> Results:
        """A memory that is empty."""

    @property
    def words(self) -> str:
        """For people."""


@dataclass(frozen=True)
class Consecutive:
    """``failures`` failures without a success between them (pybreaker, purgatory, aiobreaker)."""

    failures: int = 5

    def results(self) -> Results:
        """A memory that is empty."""
        return _Row(self.failures)

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.failures} failures in a row"


@dataclass
class _Row:
    limit: int
    count: int = 0

    def add(self, time_ns: int, *, success: bool) -> None:
        del time_ns
        self.count = 0 if success else self.count + 1

    def tripped(self, time_ns: int) -> bool:
        del time_ns
        return self.count >= self.limit

    def clear(self) -> None:
        self.count = 0


@dataclass(frozen=True)
class RateInWindow:
    """A share of failures over the last ``window_s``, from ``throughput_min`` results on.

    ``buckets``: the window moves in steps of ``window_s / buckets`` (Hystrix, opossum: 10 of 1 s);
    0: it moves with every result. ``above``: the share must be exceeded, not just reached.
    """

    window_s: float = 10.0
    ratio: float = 0.5
    throughput_min: int = 1
    buckets: int = 10
    above: bool = False

    def results(self) -> Results:
        """A memory that is empty."""
        return _TimeWindow(self)

    @property
    def words(self) -> str:
        """For people."""
        floor = f" of at least {self.throughput_min}" if self.throughput_min > 1 else ""
        return f"{self.ratio:.0%} failures{floor} in {self.window_s:g} s"


def _too_many(failures: int, total: int, ratio: float, *, above: bool) -> bool:
    share = failures / total if total else 0.0
    return share > ratio if above else failures > 0 and share >= ratio


@dataclass
class _TimeWindow:
    """Results by bucket: (bucket, successes, failures); a bucket is one nanosecond when 0."""

    rule: RateInWindow
    counts: deque[list[int]] = field(default_factory=deque)

    def _bucket(self, time_ns: int) -> int:
        return time_ns // max(1, to_ns(self.rule.window_s) // (self.rule.buckets or 1 << 62))

    def _forget(self, time_ns: int) -> None:
        span = self.rule.buckets or to_ns(self.rule.window_s)
        while self.counts and self.counts[0][0] <= self._bucket(time_ns) - span:
            self.counts.popleft()

    def add(self, time_ns: int, *, success: bool) -> None:
        bucket = self._bucket(time_ns)
        if not self.counts or self.counts[-1][0] != bucket:
            self.counts.append([bucket, 0, 0])
        self.counts[-1][1 if success else 2] += 1
        self._forget(time_ns)

    def tripped(self, time_ns: int) -> bool:
        self._forget(time_ns)
        failures = sum(count[2] for count in self.counts)
        total = failures + sum(count[1] for count in self.counts)
        rule = self.rule
        enough = total >= rule.throughput_min
        return enough and _too_many(failures, total, rule.ratio, above=rule.above)

    def clear(self) -> None:
        self.counts.clear()


@dataclass(frozen=True)
class RateInCount:
    """A share of failures among the last ``size`` results, from ``minimum`` on (Resilience4j)."""

    size: int = 100
    ratio: float = 0.5
    minimum: int = 100
    above: bool = False

    def results(self) -> Results:
        """A memory that is empty."""
        return _CountWindow(self)

    @property
    def words(self) -> str:
        """For people."""
        return f"{self.ratio:.0%} failures of the last {self.size}, at least {self.minimum}"


@dataclass
class _CountWindow:
    rule: RateInCount
    last: deque[bool] = field(default_factory=deque)

    def add(self, time_ns: int, *, success: bool) -> None:
        del time_ns
        self.last.append(success)
        if len(self.last) > self.rule.size:
            self.last.popleft()

    def tripped(self, time_ns: int) -> bool:
        del time_ns
        rule, total = self.rule, len(self.last)
        failures = total - sum(self.last)
        enough = total >= min(rule.minimum, rule.size)
        return enough and _too_many(failures, total, rule.ratio, above=rule.above)

    def clear(self) -> None:
        self.last.clear()


@dataclass(frozen=True)
class CircuitBreaker:
    """The parameters of a breaker; :meth:`make` gives one that is closed.

    ``open_for``: how long it stays open, by the number of times in a row that it opened.
    ``probes``: how many attempts may be under way while half-open (None: any number, all at the
    same instant: purgatory, aiobreaker). ``successes``: how many probes must succeed to close it.
    ``failure_ratio``: instead, ``probes`` attempts are let through in all, and their share of
    failures decides (Resilience4j). ``probe_again``: a probe that has not ended lets another one
    through after each open time (Polly). ``half_open_s_max``: it opens again when half-open for so
    long (None: it can stay half-open for ever when a probe's end is never told).
    """

    trip: Trip = field(default_factory=Consecutive)
    open_for: Backoff = field(default_factory=lambda: Constant(60.0))
    probes: int | None = 1
    successes: int = 1
    failure_ratio: float | None = None
    probe_again: bool = False
    half_open_s_max: float | None = None

    def make(self) -> "Breaker":
        """A breaker that is closed."""
        return Breaker(self)

    @property
    def words(self) -> str:
        """For people."""
        probes = "any number of probes" if self.probes is None else f"{self.probes} at a time"
        if self.failure_ratio is not None:
            probes = f"{self.probes} probes decide"
        return f"opens at {self.trip.words} for {self.open_for.words}; half-open: {probes}"


class Breaker:
    """One breaker at work; several sockets of a client may share it."""

    def __init__(self, rule: CircuitBreaker) -> None:
        """Start closed."""
        self.rule = rule
        self.opens = 0  # in a row, without closing between
        self._state = BreakerState.CLOSED
        self._results = rule.trip.results()
        self._until_ns = 0  # of the open time
        self._since_ns = 0  # half-open since
        self._last_probe_ns = 0
        self._under_way = 0
        self._good = 0
        self._bad = 0

    def state(self, time_ns: int) -> BreakerState:
        """Where it stands at ``time_ns``."""
        self._move(time_ns)
        return self._state

    def allow(self, time_ns: int) -> bool:
        """Whether an attempt may be made now; while half-open a yes uses up a probe."""
        self._move(time_ns)
        if self._state is BreakerState.CLOSED:
            return True
        if self._state is BreakerState.OPEN or not self._probe_free(time_ns):
            return False
        self._under_way += 1
        self._last_probe_ns = time_ns
        return True

    def record(self, time_ns: int, *, success: bool) -> None:
        """Take the end of an attempt."""
        self._move(time_ns)
        if self._state is BreakerState.CLOSED:
            self._results.add(time_ns, success=success)
            if not success and self._results.tripped(time_ns):
                self._open(time_ns)
        elif self._state is BreakerState.HALF_OPEN:
            self._under_way = max(0, self._under_way - 1)
            self._good += success
            self._bad += not success
            self._decide(time_ns)

    def next_probe_ns(self, time_ns: int) -> int | None:
        """When the next attempt may be made: a time, now, or None: when a probe under way ends."""
        self._move(time_ns)
        if self._state is BreakerState.OPEN:
            return self._until_ns
        if self._state is BreakerState.CLOSED or self._probe_free(time_ns):
            return time_ns
        times = [self._last_probe_ns + self._open_ns()] if self.rule.probe_again else []
        if self.rule.half_open_s_max is not None:
            times.append(self._since_ns + to_ns(self.rule.half_open_s_max) + self._open_ns())
        return min(times, default=None)

    def reset(self) -> None:
        """Close it, as a person's retry does."""
        self._close()

    def _open_ns(self) -> int:
        return whole_ns(self.rule.open_for.base_ms(max(0, self.opens - 1)) or 0.0)

    def _probe_free(self, time_ns: int) -> bool:
        rule = self.rule
        if rule.probes is None:
            return True
        used = self._under_way + (self._good + self._bad if rule.failure_ratio is not None else 0)
        if used < rule.probes:
            return True
        return rule.probe_again and time_ns >= self._last_probe_ns + self._open_ns()

    def _decide(self, time_ns: int) -> None:
        rule = self.rule
        if rule.failure_ratio is None:
            if self._bad:
                self._open(time_ns)
            elif self._good >= rule.successes:
                self._close()
        elif self._good + self._bad >= (rule.probes or 1):
            if self._bad >= rule.failure_ratio * (self._good + self._bad):
                self._open(time_ns)
            else:
                self._close()

    def _move(self, time_ns: int) -> None:
        if self._state is BreakerState.OPEN and time_ns >= self._until_ns:
            self._state = BreakerState.HALF_OPEN
            self._since_ns = self._until_ns
            self._under_way = self._good = self._bad = 0
        limit_s = self.rule.half_open_s_max
        if self._state is BreakerState.HALF_OPEN and limit_s is not None:
            over_ns = self._since_ns + to_ns(limit_s)
            if time_ns >= over_ns:
                self._open(over_ns)
                self._move(time_ns)

    def _open(self, time_ns: int) -> None:
        self.opens += 1
        self._state = BreakerState.OPEN
        self._until_ns = time_ns + self._open_ns()
        self._results.clear()

    def _close(self) -> None:
        self.opens = 0
        self._state = BreakerState.CLOSED
        self._under_way = self._good = self._bad = 0
        self._results.clear()
