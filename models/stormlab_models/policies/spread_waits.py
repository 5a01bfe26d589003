"""Clients that spread their retries by chance, each in a way of its own.

Simplification: livekit-client and @hocuspocus/provider treat a first connection that fails in
another way than a lost one; here both take the same delays.
"""

from stormlab.policy import (
    Added,
    Constant,
    Delays,
    Exponential,
    Full,
    Multiplied,
    Network,
    Polynomial,
    Reconnect,
    Reset,
    Span,
    Stages,
    Table,
    Terms,
)
from stormlab.policy.catalogue import Entry

_MS_S = 0.001
_UP_TO_2_S = Added(0.0, 2.0)

LIVEKIT = Reconnect(
    Stages(
        (
            (1, Span(0.0, 0.5)),
            (
                0,
                Delays(
                    Table((0.3, 1.2, 2.7, 4.8, 7.0)),
                    Multiplied(0.5, 1.5),
                    cap_s=7.0,
                    step_s=_MS_S,
                    rounding="nearest",
                ),
            ),
        )
    ),
    attempts_max=10,
    reset=Reset(on="proof"),
    network=Network(online=Span(0.0, 0.0)),
    terms=Terms(connect_timeout_s=15.0),
)
MATTERMOST = Reconnect(
    Stages(
        (
            (7, Delays(Constant(3.0), _UP_TO_2_S)),
            (0, Delays(Polynomial(3.0, degree=2, first=8), _UP_TO_2_S, cap_s=300.0)),
        )
    ),
    network=Network(online=Span(3.0, 3.0)),
    terms=Terms(heartbeat_s=30.0, heartbeat_timeout_s=30.0),
)
HOCUSPOCUS = Reconnect(
    Delays(Exponential(1.0), Full(floor_s=1.0, whole_ms=True), cap_s=30.0),
    first_after_drop=Span(1.0, 1.0),
    drop_counts=False,
    reset=Reset(on="proof"),
    terms=Terms(heartbeat_s=15.0, heartbeat_timeout_s=15.0),
)
WEBPACK = Reconnect(Delays(Exponential(1.0), Added(0.0, 0.1)), attempts_max=10, announced=False)

ENTRIES = (
    Entry.of(
        LIVEKIT,
        name="livekit-client",
        version="2.23.0",
        kind="client",
        source="npm livekit-client@2.23.0:src/room/DefaultReconnectPolicy.ts, "
        "src/room/RTCEngine.ts, src/room/defaults.ts",
        formula="U[0, 0.5) s, then (0.3, 1.2, 2.7, 4.8, 7, 7, 7, 7, 7 s)·U[0.5, 1.5)",
        notes="Even the first retry is spread, and the spread stays at the cap: up to 10.5 s. A "
        "reconnect that the server asks for takes the first delay too. The server sets the "
        "heartbeat, which is left out here.",
        reset="when reconnected",
        close_codes="all retried; the server's leave message can be final",
        network="online: at once, when a request to the server succeeds",
    ),
    Entry.of(
        MATTERMOST,
        name="@mattermost/client",
        version="11.9.0",
        kind="client",
        source="npm @mattermost/client@11.9.0:lib/websocket.js",
        formula="3 s for 7 failures, then min(3·n^2, 300) s (n = 8: 192 s); each + U[0, 2) s",
        notes="The eighth failure in a row jumps from 3 s to 192 s. When the page comes online it "
        "waits 3 s; when it goes offline it sends a ping.",
        network="online: retry after 3 s; offline: a ping",
    ),
    Entry.of(
        HOCUSPOCUS,
        name="@hocuspocus/provider",
        version="4.8.0",
        kind="client",
        source="npm @hocuspocus/provider@4.8.0:src/HocuspocusProviderWebsocket.ts; "
        "@lifeomic/attempt@3.1.0:dist/src/index.js",
        formula="1 s after a drop; then U{1 .. min(2^n, 30)} s in whole ms, n = 0, 1, ...",
        notes="The jitter's floor equals its first base, so that the first two retries are exactly "
        "1 s for everybody. It closes when 30 s passed without a message, its own awareness "
        "updates (every 15 s) included.",
        reset="when the first message arrives",
    ),
    Entry.of(
        WEBPACK,
        name="webpack-dev-server",
        version="5.2.7",
        kind="client",
        source="npm webpack-dev-server@5.2.7:client/socket.js",
        formula="2^n s + U[0, 0.1) s, n = 0 .. 9, then no more",
        notes="Not capped: the tenth wait is 512 s. After it nothing says that the page no longer "
        "follows the server.",
    ),
)
