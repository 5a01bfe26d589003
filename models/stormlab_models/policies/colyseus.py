"""@colyseus/sdk: a room younger than 5 s is given up, an older one is retried 15 times.

The age of the room counts from the first join, not from the last: a room that was joined long ago
is retried however often it flaps. Of the close codes only 1001, 1005, 1006 and 4010 are retried; a
server that closes with 1012 (service restart) loses its clients for good.

Simplification: a room that could not be joined the first time is an error for the application; here
it takes the same retries.
"""

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Exponential,
    Fact,
    Happened,
    Reconnect,
    Reset,
    Rule,
    Stop,
    Terms,
    codes,
)
from stormlab.policy.catalogue import Entry
from stormlab.policy.reconnector import TOO_YOUNG

AGE_NS_MIN = to_ns(5.0)
RETRIES = Reconnect(
    Delays(Exponential(0.1, first_exponent=1), cap_s=5.0),
    attempts_max=15,
    reset=Reset(on="proof"),
    rules=(
        Rule("retry", fact=Fact.REFUSED),
        Rule("retry", codes(1001, 1005, 1006, 4010)),
        Rule("stop"),
    ),
    terms=Terms(closes_offline=True),
)


class ColyseusRoom:
    """One room at work: :data:`RETRIES`, and a gate that only its age opens."""

    terms = RETRIES.terms

    def __init__(self) -> None:
        """Start without having joined."""
        self._retries = RETRIES.make()
        self._joined_ns: int | None = None
        self._left = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact, now_ns = happened.fact, happened.time_ns
        decision = self._retries.on(happened, chance)
        if fact is Fact.PROVED and self._joined_ns is None:
            self._joined_ns = now_ns
        elif fact is Fact.RETRY_BY_HAND:  # a new room
            self._joined_ns, self._left = None, False
        elif fact in {Fact.DROPPED, Fact.REFUSED} and self._joined_ns is not None:
            self._left = now_ns - self._joined_ns < AGE_NS_MIN
            if self._left:
                return Stop(TOO_YOUNG)
        return decision

    def may_attempt(self, time_ns: int) -> bool:
        """Until the room was left or its retries are used up."""
        return not self._left and self._retries.may_attempt(time_ns)


ENTRIES = (
    Entry(
        name="@colyseus/sdk",
        version="0.18.4",
        kind="client",
        source="npm @colyseus/sdk@0.18.4:src/Reconnection.ts, src/Room.ts, src/Connection.ts",
        make=ColyseusRoom,
        formula="min(0.1·2^n, 5) s, n = 1 .. 15, then no more",
        jitter="none",
        notes="minUptime is a gate to give up, the opposite of what it is elsewhere: a room that "
        "drops within 5 s of its first join is left. colyseus.js@0.16.22 does not reconnect at "
        "all.",
        supports=RETRIES.support,
        first_after_drop=RETRIES.support(0),
        cap_s=5.0,
        attempts_max=15,
        reset="on rejoin",
        close_codes="1001, 1005, 1006, 4010: retry; all others, 1012 too: stop",
        network="offline: closes and goes on retrying",
        terms=RETRIES.terms,
    ),
)
