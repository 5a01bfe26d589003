"""Clients of shared documents: convex, y-websocket, @liveblocks/core.

Simplifications: what these clients close by themselves is a drop like any other here, while convex
then starts from 100 ms and @liveblocks/core reconnects at once; @liveblocks/core fetches a token by
HTTP before the attempt that follows a refusal. y-websocket sends nothing but its awareness state,
every 15 s, and closes after 30 s without a message, looked for every 3 s.
"""

from stormlab.policy import (
    Delays,
    Exponential,
    Multiplied,
    Network,
    NextAbove,
    Reconnect,
    Reset,
    Rule,
    Span,
    Terms,
    codes,
    stop_on,
)
from stormlab.policy.catalogue import Entry

AT_ONCE = Span(0.0, 0.0)
OVERLOADED = (
    "SubscriptionsWorkerFullError",
    "TooManyConcurrentRequests",
    "CommitterFullError",
    "AwsTooManyRequestsException",
    "ExecuteFullError",
    "SystemTimeoutError",
    "ExpiredInQueue",
    "VectorIndexTooLarge",
    "SearchIndexTooLarge",
    "TooManyWritesInTimePeriod",
)


def _convex(base_s: float) -> Delays:
    return Delays(Exponential(base_s), Multiplied(0.5, 1.5), cap_s=16.0)


CONVEX = Reconnect(
    _convex(1.0),
    reset=Reset(on="proof"),
    rules=tuple(Rule("schedule", reason=start, schedule=_convex(3.0)) for start in OVERLOADED),
    network=Network(online=AT_ONCE),
    terms=Terms(connect_timeout_s=60.0, heartbeat_s=15.0, heartbeat_timeout_s=45.0),
)

_Y_TERMS = Terms(heartbeat_s=15.0, heartbeat_timeout_s=18.0)
Y_WEBSOCKET = Reconnect(
    Delays(Exponential(0.1, first_exponent=1), cap_s=2.5),
    announced=False,
    reset=Reset(on="proof"),
    rules=(stop_on((4400, 4499), announced=False),),
    terms=_Y_TERMS,
)
Y_WEBSOCKET_3_0 = Reconnect(
    Delays(Exponential(0.1, first_exponent=1), cap_s=2.5),
    first_after_drop=Span(0.1, 0.1),
    drop_counts=False,
    reset=Reset(on="open"),
    terms=_Y_TERMS,
)

LIVEBLOCKS = Reconnect(
    NextAbove((0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0)),
    announced=False,
    reset=Reset(on="open"),
    rules=(
        stop_on((4000, 4099), 4999, announced=False),
        Rule("now", codes(4109), counts=False),
        Rule("schedule", codes(1013, (4200, 4299)), schedule=NextAbove((2.0, 30.0, 60.0, 300.0))),
    ),
    network=Network(online=AT_ONCE, resets=True),
    terms=Terms(connect_timeout_s=20.0, heartbeat_s=30.0, heartbeat_timeout_s=2.0),
)

_Y_SOURCE = "npm y-websocket@{}:src/y-websocket.js"

ENTRIES = (
    Entry.of(
        CONVEX,
        name="convex",
        version="1.48.0",
        kind="client",
        source="npm convex@1.48.0:src/browser/sync/web_socket_manager.ts",
        formula="min(b·2^n, 16 s)·(0.5 + r), b = 1 s, or 3 s when the close reason says overloaded",
        notes="The jitter comes after the cap: up to 24 s. What the client closes by itself "
        "starts from 100 ms. The server pings every 15 s; after 60 s of silence the client closes.",
        reset="when the application has synchronised past the reconnect",
        close_codes="all retried; the beginning of the reason picks the base",
        network="online: at once",
    ),
    Entry.of(
        Y_WEBSOCKET,
        name="y-websocket",
        version="3.1.0",
        kind="client",
        source=_Y_SOURCE.format("3.1.0"),
        formula="min(100 ms·2^n, 2.5 s), n = 1, 2, ... closes in a row",
        notes="A connection counts only once the document is synchronised, so that a server that "
        "accepts and closes is backed off from. No jitter.",
        reset="when the document is synchronised",
        close_codes="4400-4499: final; others retried",
    ),
    Entry.of(
        Y_WEBSOCKET_3_0,
        name="y-websocket-3.0",
        version="3.0.0",
        kind="client",
        source=_Y_SOURCE.format("3.0.0"),
        formula="100 ms after a drop; then min(100 ms·2^n, 2.5 s), n = 1, 2, ... refusals in a row",
        notes="As y-websocket was until 3.0.0: an open socket resets the count, and every drop is "
        "retried after 100 ms. No jitter.",
        close_codes="all retried",
    ),
    Entry.of(
        LIVEBLOCKS,
        name="@liveblocks/core",
        version="3.24.2",
        kind="client",
        source="npm @liveblocks/core@3.24.2:dist/index.js",
        formula="250, 500, 1000, 2000, 4000, 8000 ms, then 10 s; the slow table: 2, 30, 60, 300 s",
        notes="The next value above the last delay, also when the table changes. No jitter: the "
        "fleet comes back 250 ms after a drop. A hidden page may give its socket up until it has "
        "the focus again.",
        close_codes="4000-4099, 4999: final; 4109: at once; 1013, 4200-4299: the slow table",
        network="online: at once and reset; offline: a ping",
    ),
)
