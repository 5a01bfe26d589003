"""What a client does after a connection ended; see :class:`stormlab.policy.reconnect.Reconnect`.

``rule``: the policy's parameters as numbers (:class:`stormlab.policy.plan.Plan`). ``me``: one
policy at work. ``end``: how an attempt or a connection ended, as the policy reads it: action,
counts, schedule and advised (-1: none), asked_ns (-1: no advice). Times are integer nanoseconds; a
decision is a time, ``NOTHING``, or a reason to stop.
"""

from typing import Any

from stormlab.policy.rules import breaking
from stormlab.policy.rules.host import (
    budget_active,
    budget_next_ns,
    budget_request,
    budget_result,
    budget_take,
    clear_memory,
    delay_of,
    own_unit,
)
from stormlab.policy.rules.numbers import (
    ADVICE,
    BROKEN,
    BUDGET,
    CONNECTING,
    FIRST_AFTER_DROP,
    FIRST_CONNECT,
    IS_HIDDEN,
    IS_OFFLINE,
    IS_ONLINE,
    IS_VISIBLE,
    LATE,
    NEVER,
    NO_MORE,
    NOT_RETRIED,
    NOTHING,
    NOW,
    ON_OPEN,
    ON_STABLE,
    ON_TIME,
    ONLINE,
    OPEN,
    PROBE,
    RECHECK,
    STOP,
    STOPPED,
    TOO_LONG,
    TOO_YOUNG,
    USED_UP,
    USUAL,
    VISIBLE,
    WAITING,
)

NS_PER_S = 1_000_000_000


def begin(me: Any) -> None:
    """Nothing is counted yet."""
    me.phase = WAITING
    me.n = me.retries = me.attempts = 0
    me.fresh = True
    me.outage_ns = me.failed_ns = me.began_ns = me.opened_ns = NEVER
    me.delay_ns = 0
    me.unit = 0.0
    me.unresolved = me.retried = me.offline = me.hidden = me.withheld = False


def reset(rule: Any, me: Any) -> None:
    """Set the count of failures back."""
    me.n = me.retries = 0
    if rule.grows:
        me.attempts = 0
    me.fresh = True
    clear_memory(me)


# good news ---------------------------------------------------------------------------------------


def opened(rule: Any, me: Any, breaker: Any, budget: Any, time_ns: int) -> None:
    """The handshake is complete."""
    me.phase = OPEN
    me.opened_ns = time_ns
    me.outage_ns = NEVER
    learn(rule, me, breaker, budget, ON_OPEN, time_ns)


def learn(rule: Any, me: Any, breaker: Any, budget: Any, what: int, time_ns: int) -> None:
    """Opened, proved, or reached by HTTP: what that sets back and ends."""
    if rule.reset_on == what:
        reset(rule, me)
    if rule.success_on == what:
        resolve(rule, me, breaker, budget, time_ns, True)


def resolve(
    rule: Any,
    me: Any,
    breaker: Any,
    budget: Any,
    time_ns: int,
    success: bool,
) -> None:
    """Tell breaker and budget how the attempt under way ended, once."""
    if not me.unresolved:
        return
    me.unresolved = False
    if rule.has_breaker:
        breaking.record(rule, breaker, time_ns, success)
    if rule.has_budget:
        budget_result(rule, budget, time_ns, success, me.retried)


# failures ----------------------------------------------------------------------------------------


def failed(
    rule: Any,
    me: Any,
    breaker: Any,
    budget: Any,
    end: Any,
    dropped: bool,
    time_ns: int,
    began_ns: int,
    chance: Any,
) -> int:
    """An attempt or a connection (``dropped``) has ended; ``began_ns``: the attempt, or NEVER."""
    over(rule, me, breaker, budget, time_ns, dropped)
    if dropped:
        up_ns = time_ns - (0 if me.opened_ns == NEVER else me.opened_ns)
        if rule.gate and up_ns < rule.reset_after_ns:
            return stop(me, TOO_YOUNG)
        if rule.reset_on == ON_STABLE and up_ns >= rule.reset_after_ns:
            reset(rule, me)
    if rule.reset_on == ON_TIME and me.failed_ns != NEVER:
        if time_ns - me.failed_ns > rule.reset_after_ns:
            reset(rule, me)
    if me.outage_ns == NEVER:
        me.outage_ns = time_ns
    me.phase = WAITING
    counts = bool(end.counts)
    if counts and rule.reset_on == ON_TIME:
        me.failed_ns = time_ns
    if end.action == STOP:
        return stop(me, NOT_RETRIED)
    if counts and no_more(rule, me):
        return stop(me, USED_UP)
    if counts and too_long(rule, me, time_ns):
        return stop(me, TOO_LONG)
    if end.action == NOW:
        delay_ns = 0
        count(me, counts, counts)
    else:
        delay_ns = failure_delay_ns(rule, me, end, dropped, time_ns, began_ns, chance)
    if delay_ns == NO_MORE:
        return stop(me, USED_UP)
    if rule.grows:
        me.delay_ns = delay_ns
    return retry_ns(rule, me, breaker, time_ns, delay_ns, chance)


