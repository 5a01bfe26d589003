"""Planted faults of circuit breakers and retry budgets."""

from dataclasses import replace
from typing import ClassVar

from stormlab.policy import (
    Chance,
    CircuitBreaker,
    Consecutive,
    Constant,
    Decision,
    Fact,
    Happened,
    RateInWindow,
    Reconnect,
    Reconnector,
    RetryAt,
    TokenBucket,
)
from stormlab.policy.breaker import BreakerState
from stormlab.properties.promises import Declared
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab_models.planted.parts import EQUAL, PROOF, TERMS, Careful, Claiming, declared_by, rule

BREAKER = CircuitBreaker(Consecutive(5), open_for=Constant(40.0), probe_again=True)
ONE_PROBE = replace(BREAKER, probe_again=False)
GUARDED = Reconnect(
    EQUAL,
    reset=PROOF,
    terms=TERMS,
    breaker=BREAKER,
    breaker_spread_s=8.0,
    shared="client",
    success_on="proof",
)
OFTEN = replace(BREAKER, trip=RateInWindow(60.0, 0.5, throughput_min=4))
BUDGET = TokenBucket(rate_per_s=0.1, burst=1)
PAYING = Reconnect(EQUAL, reset=PROOF, terms=TERMS, budget=BUDGET, shared="client")

DOWN = BareWorld((Phase("refuse", 240.0),), settle_s=150.0)
DOWN_OF_THREE = replace(DOWN, sockets=3)
HUNG_FOR_THREE = BareWorld((Phase("hang", 240.0),), settle_s=150.0, sockets=3)  # slow probes
FLAPS = BareWorld((Phase("serve", 6.0, code=1006, drop=True),) * 8, settle_s=150.0)


OF_ONE_SOCKET = replace(declared_by(GUARDED), shared=False)  # classes are made for each socket
LEAKING = replace(GUARDED, breaker=ONE_PROBE)


class NeverAgain(Careful):
    """Ten failures open it; while it is open nobody sets a timer."""

    declared: ClassVar[Declared] = replace(
        Careful.declared, breaker=replace(BREAKER, trip=Consecutive(10))
    )

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """Open at the tenth, and leave the rest to somebody else."""
        return None if self.failures >= 10 else super().failed(happened, chance)  # noqa: PLR2004


class PastTheBreaker(Reconnector):
    """Guarded, but what is done on 'online' does not ask the breaker."""

    declared: ClassVar[Declared] = OF_ONE_SOCKET

    def __init__(self) -> None:
        """Begin closed."""
        super().__init__(GUARDED, BREAKER.make(), None)
        self._past = False

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Connect when the network is back, at once."""
        if happened.fact is Fact.ONLINE:
            self._past = True
            return RetryAt(happened.time_ns)
        return super().on(happened, chance)

    def may_attempt(self, time_ns: int) -> bool:
        """Let that one attempt through."""
        if self._past:
            self._past = False
            return True
        return super().may_attempt(time_ns)


class LeakyProbe(Reconnector):
    """A probe that fails does not give its place back: half-open for ever."""

    declared: ClassVar[Declared] = replace(OF_ONE_SOCKET, breaker=ONE_PROBE)

    def __init__(self) -> None:
        """Begin closed."""
        super().__init__(LEAKING, ONE_PROBE.make(), None)

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Forget to tell the breaker of a probe that failed."""
        breaker, failed = self.breaker, happened.fact in {Fact.DROPPED, Fact.REFUSED}
        if failed and breaker and breaker.state(happened.time_ns) is BreakerState.HALF_OPEN:
            self.unresolved = False
        return super().on(happened, chance)


def _with(breaker: CircuitBreaker) -> Reconnect:
    return replace(GUARDED, breaker=breaker)


