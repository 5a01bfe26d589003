"""Python clients that do not reconnect unless told to: the end of a connection is final.

Each is made of parts, so that a retry can be asked for, as an application would write it:
``websocket-client,attempts_max=off,backoff.delay_s=5`` is ``run_forever(reconnect=5)``.
"""

from stormlab.policy import Constant, Delays, Reconnect, Terms
from stormlab.policy.catalogue import Entry

RECONNECT_S = 5.0

ENTRIES = (
    Entry.of(
        Reconnect(Delays(Constant(RECONNECT_S)), attempts_max=0),
        name="websocket-client",
        version="1.9.2",
        kind="python",
        source="pip websocket-client==1.9.2:websocket/_app.py, websocket/_dispatcher.py",
        formula="no retry; with run_forever(reconnect=x): x s, always",
        notes="reconnect is 0 by default: run_forever returns after the first end. The 5 s written "
        "here are used with attempts_max=off only. No ping by default, and no connect timeout.",
        reset="nothing to reset",
        close_codes="all final (with reconnect: all retried, 1000 too)",
    ),
    Entry.of(
        Reconnect(
            Delays(Constant(RECONNECT_S)), attempts_max=0, terms=Terms(connect_timeout_s=30.0)
        ),
        name="aiohttp",
        version="3.14.5",
        kind="python",
        source="pip aiohttp==3.14.5:aiohttp/client_ws.py, aiohttp/client.py",
        formula="no retry",
        notes="ws_connect gives one connection, and the application sees its end. heartbeat is "
        "None by default, so that a silent peer is never noticed. The 5 s written here are used "
        "with attempts_max=off only.",
        reset="nothing to reset",
        close_codes="all final",
    ),
)
