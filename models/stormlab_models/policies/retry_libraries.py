"""Python's retry libraries, as the policy of a client that wraps its connecting in them.

How a client uses such a library is its own affair. Here a lost connection is the failure of the
first attempt, so that the delays begin at once with the first of the schedule; a connection that
opened is a call that succeeded, and the next loss begins anew. Connect timeout and pings are left
to the host.

Simplifications: google-api-core gives up when the next attempt would begin after its 120 s, here
at the first failure after them. botocore bounds a Retry-After by 5 s above its own delay, here by
5 s.
"""

from stormlab.policy import (
    Added,
    Advice,
    Constant,
    Delays,
    Exponential,
    Full,
    Reconnect,
    TokensByResult,
)
from stormlab.policy.catalogue import Entry

RESET = "on open; that a call of the library is one outage is stormlab's reading"
_DOUBLING = Exponential(1.0)
_UP_TO_1_S = Added(0.0, 1.0)

TENACITY = "pip tenacity==9.2.1:tenacity/__init__.py, tenacity/wait.py"
TENACITY_VERSION = "9.2.1"

ENTRIES = (
    Entry.of(
        Reconnect(Delays(Constant(0.0))),
        name="tenacity",
        version=TENACITY_VERSION,
        kind="library",
        source=TENACITY,
        formula="0, for ever",
        notes="A bare @retry: no wait and no end, a loop as fast as the server refuses. Its waits "
        "are entries of their own: tenacity-wait-exponential and others.",
        reset=RESET,
        remarks=dict.fromkeys(
            ("attempts-bounded", "calm-when-fooled"),
            "by design: the documentation says so of the default",
        ),
    ),
    Entry.of(
        Reconnect(Delays(_DOUBLING)),
        name="tenacity-wait-exponential",
        version=TENACITY_VERSION,
        kind="library",
        source=TENACITY,
        notes="wait_exponential(): no jitter, and no cap unless max is given (backoff.cap_s here).",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(Delays(_DOUBLING, Full())),
        name="tenacity-wait-random-exponential",
        version=TENACITY_VERSION,
        kind="library",
        source=TENACITY,
        formula="U[0, 2^n) s",
        notes="wait_random_exponential(): full jitter, no cap unless max is given.",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(Delays(_DOUBLING, _UP_TO_1_S, placement="before_cap")),
        name="tenacity-wait-exponential-jitter",
        version=TENACITY_VERSION,
        kind="library",
        source=TENACITY,
        formula="min(2^n + U[0, 1), max) s",
        notes="wait_exponential_jitter(): at most 1 s of jitter, and with a max none is left at "
        "the cap, which comes after the jitter. No cap unless max is given.",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(
            Delays(Exponential(0.1), _UP_TO_1_S, cap_s=5.0, placement="before_cap"),
            attempts_max=9,
            give_up_after_s=45.0,
        ),
        name="stamina",
        version="26.1.0",
        kind="library",
        source="pip stamina==26.1.0:stamina/_core.py",
        formula="min(5, 0.1·2^n + U[0, 1)) s, n = 0 .. 8, within 45 s",
        notes="Ten attempts in all, the first included, or 45 s. The cap comes after the jitter: "
        "from the seventh delay on everybody waits exactly 5 s.",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(Delays(_DOUBLING, Full())),
        name="backoff",
        version="2.2.1",
        kind="library",
        source="pip backoff==2.2.1:backoff/_wait_gen.py, backoff/_jitter.py, backoff/_decorator.py",
        formula="U[0, 2^n) s",
        notes="backoff.expo with its full jitter; no cap unless max_value is given, no end unless "
        "max_tries or max_time is.",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(Delays(_DOUBLING, Full(), cap_s=60.0), give_up_after_s=120.0),
        name="google-api-core",
        version="2.44.0",
        kind="library",
        source="pip google-api-core==2.44.0:google/api_core/retry/retry_base.py",
        formula="U[0, min(2^n, 60)) s, within 120 s",
        notes="Retry() with its default timeout of 120 s.",
        reset=RESET,
    ),
    Entry.of(
        Reconnect(
            Delays(Exponential(0.05), Full(), cap_s=20.0),
            attempts_max=2,
            advice=Advice(retry_after="at_least", limit_s=5.0),
            budget=TokensByResult(500, cost=14.0, per_success=1.0, refund=True),
            shared="client",
        ),
        name="botocore-standard",
        version="1.44.5",
        kind="library",
        source="pip botocore==1.44.5:botocore/retries/standard.py, botocore/retries/quota.py",
        formula="U[0, min(0.05·2^n, 20)) s, n = 0, 1, then no more; 500 tokens, a retry costs 14",
        notes="Three attempts in all, the first included. For answers that say 'slow down' the "
        "base is 1 s and the price 5 tokens, for DynamoDB the base is 0.025 s; both are left out. "
        "x-amz-retry-after makes the delay longer, by at most 5 s.",
        reset=RESET,
    ),
)
