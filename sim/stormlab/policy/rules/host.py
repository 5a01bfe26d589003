"""Where the two engines differ: draws, schedules, memories of results.

The bodies here are the reference's. The compiled fleet has its own for each
(:mod:`stormlab.fleet.policy_code`), and a test holds the two together.
"""

from typing import Any

from stormlab.policy.rules.formulas import NS_PER_MS
from stormlab.policy.rules.numbers import NO_MORE, PURPOSES
from stormlab.policy.schedule import Moment


def own_unit(rule: Any, chance: Any, purpose: int) -> float:
    """A draw of the policy's own."""
    found: float = chance.unit(PURPOSES[purpose])
    return found


def delay_of(
    rule: Any,
    which: int,
    n: int,
    me: Any,
    elapsed_ns: int,
    chance: Any,
) -> int:
    """Delay ``n`` of one of the policy's schedules, or NO_MORE; ``which``: see numbers.py."""
    moment = Moment(chance, me.memory, elapsed_ns / NS_PER_MS)
    found: int | None = rule.schedules[which].delay_ns(n, moment)
    return NO_MORE if found is None else found


def clear_memory(me: Any) -> None:
    """Forget what schedules remember."""
    me.memory.clear()


def open_time_ns(rule: Any, opens: int) -> int:
    """How long a breaker stays open that has opened so often in a row."""
    found: int = rule.open_time_ns(opens)
    return found


def remember(rule: Any, breaker: Any, time_ns: int, success: bool) -> None:
    """Let a closed breaker remember a result."""
    breaker.results.add(time_ns, success=success)


def tripped(rule: Any, breaker: Any, time_ns: int) -> bool:
    """Whether what a breaker remembers opens it."""
    found: bool = breaker.results.tripped(time_ns)
    return found


def forget_results(rule: Any, breaker: Any) -> None:
    """Let a breaker forget all results."""
    breaker.results.clear()


def budget_take(rule: Any, budget: Any, time_ns: int, unit: float) -> bool:
    """Pay for a retry, or not."""
    found: bool = budget.take(time_ns, lambda: unit)
    return found


def budget_next_ns(rule: Any, budget: Any, time_ns: int) -> int:
    """When a retry can be paid for, or NO_MORE."""
    found: int | None = budget.next_ns(time_ns)
    return NO_MORE if found is None else found


def budget_request(rule: Any, budget: Any, time_ns: int) -> None:
    """An attempt is made."""
    budget.request(time_ns)


def budget_result(rule: Any, budget: Any, time_ns: int, success: bool, retried: bool) -> None:
    """An attempt ended."""
    told = budget.success if success else budget.failure
    told(time_ns, retried=retried)


def budget_active(rule: Any, budget: Any, change: int) -> None:
    """An attempt or a connection began or ended."""
    budget.active(change)
