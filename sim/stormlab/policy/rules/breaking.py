"""A circuit breaker's transitions; see :mod:`stormlab.policy.breaker`.

``rule``: probes (-1: any number), successes, ratio_decides, failure_ratio, probe_again,
half_open_ns_max (-1: none). ``breaker``: stage, opens, until_ns, since_ns, last_probe_ns,
under_way, good, bad.
"""

from typing import Any

from stormlab.policy.rules.host import forget_results, open_time_ns, remember, tripped
from stormlab.policy.rules.numbers import BROKEN, CLOSED, HALF_OPEN, NO_MORE


def state_at(rule: Any, breaker: Any, time_ns: int) -> int:
    """Where it stands at ``time_ns``."""
    while True:
        if breaker.stage == BROKEN and time_ns >= breaker.until_ns:
            breaker.stage = HALF_OPEN
            breaker.since_ns = breaker.until_ns
            breaker.under_way = breaker.good = breaker.bad = 0
        if breaker.stage != HALF_OPEN or rule.half_open_ns_max < 0:
            break
        over_ns = breaker.since_ns + rule.half_open_ns_max
        if time_ns < over_ns:
            break
        trip(rule, breaker, over_ns)
    found: int = breaker.stage
    return found


def trip(rule: Any, breaker: Any, time_ns: int) -> None:
    """Open it."""
    breaker.opens += 1
    breaker.stage = BROKEN
    breaker.until_ns = time_ns + open_time_ns(rule, breaker.opens)
    forget_results(rule, breaker)


def close(rule: Any, breaker: Any) -> None:
    """Close it."""
    breaker.opens = 0
    breaker.stage = CLOSED
    breaker.under_way = breaker.good = breaker.bad = 0
    forget_results(rule, breaker)


def probe_free(rule: Any, breaker: Any, time_ns: int) -> bool:
    """Whether another probe may be made while half-open."""
    if rule.probes < 0:
        return True
    used = breaker.under_way
    if rule.ratio_decides:
        used += breaker.good + breaker.bad
    if used < rule.probes:
        return True
    if not rule.probe_again:
        return False
    free: bool = time_ns >= breaker.last_probe_ns + open_time_ns(rule, breaker.opens)
    return free


def allow(rule: Any, breaker: Any, time_ns: int) -> bool:
    """Whether an attempt may be made now; while half-open a yes uses up a probe."""
    state = state_at(rule, breaker, time_ns)
    if state == CLOSED:
        return True
    if state == BROKEN or not probe_free(rule, breaker, time_ns):
        return False
    breaker.under_way += 1
    breaker.last_probe_ns = time_ns
    return True


def record(rule: Any, breaker: Any, time_ns: int, success: bool) -> None:
    """Take the end of an attempt."""
    state = state_at(rule, breaker, time_ns)
    if state == CLOSED:
        remember(rule, breaker, time_ns, success)
        if not success and tripped(rule, breaker, time_ns):
            trip(rule, breaker, time_ns)
    elif state == HALF_OPEN:
        breaker.under_way = max(0, breaker.under_way - 1)
        if success:
            breaker.good += 1
        else:
            breaker.bad += 1
        decide(rule, breaker, time_ns)


def decide(rule: Any, breaker: Any, time_ns: int) -> None:
    """Close or open it, if the probes say so."""
    if not rule.ratio_decides:
        if breaker.bad > 0:
            trip(rule, breaker, time_ns)
        elif breaker.good >= rule.successes:
            close(rule, breaker)
        return
    ended = breaker.good + breaker.bad
    if ended >= (rule.probes if rule.probes > 0 else 1):
        if breaker.bad >= rule.failure_ratio * ended:
            trip(rule, breaker, time_ns)
        else:
            close(rule, breaker)


def next_probe_ns(rule: Any, breaker: Any, time_ns: int) -> int:
    """When the next attempt may be made: a time, now, or NO_MORE: when a probe under way ends."""
    state = state_at(rule, breaker, time_ns)
    if state == BROKEN:
        until_ns: int = breaker.until_ns
        return until_ns
    if state == CLOSED or probe_free(rule, breaker, time_ns):
        return time_ns
    found = NO_MORE
    open_ns = open_time_ns(rule, breaker.opens)
    if rule.probe_again:
        found = breaker.last_probe_ns + open_ns
    if rule.half_open_ns_max >= 0:
        ends_ns = breaker.since_ns + rule.half_open_ns_max + open_ns
        found = ends_ns if found < 0 else min(found, ends_ns)
    return found
