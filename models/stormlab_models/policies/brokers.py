"""Clients of message brokers: mqtt.js and nats.js.

Simplifications: nats.js draws its jitter again after each sleep until a draw fits into the time
gone by, which leans it to the long end (mean 72 instead of 50 ms); here it is drawn once. It
shuffles a pool of servers; here there is one. A first connection that fails is final for it, and
here takes the same retries.
"""

from stormlab.policy import Added, Constant, Delays, Reconnect, Reset, Terms
from stormlab.policy.catalogue import Entry

MQTT = Reconnect(
    Delays(Constant(1.0), cap_s=1.0),
    reset=Reset(on="open"),
    terms=Terms(connect_timeout_s=30.0, heartbeat_s=60.0, heartbeat_timeout_s=30.0),
)
NATS = Reconnect(
    Delays(Constant(2.0), Added(0.0, 0.101, whole_ms=True)),
    attempts_max=10,
    announced=False,
    counted_from="attempt",
    reset=Reset(on="proof"),
    terms=Terms(connect_timeout_s=20.0, heartbeat_s=120.0, heartbeat_timeout_s=240.0),
)

ENTRIES = (
    Entry.of(
        MQTT,
        name="mqtt.js",
        version="5.16.0",
        kind="client",
        source="npm mqtt@5.16.0:build/lib/client.js, build/lib/KeepaliveManager.js, "
        "build/lib/handlers/connack.js",
        formula="1 s, always",
        notes="For ever. In browsers its timers run in a worker, so that a hidden page does not "
        "slow them. A connection is taken for dead after 1.5 keep-alives without an answer.",
        reset="nothing to reset",
        close_codes="all retried; an error code in CONNACK is final",
    ),
    Entry.of(
        NATS,
        name="nats.js",
        version="3.4.0",
        kind="client",
        source="npm @nats-io/nats-core@3.4.0:lib/protocol.js, lib/options.js, lib/heartbeats.js; "
        "nats.ws@1.30.3:esm/nats.js",
        formula="2 s + U{0..100} ms since the last dial",
        notes="Counted from the beginning of the last attempt: after a connection older than 2 s "
        "the whole fleet dials at once. Jitter of 5 % (1 s with TLS). After ten failures the "
        "server is struck off the pool, and with the last one the client closes.",
        reset="on connect, for that server",
        close_codes="all retried",
    ),
)
