"""The rules of policies, compiled: the same source as the reference runs.

:mod:`stormlab.policy.rules` is registered with Numba as it stands. Only what
:mod:`stormlab.policy.rules.host` and :mod:`.memory` leave to the engine is written here: draws by
address, schedules by record, memories by address. ``chance`` is a tuple: the origin of
the socket's draws, the seed's key, the client's address, and the ordinal of the decision.
"""

import numpy as np
from numba.extending import overload, register_jitable

from stormlab.fleet.draws import origin_of, quantile_ns, unit
from stormlab.fleet.memory import INNER, compiled, inlined, load_f8, load_i8, store_i8
from stormlab.fleet.policy_layout import (
    ABSENT,
    ADDED,
    BETWEEN,
    BUCKET,
    DECORRELATED,
    DELAYS,
    EQUAL,
    FULL,
    GROWN,
    LEAKY,
    MEMORYLESS,
    MULTIPLIED,
    NEXT_ABOVE,
    POLLY,
    ROW,
    SHARE,
    SPAN,
    STAGES,
    THROTTLE,
    TIME,
    TOKENS,
    jitter_at,
    pay_at,
    schedule_at,
    stage_at,
    trip_at,
)
from stormlab.fleet.policy_records import OWN_KEYS, POLLY_TABLES
from stormlab.policy.rules import (
    breaking,
    budgeting,
    formulas,
    host,
    memory,
    numbers,
    reconnecting,
    windows,
)
from stormlab.policy.rules.formulas import POLLY_POINTS
from stormlab.policy.rules.numbers import NEVER, NO_MORE, SATURATE

UNIT = float(1 << 53)
NANO_SCORE = 1e9
FOREVER = np.inf

for _module in (formulas, windows, budgeting, breaking, reconnecting):
    for _name, _function in list(vars(_module).items()):
        if callable(_function) and getattr(_function, "__module__", "") == _module.__name__:
            register_jitable(**INNER, forceinline=_module is reconnecting)(_function)


# memories ----------------------------------------------------------------------------------------


@overload(memory.get, jit_options=INNER)
def _get(ring, place):
    return lambda ring, place: load_i8(ring, place)


@overload(memory.put, jit_options=INNER)
def _put(ring, place, number):
    return lambda ring, place, number: store_i8(ring, place, number)


@overload(memory.value, jit_options=INNER)
def _value(table, place):
    return lambda table, place: load_f8(table, place)


# draws -------------------------------------------------------------------------------------------


@compiled
def drawn(chance, purpose, scope):
    """A policy's draw: new for each decision, for the socket's life, or for the page's."""
    if scope == 0:
        return unit(chance[0], purpose, chance[3])
    if scope == 1:
        return unit(chance[0], purpose, 0)
    return unit(origin_of(chance[1], chance[2]), purpose, 0)


_ADVICE, _PROBE, _BUDGET = (np.uint64(key) for key in OWN_KEYS)


@compiled
def own(chance, purpose):
    """A draw of the policy's own."""
    key = _ADVICE
    if purpose == numbers.PROBE:
        key = _PROBE
    elif purpose == numbers.BUDGET:
        key = _BUDGET
    return drawn(chance, key, 0)


@overload(host.own_unit, jit_options=INNER)
def _own_unit(rule, chance, purpose):
    return lambda rule, chance, purpose: own(chance, purpose)


# schedules ---------------------------------------------------------------------------------------


@compiled
def jittered(rule, schedule, base_ms, chance):
    """A base delay with all its jitters."""
    for number in range(schedule.jitters):
        each = jitter_at(rule.jitter_p, schedule.jitter + number)
        chosen = drawn(chance, each.purpose, each.scope)
        if each.kind == FULL:
            base_ms = formulas.full(base_ms, chosen, each.a, each.on_top != 0, each.whole != 0)
        elif each.kind == EQUAL:
            base_ms = formulas.equal(base_ms, chosen, each.a)
        elif each.kind == MULTIPLIED:
            base_ms = formulas.multiplied(base_ms, chosen, each.a, each.b)
        elif each.kind == ADDED:
            base_ms = formulas.added(base_ms, chosen, each.a, each.b, each.whole != 0)
        elif each.kind == MEMORYLESS:
            score = quantile_ns(rule.exponential_p, np.int64(chosen * UNIT)) / NANO_SCORE
            base_ms = formulas.times(base_ms, score)
        else:
            base_ms = formulas.comb(base_ms, chosen, each.a)
    return base_ms


