"""pysignalr: two loops in one another, and a budget of negotiations for the life of the client.

The inner loop is that of websockets, replaced by a copy of its version 12: at once after a drop,
then U[0, 5) s and growing whole seconds while connecting fails, for ever. A handshake that is
answered with an error status, or that takes longer than 10 s, ends the inner loop. The outer one
then sleeps 1.1^k s and negotiates anew by HTTP, k being the count of such ends in the client's
life; the tenth is raised. What fails in the negotiation itself other than by a timeout is raised
at once.

Simplification: a failure by timeout is one that was told 10 s or more after the attempt began.
"""

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Fact,
    Happened,
    Moment,
    RetryAt,
    Span,
    Stages,
    Stop,
    Support,
    Table,
    Terms,
)
from stormlab.policy.catalogue import Entry

CONNECT_TIMEOUT_S = 10.0
NEGOTIATIONS_MAX = 10
SLEEP_S, SLEEP_FACTOR = 1.0, 1.1
# 1.92·1.618^k, at most 60, each cut to whole seconds; in the place of the first, U[0, 5).
INNER = Stages(
    (
        (1, Span(0.0, 5.0)),
        (0, Delays(Table((3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 60.0)), cap_s=60.0)),
    )
)
TERMS = Terms(connect_timeout_s=CONNECT_TIMEOUT_S, heartbeat_s=20.0, heartbeat_timeout_s=20.0)
NEGOTIATED_TERMS = Terms(
    connect_timeout_s=CONNECT_TIMEOUT_S,
    heartbeat_s=20.0,
    heartbeat_timeout_s=20.0,
    http_first=True,
)
USED_UP = "the tenth failed negotiation"
RAISED = "the negotiation failed"


class PySignalR:
    """One client at work."""

    def __init__(self) -> None:
        """Start with a negotiation."""
        self._negotiates = True  # the attempt under way, or the next
        self._reached = False
        self._left = NEGOTIATIONS_MAX
        self._sleep_s = SLEEP_S
        self._n = 0  # of the inner loop
        self._stopped = False

    @property
    def terms(self) -> Terms:
        """An HTTP request comes first where the next attempt negotiates."""
        return NEGOTIATED_TERMS if self._negotiates else TERMS

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact = happened.fact
        if fact is Fact.REACHED:
            self._reached = True
        elif fact is Fact.DROPPED:
            self._negotiates, self._n = False, 0
            return RetryAt(happened.time_ns)
        elif fact is Fact.REFUSED:
            return self._refused(happened, chance)
        elif fact is Fact.RETRY_BY_HAND:
            self._negotiates, self._stopped = True, False
            return RetryAt(happened.time_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Until an error was raised."""
        del time_ns
        self._reached = False
        return not self._stopped

    def _refused(self, happened: Happened, chance: Chance) -> Decision:
        began_ns = happened.began_ns if happened.began_ns is not None else happened.time_ns
        timed_out = happened.time_ns - began_ns >= to_ns(CONNECT_TIMEOUT_S)
        in_negotiation = self._negotiates and not self._reached
        if in_negotiation and not timed_out:
            return self._stop(RAISED)
        if timed_out or happened.status:
            return self._negotiate_again(happened.time_ns)
        self._negotiates = False
        delay_ns = INNER.delay_ns(self._n, Moment(chance)) or 0
        self._n += 1
        return RetryAt(happened.time_ns + delay_ns)

    def _negotiate_again(self, time_ns: int) -> Decision:
        self._left -= 1
        if self._left <= 0:
            return self._stop(USED_UP)
        self._sleep_s *= SLEEP_FACTOR
        self._negotiates, self._n = True, 0
        return RetryAt(time_ns + to_ns(self._sleep_s))

    def _stop(self, reason: str) -> Stop:
        self._stopped = True
        return Stop(reason)


ENTRIES = (
    Entry(
        name="pysignalr",
        version="1.3.3",
        kind="python",
        source="pip pysignalr==1.3.3:pysignalr/__init__.py, pysignalr/transport/websocket.py",
        make=PySignalR,
        formula="0 after a drop; U[0, 5), 3, 5, 8, 13, 21, 34, 55, 60 s while TCP refuses; 1.1^k s "
        "after an error status or a timeout, k = 1 .. 9 in all",
        jitter="only the first delay of a row",
        notes="The budget of ten negotiations and the growing sleep are never set back: after the "
        "tenth, over any span of time, the client raises. A server that refuses TCP when the "
        "client negotiates ends it at once, the first start too: that error is not among those "
        "that retry_count covers. After a drop it comes back with the old connection's "
        "id, which a real server refuses. The delays listed are those of the inner loop.",
        supports=INNER.support,
        first_after_drop=Support.point(0),
        cap_s=60.0,
        gives_up=True,  # by an exception from run(): retry_count of its README, or a refusal
        reset="the inner loop on open; the budget never",
        close_codes="all retried",
        network="none",
        terms=NEGOTIATED_TERMS,
    ),
)