def over(
    rule: Any,
    me: Any,
    breaker: Any,
    budget: Any,
    time_ns: int,
    dropped: bool,
) -> None:
    """Tell breaker and budget of the end of an attempt or a connection."""
    if me.unresolved:
        resolve(rule, me, breaker, budget, time_ns, False)
    elif dropped and rule.drops_fail and rule.has_breaker:
        breaking.record(rule, breaker, time_ns, False)
    if rule.has_budget and (me.phase == OPEN or me.phase == CONNECTING):
        budget_active(rule, budget, -1)


def failure_delay_ns(
    rule: Any,
    me: Any,
    end: Any,
    dropped: bool,
    time_ns: int,
    began_ns: int,
    chance: Any,
) -> int:
    """The delay that schedule and advice give; counts the failure."""
    first = bool(dropped) and bool(me.fresh) and bool(rule.has_first)
    which = end.schedule
    if which < 0:
        which = end.advised
    if which < 0:
        which = FIRST_AFTER_DROP if first else usual(rule, me, time_ns)
    if began_ns == NEVER:
        began_ns = me.began_ns
    elapsed_ns = 0 if began_ns == NEVER else time_ns - began_ns
    delay_ns = delay_of(rule, which, me.n, me, elapsed_ns, chance)
    if delay_ns != NO_MORE:
        if me.hidden and rule.longest_hidden:
            delay_ns = rule.hidden_ns
        if rule.from_attempt and not first and began_ns != NEVER:
            delay_ns = max(0, delay_ns - (time_ns - began_ns))
    counts = bool(end.counts)
    count(me, counts, counts and (bool(rule.drop_counts) or not first))
    if delay_ns == NO_MORE or end.asked_ns < 0:
        return delay_ns
    asked_ns: int = end.asked_ns
    if rule.advice_spread_ns > 0:
        asked_ns += int(own_unit(rule, chance, ADVICE) * rule.advice_spread_ns)
    return asked_ns if rule.advice_exact else max(delay_ns, asked_ns)


def usual(rule: Any, me: Any, time_ns: int) -> int:
    """Which schedule applies without a rule: another one late in an outage."""
    since_ns = time_ns if me.outage_ns == NEVER else me.outage_ns
    return LATE if rule.late_ns >= 0 and time_ns - since_ns >= rule.late_ns else USUAL


def count(me: Any, counts: bool, steps: bool) -> None:
    """Count a failure for the limit, for the schedule, or neither."""
    me.fresh = False
    if counts:
        me.retries += 1
    if steps:
        me.n += 1


def no_more(rule: Any, me: Any) -> bool:
    """Whether the attempts are used up."""
    found: bool = rule.attempts_max >= 0 and me.retries >= rule.attempts_max
    return found


def too_long(rule: Any, me: Any, time_ns: int) -> bool:
    """Whether the outage lasts longer than the policy tries."""
    found: bool = rule.give_up_ns >= 0 and time_ns - me.outage_ns >= rule.give_up_ns
    return found


def stop(me: Any, reason: int) -> int:
    """Give up."""
    me.phase = STOPPED
    return reason


def retry_ns(
    rule: Any,
    me: Any,
    breaker: Any,
    time_ns: int,
    delay_ns: int,
    chance: Any,
) -> int:
    """When to retry: after the delay, with a spacing, not before an open breaker's probe."""
    at_ns = time_ns + delay_ns
    if me.began_ns != NEVER:
        at_ns = max(at_ns, me.began_ns + rule.spacing_ns)
    if rule.has_breaker and breaking.state_at(rule, breaker, time_ns) == BROKEN:
        at_ns = max(at_ns, breaker.until_ns + spread_ns(rule, chance))
    draw(rule, me, chance)
    return at_ns


