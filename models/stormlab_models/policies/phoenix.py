"""phoenix and @supabase/realtime-js, which is built on it: tables without jitter.

A timer that fires in a hidden page does nothing; when the page is shown, the client connects at
once and sets the count back. Simplification: a connection that is being made as the page is shown
is torn down for a new one; here the attempt goes on.
"""

from stormlab.policy import Delays, Network, Reconnect, Reset, Span, Table, Terms
from stormlab.policy.catalogue import Entry

_NETWORK = Network(hidden="skip", visible=Span(0.0, 0.0), visible_resets=True)
_HIDDEN = "hidden: the attempt is left out; visible: at once; pagehide closes"

PHOENIX = Reconnect(
    Delays(Table((0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.0), then=5.0), cap_s=5.0),
    reset=Reset(on="open"),
    network=_NETWORK,
    terms=Terms(heartbeat_s=30.0, heartbeat_timeout_s=30.0),
)
SUPABASE = Reconnect(
    Delays(Table((1.0, 2.0, 5.0, 10.0)), cap_s=10.0),
    reset=Reset(on="open"),
    network=_NETWORK,
    terms=Terms(heartbeat_s=25.0, heartbeat_timeout_s=25.0),
)

ENTRIES = (
    Entry.of(
        PHOENIX,
        name="phoenix",
        version="1.8.16",
        kind="client",
        source="npm phoenix@1.8.16:assets/js/phoenix/{socket,timer,connection}.js",
        formula="10, 50, 100, 150, 200, 250, 500, 1000, 2000 ms, then 5 s",
        notes="The whole fleet comes back 10 ms after a drop, and against a server that accepts "
        "and closes it goes on like that. Channels join again after 1, 2, 5, 10 s, without jitter "
        "either. Maintainers leave jitter to the user (phoenixframework/phoenix#4045).",
        close_codes="all retried (1000 too)",
        network=_HIDDEN,
        remarks=dict.fromkeys(
            ("jitter-survives-the-cap", "fleet-disperses", "first-retry-is-spread"),
            "by design: the maintainers leave jitter to the application's own reconnectAfterMs",
        ),
    ),
    Entry.of(
        SUPABASE,
        name="@supabase/realtime-js",
        version="2.109.0",
        kind="client",
        source="npm @supabase/realtime-js@2.109.0:dist/module/RealtimeClient.js; "
        "@supabase/phoenix@0.4.5:assets/js/phoenix/socket.js",
        formula="1, 2, 5 s, then 10 s",
        notes="Its heartbeat can run in a worker, which a hidden page does not slow down.",
        network=_HIDDEN,
    ),
)
