"""@jupyterlab/services: seven retries, but while the server is down it asks by HTTP instead.

A socket that closes before it opened makes the client ask the server's REST API for its kernel
first. When nobody answers (or with 503 or 424) it asks again after 10 to 30 s, for ever, and only
then takes the next of its seven retries: an outage of the whole server does not use them up.

Simplification: the client asks at once and then waits for the delay of the retry; here it waits
first, and the HTTP request and the handshake follow each other.
"""

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Draw,
    Exponential,
    Fact,
    Full,
    Happened,
    Moment,
    RetryAt,
    Stop,
    Support,
    Terms,
    support_of,
)
from stormlab.policy.catalogue import Entry

RETRIES_MAX = 7
SCHEDULE = Delays(Exponential(1.0, offset_s=-1.0), Full(whole_ms=True))
ASK_AGAIN_S = (10, 30)  # whole seconds, both included
FINAL = (1000, 1001)
NO_SERVER = (0, 424, 503)


def ask_again_ns(chance: Chance) -> int:
    """How long it waits before it asks for its kernel again."""
    low, high = ASK_AGAIN_S
    return to_ns(float(low + int(chance.unit("ask again") * (high - low + 1))))


class JupyterKernel:
    """The connection to one kernel at work."""

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._n = 0
        self._asks = False  # the next attempt begins with an HTTP request
        self._reached = False
        self._stopped = False

    @property
    def terms(self) -> Terms:
        """An HTTP request comes first once a socket has failed to open."""
        return Terms(http_first=self._asks)

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact = happened.fact
        if fact is Fact.REACHED:
            self._reached = True
        elif fact is Fact.OPENED:
            self._n = 0
            self._asks = False
        elif fact is Fact.DROPPED:
            if happened.code in FINAL:
                return self._stop("a close code that is final")
            return self._retry(happened.time_ns, chance)
        elif fact is Fact.REFUSED:
            return self._refused(happened, chance)
        elif fact is Fact.RETRY_BY_HAND:
            self._n = 0
            self._stopped = False
            return RetryAt(happened.time_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Until it has stopped."""
        del time_ns
        self._reached = False
        return not self._stopped

    def _refused(self, happened: Happened, chance: Chance) -> Decision:
        if not self._asks or self._reached:
            self._asks = True
            return self._retry(happened.time_ns, chance)
        if happened.status not in NO_SERVER:
            return self._stop("the kernel is taken for dead")
        return RetryAt(happened.time_ns + ask_again_ns(chance))

    def _retry(self, time_ns: int, chance: Chance) -> Decision:
        if self._n == RETRIES_MAX:
            return self._stop("attempts used up")
        delay_ns = SCHEDULE.delay_ns(self._n, Moment(chance)) or 0
        self._n += 1
        return RetryAt(time_ns + delay_ns)

    def _stop(self, reason: str) -> Stop:
        self._stopped = True
        return Stop(reason)


def _supports(n: int) -> Support | None:
    if n == 0:
        return SCHEDULE.support(0)
    return support_of((Draw("ask again"),), ask_again_ns, step_ns=to_ns(1.0))


ENTRIES = (
    Entry(
        name="@jupyterlab/services",
        version="7.6.6",
        kind="client",
        source="npm @jupyterlab/services@7.6.6:lib/kernel/default.js",
        make=JupyterKernel,
        formula="U{0 .. 2^n - 1} s in whole ms, n = 0 .. 6, then no more; while the server does "
        "not answer HTTP: 10 .. 30 s, whole seconds, not counted",
        jitter="full, both ends included",
        notes="The first retry after a drop is at once for everybody. A server that closes with "
        "1001 (going away) when it restarts loses its kernels' connections until somebody acts. "
        "The delays listed are those while the whole server is down; after 7 sockets that failed "
        "while HTTP was answered it stops.",
        supports=_supports,
        first_after_drop=SCHEDULE.support(0),
        cap_s=63.0,
        attempts_max=RETRIES_MAX,
        reset="on open",
        close_codes="1000, 1001: stop",
        network="none",
    ),
)