@compiled
def base_of(rule, schedule, table, count, n):
    """A backoff's delay from its table; beyond it the last one."""
    if n >= count:
        if schedule.grows:
            rule.beyond = 1
        n = count - 1
    return load_f8(rule.float_p, table + n)


@compiled
def plain_delay(rule, schedule, n, elapsed_ns, chance):
    """Backoff, jitter, cap, rounding (:class:`stormlab.policy.schedule.Delays`)."""
    if schedule.ends_at >= 0 and n >= schedule.ends_at:
        return NO_MORE
    base_ms = base_of(rule, schedule, schedule.table, np.int64(schedule.count), n)
    if schedule.cap_before:
        base_ms = formulas.capped(base_ms, schedule.cap_ms)
    if schedule.less_elapsed:
        base_ms = max(0.0, base_ms - elapsed_ns / formulas.NS_PER_MS)
    delay_ms = jittered(rule, schedule, base_ms, chance)
    if schedule.cap_after:
        delay_ms = formulas.capped(delay_ms, schedule.cap_ms)
    delay_ms = formulas.rounded(delay_ms, schedule.step_ms, schedule.nearest != 0)
    return formulas.whole_ns(delay_ms, schedule.overflow)


@compiled
def other_delay(rule, schedule, n, me, chance):
    """The delay of every other kind of schedule."""
    kind = schedule.kind
    if kind == ABSENT:
        return NO_MORE
    if kind == SPAN:
        if schedule.a == schedule.b:
            return formulas.whole_ns(schedule.a * 1000.0, SATURATE)
        chosen = drawn(chance, schedule.purpose, schedule.scope)
        return formulas.whole_ns(
            (schedule.a + (schedule.b - schedule.a) * chosen) * 1000.0, SATURATE
        )
    if kind == BETWEEN:
        if schedule.ends_at >= 0 and n >= schedule.ends_at:
            return NO_MORE
        low = base_of(rule, schedule, schedule.table, np.int64(schedule.count), n)
        high = base_of(rule, schedule, schedule.other, np.int64(schedule.overflow), n)
        low, high = formulas.capped(low, schedule.cap_ms), formulas.capped(high, schedule.cap_ms)
        chosen = drawn(chance, schedule.purpose, schedule.scope)
        return formulas.whole_ns(low + (high - low) * chosen, SATURATE)
    return walked(rule, schedule, n, me, chance)


@compiled
def walked(rule, schedule, n, me, chance):
    """The next delay of a schedule that remembers the one before."""
    kind = schedule.kind
    if kind == NEXT_ABOVE:
        last_s = me.memory if me.remembers else -1.0
        place = 0
        while place < schedule.count - 1 and not (
            load_f8(rule.float_p, schedule.table + place) > last_s
        ):
            place += 1
        me.memory, me.remembers = load_f8(rule.float_p, schedule.table + place), 1
        return formulas.whole_ns(me.memory * 1000.0, SATURATE)
    if kind == GROWN and me.remembers:
        delay_ms = formulas.capped(me.memory * schedule.c, schedule.cap_ms)
        me.memory = min(delay_ms, formulas.DELAY_MS_MAX)
        return formulas.whole_ns(delay_ms, SATURATE)
    chosen = drawn(chance, schedule.purpose, schedule.scope)
    if kind == POLLY:
        table = min(n, POLLY_TABLES - 1)
        place = schedule.table + table * (POLLY_POINTS + 1)
        powers = schedule.table + POLLY_TABLES * (POLLY_POINTS + 1)
        growth = load_f8(rule.float_p, powers + max(0, n - POLLY_TABLES + 1))
        now = formulas.polly_curve(rule.float_p, place, chosen, growth)
        before = me.memory if me.remembers else 0.0
        me.memory, me.remembers = now, 1
        delay_ms = formulas.polly_rise(now, before, schedule.a)
        return formulas.whole_ns(formulas.capped(delay_ms, schedule.cap_ms), SATURATE)
    if kind == DECORRELATED:
        base_ms = schedule.a * 1000.0
        before = me.memory if me.remembers else base_ms
        delay_ms = formulas.decorrelated(base_ms, before, schedule.b, chosen)
    elif kind == GROWN:
        low_ms, high_ms = schedule.a * 1000.0, schedule.b * 1000.0
        delay_ms = formulas.grown_first(low_ms, high_ms, chosen, schedule.whole != 0)
    else:  # NORMAL
        mean_ms = (me.memory if me.remembers else schedule.a * 1000.0) * schedule.b
        score = quantile_ns(rule.normal_p, np.int64(chosen * UNIT)) / NANO_SCORE
        delay_ms = formulas.normal_next(mean_ms, score, schedule.c)
    delay_ms = formulas.capped(delay_ms, schedule.cap_ms)
    me.memory, me.remembers = min(delay_ms, formulas.DELAY_MS_MAX), 1
    return formulas.whole_ns(delay_ms, SATURATE)


