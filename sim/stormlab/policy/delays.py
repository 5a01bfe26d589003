"""A policy taken for a walk: the delays it gives while every attempt is refused."""

from dataclasses import dataclass, field

from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import Chance, Decision, Fact, Happened, Policy, RetryAt, Stop, due

_REFUSALS_MAX = 10_000


@dataclass
class Walked:
    """What a policy did: each delay in nanoseconds, and how it ended (None: it would go on).

    ``silent``: no further attempt was pending, and nothing had said so.
    """

    delays_ns: list[int] = field(default_factory=list)
    stop: Stop | None = None
    silent: bool = False


def delays(
    policy: Policy,
    count: int,
    chance: Chance,
    *,
    dropped_first: bool = False,
    up_ns: int = 3_600_000_000_000,
    code: int = 1006,
    refusals_max: int = _REFUSALS_MAX,
) -> Walked:
    """Refuse ``count`` attempts at once and list the delay before each next one.

    ``dropped_first``: the first failure is the drop, with close ``code``, of a connection that was
    proven and open for ``up_ns``. A delay runs from the failure to the attempt that is really made.
    ``refusals_max``: of one attempt by the policy itself, before the walk ends.
    The ``ordinal`` of an :class:`.AddressedChance` is moved on with every decision.
    """
    walked = Walked()
    time_ns = began_ns = 0
    if dropped_first:
        due(policy, 0, chance)
        for fact in (Fact.REACHED, Fact.OPENED, Fact.PROVED):
            policy.on(Happened(fact, 0, began_ns=0), chance)
        time_ns = up_ns
    for index in range(count):
        fact = Fact.DROPPED if dropped_first and not index else Fact.REFUSED
        _next(chance)
        happened = Happened(fact, time_ns, code=code, began_ns=began_ns)
        decision = _attempted(policy, policy.on(happened, chance), time_ns, chance, refusals_max)
        if not isinstance(decision, RetryAt):
            walked.stop, walked.silent = decision, decision is None
            break
        walked.delays_ns.append(decision.time_ns - time_ns)
        time_ns = began_ns = decision.time_ns
    return walked


def _attempted(
    policy: Policy, decision: Decision, now_ns: int, chance: Chance, refusals_max: int
) -> Decision:
    """Follow a decision until an attempt is made or none will be."""
    for _ in range(refusals_max):
        if not isinstance(decision, RetryAt):
            return decision
        time_ns = now_ns = max(decision.time_ns, now_ns)
        _next(chance)
        decision = due(policy, time_ns, chance)
        if decision == RetryAt(time_ns):
            return decision
    return None


def _next(chance: Chance) -> None:
    if isinstance(chance, AddressedChance):
        chance.ordinal += 1
