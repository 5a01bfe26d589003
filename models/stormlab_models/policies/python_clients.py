"""Python clients whose policies are made of parts.

Simplifications: what these clients do about a first connection that fails is often to raise an
error (python-socketio, paho-mqtt unless asked otherwise); here it takes the delays of a lost
connection. autobahn and ably-python have one address here; the latter would go through up to five
fallback hosts in each attempt.
"""

from stormlab.policy import (
    Added,
    Constant,
    Delays,
    Exponential,
    Fact,
    Full,
    NormalWalk,
    Reconnect,
    Reset,
    Rule,
    Span,
    Table,
    Terms,
    stop_on,
)
from stormlab.policy.catalogue import Entry
from stormlab.policy.support import Support
from stormlab_models.policies.websockets import TERMS as WEBSOCKETS_TERMS

_AT_ONCE = Span(0.0, 0.0)
_PROOF = Reset(on="proof")
# What the gateway says in its HELLO; it is not in the package.
DISCORD_HEARTBEAT_S = 41.25

SOCKETIO = Reconnect(
    Delays(Exponential(1.0), Added(-0.5, 0.5), cap_s=5.0),
    reset=_PROOF,
    terms=Terms(connect_timeout_s=5.0, heartbeat_s=25.0, heartbeat_timeout_s=20.0, http_first=True),
)
GQL = Reconnect(
    Delays(Exponential(1.0), cap_s=60.0),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    reset=_PROOF,
    terms=WEBSOCKETS_TERMS,
)
CENTRIFUGE = Reconnect(
    Delays(
        Exponential(0.1, exponent_max=31),
        Full(floor_s=0.1, on_top=True),
        cap_s=20.0,
        placement="between_caps",
    ),
    reset=_PROOF,
    rules=(stop_on(1009, (3500, 3999), (4500, 4999)),),
    terms=Terms(connect_timeout_s=5.0, heartbeat_s=25.0, heartbeat_timeout_s=10.0),
)
PAHO = Reconnect(
    Delays(Exponential(1.0), cap_s=120.0),
    reset=_PROOF,
    terms=Terms(connect_timeout_s=5.0, heartbeat_s=60.0, heartbeat_timeout_s=60.0),
)
SLACK = Reconnect(
    Delays(Constant(5.0)),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    terms=Terms(heartbeat_s=5.0, heartbeat_timeout_s=20.0, http_first=True),
)
REALTIME = Reconnect(
    Delays(Table((1.0, 2.0, 4.0, 8.0), then="stop"), cap_s=60.0),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    attempts_max=5,
    announced=False,
    terms=WEBSOCKETS_TERMS,
)
BINANCE = Reconnect(
    Delays(
        Exponential(1.0, first_exponent=1, offset_s=-1.0),
        Full(floor_s=1.0, on_top=True),
        cap_s=60.0,
        step_s=1.0,
        rounding="nearest",
    ),
    attempts_max=4,
    terms=WEBSOCKETS_TERMS,
)
AUTOBAHN = Reconnect(
    NormalWalk(first_s=1.5, factor=1.5, deviation=0.1, cap_s=300.0),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    reset=_PROOF,
)
ABLY = Reconnect(
    Delays(Constant(15.0)),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    reset=_PROOF,
    late=(120.0, Delays(Constant(30.0))),
    terms=Terms(connect_timeout_s=10.0, heartbeat_s=15.0, heartbeat_timeout_s=10.0),
)
DISCORD = Reconnect(
    Delays(Exponential(1.0, first_exponent=1, exponent_max=10), Full(), cap_s=1024.0),
    reset=Reset(on="time", after_s=2048.0),
    rules=(stop_on(4004, (4010, 4014)), Rule("now", fact=Fact.DROPPED, counts=False)),
    terms=Terms(
        connect_timeout_s=60.0,
        heartbeat_s=DISCORD_HEARTBEAT_S,
        heartbeat_timeout_s=60.0,
    ),
)