@inlined
def only_full_delay(rule, schedule, n, chance):
    """The delay of a schedule of which nothing but backoff, full jitter and a cap is asked."""
    if schedule.ends_at >= 0 and n >= schedule.ends_at:
        return NO_MORE
    base_ms = base_of(rule, schedule, schedule.table, np.int64(schedule.count), n)
    if schedule.cap_before:
        base_ms = formulas.capped(base_ms, schedule.cap_ms)
    each = jitter_at(rule.jitter_p, schedule.jitter)
    chosen = unit(chance[0], each.purpose, chance[3])
    delay_ms = formulas.full(base_ms, chosen, each.a, False, False)
    if schedule.cap_after:
        delay_ms = formulas.capped(delay_ms, schedule.cap_ms)
    return formulas.whole_ns(delay_ms, SATURATE)


@inlined
def delay_of(rule, which, n, me, elapsed_ns, chance):
    """Delay ``n`` of one of the policy's schedules, or NO_MORE."""
    schedule = schedule_at(rule.schedule_p, which)
    if schedule.only_full:
        return only_full_delay(rule, schedule, np.int64(n), chance)
    return any_delay(rule, schedule, np.int64(n), me, elapsed_ns, chance)


@compiled
def any_delay(rule, schedule, n, me, elapsed_ns, chance):
    """The delay of any schedule."""
    while schedule.kind == STAGES:
        last = schedule.jitters - 1
        place = 0
        while place < last and n >= stage_at(rule.stage_p, schedule.jitter + place).count:
            n -= stage_at(rule.stage_p, schedule.jitter + place).count
            place += 1
        inner = stage_at(rule.stage_p, schedule.jitter + place).schedule
        schedule = schedule_at(rule.schedule_p, inner)
    if schedule.kind == DELAYS:
        return plain_delay(rule, schedule, n, elapsed_ns, chance)
    return other_delay(rule, schedule, n, me, chance)


@overload(host.delay_of, jit_options=INNER)
def _delay_of(rule, which, n, me, elapsed_ns, chance):
    return lambda rule, which, n, me, elapsed_ns, chance: delay_of(
        rule, which, n, me, elapsed_ns, chance
    )


@overload(host.clear_memory, jit_options=INNER)
def _clear_memory(me):
    def clear(me):
        me.remembers = 0

    return clear


# breakers ----------------------------------------------------------------------------------------


@overload(host.open_time_ns, jit_options=INNER)
def _open_time_ns(rule, opens):
    def find(rule, opens):
        return load_i8(rule.open_p, min(np.int64(opens), np.int64(rule.open_count) - 1))

    return find


@overload(host.remember, jit_options=INNER)
def _remember(rule, breaker, time_ns, success):
    def add(rule, breaker, time_ns, success):
        trip = trip_at(rule.trip_p, 0)
        if trip.kind == ROW:
            windows.row_add(breaker, success)
        elif trip.kind == TIME:
            bucket = time_ns // trip.bucket_ns
            windows.time_forget(trip, breaker, bucket)
            windows.time_add(trip, breaker, bucket, success)
        else:
            windows.count_add(trip, breaker, success)

    return add


