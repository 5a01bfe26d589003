"""Action Cable's clients: @rails/actioncable, which polls, and @anycable/core, which does not.

@rails/actioncable has no timer for a retry: a poll, every 6 to 12 s, looks whether anything was
heard for 6 s, and opens a new socket if so. What is waited after a drop is therefore decided before
the drop. A poll within 6 s of the drop counts as an attempt and does not make one.

Simplifications: the server's pings, every 3 s, are counted from the welcome message. A connection
that was open for more than two minutes has lost the phase of its polls: where the next one falls is
drawn from the distribution that a renewal process comes to, instead of drawing every poll. A silent
connection is closed by the host (see Terms) and its loss then waits for a poll as any drop, while
the real client opens the next socket 0.5 s after it closed the silent one.
"""

import math

from stormlab.clock import NS_PER_MS, NS_PER_S, to_ns
from stormlab.policy import (
    Chain,
    Chance,
    Decision,
    Delays,
    Exponential,
    Fact,
    Happened,
    Multiplied,
    Reconnect,
    Reset,
    RetryAt,
    Support,
    Terms,
)
from stormlab.policy.backoff import power
from stormlab.policy.catalogue import Entry

STALE_S, RATE, RATE_MAX = 6.0, 0.15, 10
STALE_NS = to_ns(STALE_S)
LONGEST_S = STALE_S + STALE_S * power(1 + RATE, RATE_MAX) * (1 + RATE)
PING_NS = to_ns(3.0)
REOPEN_NS = to_ns(0.5)
VISIBLE_NS = to_ns(0.2)
OUT_OF_PHASE_NS = to_ns(120.0)
TERMS = Terms(heartbeat_s=3.0, heartbeat_timeout_s=6.0)


def poll_interval_ns(attempts: int, unit: float) -> int:
    """The time to the next poll: ``6 s * 1.15**min(n, 10) * (1 + U[0, j))``, j = 1 while n is 0.

    In whole milliseconds: a browser's timer cuts the rest off.
    """
    grown_ms = STALE_S * 1000.0 * power(1 + RATE, min(attempts, RATE_MAX))
    return int(grown_ms * (1 + (RATE if attempts else 1.0) * unit)) * NS_PER_MS


def rest_of_interval_ns(length_unit: float, place_unit: float) -> int:
    """What is left of a poll interval U[6, 12) s that a moment long after its start falls into.

    A longer interval is met more often: its length has a density in proportion to itself.
    """
    low, high = STALE_S, 2 * STALE_S
    length_s = math.sqrt(low * low + length_unit * (high * high - low * low))
    return to_ns(length_s * place_unit)


class ActionCable:
    """The connection monitor of @rails/actioncable, without its clock.

    ``_next_ns`` is the poll that is set. What the polls after it will do is looked up in advance,
    and taken over when the attempt that they lead to is made.
    """

    terms = TERMS

    def __init__(self, out_of_phase_ns: float = OUT_OF_PHASE_NS) -> None:
        """Start with no poll set: the monitor starts with the first attempt."""
        self._out_of_phase_ns = out_of_phase_ns
        self._polls = 0  # intervals that are past or run
        self._started_ns = 0
        self._attempts = 0  # polls that found it stale since the last welcome
        self._next_ns: int | None = None
        self._set_ns: int | None = None  # when a poll was set whose interval is not drawn yet
        self._set_with = 0  # the attempts that its interval is drawn with
        # the attempt to come, the count then, and the polls up to it
        self._plan: tuple[int, int, int] | None = None
        self._heard_ns: int | None = None  # the last message of the server
        self._lost_ns: int | None = None  # the last drop, if no welcome came since
        self._welcome_ns: int | None = None  # of the open connection
        self._reopened_ns: int | None = None  # a poll that found the socket CONNECTING
        self._connecting = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; after an end the next attempt is the first poll that makes one."""
        time_ns, fact = happened.time_ns, happened.fact
        if fact is Fact.PROVED:
            self._attempts, self._lost_ns = 0, None
            self._heard_ns = self._welcome_ns = time_ns
        elif fact in {Fact.DROPPED, Fact.REFUSED}:
            return self._ended(happened, chance)
        elif fact is Fact.RETRY_BY_HAND:
            return RetryAt(time_ns)
        elif fact is Fact.VISIBLE and not self._connecting and self._plan is not None:
            return RetryAt(min(time_ns + VISIBLE_NS, self._plan[0]))
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Always; an attempt that a poll makes sets the next poll."""
        if self._plan is not None and time_ns >= self._plan[0]:
            set_ns, attempts, self._polls = self._plan
            self._set(set_ns, attempts)
        elif self._next_ns is None and self._set_ns is None:
            self._set(time_ns, 0)
            self._started_ns = time_ns
        self._plan, self._reopened_ns, self._connecting = None, None, True
        return True

    def _set(self, time_ns: int, attempts: int) -> None:
        self._next_ns, self._set_ns = None, time_ns
        self._attempts = self._set_with = attempts

    def _ended(self, happened: Happened, chance: Chance) -> RetryAt:
        time_ns = happened.time_ns
        if self._next_ns is None and self._set_ns is None:  # the host began without asking
            self._started_ns = time_ns if happened.began_ns is None else happened.began_ns
            self._set(self._started_ns, 0)
        polls = _Polls(chance, self._polls)
        if happened.fact is Fact.DROPPED:
            self._lost_ns = time_ns
            if self._welcome_ns is not None:
                # a ping of this very moment is not heard any more
                last_ns = max(self._welcome_ns, time_ns - 1)
                self._heard_ns = last_ns - (last_ns - self._welcome_ns) % PING_NS
        self._pass(time_ns, time_ns if happened.began_ns is None else happened.began_ns, polls)
        self._polls = polls.count
        self._connecting, self._welcome_ns = False, None
        if self._reopened_ns is not None and time_ns < self._reopened_ns + REOPEN_NS:
            self._plan = None
            return RetryAt(self._reopened_ns + REOPEN_NS)
        self._plan = self._planned(polls)
        return RetryAt(self._plan[0])

    def _pass(self, time_ns: int, began_ns: int, polls: "_Polls") -> None:
        """The polls that fired up to the end of the attempt or connection that began then.

        Those of the attempt find it CONNECTING; those before it came too soon after the drop.
        """
        if self._next_ns is None and self._set_ns is not None:
            self._next_ns = self._set_ns + polls.interval_ns(self._set_with)
            self._set_ns = None
        assert self._next_ns is not None  # noqa: S101  set with the first attempt
        if self._welcome_ns is not None and time_ns - self._welcome_ns > self._out_of_phase_ns:
            self._next_ns = time_ns + polls.rest_ns()
            return
        while self._next_ns <= time_ns:
            if self._welcome_ns is None and self._stale(self._next_ns):
                self._attempts += 1
                if self._next_ns >= began_ns:
                    self._reopened_ns = self._next_ns
            self._next_ns += polls.interval_ns(self._attempts)

    def _planned(self, polls: "_Polls") -> tuple[int, int, int]:
        """The first poll to come that makes an attempt, the count after it, the polls up to it."""
        assert self._next_ns is not None  # noqa: S101  set by _pass
        time_ns, attempts = self._next_ns, self._attempts
        while True:
            if self._stale(time_ns):
                attempts += 1
                if self._lost_ns is None or time_ns - self._lost_ns >= STALE_NS:
                    return time_ns, attempts, polls.count
            time_ns += polls.interval_ns(attempts)

    def _stale(self, time_ns: int) -> bool:
        heard_ns = self._heard_ns if self._heard_ns is not None else self._started_ns
        return time_ns - heard_ns > STALE_NS


