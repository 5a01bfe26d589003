"""How long a policy may take to come back, from what it declares: the bound of converges."""

from stormlab.clock import to_s
from stormlab.policy.backoff import MS_PER_S
from stormlab.policy.budget import AdaptiveThrottle, BudgetRule, Leaky, TokenBucket
from stormlab.properties.promises.subject import WALK_ATTEMPTS, Declared, Subject

ROUND_TRIPS_S = 1.0  # for the handshake itself
LATTICE_S = 64.0  # the kernel sends a SYN again at the latest so long after the one before
OPEN_SPREAD = 1.2  # a breaker's probes may be spread over a fifth of its open time
OPENS_MAX = 8  # in a row, for a breaker whose open time grows
BUDGET_S = 60.0  # for a budget that does not say when it has a token again
RECHECK_S = 2.0  # a policy held back by its guards asks again


def settle_s(subject: Subject, failures: int | None = None, sockets: int = 1) -> float:
    """How long after the healing a policy may take, from what it declares.

    ``failures``: in a row before it; None: as many as make its delays the longest, or a dozen where
    no cap ends their growth. ``sockets``: how many share a budget.
    """
    declared = subject.declared
    if failures is None:
        capped = declared.delay_s_max is not None
        failures = WALK_ATTEMPTS if capped else subject.uncapped_failures
    timeout_s = declared.patience_s
    waits_s = to_s(subject.longest_ns(failures))
    waits_s += LATTICE_S if timeout_s is None else min(timeout_s, LATTICE_S)
    if declared.breaker is not None:
        waits_s += _breaker_s(declared, failures) + to_s(subject.longest_ns(failures))
    if declared.budget is not None:
        waits_s += _budget_s(declared.budget) * sockets + RECHECK_S
    return waits_s + ROUND_TRIPS_S


def _breaker_s(declared: Declared, failures: int) -> float:
    """Its open time, spread; and how long a probe of another socket may stand in the way."""
    rule = declared.breaker
    if rule is None:
        return 0.0
    open_s = (rule.open_for.base_ms(min(OPENS_MAX, failures)) or 0.0) / MS_PER_S
    half_open_s = 0.0 if rule.half_open_s_max is None else rule.half_open_s_max + open_s
    anothers_s = open_s if declared.shared and rule.probe_again else 0.0  # a sibling's probe
    return open_s * OPEN_SPREAD + half_open_s + anothers_s + declared.probe_spread_s + RECHECK_S


def _budget_s(rule: BudgetRule) -> float:
    """How long until an empty budget pays for a retry, if time alone fills it."""
    if isinstance(rule, TokenBucket):
        return 1.0 / rule.rate_per_s
    if isinstance(rule, Leaky):
        return rule.ttl_s * (1 + 1 / rule.steps)
    if isinstance(rule, AdaptiveThrottle) and rule.probe_s is not None:
        return rule.probe_s
    return BUDGET_S
