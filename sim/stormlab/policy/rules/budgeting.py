"""What retry budgets do; see :mod:`stormlab.policy.budget`.

``rule``: a budget's parameters as numbers. ``memory``: its counts, all integers. Moments that a
budget remembers lie in rings: first, count, room, ring (as in :mod:`.windows`).
"""

from typing import Any

from stormlab.policy.rules.memory import get, put
from stormlab.policy.rules.numbers import NEVER, NO_MORE

NANO = 1_000_000_000
WORDS = 2


# refilled by time --------------------------------------------------------------------------------


def bucket_take(rule: Any, memory: Any, time_ns: int) -> bool:
    """Pay for a retry from a bucket that time fills."""
    missing_ns = rule.period_ns
    if memory.full_at_ns != NEVER:
        missing_ns += max(0, memory.full_at_ns - time_ns)
    if missing_ns > rule.burst * rule.period_ns:
        return False
    memory.full_at_ns = time_ns + missing_ns
    return True


def bucket_next_ns(rule: Any, memory: Any, time_ns: int) -> int:
    """When the bucket has a token again."""
    if memory.full_at_ns == NEVER:
        return time_ns
    has_ns: int = memory.full_at_ns - (rule.burst - 1) * rule.period_ns
    return max(time_ns, has_ns)


# refilled by results -----------------------------------------------------------------------------


def tokens_add(rule: Any, memory: Any, nano_tokens: int) -> None:
    """Add tokens, or take some."""
    memory.left = max(0, min(rule.tokens_max, memory.left + nano_tokens))


def tokens_take(rule: Any, memory: Any) -> bool:
    """Pay for a retry."""
    if memory.left < rule.cost or (rule.above > 0 and memory.left <= rule.above):
        return False
    memory.left -= rule.cost
    return True


def tokens_result(rule: Any, memory: Any, success: bool, retried: bool) -> None:
    """Tokens for a success, or against a failure."""
    if not success:
        tokens_add(rule, memory, -rule.per_failure)
    elif retried and rule.refund:
        tokens_add(rule, memory, rule.cost)
    else:
        tokens_add(rule, memory, rule.per_success)


# a share of the requests of late -----------------------------------------------------------------


def forget_until(memory: Any, oldest: int) -> None:
    """Let entries go that are no younger; what they brought leaves with them."""
    while memory.count > 0 and get(memory.ring, memory.first * WORDS) <= oldest:
        memory.left -= get(memory.ring, memory.first * WORDS + 1)
        memory.first = (memory.first + 1) % memory.room
        memory.count -= 1


def leaky_move(rule: Any, memory: Any, step: int, amount: int) -> None:
    """Deposit or withdraw; what happens in one step is one entry."""
    forget_until(memory, step - rule.steps)
    last = (memory.first + memory.count - 1) % memory.room * WORDS
    if memory.count == 0 or get(memory.ring, last) != step:
        last = (memory.first + memory.count) % memory.room * WORDS
        memory.count += 1
        put(memory.ring, last, step)
        put(memory.ring, last + 1, 0)
    put(memory.ring, last + 1, get(memory.ring, last + 1) + amount)
    memory.left += amount


def leaky_take(rule: Any, memory: Any, step: int) -> bool:
    """Pay for a retry."""
    forget_until(memory, step - rule.steps)
    if memory.left < NANO:
        return False
    leaky_move(rule, memory, step, -NANO)
    return True


def leaky_next(rule: Any, memory: Any, step: int) -> int:
    """The step at which a retry can be paid for; this one: now; NO_MORE: not by waiting."""
    forget_until(memory, step - rule.steps)
    if memory.left >= NANO:
        return step
    left = memory.left
    for number in range(memory.count):  # withdrawals come back when they are forgotten
        place = (memory.first + number) % memory.room * WORDS
        left -= get(memory.ring, place + 1)
        if left >= NANO:
            paid: int = get(memory.ring, place) + rule.steps
            return paid
    return NO_MORE


# a share of what is active -----------------------------------------------------------------------


def share_take(rule: Any, memory: Any) -> bool:
    """Pay for a retry."""
    if memory.retries >= max(rule.retries_min, int(rule.share * memory.count)):
        return False
    memory.retries += 1
    return True


# refused by chance -------------------------------------------------------------------------------


def throttle_add(memory: Any, time_ns: int, accept: int) -> None:
    """Remember a request (0) or an accept (1): both lie in one ring, by time."""
    place = (memory.first + memory.count) % memory.room * WORDS
    put(memory.ring, place, time_ns)
    put(memory.ring, place + 1, accept)
    memory.count += 1
    memory.left += accept


def throttle_take(rule: Any, memory: Any, time_ns: int, unit: float) -> bool:
    """Let a retry through, or refuse it by chance."""
    forget_until(memory, time_ns - rule.window_ns)
    accepts = memory.left
    requests = memory.count - accepts
    refusal = max(0.0, (requests - rule.k * accepts) / (requests + 1))
    due = (
        rule.probe_ns >= 0 and memory.last_ns != NEVER and time_ns >= memory.last_ns + rule.probe_ns
    )
    if not due and refusal > 0 and unit < refusal:
        throttle_add(memory, time_ns, 0)
        return False
    return True


def throttle_next_ns(rule: Any, memory: Any, time_ns: int) -> int:
    """When one is let through in any case."""
    if rule.probe_ns < 0 or memory.last_ns == NEVER:
        return NO_MORE
    due_ns: int = memory.last_ns + rule.probe_ns
    return max(time_ns, due_ns)
