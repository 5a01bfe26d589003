"""ably (JavaScript): at once after a drop, then 15 to 30 s, and 30 s once it is suspended.

Simplifications: two automatic retries of the real client are at least 1 s apart, here any two
attempts are. When it becomes suspended, 120 s after the drop, the real client also drops the retry
that was pending and waits 30 s from there. The five fallback hosts, tried in the same attempt when
the first answers with an error, are one service here. After 10 s an attempt changes to HTTP
polling, where a browser has it; here it is given up.
"""

from stormlab.policy import Delays, Linear, Multiplied, Network, Reconnect, Reset, Span, Terms
from stormlab.policy.catalogue import Entry

SUSPENDED_AFTER_S = 120.0

ABLY = Reconnect(
    Delays(Linear(15.0, 5.0), Multiplied(1.0, 0.8), cap_s=30.0),
    first_after_drop=Span(0.0, 0.0),
    late=(SUSPENDED_AFTER_S, Span(30.0, 30.0)),
    spacing_s=1.0,
    reset=Reset(on="proof"),
    network=Network(online=Span(0.0, 0.0)),
    terms=Terms(
        connect_timeout_s=10.0,
        heartbeat_s=15.0,
        heartbeat_timeout_s=10.0,
        closes_offline=True,
    ),
)

ENTRIES = (
    Entry.of(
        ABLY,
        name="ably-js",
        version="2.28.0",
        kind="client",
        source="npm ably@2.28.0:src/common/lib/util/utils.ts, src/common/lib/util/defaults.ts, "
        "src/common/lib/transport/connectionmanager.ts",
        formula="0 s after a drop, then 15·min((n+2)/3, 2)·(1 - 0.2r) s, n = 2, 3, ...; "
        "30 s from 120 s on",
        notes="A floor of 1 s between automatic retries keeps a server that flaps from being hit "
        "without a pause. From 120 s on every client waits exactly 30 s. The service pings (15 s "
        "taken here), the client waits 10 s longer.",
        reset="on CONNECTED, and when it becomes suspended",
        close_codes="none by themselves; an error of 500 or more: the next host at once",
        network="offline: the transport is closed; online: at once",
    ),
)