FAULTS = (
    Planted(
        "breaker-never-trips",
        "try/catch around an asynchronous connect: the breaker never sees a failure.",
        "the analysis, Improvement 4, literally",
        "quiet-while-the-breaker-is-open",
        "bare",
        Claiming(rule(EQUAL), GUARDED),
        GUARDED,
        DOWN,
    ),
    Planted(
        "breaker-never-tries-again",
        "While the breaker is open no timer is set: its time passes, and nobody asks.",
        "the analysis, Improvement 4, wired to onclose",
        "breaker-tries-again",
        "bare",
        NeverAgain,
        _with(replace(BREAKER, trip=Consecutive(10))),
        DOWN,
    ),
    Planted(
        "breaker-open-for-milliseconds",
        "The open time is in seconds and taken for milliseconds.",
        "defect class: unit",
        "quiet-while-the-breaker-is-open",
        "bare",
        Claiming(_with(replace(BREAKER, open_for=Constant(0.04))), GUARDED),
        GUARDED,
        DOWN,
    ),
    Planted(
        "breaker-passed-by-online",
        "The handler of 'online' connects without asking the breaker.",
        "defect class: attempts while the breaker is open",
        "quiet-while-the-breaker-is-open",
        "bare",
        PastTheBreaker,
        GUARDED,
        replace(DOWN, acts=(Act("offline", 40.0), Act("online", 45.0))),
    ),
    Planted(
        "breaker-content-with-open",
        "Opening counts as success: a server that accepts and closes never trips it.",
        "defect class: wrong success",
        "quiet-while-the-breaker-is-open",
        "bare",
        Claiming(replace(GUARDED, success_on="open"), GUARDED),
        GUARDED,
        BareWorld((Phase("reject", 240.0),), settle_s=150.0),
    ),
    Planted(
        "half-open-admits-all",
        "Half-open lets everybody through: all sockets come at the same instant.",
        "pip purgatory==3.0.1; pip aiobreaker==1.2.0",
        "half-open-keeps-its-quota",
        "bare",
        Claiming(_with(replace(BREAKER, probes=None)), GUARDED),
        GUARDED,
        HUNG_FOR_THREE,
    ),
    Planted(
        "breaker-of-each-socket",
        "Each socket has a breaker of its own where one for the client is declared.",
        "defect class: state not shared",
        "quiet-while-the-breaker-is-open",
        "bare",
        Claiming(replace(GUARDED, shared="socket"), GUARDED),
        GUARDED,
        DOWN_OF_THREE,
    ),
    Planted(
        "half-open-leaks-its-probe",
        "A probe that fails does not free its place: half-open for ever.",
        "defect class: half-open leaks its probes",
        "breaker-tries-again",
        "bare",
        LeakyProbe,
        GUARDED,
        DOWN,
    ),
    Planted(
        "unanswered-probe-keeps-its-slot",
        "A probe that opens and is never answered stays the only one: the other sockets of the"
        " client wait for it for ever.",
        "defect class: a probe without an answer keeps its slot",
        "probe-frees-its-slot",
        "bare",
        Claiming(LEAKING, GUARDED),
        GUARDED,
        BareWorld((Phase("refuse", 60.0), Phase("mute", 300.0)), settle_s=150.0, sockets=2),
    ),
    Planted(
        "breaker-counts-good-connections",
        "The loss of a connection that was good counts as a failed attempt: a few restarts open"
        " the breaker while every attempt succeeds.",
        "defect class: drops counted as failures",
        "breaker-opens-for-cause",
        "bare",
        Claiming(replace(_with(OFTEN), drops_fail=True), _with(OFTEN)),
        _with(OFTEN),
        FLAPS,
    ),
    Planted(
        "budget-not-asked",
        "A retry budget is declared, and no retry asks it.",
        "defect class: budget overdrawn",
        "budget-kept",
        "bare",
        Claiming(rule(EQUAL), PAYING),
        PAYING,
        DOWN,
    ),
    Planted(
        "budget-fills-too-fast",
        "The bucket is filled ten times as fast as declared.",
        "defect class: rate per minute and per second",
        "budget-kept",
        "bare",
        Claiming(replace(PAYING, budget=TokenBucket(1.0, 1)), PAYING),
        PAYING,
        DOWN,
    ),
    Planted(
        "budget-of-each-socket",
        "Each socket has a budget of its own where one for the client is declared.",
        "defect class: state not shared",
        "budget-kept",
        "bare",
        Claiming(replace(PAYING, shared="socket"), PAYING),
        PAYING,
        DOWN_OF_THREE,
    ),
)
