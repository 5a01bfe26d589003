"""A policy's parameters as numbers, for the rules (:mod:`stormlab.policy.rules`)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from stormlab.clock import to_ns
from stormlab.policy.backoff import Backoff, whole_ns
from stormlab.policy.contract import Happened
from stormlab.policy.rules.numbers import (
    AS_USUAL,
    LATER,
    NOW,
    ON_OPEN,
    ON_PROOF,
    PARTS,
    RESETS,
    RESTART,
    STOP,
)

if TYPE_CHECKING:
    from stormlab.policy.breaker import CircuitBreaker
    from stormlab.policy.reconnect import Reconnect
    from stormlab.policy.schedule import Schedule

SERVICE_RESTART, TRY_AGAIN_LATER = 1012, 1013


@dataclass(slots=True)
class Limits:
    """A breaker's parameters; see :mod:`stormlab.policy.rules.breaking`."""

    probes: int = -1
    successes: int = 1
    ratio_decides: bool = False
    failure_ratio: float = 0.0
    probe_again: bool = False
    half_open_ns_max: int = -1
    open_for: Backoff | None = None

    def open_time_ns(self, opens: int) -> int:
        """How long it stays open that has opened so often in a row."""
        assert self.open_for is not None  # noqa: S101  there is a breaker
        return whole_ns(self.open_for.base_ms(max(0, opens - 1)) or 0.0)


@lru_cache(maxsize=256)
def limits_of(rule: "CircuitBreaker") -> Limits:
    """The numbers of a breaker's parameters."""
    half_open_s = rule.half_open_s_max
    return Limits(
        -1 if rule.probes is None else rule.probes,
        rule.successes,
        rule.failure_ratio is not None,
        rule.failure_ratio or 0.0,
        rule.probe_again,
        -1 if half_open_s is None else to_ns(half_open_s),
        rule.open_for,
    )


@dataclass(slots=True)
class End:
    """What a policy reads out of how an attempt or a connection ended."""

    action: int = AS_USUAL
    counts: bool = True
    schedule: int = -1
    advised: int = -1
    asked_ns: int = -1
    announced: bool = True


PLAIN = End()


class Plan:
    """The parameters of a :class:`.reconnect.Reconnect` as numbers, and its schedules in order."""

    __slots__ = (
        "advice", "advice_exact", "advice_limit_ns", "advice_spread_ns", "attempts_max",
        "breaker_spread_ns", "by_hand_resets", "drop_counts", "drops_fail", "failure_ratio",
        "from_attempt", "gate", "give_up_ns", "grows", "half_open_ns_max", "has_breaker",
        "has_budget", "has_first", "has_online", "has_visible", "hidden_ns", "late_ns", "limits",
        "longest_hidden", "network_resets", "probe_again", "probes", "ratio_decides",
        "reset_after_ns", "reset_on", "rules", "schedules", "skips_hidden", "spacing_ns",
        "success_on", "successes", "visible_resets", "waits_offline",
    )  # fmt: skip

    def __init__(self, rule: "Reconnect") -> None:
        """Work the numbers out, once for all policies of a kind."""
        network, advice, late = rule.network, rule.advice, rule.late
        self.reset_on, self.reset_after_ns = RESETS[rule.reset.on], rule.reset.after_ns
        self.gate = rule.reset.gate
        self.success_on = ON_OPEN if rule.success_on == "open" else ON_PROOF
        self.attempts_max = -1 if rule.attempts_max is None else rule.attempts_max
        self.give_up_ns = -1 if rule.give_up_after_s is None else to_ns(rule.give_up_after_s)
        self.late_ns = -1 if late is None else to_ns(late[0])
        self.drop_counts, self.drops_fail = rule.drop_counts, rule.drops_fail
        self.from_attempt = rule.counted_from == "attempt"
        self.spacing_ns = to_ns(rule.spacing_s)
        self.grows = rule.connect_timeout is not None
        self.by_hand_resets = rule.by_hand_resets
        self.has_first = rule.first_after_drop is not None
        self.has_online, self.has_visible = network.online is not None, network.visible is not None
        self.network_resets, self.visible_resets = network.resets, network.visible_resets
        self.waits_offline = network.offline == "wait"
        self.skips_hidden = network.hidden == "skip"
        self.longest_hidden = network.hidden == "longest"
        self.hidden_ns = to_ns(network.hidden_s)
        self.advice = advice.retry_after != "ignore"
        self.advice_exact = advice.retry_after == "exact"
        self.advice_limit_ns = -1 if advice.limit_s is None else to_ns(advice.limit_s)
        self.advice_spread_ns = to_ns(advice.spread_s)
        self.has_breaker, self.has_budget = rule.breaker is not None, rule.budget is not None
        self.breaker_spread_ns = to_ns(rule.breaker_spread_s)
        self.limits = limits_of(rule.breaker) if rule.breaker is not None else Limits()
        for name in ("probes", "successes", "ratio_decides", "failure_ratio", "probe_again"):
            setattr(self, name, getattr(self.limits, name))
        self.half_open_ns_max = self.limits.half_open_ns_max
        self.rules = rule.rules
        others: list[Schedule | None] = [each.schedule for each in rule.rules]
        self.schedules: list[Schedule | None] = [
            rule.schedule,
            rule.first_after_drop,
            late[1] if late is not None else None,
            rule.first_connect,
            network.online,
            network.visible,
            rule.recheck,
            advice.restart,
            advice.later,
            *others,
        ]

    def open_time_ns(self, opens: int) -> int:
        """How long the breaker stays open that has opened so often in a row."""
        return self.limits.open_time_ns(opens)

    def end_of(self, happened: Happened) -> End:
        """What the rules for codes and the server's advice say of an end."""
        asks = self.advice and happened.retry_after_ns is not None
        code = happened.code
        if not self.rules and not asks and code not in (SERVICE_RESTART, TRY_AGAIN_LATER):
            return PLAIN
        end = End()
        for number, rule in enumerate(self.rules):
            if rule.fits(happened):
                end.counts, end.announced = rule.counts, rule.announced
                if rule.action == "stop":
                    end.action = STOP
                elif rule.action == "now":
                    end.action = NOW
                elif rule.action == "schedule":
                    end.schedule = PARTS + number
                break
        advised = {SERVICE_RESTART: RESTART, TRY_AGAIN_LATER: LATER}.get(code, -1)
        if advised >= 0 and self.schedules[advised] is not None:
            end.advised = advised
        if asks:
            asked_ns = happened.retry_after_ns or 0
            if self.advice_limit_ns >= 0:
                asked_ns = min(asked_ns, self.advice_limit_ns)
            end.asked_ns = asked_ns
        return end


@lru_cache(maxsize=256)
def _plan(rule: "Reconnect") -> Plan:
    return Plan(rule)


def plan_of(rule: "Reconnect") -> Plan:
    """The plan of a policy's parameters; kept, when they can be."""
    try:
        return _plan(rule)
    except TypeError:  # a part of somebody's own that has no hash
        return Plan(rule)
