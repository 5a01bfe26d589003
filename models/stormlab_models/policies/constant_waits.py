"""Clients that wait the same time before every retry, without jitter.

A fleet that lost its server at one moment comes back at one moment, again and again. The entries
differ in what they give up on: close codes, a count of attempts, or nothing.

Simplification: what a client does about a first connection that fails is often left to the
application (@azure/web-pubsub-client); here it takes the same delays.
"""

from stormlab.policy import Constant, Delays, Reconnect, Reset, Span, Terms, stop_on
from stormlab.policy.catalogue import Entry

# What Discord's gateway says in its HELLO; it is not in the package.
DISCORD_HEARTBEAT_S = 41.25

STOMP = Reconnect(
    Delays(Constant(5.0)),
    reset=Reset(on="proof"),
    terms=Terms(heartbeat_s=10.0, heartbeat_timeout_s=20.0),
)
RPC = Reconnect(
    Delays(Constant(1.0)),
    attempts_max=4,
    rules=(stop_on(1000, announced=False),),
)
DISCORD = Reconnect(
    Delays(Constant(0.5)),
    rules=(stop_on(4004, (4010, 4014)),),
    terms=Terms(
        connect_timeout_s=30.0,
        heartbeat_s=DISCORD_HEARTBEAT_S,
        heartbeat_timeout_s=DISCORD_HEARTBEAT_S,
    ),
)
SOCKETTE = Reconnect(
    Delays(Constant(1.0)),
    rules=(stop_on(1000, 1001, 1005, announced=False),),
)
HEARTBEAT = Reconnect(
    Delays(Constant(2.0)), terms=Terms(heartbeat_s=15.0, heartbeat_timeout_s=10.0)
)
WEB_PUBSUB = Reconnect(
    Delays(Constant(1.0)),
    first_after_drop=Span(0.0, 0.0),
    drop_counts=False,
    terms=Terms(heartbeat_s=20.0, heartbeat_timeout_s=120.0),
)

ENTRIES = (
    Entry.of(
        STOMP,
        name="@stomp/stompjs",
        version="7.5.0",
        kind="client",
        source="npm @stomp/stompjs@7.5.0:src/client.ts, src/stomp-handler.ts",
        formula="5 s, always",
        notes="The mode called LINEAR, the default, is constant. EXPONENTIAL doubles up to 15 min, "
        "without jitter too. A connection that never opens is waited for without end.",
        reset="on the CONNECTED frame (which matters in EXPONENTIAL mode only)",
    ),
    Entry.of(
        RPC,
        name="rpc-websockets",
        version="10.0.1",
        kind="client",
        source="npm rpc-websockets@10.0.1:dist/index.mjs",
        formula="1 s, four times, then no more",
        notes="max_reconnects is 5, but the count goes up before it is tested with a strict >, so "
        "that four retries are made. Its event max_reconnects_reached tells the application.",
    ),
    Entry.of(
        DISCORD,
        name="@discordjs/ws",
        version="2.0.4",
        kind="client",
        source="npm @discordjs/ws@2.0.4:dist/index.mjs",
        formula="0.5 s, always",
        notes="No backoff: destroy, sleep 500 ms, connect, for ever. What is throttled is IDENTIFY "
        "(max_concurrency per 5 s), after the socket is open. Waits 60 s for HELLO, 15 s for "
        "READY. The server sets the heartbeat: here 41.25 s; an unanswered one is noticed at the "
        "next.",
        close_codes="4004, 4010-4014: stop; 1000, 4003, 4005, 4007, 4008: a new session; all "
        "others resume",
    ),
    Entry.of(
        SOCKETTE,
        name="sockette",
        version="2.0.6",
        kind="client",
        source="npm sockette@2.0.6:dist/sockette.mjs",
        formula="1 s, always",
        notes="A server that closes with 1001 (going away) loses its clients for good, and nothing "
        "tells them. In Node an ECONNREFUSED error starts a retry beside that of the close event.",
        remarks={
            "obeys-close-codes": "by design: its author takes 1001 for what a client sends when it"
            " leaves"
        },
    ),
    Entry.of(
        HEARTBEAT,
        name="websocket-heartbeat-js",
        version="1.1.3",
        kind="client",
        source="npm websocket-heartbeat-js@1.1.3:lib/index.js",
        formula="2 s, always",
        notes="Pings after 15 s without a message, and closes 10 s later when none came.",
    ),
    Entry.of(
        WEB_PUBSUB,
        name="@azure/web-pubsub-client",
        version="1.0.4",
        kind="client",
        source="npm @azure/web-pubsub-client@1.0.4:dist/esm/webPubSubClient.js",
        formula="at once after a drop, then 1 s, always",
        notes="With its default protocol it tries to recover the session for 30 s and then begins "
        "a new one; both loops try first and wait 1 s after a failure (mode Fixed; Exponential: "
        "1 to 30 s). A server that accepts and closes is thus hit without a delay.",
        reset="each loop begins anew, after each open",
        close_codes="all retried (1008: no recovery, a new session)",
    ),
)
