"""reconnecting-websocket and its successor partysocket: a factor of 1.3, and who draws when.

The first attempt is made at once; delay n follows the failure n + 1 in a row. A connection that
lasted 5 s sets the count back. Both give up an attempt after 4 s, just before a Linux kernel sends
its fourth SYN (4.1 s).
"""

from stormlab.policy import Delays, Exponential, Multiplied, Reconnect, Reset, Terms
from stormlab.policy.catalogue import Entry

_STABLE = Reset(on="stable", after_s=5.0)
_TERMS = Terms(connect_timeout_s=4.0)

RECONNECTING = Reconnect(
    Delays(
        Exponential(1.0, 1.3),
        Multiplied(1.0, 5.0, scope="page"),
        cap_s=10.0,
        placement="before_cap",
    ),
    reset=_STABLE,
    terms=_TERMS,
)
PARTYSOCKET = Reconnect(Delays(Exponential(3.0, 1.3), cap_s=10.0), reset=_STABLE, terms=_TERMS)

ENTRIES = (
    Entry.of(
        RECONNECTING,
        name="reconnecting-websocket",
        version="4.4.0",
        kind="client",
        source="npm reconnecting-websocket@4.4.0:reconnecting-websocket.ts",
        formula="min(10 s, B·1.3^n), B = U[1, 5) s",
        jitter="B is drawn once, when the module is loaded, for all sockets of the page",
        notes="At the cap every client has a period of exactly 10 s. There is no draw per attempt: "
        "two sockets of a page that fall together come back together. reconnect() sets the count "
        "to -1: the next attempt is made at once.",
        reset="after 5 s open",
        close_codes="all retried (1000, 1001 and 1008 too)",
    ),
    Entry.of(
        PARTYSOCKET,
        name="partysocket",
        version="1.3.0",
        kind="client",
        source="npm partysocket@1.3.0:dist/ws.js",
        formula="min(10 s, 3 s·1.3^n)",
        notes="No jitter since 1.1.19: until 1.1.18 the base was drawn once per page load, as "
        "reconnecting-websocket does. A drop is retried by everybody after 3.0 s.",
        reset="after 5 s open",
        close_codes="all retried, unless shouldReconnectOnClose says otherwise",
    ),
)
