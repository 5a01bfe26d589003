"""pusher-js: 1 s after a drop; an attempt that fails at once waits out its window.

An attempt has 15 s, the next 30 s, then 60 s each, and a failure does not end them early. Close
codes of the 4000s are the service's word on when to come back.

Simplifications: HTTP fallbacks, which start 2 and 5 s after the WebSocket, are left out, and so is
the transport that worked last (which has twice its latency plus 1 s instead of 15 s). After a lost
pong the real client retries at once; here after 1 s, as after any drop.
"""

from stormlab.policy import (
    ConnectTimeout,
    Delays,
    Network,
    Reconnect,
    Reset,
    Rule,
    Span,
    Table,
    Terms,
    codes,
    stop_on,
)
from stormlab.policy.catalogue import Entry

WINDOWS = Table((15.0, 30.0, 60.0))

PUSHER = Reconnect(
    Delays(WINDOWS, cap_s=60.0),
    first_after_drop=Span(1.0, 1.0),
    drop_counts=False,
    counted_from="attempt",
    connect_timeout=ConnectTimeout(WINDOWS),
    reset=Reset(on="open"),
    rules=(
        stop_on((4001, 4099), (4300, 4999), announced=False),
        Rule("now", codes(4000, (4200, 4299)), counts=False),
    ),
    network=Network(online=Span(0.0, 0.0)),
    terms=Terms(heartbeat_s=120.0, heartbeat_timeout_s=30.0),
)

ENTRIES = (
    Entry.of(
        PUSHER,
        name="pusher-js",
        version="8.6.0",
        kind="client",
        source="npm pusher-js@8.6.0:src/core/connection/connection_manager.ts, "
        "src/core/strategies/sequential_strategy.ts, src/core/defaults.ts",
        formula="1 s after a drop; then windows of 15, 30, 60, 60 s from attempt to attempt",
        notes="No jitter anywhere. The window is the attempt's time limit too. Pings after 120 s "
        "of silence, and whatever the service asks for, if that is less.",
        close_codes="4001-4099, 4300-4999: final; 4000 (with TLS), 4200-4299: at once; others: 1 s",
        network="online: at once; offline: a ping",
    ),
)
