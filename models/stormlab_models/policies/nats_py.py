"""nats-py: a whole 2 s of sleep when the last dial was less than 2 s ago, else none.

Simplification: one server in the pool. With more, they are shuffled and tried in turn, and the
count of failures is kept for each.
"""

from stormlab.clock import to_ns
from stormlab.policy import Chance, Decision, Fact, Happened, RetryAt, Stop, Support, Terms
from stormlab.policy.catalogue import Entry

WAIT_S = 2.0
FAILURES_MAX = 60
# Pings every 120 s; the third without an answer to the first ends the connection.
TERMS = Terms(connect_timeout_s=2.0, heartbeat_s=120.0, heartbeat_timeout_s=240.0)
USED_UP = "no server is left"


class NatsPy:
    """One client at work."""

    terms = TERMS

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._failures = 0  # of the server, since it last connected
        self._dialled_ns = 0  # the last dial, or the last failure
        self._proved = self._stopped = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        del chance
        if happened.fact is Fact.PROVED:
            self._failures, self._proved = 0, True
        elif happened.fact in {Fact.DROPPED, Fact.REFUSED}:
            return self._ended(happened.time_ns)
        elif happened.fact is Fact.RETRY_BY_HAND:
            self._failures, self._stopped = 0, False
            return RetryAt(happened.time_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Until the server is taken out of the pool."""
        self._dialled_ns, self._proved = time_ns, False
        return not self._stopped

    def _ended(self, time_ns: int) -> Decision:
        if not self._proved:  # a failed attempt counts, and counts as a dial
            self._failures += 1
            self._dialled_ns = time_ns
        if self._failures > FAILURES_MAX:
            self._stopped = True
            return Stop(USED_UP)
        recent = time_ns < self._dialled_ns + to_ns(WAIT_S)
        return RetryAt(time_ns + (to_ns(WAIT_S) if recent else 0))


def _supports(n: int) -> Support | None:
    return Support.point(to_ns(WAIT_S)) if n < FAILURES_MAX else None


ENTRIES = (
    Entry(
        name="nats-py",
        version="2.16.0",
        kind="python",
        source="pip nats-py==2.16.0:nats/aio/client.py",
        make=NatsPy,
        formula="0 after a connection of more than 2 s, else 2 s",
        jitter="none",
        notes="The whole fleet comes back at the instant of a drop and then every 2 s. A server is "
        "taken out of the pool at its 61st failure in a row, when none is left the client closes.",
        supports=_supports,
        first_after_drop=Support.point(0),
        cap_s=WAIT_S,
        attempts_max=FAILURES_MAX,
        reset="when the server has answered CONNECT",
        close_codes="all retried",
        network="none",
        terms=TERMS,
    ),
)
