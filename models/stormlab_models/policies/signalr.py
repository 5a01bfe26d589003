"""@microsoft/signalr: four attempts, the first at once, and then none.

Simplification: a start() that fails is not retried by the library at all; what an application puts
around it is its own. Here a first connection that fails takes the same table.
"""

from stormlab.policy import Delays, Reconnect, Reset, Table, Terms
from stormlab.policy.catalogue import Entry

SIGNALR = Reconnect(
    Delays(Table((0.0, 2.0, 10.0, 30.0), then="stop"), cap_s=30.0),
    attempts_max=4,
    announced=False,
    reset=Reset(on="proof"),
    terms=Terms(heartbeat_s=15.0, heartbeat_timeout_s=30.0, http_first=True),
)

ENTRIES = (
    Entry.of(
        SIGNALR,
        name="@microsoft/signalr",
        version="10.0.11",
        kind="client",
        source="npm @microsoft/signalr@10.0.11:dist/esm/DefaultReconnectPolicy.js, "
        "dist/esm/HubConnection.js",
        formula="0, 2, 10, 30 s, then no more",
        notes="Only with withAutomaticReconnect(). After 42 s and the time of four attempts it "
        "stops for good; only the application's onclose is told. The whole fleet comes back at "
        "once after a drop. Each attempt begins with POST /negotiate, unless that is skipped.",
        reset="on each hub handshake",
        close_codes="all retried; a Close message with allowReconnect = false is final",
        remarks={
            "first-retry-is-spread": "by design: the default delays 0, 2, 10 and 30 s are"
            " documented, and can be replaced",
            "gives-up-as-declared": "by design: the four delays and the end after them are"
            " documented",
        },
    ),
)
