"""What a browser itself does to a page that connects again without any delay of its own.

Firefox holds an attempt back for some time after a failure at the same address (FailDelayManager);
Chromium delays each handshake of a renderer process that failed often (WebSocketThrottler). As
policies they show the floor under every client in a page. Left out, since they are no delays:
Chromium's endpoint lock and Firefox's queue (one handshake at a time per address), and the limits
on open and pending sockets.

Simplifications: one socket per page. Firefox forgets an address 60 s and the delay after the last
failure, which a page that retries at once never waits for. Chromium's counters roll every 2 min
from the first attempt on, where the real timer is that of the whole process.
"""

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Draw,
    Fact,
    Grown,
    Happened,
    Reconnect,
    RetryAt,
    Rule,
    Support,
    Terms,
    codes,
    support_of,
)
from stormlab.policy.catalogue import Entry
from stormlab.policy.support import Given

CHROMIUM_TERMS = Terms(connect_timeout_s=240.0)
PERIOD_S = 120.0
BASE_MS = (1000, 5000)
SHIFT_MAX = 16

FIREFOX = Reconnect(
    Grown(0.2, 0.4, 1.5, cap_s=60.0, whole_ms=True),
    rules=(Rule("now", codes((0, 1005), (1007, 4999)), fact=Fact.DROPPED, counts=False),),
    terms=Terms(connect_timeout_s=20.0),
)


def throttled_ms(failed: int, succeeded: int, chance: Chance) -> int:
    """Chromium's delay for the only pending handshake, in whole milliseconds."""
    low, high = BASE_MS
    base_ms = low + int(chance.unit("jitter") * (high - low + 1))
    shift = min(1 + failed // (succeeded + 1), SHIFT_MAX)
    return base_ms * (1 << shift) // (1 << SHIFT_MAX)


class ChromiumPage:
    """A page in Chromium that calls ``new WebSocket`` as soon as it is told of an end."""

    terms = CHROMIUM_TERMS

    def __init__(self) -> None:
        """Start with nothing counted."""
        self._failed = [0, 0]  # in the last period, in this one
        self._succeeded = [0, 0]
        self._rolls_ns: int | None = None  # when this period ends

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact; see the contract."""
        fact = happened.fact
        self._roll(happened.time_ns)
        if fact is Fact.OPENED:
            self._succeeded[1] += 1
        elif fact is Fact.REFUSED:
            self._failed[1] += 1
        elif fact is Fact.RETRY_BY_HAND:
            return RetryAt(happened.time_ns)
        if fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        delay_ms = throttled_ms(sum(self._failed), sum(self._succeeded), chance)
        return RetryAt(happened.time_ns + delay_ms * NS_PER_MS)

    def may_attempt(self, time_ns: int) -> bool:
        """Always."""
        self._roll(time_ns)
        return True

    def _roll(self, time_ns: int) -> None:
        if self._rolls_ns is None:
            self._rolls_ns = time_ns + to_ns(PERIOD_S)
        while time_ns >= self._rolls_ns:
            self._rolls_ns += to_ns(PERIOD_S)
            for counts in (self._failed, self._succeeded):
                counts[:] = [counts[1], 0]


def _throttled(n: int) -> Support:
    """After n + 1 failures within the period and no success."""

    def delay_ns(chance: Chance) -> int:
        return throttled_ms(n + 1, 0, chance) * NS_PER_MS

    return support_of((Draw("jitter"),), delay_ns, step_ns=NS_PER_MS)


_PAGES_AFFAIR = (
    "by design: it slows down what fails often; when to come back, spread and heartbeats are the"
    " page's affair"
)
_FLOOR = (
    "first-retry-is-spread",
    "calm-when-fooled",
    "backoff-survives-flapping",
    "heartbeat-beats-the-proxy",
)

ENTRIES = (
    Entry.of(
        FIREFOX,
        name="firefox",
        version="ad362610",
        kind="browser",
        source="mozilla/gecko-dev:netwerk/protocol/websocket/WebSocketChannel.cpp",
        formula="d0 = 200 + rand % 200 ms; then min(60 s, 1.5·previous)",
        notes="Under a page that retries at once. An open connection that ends without a close "
        "frame costs the first delay each time, one that is closed cleanly nothing. Measured with "
        "153.7.0esr: 13 attempts in 100 s at a server that fails them.",
        first_after_drop=FIREFOX.schedule.support(0),
        close_codes="1006: the first delay; all others at once",
        remarks=dict.fromkeys((*_FLOOR, "jitter-survives-the-cap"), _PAGES_AFFAIR),
    ),
    Entry(
        name="chromium",
        version="40d512a8",
        kind="browser",
        source="chromium/chromium:services/network/websocket_throttler.cc",
        make=ChromiumPage,
        formula="RandInt(1000, 5000)·2^min(1 + f/(s + 1), 16)/65536 ms",
        jitter="uniform base of 1,000 to 5,000 whole ms, per attempt",
        notes="Under a page that retries at once; f failed and s successful handshakes in this "
        "period of 2 min and the last. Below eight failures there is no delay to speak of, from "
        "15 on it is 1 to 5 s. Handshakes that succeed are never held back, whatever becomes of "
        "the connection. Measured with 156.0.8078.79: 47 attempts in 100 s.",
        supports=_throttled,
        first_after_drop=Support.point(throttled_ms(0, 0, Given({"jitter": 0.0})) * NS_PER_MS),
        cap_s=5.0,
        reset="the counts of a period are dropped 2 to 4 min later",
        close_codes="all the page's affair",
        network="none",
        terms=CHROMIUM_TERMS,
        remarks=dict.fromkeys(_FLOOR, _PAGES_AFFAIR)
        | {
            "attempts-bounded": "by design: handshakes that succeeded in this period of 2 min or"
            " the last make up for as many that fail",
            "forgets-when-stable": "by design: it counts the failures of 2 to 4 min, whatever"
            " became of a connection since",
        },
    ),
)
