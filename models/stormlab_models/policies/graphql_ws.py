"""graphql-ws: five retries after a close, none after a handshake that failed.

Only close events are retried. A handshake that fails raises an error event first, and that ends
every subscription: a service that is gone when the first retry comes has lost the client. A close
with 1000 under a running subscription is retried at once, without a delay and without a limit.
"""

from stormlab.policy import (
    Added,
    Delays,
    Exponential,
    Fact,
    Reconnect,
    Reset,
    Rule,
    Terms,
    codes,
    stop_on,
)
from stormlab.policy.catalogue import Entry

FATAL = ((1002, 1004), (1007, 1011), (1015, 1999), 4004, 4005, 4400, 4401, 4406, 4409, 4429, 4500)

GRAPHQL_WS = Reconnect(
    Delays(Exponential(1.0), Added(0.3, 3.0, whole_ms=True)),
    attempts_max=5,
    announced=False,
    reset=Reset(on="proof"),
    rules=(
        Rule("stop", fact=Fact.REFUSED, announced=False),
        stop_on(*FATAL, announced=False),
        Rule("now", codes(1000), counts=False),
    ),
    terms=Terms(),
)

ENTRIES = (
    Entry.of(
        GRAPHQL_WS,
        name="graphql-ws",
        version="6.4.2",
        kind="client",
        source="npm graphql-ws@6.4.2:dist/client.js",
        formula="1 s·2^n + U{300..2999} ms, n = 0..4",
        notes="Never more than one retry while the service refuses (enisdenjo/graphql-ws#354, "
        "#356): the subscriptions end with an error, which only the application sees. No pings "
        "and no time limit for the acknowledgement unless they are set.",
        reset="on ConnectionAck",
        close_codes="fatal: 1002-1004, 1007-1011, 1015-1999, 4004, 4005, 4400, 4401, 4406, 4409, "
        "4429, 4500, and a handshake that failed; 1000: at once, not counted; others retried",
    ),
)
