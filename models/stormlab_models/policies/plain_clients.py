"""Clients without a policy of their own: sockjs-client, and react-use-websocket as it is set up.

An application adds what it wants to both. sockjs-client is here so that "it does not reconnect" can
be compared with the rest.

Simplification: react-use-websocket with retryOnError as well schedules two retries for an attempt
that fails (its error and its close); here shouldReconnect alone is set.
"""

from stormlab.policy import Constant, Delays, Reconnect, Reset, Span, Terms
from stormlab.policy.catalogue import Entry

SOCKJS = Reconnect(
    Span(0.0, 0.0),
    attempts_max=0,
    announced=False,
    reset=Reset(on="never"),
    terms=Terms(connect_timeout_s=5.0, http_first=True),
)
REACT_USE_WEBSOCKET = Reconnect(
    Delays(Constant(5.0), cap_s=5.0),
    attempts_max=20,
    announced=False,
    reset=Reset(on="open"),
)

ENTRIES = (
    Entry.of(
        SOCKJS,
        name="sockjs-client",
        version="1.6.1",
        kind="client",
        source="npm sockjs-client@1.6.1:lib/main.js",
        formula="never retries",
        notes="Each connection begins with a request for /info, whose round trip sets the time "
        "limit of the handshake; 5 s is taken here.",
        reset="nothing to reset",
        close_codes="none retried",
    ),
    Entry.of(
        REACT_USE_WEBSOCKET,
        name="react-use-websocket",
        version="4.13.0",
        kind="client",
        source="npm react-use-websocket@4.13.0:dist/lib/constants.js, dist/lib/attach-listener.js",
        formula="5 s, twenty times",
        notes="Off unless shouldReconnect returns true, as it does here. The heartbeat (25 s, "
        "given up after 60 s) is off as well. After twenty failures onReconnectStop is called.",
        close_codes="as shouldReconnect says; here all are retried",
    ),
)