@overload(host.tripped, jit_options=INNER)
def _tripped(rule, breaker, time_ns):
    def find(rule, breaker, time_ns):
        trip = trip_at(rule.trip_p, 0)
        if trip.kind == ROW:
            return breaker.count >= trip.failures
        if trip.kind == TIME:
            return windows.time_tripped(trip, breaker, time_ns // trip.bucket_ns)
        return windows.count_tripped(trip, breaker)

    return find


@overload(host.forget_results, jit_options=INNER)
def _forget_results(rule, breaker):
    def forget(rule, breaker):
        breaker.count = 0
        breaker.first = 0

    return forget


# budgets -----------------------------------------------------------------------------------------


@overload(host.budget_take, jit_options=INNER)
def _budget_take(rule, budget, time_ns, unit):
    def take(rule, budget, time_ns, unit):
        pay = pay_at(rule.pay_p, 0)
        if pay.kind == BUCKET:
            return budgeting.bucket_take(pay, budget, time_ns)
        if pay.kind == TOKENS:
            return budgeting.tokens_take(pay, budget)
        if pay.kind == LEAKY:
            return budgeting.leaky_take(pay, budget, time_ns // pay.step_ns)
        if pay.kind == SHARE:
            return budgeting.share_take(pay, budget)
        has_room(rule, budget)
        return budgeting.throttle_take(pay, budget, time_ns, unit)

    return take


@compiled
def has_room(rule, budget):
    """Say so when a memory that may hold any number of moments is full."""
    if budget.count >= budget.room:
        rule.beyond = 2
        budget.count = 0


@overload(host.budget_next_ns, jit_options=INNER)
def _budget_next_ns(rule, budget, time_ns):
    def find(rule, budget, time_ns):
        pay = pay_at(rule.pay_p, 0)
        if pay.kind == BUCKET:
            return budgeting.bucket_next_ns(pay, budget, time_ns)
        if pay.kind == LEAKY:
            step = time_ns // pay.step_ns
            found = budgeting.leaky_next(pay, budget, step)
            if found == NO_MORE:
                return NO_MORE
            return time_ns if found == step else found * pay.step_ns
        if pay.kind == THROTTLE:
            return budgeting.throttle_next_ns(pay, budget, time_ns)
        return NO_MORE

    return find


@overload(host.budget_request, jit_options=INNER)
def _budget_request(rule, budget, time_ns):
    def request(rule, budget, time_ns):
        pay = pay_at(rule.pay_p, 0)
        if pay.kind == TOKENS:
            budgeting.tokens_add(pay, budget, pay.per_request)
        elif pay.kind == LEAKY:
            budgeting.leaky_move(pay, budget, time_ns // pay.step_ns, pay.per_request)
        elif pay.kind == THROTTLE:
            has_room(rule, budget)
            budgeting.throttle_add(budget, time_ns, 0)
            budget.last_ns = time_ns

    return request


@overload(host.budget_result, jit_options=INNER)
def _budget_result(rule, budget, time_ns, success, retried):
    def result(rule, budget, time_ns, success, retried):
        pay = pay_at(rule.pay_p, 0)
        if pay.kind == TOKENS:
            budgeting.tokens_result(pay, budget, success, retried)
        elif pay.kind == SHARE:
            if retried:
                budget.retries = max(0, budget.retries - 1)
        elif pay.kind == THROTTLE and success:
            has_room(rule, budget)
            budgeting.throttle_add(budget, time_ns, 1)

    return result


@overload(host.budget_active, jit_options=INNER)
def _budget_active(rule, budget, change):
    def active(rule, budget, change):
        if pay_at(rule.pay_p, 0).kind == SHARE:
            budget.count = max(0, budget.count + change)

    return active


# terms -------------------------------------------------------------------------------------------


@compiled
def connect_timeout_ns(rule, me):
    """The connect time-out of the attempt that is being made, where it changes; NEVER: none."""
    if rule.growth_count == 0:
        return NEVER
    n = min(np.int64(me.attempts) - 1, np.int64(rule.growth_count) - 1)
    at_least_s = me.delay_ns / 1_000_000_000 if rule.growth_at_least else 0.0
    base_ms = load_f8(rule.float_p, rule.growth + n)
    timeout_s = formulas.connect_timeout_s(base_ms, rule.growth_cap_s, at_least_s)
    return np.int64(round(timeout_s * 1_000_000_000))
