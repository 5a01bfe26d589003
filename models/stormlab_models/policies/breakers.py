"""Circuit breakers of libraries, each in front of a reconnect schedule.

A breaker says when an attempt may be made, not how long to wait before it. So that breakers can be
compared as policies, each stands before AWS full jitter with base 1 s and cap 30 s, except where
the library brings delays of its own (Resilience4j, Polly, cockatiel: their limits of attempts are
left out). The count of the schedule goes back, and the breaker has a success, when the application
has answered; what counts as a failure is an attempt that was refused or ended before that answer.
Connect timeout 10 s, pings every 20 s. All sockets of a client share its breaker.

Resilience4j and Polly want 100 results before they decide. One client does not make so many while
its server is away, so that in front of its own reconnects their defaults hardly ever open.

A call through the breaker that only connects would end when the socket is open. Here it goes on
until the application has answered, so that a server that accepts and closes counts as a failure.
The price: a probe that opens and is never answered keeps a half-open breaker with one place shut
(cockatiel, opossum, pybreaker), which is this wiring's doing and not the library's. opossum's own
time-out of a call (10 s), which would free the place, is left out.

Simplification: a waiter that is held back while a probe is under way asks again after U[0.5, 1.5) s
where the library would raise an error at once (or, cockatiel, let all waiters run when the probe
has succeeded).
"""

from stormlab.policy import (
    CircuitBreaker,
    Consecutive,
    Constant,
    Delays,
    Exponential,
    Multiplied,
    PollyV2,
    RateInCount,
    RateInWindow,
    Reconnect,
    Reset,
    Schedule,
    Terms,
)
from stormlab.policy.catalogue import Entry
from stormlab_models.policies.jitters import FULL, TERMS

_COMPOSED = "Delays of aws-full-jitter, base 1 s and cap 30 s."


def guarded(
    breaker: CircuitBreaker, schedule: Schedule = FULL.schedule, terms: Terms = TERMS
) -> Reconnect:
    """A schedule behind a breaker that all sockets of a client share."""
    return Reconnect(
        schedule,
        reset=Reset(on="proof"),
        terms=terms,
        breaker=breaker,
        shared="client",
        success_on="proof",
    )


RESILIENCE4J = guarded(
    CircuitBreaker(
        RateInCount(size=100, ratio=0.5, minimum=100),
        open_for=Constant(60.0),
        probes=10,
        failure_ratio=0.5,
    ),
    Delays(Exponential(0.5, 1.5), Multiplied(0.5, 1.5)),
)
POLLY = guarded(
    CircuitBreaker(
        RateInWindow(window_s=30.0, ratio=0.1, throughput_min=100, buckets=10),
        open_for=Constant(5.0),
        probe_again=True,
    ),
    Delays(Constant(2.0)),
)
HYSTRIX = guarded(
    CircuitBreaker(
        RateInWindow(window_s=10.0, ratio=0.5, throughput_min=20, buckets=10),
        open_for=Constant(5.0),
        probe_again=True,
    )
)
OPOSSUM = guarded(
    CircuitBreaker(
        RateInWindow(window_s=10.0, ratio=0.5, throughput_min=1, buckets=10, above=True),
        open_for=Constant(30.0),
    )
)
COCKATIEL = guarded(
    CircuitBreaker(Consecutive(5), open_for=Constant(10.0)),
    PollyV2(0.128, 30.0),
)
PYBREAKER = guarded(CircuitBreaker(Consecutive(5), open_for=Constant(60.0)))
PURGATORY = guarded(CircuitBreaker(Consecutive(5), open_for=Constant(30.0), probes=None))
AIOBREAKER = guarded(CircuitBreaker(Consecutive(5), open_for=Constant(60.0), probes=None))


_WIRED = (
    "as wired here: a call lasts until the application has answered; one that only connects ends"
    " when the socket is open, and frees the place of the probe"
)


def _entry(
    reconnect: Reconnect, name: str, version: str, source: str, notes: str, held: str = ""
) -> Entry:
    assert reconnect.breaker is not None  # noqa: S101  guarded() gave it one
    return Entry.of(
        reconnect,
        name=name,
        version=version,
        kind="breaker",
        source=source,
        formula=f"{reconnect.schedule.words}; the breaker {reconnect.breaker.words}",
        notes=notes,
        reset="on application proof; the breaker closes with it",
        remarks={"probe-frees-its-slot": held} if held else {},
    )


ENTRIES = (
    _entry(
        RESILIENCE4J,
        "resilience4j",
        "af9e7c97",
        "resilience4j/resilience4j:resilience4j-circuitbreaker/src/main/java/io/github/"
        "resilience4j/circuitbreaker/CircuitBreakerConfig.java",
        "Half-open, 10 calls decide by their share of failures. maxWaitDurationInHalfOpenState is "
        "0, without limit: it can stay half-open for ever when calls do not end. Delays of its "
        "random exponential interval: 0.5 s, x1.5, ±50 %. Left out: the rate of slow calls.",
    ),
    _entry(
        POLLY,
        "polly-circuit-breaker",
        "173d6d1d",
        "App-vNext/Polly:src/Polly.Core/CircuitBreaker",
        "10 % of failures already open it, for 5 s. A probe that has not ended lets another one "
        "through after each break. Delays of its retry: 2 s, constant, jitter off.",
    ),
    _entry(
        HYSTRIX,
        "hystrix",
        "7c03bafe",
        "Netflix/Hystrix:hystrix-core/src/main/java/com/netflix/hystrix/"
        "HystrixCommandProperties.java, HystrixCircuitBreaker.java",
        "20 results in 10 s are needed, and a client whose attempts are refused makes fewer; with "
        "several sockets it can. The health it judges by is up to 500 ms old, which is left out. "
        f"{_COMPOSED}",
    ),
    _entry(
        OPOSSUM,
        "opossum",
        "9.0.0",
        "npm opossum@9.0.0:lib/circuit.js",
        "volumeThreshold is 0: a single first failure is 100 % and opens it for 30 s. A timer "
        f"makes it half-open. {_COMPOSED}",
        f"{_WIRED}; its own time-out of 10 s is left out, too",
    ),
    _entry(
        COCKATIEL,
        "cockatiel",
        "3.2.1",
        "npm cockatiel@3.2.1:dist/CircuitBreakerPolicy.js, dist/breaker",
        "ConsecutiveBreaker(5), halfOpenAfter 10 s: it has no defaults, these are the values of "
        "its README. Delays of its ExponentialBackoff: decorrelated, 128 ms, cap 30 s.",
        _WIRED,
    ),
    _entry(
        PYBREAKER,
        "pybreaker",
        "1.4.1",
        "pip pybreaker==1.4.1:pybreaker/__init__.py",
        "One success closes it (success_threshold 1). Calls of threads go through one lock, so "
        f"that probes come one by one. {_COMPOSED}",
        _WIRED,
    ),
    _entry(
        PURGATORY,
        "purgatory",
        "3.0.1",
        "pip purgatory==3.0.1:purgatory/domain/model.py",
        "Half-open it lets everybody through at the same instant; the first success closes it, "
        f"the first failure opens it again. {_COMPOSED}",
    ),
    _entry(
        AIOBREAKER,
        "aiobreaker",
        "1.2.0",
        "pip aiobreaker==1.2.0:aiobreaker/circuitbreaker.py, aiobreaker/state.py",
        f"Half-open it lets everybody through, as purgatory does. {_COMPOSED}",
    ),
)