def spread_ns(rule: Any, chance: Any) -> int:
    """How much later a probe comes, by chance."""
    if rule.breaker_spread_ns <= 0:
        return 0
    return int(own_unit(rule, chance, PROBE) * rule.breaker_spread_ns)


def draw(rule: Any, me: Any, chance: Any) -> None:
    """Draw for a budget that refuses by chance."""
    if rule.has_budget:
        me.unit = own_unit(rule, chance, BUDGET)


# attempts ----------------------------------------------------------------------------------------


def start(rule: Any, me: Any, time_ns: int, chance: Any) -> int:
    """When to make the first attempt of all."""
    draw(rule, me, chance)
    return time_ns + max(0, delay_of(rule, FIRST_CONNECT, 0, me, 0, chance))


def is_held(rule: Any, me: Any) -> bool:
    """Whether no attempt is made until the device or the page changes."""
    if me.offline and rule.waits_offline:
        return True
    return bool(me.hidden) and bool(rule.skips_hidden)


def may_attempt(rule: Any, me: Any, breaker: Any, budget: Any, time_ns: int) -> bool:
    """Whether an attempt that is due is made; a yes takes a probe and a token."""
    if me.phase == STOPPED:
        return False
    if is_held(rule, me):
        me.withheld = True
        return False
    if rule.has_breaker and breaking.next_probe_ns(rule, breaker, time_ns) != time_ns:
        return False
    retry = me.outage_ns != NEVER
    if rule.has_budget and retry and not budget_take(rule, budget, time_ns, me.unit):
        return False
    if rule.has_breaker:
        breaking.allow(rule, breaker, time_ns)
    if rule.has_budget:
        budget_request(rule, budget, time_ns)
        budget_active(rule, budget, 1)
    me.phase = CONNECTING
    if rule.grows:
        me.attempts += 1
    me.began_ns = time_ns
    me.opened_ns = NEVER
    me.unresolved = True
    me.retried = retry
    me.withheld = False
    return True


def postponed(
    rule: Any,
    me: Any,
    breaker: Any,
    budget: Any,
    time_ns: int,
    chance: Any,
) -> int:
    """The next attempt after a refusal by breaker or budget; NOTHING: a fact will bring it."""
    if me.phase == STOPPED or me.withheld:
        return NOTHING
    draw(rule, me, chance)
    at_ns = NO_MORE
    probe_ns = time_ns
    if rule.has_breaker:
        probe_ns = breaking.next_probe_ns(rule, breaker, time_ns)
    if probe_ns != time_ns:
        if probe_ns != NO_MORE:
            at_ns = probe_ns + spread_ns(rule, chance)
    elif rule.has_budget:
        at_ns = budget_next_ns(rule, budget, time_ns)
    if at_ns <= time_ns:
        recheck_ns = delay_of(rule, RECHECK, 0, me, 0, chance)
        at_ns = time_ns + max(1, recheck_ns if recheck_ns > 0 else NS_PER_S)
    return at_ns


# the device, the page, the person ----------------------------------------------------------------


def surroundings(rule: Any, me: Any, fact: int, time_ns: int, chance: Any) -> int:
    """The device or the page changed."""
    back = -1
    if fact == IS_ONLINE or fact == IS_OFFLINE:
        me.offline = fact == IS_OFFLINE
        if fact == IS_ONLINE and rule.has_online:
            back = ONLINE
    else:
        me.hidden = fact == IS_HIDDEN
        if fact == IS_VISIBLE and rule.has_visible:
            back = VISIBLE
    if fact == IS_ONLINE and rule.network_resets and me.phase != OPEN:
        reset(rule, me)
    if fact == IS_VISIBLE and rule.visible_resets and me.phase != OPEN:
        reset(rule, me)
    if me.phase != WAITING or is_held(rule, me):
        return NOTHING
    if back >= 0:
        me.withheld = False
        return time_ns + max(0, delay_of(rule, back, 0, me, 0, chance))
    if me.withheld:
        me.withheld = False
        return time_ns
    return NOTHING


def by_hand(rule: Any, me: Any, breaker: Any, time_ns: int) -> int:
    """A person asks for another attempt."""
    if me.phase == OPEN:
        return NOTHING
    if rule.by_hand_resets:
        reset(rule, me)
        if rule.has_breaker:
            breaking.close(rule, breaker)
    me.phase = WAITING
    return time_ns
