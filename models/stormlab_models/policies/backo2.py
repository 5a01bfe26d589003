"""backo2 and the clients that wait as it says: socket.io-client, subscriptions-transport-ws.

One draw r gives both the size of the deviation and its sign, so that the delays form ten bands with
gaps between them; the cap comes after the jitter, so that at the cap every client waits the same.
What a JavaScript number cannot hold becomes Infinity, and Infinity - Infinity is NaN, which
``| 0`` turns into a delay of 0 ms.

Simplifications: socket.io-client counts as connected when the first packet arrives on its first
transport, which by default is HTTP polling; here that is the proof of a WebSocket. A service that
answers polling and refuses WebSockets would keep the real client connected. And a connection that
ends before the first packet is only given up by the connect timeout, 20 s after its beginning; here
it is a failure at once.
"""

from stormlab.policy import (
    Comb,
    ConnectTimeout,
    Delays,
    Exponential,
    Reconnect,
    Reset,
    Terms,
)
from stormlab.policy.catalogue import Entry


def _backo2(min_s: float, max_s: float, share: float = 0.5) -> Delays:
    grown = Exponential(min_s, overflow="ieee")
    return Delays(grown, Comb(share), max_s, "before_cap", step_s=0.001, overflow="ieee")


def _formula(min_ms: int, max_ms: int) -> str:
    return (
        f"min(ms ± floor(r/2·ms), {max_ms}) | 0, ms = {min_ms}·2^n; minus where floor(10r) is even"
    )


_JITTER = "backo2 comb: one draw for size and sign, 10 bands from 0.55 to 1.5 d; before the cap"

SOCKET_IO = Reconnect(
    _backo2(1.0, 5.0),
    reset=Reset(on="proof"),
    terms=Terms(
        connect_timeout_s=20.0,
        heartbeat_s=25.0,
        heartbeat_timeout_s=20.0,
        closes_offline=True,
        http_first=True,
    ),
)
BACKO2 = Reconnect(_backo2(0.1, 10.0), reset=Reset(on="open"))
SUBSCRIPTIONS = Reconnect(
    _backo2(0.1, 10.0),
    reset=Reset(on="proof"),
    terms=Terms(heartbeat_s=30.0, heartbeat_timeout_s=30.0),
    connect_timeout=ConnectTimeout(Exponential(1.0, 1.2), cap_s=30.0),
)

ENTRIES = (
    Entry.of(
        SOCKET_IO,
        name="socket.io-client",
        version="4.8.4",
        kind="client",
        source="npm socket.io-client@4.8.4:build/esm/manager.js, build/esm/contrib/backo2.js; "
        "engine.io-client@6.6.8:build/esm/socket.js; engine.io@6.6.12:build/server.js",
        formula=_formula(1000, 5000),
        jitter=_JITTER,
        notes="30 % of the third delays, 90 % of the fourth and all from the fifth on are exactly "
        "5 s: no jitter is left. From n = 1015 (after 85 minutes) half of the delays are 0 ms. "
        "Pings come from the server (25 s, the client waits 45 s); while offline it keeps trying.",
        reset="on the handshake packet",
        close_codes="all retried; a Socket.IO DISCONNECT packet from the server is final",
        network="offline: the transport is closed",
    ),
    Entry.of(
        BACKO2,
        name="backo2",
        version="1.0.2",
        kind="library",
        source="npm backo2@1.0.2:index.js",
        formula=_formula(100, 10000),
        jitter=_JITTER,
        notes="Jitter is off by default; here it is 0.5, as its users set it. From n = 1018 half "
        "of the delays are 0 ms. Who uses it calls reset(): here when a connection opens.",
    ),
    Entry.of(
        SUBSCRIPTIONS,
        name="subscriptions-transport-ws",
        version="0.11.0",
        kind="client",
        source="npm subscriptions-transport-ws@0.11.0:dist/client.js, dist/defaults.js",
        formula=_formula(100, 10000),
        jitter=_JITTER,
        notes="Reconnecting is off by default. An attempt is given up after 1 s, the next after "
        "1.2 s, up to 30 s: a slow server is left in the middle of the handshake. From n = 1018 "
        "half of the delays are 0 ms. The server's keep-alives are looked for every 30 s.",
        reset="on GQL_CONNECTION_ACK",
    ),
)
