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

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stormlab.clock import to_ns
from stormlab.policy.backoff import Backoff, Constant
from stormlab.policy.plan import limits_of
from stormlab.policy.rules import breaking, windows
from stormlab.policy.rules.numbers import CLOSED, NO_MORE


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


@dataclass(slots=True)
class _Row:
    limit: int
    count: int = 0

    def add(self, time_ns: int, *, success: bool) -> None:
        del time_ns
        windows.row_add(self, success)

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


class _TimeWindow:
    """Results by bucket; a bucket is one nanosecond when the window moves with every result."""

    __slots__ = ("_bucket_ns", "count", "first", "ring", "room", "rule", "window_buckets")

    def __init__(self, rule: RateInWindow) -> None:
        self.rule = rule
        window_ns = to_ns(rule.window_s)
        self._bucket_ns = max(1, window_ns // rule.buckets) if rule.buckets else 1
        self.window_buckets = rule.buckets or window_ns
        self.room = (rule.buckets or 30) + 2
        self.ring = [0] * (self.room * windows.WORDS)
        self.count = self.first = 0

    @property
    def ratio(self) -> float:
        return self.rule.ratio

    @property
    def throughput_min(self) -> int:
        return self.rule.throughput_min

    @property
    def above(self) -> bool:
        return self.rule.above

    def add(self, time_ns: int, *, success: bool) -> None:
        bucket = time_ns // self._bucket_ns
        windows.time_forget(self, self, bucket)
        if self.count == self.room:
            self._grow()
        windows.time_add(self, self, bucket, success)

    def _grow(self) -> None:
        """Make room: only a window that moves with every result can hold any number of them."""
        cut = self.first * windows.WORDS
        more = [0] * (self.room * windows.WORDS)
        self.ring = self.ring[cut:] + self.ring[:cut] + more
        self.first, self.room = 0, 2 * self.room

    def tripped(self, time_ns: int) -> bool:
        return windows.time_tripped(self, self, time_ns // self._bucket_ns)

    def clear(self) -> None:
        self.count = self.first = 0


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


class _CountWindow:
    __slots__ = ("above", "count", "first", "minimum", "ratio", "ring", "room", "size")

    def __init__(self, rule: RateInCount) -> None:
        self.size, self.minimum = rule.size, rule.minimum
        self.ratio, self.above = rule.ratio, rule.above
        self.room = rule.size + 1
        self.ring = [0] * self.room
        self.count = self.first = 0

    def add(self, time_ns: int, *, success: bool) -> None:
        del time_ns
        windows.count_add(self, self, success)

    def tripped(self, time_ns: int) -> bool:
        del time_ns
        return windows.count_tripped(self, self)

    def clear(self) -> None:
        self.count = self.first = 0


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
    """One breaker at work; several sockets of a client may share it.

    Its transitions are :mod:`stormlab.policy.rules.breaking`. ``opens``: in a row, without closing
    between. ``until_ns``: the end of the open time. ``since_ns``: half-open since.
    """

    __slots__ = (
        "bad", "good", "last_probe_ns", "limits", "opens", "results", "rule", "since_ns", "stage",
        "under_way", "until_ns",
    )  # fmt: skip

    def __init__(self, rule: CircuitBreaker) -> None:
        """Start closed."""
        self.rule, self.limits = rule, limits_of(rule)
        self.results = rule.trip.results()
        self.opens = 0
        self.stage = CLOSED
        self.until_ns = self.since_ns = self.last_probe_ns = 0
        self.under_way = self.good = self.bad = 0

    def state(self, time_ns: int) -> BreakerState:
        """Where it stands at ``time_ns``."""
        return _STATES[breaking.state_at(self.limits, self, time_ns)]

    def allow(self, time_ns: int) -> bool:
        """Whether an attempt may be made now; while half-open a yes uses up a probe."""
        return breaking.allow(self.limits, self, time_ns)

    def record(self, time_ns: int, *, success: bool) -> None:
        """Take the end of an attempt."""
        breaking.record(self.limits, self, time_ns, success)

    def next_probe_ns(self, time_ns: int) -> int | None:
        """When the next attempt may be made: a time, now, or None: when a probe under way ends."""
        found = breaking.next_probe_ns(self.limits, self, time_ns)
        return None if found == NO_MORE else found

    def reset(self) -> None:
        """Close it, as a person's retry does."""
        breaking.close(self.limits, self)


_STATES = (BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN)
