"""stream-chat: windows that rise with the failures, and up to three timers for each of them.

A refused attempt is counted three times, by its error event, by the code that waited for it and by
its close event, and each sets a timer of its own. A timer that fires while an attempt is under way
or a connection is healthy does nothing; any other makes an attempt. So a client that is away has
many timers running. Seen with the package, server refusing: 27 attempts in the first 75 s.

Simplifications: what is counted when a handshake succeeds and the first message never comes is the
close event and the waiting code; the check of a silent connection (35 s after the last event) is
the heartbeat here. The fallback to long polling is off by default and left out.
"""

from stormlab.clock import NS_PER_MS
from stormlab.policy import (
    Chance,
    Decision,
    Draw,
    Fact,
    Happened,
    RetryAt,
    Stop,
    Support,
    Terms,
    support_of,
)
from stormlab.policy.catalogue import Entry

CAP_MS = 25_000
NORMAL = 1000
ONLINE_NS = 10 * NS_PER_MS
TERMS = Terms(heartbeat_s=25.0, heartbeat_timeout_s=10.0, closes_offline=True)


def window_ms(failures: int) -> tuple[int, int]:
    """The shortest and the longest delay after so many failures."""
    low = min(max(250, 2_000 * (failures - 1)), CAP_MS)
    return low, min(500 + 2_000 * failures, CAP_MS)


def wait_ns(failures: int, purpose: str, chance: Chance) -> int:
    """A delay in whole milliseconds; the upper end of the window is never reached."""
    low, high = window_ms(failures)
    return int(chance.unit(purpose) * (high - low) + low) * NS_PER_MS


class StreamChat:
    """One client at work."""

    terms = TERMS

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._failures = 0
        self._timers_ns: list[int] = []
        self._ever = False  # it was healthy once
        self._healthy = self._offline = self._stopped = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact, now_ns = happened.fact, happened.time_ns
        if fact is Fact.PROVED:
            self._failures, self._healthy, self._ever = 0, True, True
        elif fact in {Fact.DROPPED, Fact.REFUSED}:
            return self._failed(happened, chance)
        elif fact is Fact.OFFLINE:
            self._offline = True
        elif fact is Fact.ONLINE:
            self._offline = False
            if not self._healthy and not self._stopped:
                self._timers_ns.append(now_ns + ONLINE_NS)
                return RetryAt(min(self._timers_ns))
        elif fact is Fact.RETRY_BY_HAND and not self._healthy:
            self._stopped = False
            return RetryAt(now_ns)
        return None

    def may_attempt(self, time_ns: int) -> bool:
        """Until it was closed for good."""
        del time_ns
        return not self._stopped

    def _failed(self, happened: Happened, chance: Chance) -> Decision:
        now_ns, dropped = happened.time_ns, happened.fact is Fact.DROPPED
        proven, self._healthy = self._healthy, False
        # Those that fired meanwhile found it connecting or healthy.
        self._timers_ns = [time_ns for time_ns in self._timers_ns if time_ns > now_ns]
        if dropped and happened.code == NORMAL:
            self._stopped = True
            return Stop("closed with 1000", announced=not self._ever)
        if not (dropped and proven and self._offline):  # being offline sets no timer
            for sets_timer in self._counted(dropped=dropped, proven=proven):
                self._failures += 1
                if sets_timer:
                    purpose = f"timer {len(self._timers_ns)}"
                    self._timers_ns.append(now_ns + wait_ns(self._failures, purpose, chance))
        return RetryAt(min(self._timers_ns)) if self._timers_ns else None

    def _counted(self, *, dropped: bool, proven: bool) -> tuple[bool, ...]:
        """Who counts a failure, in order, and whether they set a timer."""
        if dropped:
            return (True,) if proven else (True, self._reconnecting)
        return (True, self._reconnecting, True)

    @property
    def _reconnecting(self) -> bool:
        """Whether a reconnect is under way; the first connect of all counts and sets no timer."""
        return self._ever or self._failures > 0


def _supports(n: int) -> Support:
    """The first timer that failure n sets; from n = 1 on, one set earlier may come before it."""
    failures = 3 * n + 1

    def drawn_ns(chance: Chance) -> int:
        return wait_ns(failures, "timer", chance)

    found = support_of((Draw("timer"),), drawn_ns, step_ns=NS_PER_MS)
    return found if n == 0 else Support(((0, found.high_ns),), NS_PER_MS)


ENTRIES = (
    Entry(
        name="stream-chat",
        version="9.53.0",
        kind="client",
        source="npm stream-chat@9.53.0:src/utils.ts, src/connection.ts",
        make=StreamChat,
        formula="U[min(max(0.25, 2(n-1)), 25), min(0.5 + 2n, 25)) s after n failures; a refusal "
        "counts 3 times and sets 3 timers",
        jitter="uniform in a window that is a single point, 25 s, from n = 14 on",
        notes="A drop counts before the delay is drawn: the first retry is U[0.25, 2.5) s. From "
        "the second on, the range given is that of the newest timer; an older one may fire first. "
        "At the cap the three timers of a refusal fire together and make one attempt. After a "
        "close with 1000 it believes itself connected; a check after 35 s may find out, by luck of "
        "a millisecond (8 of 20 clients when run), which is left out here.",
        supports=_supports,
        first_after_drop=_supports(0),
        cap_s=CAP_MS / 1000,
        reset="when the first message arrives",
        close_codes="1000: stop",
        network="offline: taken for lost; online: at once (10 ms)",
        terms=TERMS,
    ),
)