class _Polls:
    """The chance of the polls that one decision looks at: each has a draw of its own for good."""

    def __init__(self, chance: Chance, count: int) -> None:
        self._chance = chance
        self.count = count

    def interval_ns(self, attempts: int) -> int:
        self.count += 1
        return poll_interval_ns(attempts, self._chance.unit(f"poll {self.count}", "client"))

    def rest_ns(self) -> int:
        length, place = self._chance.unit("poll length"), self._chance.unit("poll place")
        return rest_of_interval_ns(length, place)


def supports(n: int) -> Support:
    """Delay ``n`` while every attempt is refused at once: the interval of the poll after it."""
    last = 1 - 2.0**-53
    return Support.of([(poll_interval_ns(n, 0.0), poll_interval_ns(n, last))])


ANYCABLE = Reconnect(
    Delays(
        Exponential(3.0),
        Chain((Multiplied(1.0, 2.0), Multiplied(0.5, 1.5, purpose="deviation"))),
    ),
    reset=Reset(on="proof"),
    terms=TERMS,
)

ENTRIES = (
    Entry(
        name="@rails/actioncable",
        version="8.1.400",
        kind="client",
        source="npm @rails/actioncable@8.1.400:src/connection_monitor.js, src/connection.js",
        make=ActionCable,
        formula="a poll every 6 s·1.15^min(n, 10)·(1 + j·r), j = 1 for n = 0, else 0.15",
        jitter="x U[1, 2) at n = 0, then x U[1, 1.15)",
        notes="A drop waits for a poll at least 6 s after it: 6 to 18 s, spread by when the page "
        "was loaded; up to 33.9 s where no welcome came for long, as a poll within 6 s of a drop "
        "is skipped. A socket stuck CONNECTING is never given up (Safari). The jitter came with "
        "rails/rails#40229. Pings come from the server, every 3 s.",
        supports=supports,
        first_after_drop=Support.of([(6 * NS_PER_S, 18 * NS_PER_S)]),
        # the longest interval, after a poll that came within 6 s of the drop; what makes it long is
        # the time without a welcome, one attempt that hangs included
        cap_s=LONGEST_S,
        wait_s_max=LONGEST_S,
        reset="on the welcome message",
        close_codes="all retried; a disconnect message says whether to reconnect",
        network="visible: after 0.2 s",
        terms=TERMS,
    ),
    Entry.of(
        ANYCABLE,
        name="@anycable/core",
        version="1.1.7",
        kind="client",
        source="npm @anycable/core@1.1.7:monitor/index.js, create-cable/index.js",
        formula="L·U[1, 2)·U[0.5, 1.5), L = 3 s·2^n",
        notes="No cap (maxInterval is not set): mean 4.5·2^n s, 19 minutes at n = 8 and 5 hours at "
        "n = 12, so that after an outage of an hour clients stay away for hours.",
        reset="on the welcome message",
        close_codes="all retried; a disconnect message says whether to reconnect",
    ),
)
