"""centrifuge (JavaScript): full jitter on top of a floor, and the server has the last word.

Simplification: a close reason that is JSON with a field ``reconnect`` overrides the code; here the
code decides.
"""

from stormlab.policy import (
    Delays,
    Exponential,
    Full,
    Network,
    Reconnect,
    Reset,
    Span,
    Terms,
    stop_on,
)
from stormlab.policy.catalogue import Entry

CENTRIFUGE = Reconnect(
    Delays(
        Exponential(0.5, exponent_max=31),
        Full(0.5, on_top=True, whole_ms=True),
        cap_s=20.0,
        placement="between_caps",
    ),
    announced=False,
    reset=Reset(on="proof"),
    rules=(stop_on(1009, (3500, 3999), (4500, 4999), announced=False),),
    network=Network(online=Span(0.0, 0.0)),
    terms=Terms(
        connect_timeout_s=5.0,
        heartbeat_s=25.0,
        heartbeat_timeout_s=10.0,
        closes_offline=True,
    ),
)

ENTRIES = (
    Entry.of(
        CENTRIFUGE,
        name="centrifuge-js",
        version="5.8.0",
        kind="client",
        source="npm centrifuge@5.8.0:build/index.js",
        formula="min(20 s, 0.5 s + U{0..min(20 s, 0.5 s·2^n)}), whole ms",
        notes="The exponent ends at 31, so that nothing overflows. At the cap 2.5 % of the delays "
        "are exactly 20 s. Pings come from the server (25 s); the client waits 10 s longer.",
        reset="on the connect reply",
        close_codes="1009, 3500-3999, 4500-4999: final; a JSON reason can say otherwise",
        network="offline: the transport is closed; online: at once; pagehide closes",
    ),
)
