"""Policies as records: parameters, schedules, jitters, breakers and budgets in raw memory.

Made from the reference's own objects: a backoff becomes the table of what its ``base_ms`` gives, an
end of a connection what the reference's plan reads out of it. What cannot be written down so is
refused by name (:class:`NotCompiledError`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.draws import purpose_key
from stormlab.fleet.draws import as_array
from stormlab.fleet.policy_layout import (
    ABSENT,
    ADDED,
    BETWEEN,
    BUCKET,
    COMB,
    COUNT,
    DECORRELATED,
    DELAYS,
    END,
    EQUAL,
    FULL,
    GROWN,
    JITTER,
    LEAKY,
    MEMORYLESS,
    MULTIPLIED,
    NEXT_ABOVE,
    NO_BUDGET,
    NO_TRIP,
    NORMAL,
    PAY,
    PLAN,
    POLLY,
    ROW,
    RULE,
    SCHEDULE,
    SHARE,
    SPAN,
    STAGE,
    STAGES,
    THROTTLE,
    TIME,
    TOKENS,
    TRIP,
)
from stormlab.policy import budget as budgets
from stormlab.policy.backoff import MS_PER_S, Backoff, Table, power
from stormlab.policy.breaker import Consecutive, RateInCount, RateInWindow, Trip
from stormlab.policy.contract import Happened
from stormlab.policy.jitter import (
    Added,
    Chain,
    Comb,
    Equal,
    Full,
    Jitter,
    Memoryless,
    Multiplied,
    NoJitter,
)
from stormlab.policy.plan import Plan, plan_of
from stormlab.policy.reconnect import Reconnect
from stormlab.policy.rules import budgeting, windows
from stormlab.policy.rules.numbers import ON_TIME, OVERFLOWS, PARTS, PURPOSES
from stormlab.policy.schedule import Between, Delays, Schedule, Span, Stages
from stormlab.policy.walks import Decorrelated, Grown, NextAbove, NormalWalk, PollyV2, curves

TABLE_MAX = 20_000  # delays of a backoff that never stops growing
POLLY_TABLES = 64
THROTTLE_ROOM = 1024
SCOPES = {"attempt": 0, "client": 1, "page": 2}


class NotCompiledError(Exception):
    """What the compiled engine cannot do; the message names it in one line."""


def key_of(purpose: str, scope: str) -> int:
    """The key of a policy's draw, as :class:`stormlab.policy.chance.AddressedChance` has it."""
    return purpose_key(f"policy {scope}: {purpose}")


OWN_KEYS = tuple(key_of(purpose, "attempt") for purpose in PURPOSES)


@dataclass
class Tables:
    """One policy of a fleet in raw memory."""

    rule: NDArray[np.void]
    arrays: list[NDArray[Any]] = field(default_factory=list)  # kept alive
    trip_room: int = 0  # words of a breaker's ring
    trip_entries: int = 0  # how many entries that are
    pay_room: int = 0  # words of a budget's ring
    remembers_more: bool = True  # than :data:`stormlab.fleet.policy_layout.HOT` has


