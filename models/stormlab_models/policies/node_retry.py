"""node-retry (npm retry), a backoff library: its plan is made before the first attempt.

``retry.timeouts`` computes all delays at once and sorts them. With its factor of 2 and a jitter of
1 to 2 the ranges of the delays touch but do not overlap, so that the sorting changes nothing here.
"""

from stormlab.policy import Delays, Exponential, Multiplied, NoJitter, Reconnect
from stormlab.policy.catalogue import Entry
from stormlab.policy.jitter import Jitter

VERSION = "0.13.1"
SOURCE = "npm retry@0.13.1:lib/retry.js, lib/retry_operation.js"
RESET = "on open (stormlab's: an operation of the library is one outage)"


def _plan(jitter: Jitter) -> Reconnect:
    return Reconnect(
        Delays(Exponential(1.0), jitter, step_s=0.001, rounding="nearest"),
        attempts_max=10,
    )


ENTRIES = (
    Entry.of(
        _plan(NoJitter()),
        name="node-retry",
        version=VERSION,
        kind="library",
        source=SOURCE,
        formula="round(2^n) s, n = 0 .. 9, then no more",
        notes="randomize is off unless asked for: see node-retry-randomize.",
        reset=RESET,
    ),
    Entry.of(
        _plan(Multiplied(1.0, 2.0)),
        name="node-retry-randomize",
        version=VERSION,
        kind="library",
        source=SOURCE,
        formula="round((1 + r)·2^n) s, n = 0 .. 9, then no more",
        notes="With randomize: true. A maxTimeout would cap after the jitter, and the plan is "
        "sorted.",
        reset=RESET,
    ),
)
