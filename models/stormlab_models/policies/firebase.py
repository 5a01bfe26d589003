"""@firebase/database: full jitter on what is left of a delay since the last attempt began.

The delay grows at every failure and is set back only by a connection that lasted more than 30 s, by
coming online, and by a page that is shown again. Simplification: long polling, to which it can fall
back, is left out; so is the server's kill message, after which it stops.
"""

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.policy import Chance, Decision, Draw, Fact, Happened, RetryAt, Support, Terms
from stormlab.policy import support_of as _support_of
from stormlab.policy.backoff import power
from stormlab.policy.catalogue import Entry

DELAY_MS_MIN = 1_000.0
DELAY_MS_MAX = 300_000.0
FACTOR = 1.3
STABLE_NS = to_ns(30.0)
# It sends a zero every 45 s and never looks for an answer: proxies keep the way open, but a dead
# connection is not noticed within a day. An unhealthy connection is closed 30 s after its start.
TERMS = Terms(
    connect_timeout_s=30.0,
    heartbeat_s=45.0,
    heartbeat_timeout_s=86_400.0,
    closes_offline=True,
)


def wait_ns(delay_ms: float, elapsed_ns: int, chance: Chance) -> int:
    """U[0, what is left of the delay) in whole milliseconds."""
    left_ms = max(0.0, delay_ms - elapsed_ns / NS_PER_MS)
    return int(chance.unit("jitter") * left_ms) * NS_PER_MS


class FirebaseDatabase:
    """One client at work."""

    terms = TERMS

    def __init__(self) -> None:
        """Start visible, online and with the shortest delay."""
        self._delay_ms = DELAY_MS_MIN
        self._attempt_ns: int | None = None  # when the last attempt began
        self._ready_ns: int | None = None  # since when the application answers
        self._busy = False  # an attempt or a connection is there
        self._online = self._visible = True

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact, now_ns = happened.fact, happened.time_ns
        if fact is Fact.PROVED:
            self._ready_ns = now_ns
        elif fact in {Fact.DROPPED, Fact.REFUSED}:
            return self._failed(happened, chance)
        elif fact is Fact.ONLINE:
            self._online = True
            return self._afresh(now_ns)
        elif fact is Fact.OFFLINE:
            self._online = False
        elif fact is Fact.HIDDEN:
            self._visible = False
        elif fact is Fact.VISIBLE:
            back, self._visible = not self._visible, True
            if back and self._delay_ms == DELAY_MS_MAX:
                return self._afresh(now_ns)
        elif fact is Fact.RETRY_BY_HAND:
            return self._afresh(now_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Not while offline."""
        if not self._online:
            return False
        self._attempt_ns, self._ready_ns, self._busy = time_ns, None, True
        return True

    def _afresh(self, now_ns: int) -> Decision:
        self._delay_ms = DELAY_MS_MIN
        return None if self._busy else RetryAt(now_ns)

    def _failed(self, happened: Happened, chance: Chance) -> Decision:
        now_ns, self._busy = happened.time_ns, False
        if not self._online:
            return None  # coming online brings the next attempt
        began_ns = self._attempt_ns if self._attempt_ns is not None else happened.began_ns
        if not self._visible:
            self._delay_ms, began_ns = DELAY_MS_MAX, now_ns
        elif self._ready_ns is not None:
            if now_ns - self._ready_ns > STABLE_NS:
                self._delay_ms = DELAY_MS_MIN
            self._ready_ns = None
        elapsed_ns = 0 if began_ns is None else now_ns - began_ns
        at_ns = now_ns + wait_ns(self._delay_ms, elapsed_ns, chance)
        self._delay_ms = min(DELAY_MS_MAX, self._delay_ms * FACTOR)
        return RetryAt(at_ns)


def _supports(n: int) -> Support:
    delay_ms = min(DELAY_MS_MAX, DELAY_MS_MIN * power(FACTOR, n))

    def drawn_ns(chance: Chance) -> int:
        return wait_ns(delay_ms, 0, chance)

    return _support_of((Draw("jitter"),), drawn_ns, step_ns=NS_PER_MS)


ENTRIES = (
    Entry(
        name="@firebase/database",
        version="1.1.5",
        kind="client",
        source="npm @firebase/database@1.1.5:dist/index.cjs.js",
        make=FirebaseDatabase,
        formula="U[0, max(0, min(1.3^n, 300) s - time since the last attempt began))",
        jitter="full, in whole ms",
        notes="A connection that lasted is retried at once by the whole fleet, since its attempt "
        "began long ago: the delay protects against rapid flapping only. The cap is 30 s with an "
        "admin credential. A page hidden when the connection drops waits U[0, 300) s.",
        supports=_supports,
        first_after_drop=Support.point(0),
        cap_s=DELAY_MS_MAX / 1000,
        reset="by a connection of more than 30 s, when it ends",
        close_codes="all retried; the server's kill message is final",
        network="offline: closes and waits; online: count back and at once; hidden: the longest "
        "delay; visible, when at the longest: count back and at once",
        terms=TERMS,
    ),
)
