"""The jitters of the AWS architecture blog, as policies.

The blog and its simulator give the formulas and leave base and cap open; here base is 1 s and cap
30 s unless a setting says otherwise. The failure count goes back when the application has answered
on a connection, so that a server that accepts and closes is backed off from.
"""

from stormlab.policy import (
    Decorrelated,
    Delays,
    Equal,
    Exponential,
    Full,
    Reconnect,
    Reset,
    Terms,
)
from stormlab.policy.catalogue import Entry

BASE_S, CAP_S = 1.0, 30.0
VERSION = "66cb1692"
SOURCE = "aws-samples/aws-arch-backoff-simulator:src/backoff_simulator.py"
TERMS = Terms(connect_timeout_s=10.0, heartbeat_s=20.0, heartbeat_timeout_s=20.0)
_PROOF = Reset(on="proof")
_STATED = "Base 1 s and cap 30 s are stormlab's; so are connect timeout 10 s and pings 20/20 s."

FULL = Reconnect(Delays(Exponential(BASE_S), Full(), cap_s=CAP_S), reset=_PROOF, terms=TERMS)
EQUAL = Reconnect(Delays(Exponential(BASE_S), Equal(), cap_s=CAP_S), reset=_PROOF, terms=TERMS)
DECORRELATED = Reconnect(Decorrelated(BASE_S, CAP_S), reset=_PROOF, terms=TERMS)

ENTRIES = (
    Entry.of(
        FULL,
        name="aws-full-jitter",
        version=VERSION,
        kind="standard",
        source=SOURCE,
        formula="U[0, min(cap, base * 2^n)]",
        notes=_STATED,
    ),
    Entry.of(
        EQUAL,
        name="aws-equal-jitter",
        version=VERSION,
        kind="standard",
        source=SOURCE,
        formula="v/2 + U[0, v/2], v = min(cap, base * 2^n)",
        notes=_STATED,
    ),
    Entry.of(
        DECORRELATED,
        name="aws-decorrelated-jitter",
        version=VERSION,
        kind="standard",
        source=SOURCE,
        formula="s = min(cap, U[base, 3 * s]), s starts at base",
        notes=f"{_STATED} Once s is near the cap, a large share of the delays is exactly the cap.",
    ),
)
