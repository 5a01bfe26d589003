"""What planted faults are made of: a careful policy to spoil, and one that breaks its word."""

from dataclasses import dataclass
from typing import ClassVar

from stormlab.clock import to_ns
from stormlab.policy import (
    Breaker,
    Chance,
    Decision,
    Delays,
    Equal,
    Exponential,
    Fact,
    Full,
    Happened,
    Policy,
    Reconnect,
    Reconnector,
    Reset,
    RetryAt,
    Schedule,
    Terms,
)
from stormlab.properties.promises import Declared, Subject

CAP_S = 30.0
TERMS = Terms(connect_timeout_s=10.0, heartbeat_s=20.0, heartbeat_timeout_s=20.0)
PROOF = Reset(on="proof")
EQUAL = Delays(Exponential(1.0), Equal(), cap_s=CAP_S)
FULL = Delays(Exponential(1.0), Full(), cap_s=CAP_S)


def rule(schedule: Schedule = FULL) -> Reconnect:
    """A careful policy around a schedule: it forgets its failures only on proof."""
    return Reconnect(schedule, reset=PROOF, terms=TERMS)


def declared_by(parts: Reconnect) -> Declared:
    """What a policy made of these parts declares."""
    return Subject.of(parts).declared


@dataclass(frozen=True)
class Claiming:
    """A factory of policies that do one thing and declare another."""

    does: Reconnect
    says: Reconnect

    def __call__(self) -> Policy:
        """One policy, for one socket."""
        return Claimed(self.does.make(), declared_by(self.says))

    def make_group(self, count: int) -> list[Policy]:
        """The policies of all sockets of one client; sharing is as it is done, not as declared."""
        said = declared_by(self.says)
        made = self.does.make_group(count)
        return [Claimed(each, said) for each in made if isinstance(each, Reconnector)]


class Claimed:
    """A policy with a declaration that is not its own."""

    def __init__(self, policy: Reconnector, declared: Declared) -> None:
        """Do as ``policy`` does."""
        self.declared = declared
        self._policy = policy
        self.on = policy.on
        self.may_attempt = policy.may_attempt
        self.start = policy.start
        self.postponed = policy.postponed

    @property
    def terms(self) -> Terms:
        """What is really asked of the host."""
        return self._policy.terms

    @property
    def breaker(self) -> Breaker | None:
        """The breaker that is really there."""
        return self._policy.breaker


class Careful:
    """A policy as one writes it by hand, without a fault: what the planted ones are made from.

    Equal jitter up to the cap, failures forgotten when the application answered, no end.
    """

    declared: ClassVar[Declared] = Declared(
        delay_s_max=CAP_S,
        gives_up=False,
        resets_on="proof",
        obeys_advice=True,
        supports=rule(EQUAL).support,
        terms=TERMS,
    )
    terms: Terms = TERMS
    cap_s: ClassVar[float] = CAP_S

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.failures = 0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        """Take a fact."""
        if happened.fact in {Fact.DROPPED, Fact.REFUSED}:
            self.failures += 1
            return self.failed(happened, chance)
        if happened.fact is Fact.PROVED:
            self.failures = 0
        if happened.fact is Fact.RETRY_BY_HAND:
            return RetryAt(happened.time_ns)
        return None

    def failed(self, happened: Happened, chance: Chance) -> Decision:
        """The retry that follows the latest failure."""
        delay_ns = to_ns(self.delay_s(self.failures - 1, chance))
        return RetryAt(happened.time_ns + max(delay_ns, happened.retry_after_ns or 0))

    def delay_s(self, n: int, chance: Chance) -> float:
        """Delay ``n``, from 0."""
        return min(self.cap_s, 2.0 ** min(n, 60)) * (0.5 + 0.5 * chance.unit("jitter"))

    def may_attempt(self, time_ns: int) -> bool:
        """Always."""
        del time_ns
        return True
