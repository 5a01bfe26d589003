"""What specifications say about reconnecting, as policies.

A specification leaves much open. What is stormlab's own is said in the notes of the entry: the
failure count goes back when the application has answered, the connect timeout is 10 s, pings go out
every 20 s. gRPC states these itself.

Simplification: a gRPC attempt may last as long as the backoff that begins with it, 20 s at least;
here as long as the wait before it, 20 s at least.
"""

from stormlab.policy import (
    RESTART_SPAN,
    Advice,
    ConnectTimeout,
    Constant,
    Delays,
    Exponential,
    Multiplied,
    PollyV2,
    Reconnect,
    Reset,
    Span,
    Stages,
    Terms,
    TokenBucket,
    rfc6455,
    stop_on,
)
from stormlab.policy.catalogue import Entry
from stormlab_models.policies.jitters import CAP_S, FULL, TERMS

RFC_CAP_S = 60.0
_PROOF = Reset(on="proof")
_STATED = "connect timeout 10 s, pings 20/20 s and the reset on proof are stormlab's"
IDENTIFY_EVERY_S = 5.0

RFC_6455 = Reconnect(rfc6455(cap_s=RFC_CAP_S), reset=_PROOF, terms=TERMS)
CLOSE_1012 = Reconnect(
    FULL.schedule, advice=Advice(restart=RESTART_SPAN), reset=_PROOF, terms=TERMS
)
GRPC = Reconnect(
    Stages(
        (
            (1, Span(1.0, 1.0)),
            (0, Delays(Exponential(1.0, 1.6, 1), Multiplied(0.8, 1.2), cap_s=120.0)),
        )
    ),
    first_after_drop=Span(0.0, 0.0),
    drop_counts=False,
    reset=_PROOF,
    connect_timeout=ConnectTimeout(Constant(20.0), at_least_delay=True),
    counted_from="attempt",
)
POLLY_V2 = Reconnect(PollyV2(0.128, 30.0), reset=_PROOF, terms=TERMS)
DISCORD = Reconnect(
    FULL.schedule,
    rules=(stop_on(4004, (4010, 4014)),),
    reset=_PROOF,
    budget=TokenBucket(rate_per_s=1 / IDENTIFY_EVERY_S),
    shared="client",
    terms=Terms(connect_timeout_s=10.0, heartbeat_s=41.25, heartbeat_timeout_s=41.25),
)

ENTRIES = (
    Entry.of(
        RFC_6455,
        name="rfc-6455",
        version="2011",
        kind="standard",
        source="RFC 6455, section 7.2.3",
        formula="U[0, 5) s, then 10, 20, 40 s, at most 60 s",
        jitter="only the first delay is drawn",
        notes="The section asks for a random first delay, names 0 to 5 s, and then for "
        "truncated binary exponential backoff; base 5 s, factor 2 and no later jitter are read "
        f"out of that. Cap 60 s, {_STATED}. Section 4.1 also allows only one connection "
        "being made per IP address and port, which is the browser's or the client's own affair.",
    ),
    Entry.of(
        CLOSE_1012,
        name="close-1012",
        version="msg09649",
        kind="standard",
        source="hybi mailing list, msg09649; IANA WebSocket close code registry",
        formula="U[5, 30) s after close code 1012; else U[0, min(30, 2^n)) s",
        notes=f"Other ends are taken as aws-full-jitter does; {_STATED}. uvicorn sends 1012 to "
        "every open connection when it stops; no client library in this catalogue acts on it.",
    ),
    Entry.of(
        GRPC,
        name="grpc-backoff",
        version="27598d5f",
        kind="standard",
        source="grpc/grpc:doc/connection-backoff.md; src/core/util/backoff.cc",
        formula="1 s, then min(1.6^n, 120)·U[0.8, 1.2) s, counted from the start of the attempt",
        jitter="d x U[0.8, 1.2), after the cap; the first delay has none",
        notes="In the document's pseudo-code the first delay has no jitter. Counted from the "
        "start of the last attempt, so that a long attempt is followed at once by the next. A "
        "channel that was good connects again at once.",
        reset="when the server's SETTINGS frame arrives",
    ),
    Entry.of(
        POLLY_V2,
        name="polly-decorrelated-v2",
        version="173d6d1d",
        kind="standard",
        source="App-vNext/Polly:src/Polly.Core/Retry/RetryHelper.cs; "
        "npm cockatiel@3.2.1:dist/backoff",
        notes="Base 128 ms and cap 30 s are cockatiel's defaults; Polly's base is 2 s. "
        f"The cap comes after the jitter, so that at the cap nothing is spread; {_STATED}.",
    ),
    Entry.of(
        DISCORD,
        name="discord-gateway",
        version="c98d64bc",
        kind="standard",
        source="discord/discord-api-docs:developers/events/gateway.mdx",
        formula="U[0, min(30, 2^n)) s, and one IDENTIFY per 5 s for all shards of a client",
        notes="The rule is max_concurrency identifies per 5 s, a bucket for each shard_id % "
        "max_concurrency; here max_concurrency is 1 and every retry identifies (a resume is not "
        "counted by Discord). Left out: 1,000 identifies a day, after which the token is reset, "
        "and the first heartbeat at a random part of its interval (41.25 s; the server says). "
        f"Backoff as aws-full-jitter (cap {CAP_S:g} s), connect timeout 10 s: stormlab's.",
        close_codes="4004, 4010-4014: stop; 1000 and 1001 end the session; others can resume",
    ),
)