ENTRIES = (
    Entry.of(
        SOCKETIO,
        name="python-socketio",
        version="5.18.1",
        kind="python",
        source="pip python-socketio==5.18.1:socketio/base_client.py, socketio/async_client.py",
        formula="min(2^n, 5) s + U[-0.5, 0.5) s",
        notes="randomization_factor has the name of the JavaScript client's and another meaning: "
        "seconds that are added, not a share. At the cap the ±0.5 s stay. The server's pings "
        "come every 25 s; 45 s after the last one it gives the connection up. Waits 1 s for its "
        "namespaces.",
        reset="each reconnect loop begins anew, after the namespaces have connected",
        close_codes="all retried; a DISCONNECT packet of the server is final",
    ),
    Entry.of(
        GQL,
        name="gql",
        version="4.4.0",
        kind="python",
        source="pip gql==4.4.0:gql/client.py, gql/transport/common/adapters/websockets.py",
        formula="0 after a drop, then min(2^k, 60) s, k = 0, 1, ...",
        notes="A session with reconnecting=True, with a subscription open: the reconnect is asked "
        "for by the request that fails, so that an idle session stays lost. What was subscribed "
        "ends with an error. Pings, connect timeout (10 s) and codes are those of websockets.",
        reset="on the connection_ack",
    ),
    Entry.of(
        CENTRIFUGE,
        name="centrifuge-python",
        version="0.7.0",
        kind="python",
        source="pip centrifuge-python==0.7.0:centrifuge/client.py, centrifuge/utils.py",
        formula="min(20, 0.1 + U[0, min(20, 0.1·2^n))) s",
        notes="As centrifuge-js with a floor of 0.1 s in place of 0.5 s. The server sends pings "
        "(25 s here); 10 s after one that is missing the connection is given up.",
        reset="on the connect reply",
    ),
    Entry.of(
        PAHO,
        name="paho-mqtt",
        version="2.2.0",
        kind="python",
        source="pip paho-mqtt==2.2.0:paho/mqtt/client.py",
        notes="loop_forever and loop_start. After a restart all clients wait 1, 2, 4, ... 120 s "
        "together.",
        reset="on CONNACK with code 0",
    ),
    Entry.of(
        SLACK,
        name="slack-sdk",
        version="3.47.0",
        kind="python",
        source="pip slack_sdk==3.47.0:slack_sdk/socket_mode/builtin/client.py, "
        "slack_sdk/socket_mode/aiohttp/__init__.py, slack_sdk/socket_mode/client.py",
        formula="0 after a drop, then 5 s, always",
        notes="The socket mode client with aiohttp. The built-in one looks every 5 s whether its "
        "session is there, so that its first such delay is U[0, 5) s. Each attempt asks "
        "apps.connections.open first; a 429 to that is slept through by Retry-After (30 s without "
        "one), which is left out here.",
        reset="nothing to reset",
    ),
    Entry.of(
        REALTIME,
        name="realtime-py",
        version="2.34.1",
        kind="python",
        source="pip realtime==2.34.1:realtime/_async/client.py",
        formula="0, 1, 2, 4, 8 s after a drop, then no more",
        notes="Five attempts in each connect(); the waits would be capped at 60 s. The error after "
        "the fifth is raised in a task that nobody waits for. Pings are those of websockets.",
        reset="each connect() begins anew, after each open",
        close_codes="all retried, 1000 and 1001 too",
    ),
    Entry.of(
        BINANCE,
        name="python-binance",
        version="1.0.37",
        kind="python",
        source="pip python-binance==1.0.37:binance/ws/reconnecting_websocket.py",
        formula="round(r·min(60, 2^(n+1) - 1) + 1) s, n = 0 .. 3, then no more",
        notes="Whole seconds: clients align on them. MAX_RECONNECTS is 5, and the count goes up "
        "before it is used, so that four retries are made and the first waits 1 or 2 s. Pings are "
        "those of websockets; the 60 s without a message are not acted on.",
    ),
    Entry.of(
        AUTOBAHN,
        name="autobahn",
        version="26.10.2",
        kind="python",
        source="pip autobahn==26.10.2:autobahn/wamp/component.py",
        formula="0 after a drop, then d = min(300, N(1.5·previous, 0.15·previous)) s from 1.5 s",
        notes="Component. A random walk: what was drawn is the base of the next delay. Joining "
        "sets the count of attempts back, and without attempts the delay is 0. The documentation "
        "names other defaults. No pings unless asked for.",
        reset="when the session has joined",
        close_codes="all retried; a normal WAMP goodbye is final",
    ),
    Entry.of(
        ABLY,
        name="ably-python",
        version="3.1.4",
        kind="python",
        source="pip ably==3.1.4:ably/transport/defaults.py, ably/realtime/connectionmanager.py",
        formula="0 after a drop, then 15 s; after 120 s 30 s",
        notes="The growth and the jitter of ably-js are missing. After 120 s the connection is "
        "suspended and what was queued fails.",
        reset="when connected",
    ),
    Entry.of(
        DISCORD,
        name="discord.py",
        version="2.7.1",
        kind="python",
        source="pip discord.py==2.7.1:discord/backoff.py, discord/gateway.py, discord/client.py",
        formula="0 after a drop; U[0, 2^min(k, 10)) s after a refused attempt, k = 1, 2, ...",
        notes="Only time sets the exponent back, 2,048 s after the last delay; a good connection "
        "does not. A shard that reconnected well goes on from the old exponent, with delays of up "
        "to 17 min. A lost connection is resumed at once, whatever its code, unless that is final. "
        "The server sets the heartbeat: here 41.25 s.",
        first_after_drop=Support.point(0),
        close_codes="4004, 4010-4014: stop; all others at once",
    ),
)
