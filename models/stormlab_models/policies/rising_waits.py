"""Clients whose waits grow without jitter: tables, lines and curves that are the same for all.

Where the first retry after a drop comes at once, a server that accepts and closes is hit without
any delay, since opening sets the count back.
"""

from stormlab.policy import (
    Delays,
    Exponential,
    Linear,
    Logarithmic,
    Network,
    Reconnect,
    Reset,
    Span,
    Stages,
    Table,
    Terms,
    stop_on,
)
from stormlab.policy.catalogue import Entry

_AT_ONCE = Span(0.0, 0.0)

ROBUST = Reconnect(
    Delays(Table((3.0, 10.0), then="stop"), cap_s=10.0),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    attempts_max=3,
    announced=False,
    rules=(stop_on(1000, 1008, 1011, announced=False),),
    network=Network(online=_AT_ONCE, offline="wait", resets=True),
    terms=Terms(closes_offline=True),
)
HOME_ASSISTANT = Reconnect(
    Delays(Linear(0.0, 1.0), cap_s=5.0),
    reset=Reset(on="proof"),
    terms=Terms(connect_timeout_s=10.0),
)
LIB0 = Reconnect(
    Delays(Logarithmic(1.2, first=2), cap_s=2.5),
    first_after_drop=_AT_ONCE,
    drop_counts=False,
    terms=Terms(heartbeat_s=15.0, heartbeat_timeout_s=30.0),
)
TRPC = Reconnect(
    Stages(((1, _AT_ONCE), (0, Delays(Exponential(1.0, first_exponent=1), cap_s=30.0)))),
)

ENTRIES = (
    Entry.of(
        ROBUST,
        name="robust-websocket",
        version="1.0.0",
        kind="client",
        source="npm robust-websocket@1.0.0:robust-websocket.js",
        formula="0, 3, 10 s by attempts since the last open, then no more",
        notes="After three refusals in a row it stops, and nothing says so; a client that was "
        "never open starts at 3 s. Its timeout of 4 s only emits an event, and stops listening to "
        "online and offline until the next attempt.",
        network="offline: closes with 1000 and waits; online: at once",
        remarks={
            "gives-up-as-declared": "by design: the README shows the three delays as the default"
            " of shouldReconnect"
        },
    ),
    Entry.of(
        HOME_ASSISTANT,
        name="home-assistant-js-websocket",
        version="9.7.0",
        kind="client",
        source="npm home-assistant-js-websocket@9.7.0:dist/connection.js, dist/socket.js",
        formula="min(n, 5) s: 0, 1, 2, 3, 4, 5, 5 s",
        notes="Each drop of an authenticated connection starts again at 0 s. An application can "
        "suspend reconnecting.",
        reset="when the server says auth_ok",
        close_codes="all retried; the message auth_invalid is final",
    ),
    Entry.of(
        LIB0,
        name="lib0-websocket",
        version="0.2.120",
        kind="client",
        source="npm lib0@0.2.120:websocket.js",
        formula="min(1.2·log10(k+1), 2.5) s, k = 1, 2, ... sockets that never opened",
        notes="Only sockets that never opened are counted, so that every drop is retried at once. "
        "The cap is reached after 121 of them. Closes when 30 s passed without a message, which "
        "is looked at every 15 s.",
    ),
    Entry.of(
        TRPC,
        name="@trpc/client",
        version="11.25.2",
        kind="client",
        source="npm @trpc/client@11.25.2:src/links/wsLink/wsClient/options.ts, wsClient.ts",
        formula="0 s, then min(2^n, 30) s: 0, 2, 4, 8, 16, 30 s",
        notes="Links of the kind wsLink. After the server has rejected a connection (an error with "
        "id null) the count goes on, which is not in this entry. keepAlive (ping every 5 s, "
        "answer within 1 s) is off unless asked for.",
    ),
)
