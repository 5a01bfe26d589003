"""Delays: the formulas of backoff, jitter and caps, on floats of milliseconds.

Only +, -, x and / are used, which are the same to the last bit everywhere.
"""

import math
from typing import Any

from stormlab.policy.rules.memory import value
from stormlab.policy.rules.numbers import INT32_TIMER, SATURATE

NS_PER_MS = 1_000_000
DELAY_MS_MAX = 1e12  # 31.7 years: the longest delay that a schedule which saturates gives
TIMER_MS_MAX = 2**31 - 1  # setTimeout takes a signed 32-bit integer; a longer delay fires at once
WHOLE = 9007199254740992.0  # from here on floats have no fraction
HUGE = 1e300
TEETH = 10
POLLY_SCALE = 1.4
POLLY_POINTS = 1024


def floor(value: float) -> float:
    """The largest whole number not above ``value``; NaN and infinite numbers stay."""
    if not -WHOLE < value < WHOLE:
        return value
    return float(math.floor(value))


def whole_ns(delay_ms: float, overflow: int) -> int:
    """Milliseconds to integer nanoseconds, never negative; NaN is 0, as a timer takes it."""
    if not delay_ms > 0:
        return 0
    if overflow != SATURATE and delay_ms == math.inf:
        return 0
    if overflow == INT32_TIMER and delay_ms > TIMER_MS_MAX:
        return 0
    limited = min(delay_ms, DELAY_MS_MAX)
    whole = int(limited)  # by itself: a float of nanoseconds ends at 104 days
    return whole * NS_PER_MS + round((limited - whole) * NS_PER_MS)


def capped(delay_ms: float, cap_ms: float) -> float:
    """At most the cap; NaN stays NaN, as in JavaScript's Math.min. Infinity: no cap."""
    return cap_ms if delay_ms > cap_ms else delay_ms


def rounded(delay_ms: float, step_ms: float, nearest: bool) -> float:
    """A multiple of ``step_ms``; ``nearest``: a half goes to the even one. 0: as it is."""
    if step_ms == 0 or not -HUGE < delay_ms < HUGE:
        return delay_ms
    steps = delay_ms / step_ms
    if nearest and -WHOLE < steps < WHOLE:
        return float(round(steps)) * step_ms
    return floor(steps) * step_ms


def full(base_ms: float, unit: float, low_ms: float, on_top: bool, whole: bool) -> float:
    """Uniform from the floor to the base, or the floor plus uniform from 0 to the base."""
    width_ms = base_ms if on_top else max(0.0, base_ms - low_ms)
    if whole:
        return low_ms + floor(unit * (width_ms + 1))
    return low_ms + unit * width_ms


def equal(base_ms: float, unit: float, share: float) -> float:
    """A part of the base for certain, the rest by chance."""
    spread_ms = base_ms * share
    return base_ms - spread_ms + unit * spread_ms


def multiplied(base_ms: float, unit: float, low: float, high: float) -> float:
    """The base times uniform from ``low`` to ``high``."""
    return base_ms * (low + (high - low) * unit)


def added(base_ms: float, unit: float, low_ms: float, high_ms: float, whole: bool) -> float:
    """The base plus uniform from ``low_ms`` to ``high_ms``."""
    more_ms = low_ms + (high_ms - low_ms) * unit
    return base_ms + (floor(more_ms) if whole else more_ms)


def times(base_ms: float, score: float) -> float:
    """The base times a score that chance has given."""
    return base_ms * score


def comb(base_ms: float, unit: float, share: float) -> float:
    """backo2's: one draw gives both the deviation and its sign."""
    deviation_ms = floor(unit * share * base_ms)
    if math.floor(unit * TEETH) % 2 == 0:
        return base_ms - deviation_ms
    return base_ms + deviation_ms


def decorrelated(base_ms: float, before_ms: float, factor: float, unit: float) -> float:
    """AWS's decorrelated jitter, before the cap."""
    return base_ms + (factor * before_ms - base_ms) * unit


def grown_first(low_ms: float, high_ms: float, unit: float, whole: bool) -> float:
    """The first delay of a walk that then only grows, before the cap."""
    more_ms = (high_ms - low_ms) * unit
    return low_ms + (floor(more_ms) if whole else more_ms)


def normal_next(mean_ms: float, score: float, deviation: float) -> float:
    """A delay drawn from a normal distribution around its mean, before the cap."""
    return max(0.0, mean_ms + score * deviation * mean_ms)


def polly_curve(table: Any, begin: int, unit: float, growth: float) -> float:
    """Polly's curve between the points of its table that starts at ``begin``, times ``growth``."""
    place = unit * POLLY_POINTS
    index = int(place)
    low = value(table, begin + index)
    found = low + (value(table, begin + index + 1) - low) * (place - index)
    return min(found * growth, HUGE)


def polly_rise(now: float, before: float, base_s: float) -> float:
    """A delay of Polly's jitter V2 from the rise of its curve, before the cap.

    Where the curve overflows the delay does, too, and not their difference: Polly and cockatiel ask
    whether it is finite and then take the cap.
    """
    rise = now if now >= HUGE else max(0.0, now - before)
    return rise / POLLY_SCALE * base_s * 1000.0


def connect_timeout_s(base_ms: float, cap_s: float, delay_s: float) -> float:
    """A connect time-out that changes; ``cap_s``: infinity, no cap; ``delay_s``: at least, or 0."""
    return max(min(base_ms / 1000.0, cap_s), delay_s)
