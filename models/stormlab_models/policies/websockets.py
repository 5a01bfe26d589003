"""websockets, the Python library: ``async for connection in connect(...)``.

Only the first delay is drawn; from then on all clients step alike, each with the offset of its
first draw. And there is none of it after a lost connection: the loop connects again at once.
Whether an error of the loop's body ends the loop is the application's affair; here it goes on.
"""

from stormlab.policy import Delays, Exponential, Fact, Reconnect, Rule, Span, Stages, Terms
from stormlab.policy.catalogue import Entry

CONNECT_TIMEOUT_S = 10.0
PING_S = 20.0
TERMS = Terms(connect_timeout_s=CONNECT_TIMEOUT_S, heartbeat_s=PING_S, heartbeat_timeout_s=PING_S)
# Of a refused handshake: every status but 500 and 502 to 504 is raised to the application.
FATAL = Rule("stop", statuses=((1, 499), (501, 501), (505, 999)), fact=Fact.REFUSED)
SCHEDULE = Stages(
    ((1, Span(0.0, 5.0)), (0, Delays(Exponential(3.1, 1.618), cap_s=90.0))),
)

ENTRIES = (
    Entry.of(
        Reconnect(
            SCHEDULE,
            first_after_drop=Span(0.0, 0.0),
            drop_counts=False,
            rules=(FATAL,),
            terms=TERMS,
        ),
        name="websockets",
        version="17.4",
        kind="python",
        source="pip websockets==17.4:websockets/client.py, websockets/asyncio/client.py",
        formula="0 after a drop; then U[0, 5) s, then min(3.1·1.618^k, 90) s, k = 0, 1, ...",
        jitter="only the first delay is drawn",
        notes="A whole fleet comes back at the instant of a drop, and a server that accepts and "
        "closes is hit without a pause. WEBSOCKETS_BACKOFF_INITIAL_DELAY, _MIN_DELAY, _MAX_DELAY "
        "and _FACTOR set 5, 3.1, 90 and 1.618. Retry-After is ignored. Version 15.0.1 does the "
        "same.",
        close_codes="all retried; HTTP 500, 502-504 retried, any other status is final",
    ),
)