class _Builder:
    """Collects schedules, jitters and tables of one policy."""

    def __init__(self) -> None:
        self.schedules: list[dict[str, Any]] = []
        self.stages: list[tuple[int, int]] = []
        self.jitters: list[dict[str, Any]] = []
        self.floats: list[float] = []
        self.remembers: set[type] = set()
        self.normal: NDArray[np.int64] | None = None
        self.exponential: NDArray[np.int64] | None = None

    def table(self, backoff: Backoff) -> tuple[int, int, int, bool]:
        """Place, length and end of a backoff's table, and whether it still grows after it."""
        begin, ends_at = len(self.floats), -1
        values: list[float] = []
        listed = len(backoff.values_s) if isinstance(backoff, Table) else 0
        for n in range(TABLE_MAX):
            base_ms = backoff.base_ms(n)
            if base_ms is None:
                ends_at = n
                break
            values.append(base_ms)
            if n > listed and _settled(values):
                break
        self.floats += values or [0.0]
        return begin, len(values), ends_at, ends_at < 0 and not _settled(values)

    def jitter(self, jitter: Jitter) -> tuple[int, int]:
        """Where a jitter's parts begin, and how many there are."""
        parts = jitter.parts if isinstance(jitter, Chain) else (jitter,)
        begin = len(self.jitters)
        for part in parts:
            if type(part) is NoJitter:
                continue
            if type(part) is Chain:
                self.jitter(part)
                continue
            if isinstance(part, Memoryless):
                self.exponential = as_array(part.table)
            self.jitters.append(_jitter(part))
        return begin, len(self.jitters) - begin

    def schedule(self, schedule: Schedule | None) -> int:
        """The number of a schedule."""
        if type(schedule) is Stages:
            own = [(count, self.schedule(part)) for count, part in schedule.stages]
            begin = len(self.stages)
            self.stages += own
            self.schedules.append({"kind": STAGES, "jitter": begin, "jitters": len(own)})
        else:
            self.schedules.append(self._row(schedule))
        return len(self.schedules) - 1

    def _row(self, schedule: Schedule | None) -> dict[str, Any]:
        kind = type(schedule)
        if schedule is None:
            return {"kind": ABSENT}
        if isinstance(schedule, Delays) and kind is Delays:
            return self._delays(schedule)
        row: dict[str, Any] = {"cap_ms": _cap_ms(getattr(schedule, "cap_s", None))}
        if hasattr(schedule, "purpose") and hasattr(schedule, "scope"):
            row |= {
                "purpose": key_of(schedule.purpose, schedule.scope),
                "scope": SCOPES[schedule.scope],
            }
        if isinstance(schedule, Span):
            return row | {"kind": SPAN, "a": schedule.low_s, "b": schedule.high_s}
        if isinstance(schedule, Between):
            return row | self._between(schedule)
        self.remembers.add(kind)
        if isinstance(schedule, Decorrelated):
            return row | {"kind": DECORRELATED, "a": schedule.base_s, "b": schedule.factor}
        if isinstance(schedule, Grown):
            found = {"kind": GROWN, "a": schedule.low_s, "b": schedule.high_s}
            return row | found | {"c": schedule.factor, "whole": schedule.whole_ms}
        if isinstance(schedule, NormalWalk):
            self.normal = as_array(schedule.table)
            found = {"kind": NORMAL, "a": schedule.first_s, "b": schedule.factor}
            return row | found | {"c": schedule.deviation}
        if isinstance(schedule, PollyV2):
            begin = len(self.floats)
            self.floats += [point for table in curves() for point in table]
            self.floats += [power(2.0, n) for n in range(TABLE_MAX // 10)]
            return row | {"kind": POLLY, "a": schedule.base_s, "table": begin}
        if isinstance(schedule, NextAbove):
            begin = len(self.floats)
            self.floats += schedule.values_s
            return row | {"kind": NEXT_ABOVE, "table": begin, "count": len(schedule.values_s)}
        raise NotCompiledError(f"a schedule of one's own ({kind.__name__})")

    def _delays(self, schedule: Delays) -> dict[str, Any]:
        table, count, ends_at, grows = self.table(schedule.backoff)
        jitter, jitters = self.jitter(schedule.jitter)
        return {
            "kind": DELAYS,
            "table": table,
            "count": count,
            "ends_at": ends_at,
            "grows": grows,
            "jitter": jitter,
            "jitters": jitters,
            "cap_ms": _cap_ms(schedule.cap_s),
            "cap_before": schedule.placement != "before_cap",
            "cap_after": schedule.placement != "after_cap",
            "step_ms": schedule.step_s * MS_PER_S,
            "nearest": schedule.rounding == "nearest",
            "less_elapsed": schedule.less_elapsed,
            "overflow": OVERFLOWS[schedule.overflow],
            "only_full": self._is_only_full(schedule, jitter, jitters),
        }

    def _is_only_full(self, schedule: Delays, jitter: int, jitters: int) -> bool:
        """Whether a delay is a backoff, full jitter and a cap: most are, and this is quick."""
        return (
            [each["kind"] for each in self.jitters[jitter:]] == [FULL]
            and jitters == 1
            and not self.jitters[jitter]["scope"]
            and not self.jitters[jitter]["whole"]
            and not self.jitters[jitter]["on_top"]
            and not schedule.step_s
            and not schedule.less_elapsed
            and schedule.overflow == "saturate"
        )

    def _between(self, schedule: Between) -> dict[str, Any]:
        low, count, ends_low, grows = self.table(schedule.low)
        high, other, ends_high, grows_too = self.table(schedule.high)
        ends = [each for each in (ends_low, ends_high) if each >= 0]
        return {
            "kind": BETWEEN,
            "table": low,
            "other": high,
            "count": count,
            "overflow": other,  # the length of the other table
            "ends_at": min(ends, default=-1),
            "grows": grows or grows_too,
        }


def _settled(values: list[float]) -> bool:
    """Whether a table has come to an end: the last two values are the same number."""
    return len(values) > 1 and values[-1] == values[-2]


def _cap_ms(cap_s: float | None) -> float:
    return math.inf if cap_s is None else cap_s * MS_PER_S


def _jitter(part: Jitter) -> dict[str, Any]:
    kind = type(part)
    if kind not in (Full, Equal, Multiplied, Added, Memoryless, Comb):
        raise NotCompiledError(f"a jitter of one's own ({kind.__name__})")
    row: dict[str, Any] = {
        "purpose": key_of(part.purpose, part.scope),  # type: ignore[attr-defined]
        "scope": SCOPES[part.scope],  # type: ignore[attr-defined]
        "whole": part.whole_ms,
    }
    if isinstance(part, Full):
        return row | {"kind": FULL, "a": part.floor_s * MS_PER_S, "on_top": part.on_top}
    if isinstance(part, Equal):
        return row | {"kind": EQUAL, "a": part.share}
    if isinstance(part, Multiplied):
        return row | {"kind": MULTIPLIED, "a": part.low, "b": part.high}
    if isinstance(part, Added):
        return row | {"kind": ADDED, "a": part.low_s * MS_PER_S, "b": part.high_s * MS_PER_S}
    if isinstance(part, Memoryless):
        return row | {"kind": MEMORYLESS}
    assert isinstance(part, Comb)  # noqa: S101  the kinds are those asked for above
    return row | {"kind": COMB, "a": part.share}


def _rows(dtype: np.dtype[Any], rows: Sequence[dict[str, Any]]) -> NDArray[np.void]:
    made = np.zeros(max(1, len(rows)), dtype)
    for place, row in enumerate(rows):
        for name, value in row.items():
            made[place][name] = value
    return made


def _trip(trip: Trip | None) -> tuple[dict[str, Any], int]:
    """A breaker's memory: its rule, and the words of its ring."""
    if trip is None:
        return {"kind": NO_TRIP}, 0
    if type(trip) is Consecutive:
        return {"kind": ROW, "failures": trip.failures}, 0
    if type(trip) is RateInWindow:
        if not trip.buckets:
            raise NotCompiledError("a breaker whose window moves with every result (buckets = 0)")
        found = {
            "kind": TIME,
            "bucket_ns": max(1, to_ns(trip.window_s) // trip.buckets),
            "window_buckets": trip.buckets,
            "ratio": trip.ratio,
            "throughput_min": trip.throughput_min,
            "above": trip.above,
        }
        return found, (trip.buckets + 2) * windows.WORDS
    if type(trip) is RateInCount:
        found = {"size": trip.size, "minimum": trip.minimum, "ratio": trip.ratio}
        return found | {"kind": COUNT, "above": trip.above}, trip.size + 1
    raise NotCompiledError(f"a breaker with a memory of one's own ({type(trip).__name__})")


_KINDS: dict[type, int] = {
    budgets.TokenBucket: BUCKET,
    budgets.TokensByResult: TOKENS,
    budgets.Leaky: LEAKY,
    budgets.ShareOfActive: SHARE,
    budgets.AdaptiveThrottle: THROTTLE,
}


def _pay(rule: budgets.BudgetRule | None) -> tuple[dict[str, Any], int]:
    """A budget's parameters, read off the reference's own, and the words of its ring."""
    if rule is None:
        return {"kind": NO_BUDGET}, 0
    if type(rule) not in _KINDS:
        raise NotCompiledError(f"a budget of one's own ({type(rule).__name__})")
    made = rule.make()
    names = [name for name in PAY.names or () if name not in {"kind", "room"}]
    row = {name: getattr(made, name) for name in names if hasattr(made, name)}
    row["kind"] = kind = _KINDS[type(rule)]
    room = {LEAKY: getattr(made, "room", 0), THROTTLE: THROTTLE_ROOM}.get(kind, 0)
    return row | {"room": room}, room * budgeting.WORDS


def policy_tables(policy: object, ends: Sequence[Happened]) -> Tables:
    """A policy in raw memory, for connections that can end in these ways.

    Raises:
        NotCompiledError: when it is not made of stormlab's parts, or of one that has no record.
    """
    if type(policy) is not Reconnect:
        raise NotCompiledError("a policy that is a class of its own, not made of parts")
    plan = plan_of(policy)
    build = _Builder()
    numbers = [build.schedule(each) for each in plan.schedules]
    if len(build.remembers) > 1:
        raise NotCompiledError("two kinds of schedules with a memory in one policy")
    rule = np.zeros(1, RULE)
    for name, _ in PLAN:
        rule[0][name] = getattr(plan, name)
    rule[0]["shares"] = policy.shared == "client"
    trip, trip_words = _trip(policy.breaker.trip if policy.breaker is not None else None)
    pay, pay_words = _pay(policy.budget)
    growing = policy.connect_timeout
    if growing is not None:
        rule[0]["growth"], rule[0]["growth_count"], _, _ = build.table(growing.growth)
        rule[0]["growth_cap_s"] = math.inf if growing.cap_s is None else growing.cap_s
        rule[0]["growth_at_least"] = growing.at_least_delay
    arrays: dict[str, NDArray[Any]] = {
        "schedule_p": _in_order(build, numbers),
        "stage_p": np.array([*build.stages, (0, 0)], STAGE),
        "jitter_p": _rows(JITTER, build.jitters),
        "end_p": _rows(END, [_end(plan, each) for each in ends]),
        "float_p": np.array([*build.floats, 0.0]),
        "open_p": _open_times(plan),
        "trip_p": _rows(TRIP, [trip]),
        "pay_p": _rows(PAY, [pay]),
    }
    rule[0]["open_count"] = len(arrays["open_p"])
    if build.normal is not None:
        arrays["normal_p"] = build.normal
    if build.exponential is not None:
        arrays["exponential_p"] = build.exponential
    for name, array in arrays.items():
        rule[0][name] = array.ctypes.data
    entries = trip_words // windows.WORDS if trip["kind"] == TIME else trip_words
    more = plan.reset_on == ON_TIME or plan.has_budget or plan.grows or bool(build.remembers)
    return Tables(rule, list(arrays.values()), trip_words, entries, pay_words, more)


def _in_order(build: _Builder, numbers: list[int]) -> NDArray[np.void]:
    """Schedules of the plan by number; those inside of stages after them."""
    inner = [number for number in range(len(build.schedules)) if number not in numbers]
    place = {number: at for at, number in enumerate([*numbers, *inner])}
    build.stages = [(count, place[number]) for count, number in build.stages]
    assert len(numbers) >= PARTS  # noqa: S101  the plan has them all
    return _rows(SCHEDULE, [build.schedules[number] for number in [*numbers, *inner]])


def _end(plan: Plan, happened: Happened) -> dict[str, Any]:
    """What a policy reads out of an end, asked of the reference."""
    end = plan.end_of(happened)
    names = ("action", "schedule", "advised", "counts", "asked_ns")
    found = {name: getattr(end, name) for name in names}
    return found | {"code": happened.code, "clean": happened.clean}


def _open_times(plan: Plan) -> NDArray[np.int64]:
    if not plan.has_breaker:
        return np.zeros(1, np.int64)
    return np.array([plan.open_time_ns(opens) for opens in range(2048)], np.int64)
