"""Parts as plain tables and back: what TOML, ``key=value`` settings and digests are made of.

A part is a frozen dataclass; as a table it has its fields as keys, and ``kind`` where several
parts could stand in its place. The fields' types decide what is allowed, so that a new part needs
one line in ``KINDS`` and nothing else. A delay that may be a whole schedule is written shortly
where it can be: ``online_s = 0``, ``first_after_drop_s = [0, 5]``; a schedule of backoff and jitter
is written as these two tables, the cap standing with the backoff and the placement with the jitter.
``"off"`` stands for None, which TOML lacks.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stormlab.policy import backoff, breaker, budget, jitter, schedule, walks

KINDS: dict[type, dict[str, type]] = {
    backoff.Backoff: {
        "constant": backoff.Constant,
        "linear": backoff.Linear,
        "exponential": backoff.Exponential,
        "table": backoff.Table,
        "polynomial": backoff.Polynomial,
        "logarithmic": backoff.Logarithmic,
    },
    jitter.Jitter: {
        "none": jitter.NoJitter,
        "full": jitter.Full,
        "equal": jitter.Equal,
        "multiplied": jitter.Multiplied,
        "added": jitter.Added,
        "memoryless": jitter.Memoryless,
        "comb": jitter.Comb,
        "chain": jitter.Chain,
    },
    schedule.Schedule: {
        "delays": schedule.Delays,
        "span": schedule.Span,
        "between": schedule.Between,
        "stages": schedule.Stages,
        "grown": walks.Grown,
        "decorrelated": walks.Decorrelated,
        "normal-walk": walks.NormalWalk,
        "polly-v2": walks.PollyV2,
        "next-above": walks.NextAbove,
    },
    breaker.Trip: {
        "consecutive": breaker.Consecutive,
        "rate-in-window": breaker.RateInWindow,
        "rate-in-count": breaker.RateInCount,
    },
    budget.BudgetRule: {
        "token-bucket": budget.TokenBucket,
        "tokens-by-result": budget.TokensByResult,
        "leaky": budget.Leaky,
        "share-of-active": budget.ShareOfActive,
        "adaptive-throttle": budget.AdaptiveThrottle,
    },
}
# Of schedule.Delays: which of its keys stand in the table of the backoff, which in the jitter's.
_WITH_BACKOFF = ("cap_s", "overflow")
_WITH_JITTER = ("placement", "step_s", "rounding", "less_elapsed")
# Keys of pairs (number, schedule).
_PAIRS: dict[type, str] = {int: "count", float: "after_s"}

# What numbers may be: everything else is from 0 to 1e9.
_BOUNDS: dict[str, tuple[float, float]] = {
    "attempts_max": (0, 1_000_000),
    "burst": (1, 1e6),
    "degree": (0, 16),
    "deviation": (0, 10),
    "factor": (0, 1000),
    "failure_ratio": (0, 1),
    "failures": (1, 1e6),
    "first": (0, 1000),
    "high_s": (-1e9, 1e9),
    "low_s": (-1e9, 1e9),
    "minimum": (1, 1e6),
    "offset_s": (-1e9, 1e9),
    "probes": (1, 1e6),
    "rate_per_s": (1e-9, 1e9),
    "ratio": (0, 1),
    "share": (0, 1),
    "size": (1, 1e6),
    "steps": (1, 1e6),
    "successes": (1, 1e6),
    "tokens_max": (0, 1e6),
    "ttl_s": (1e-3, 1e9),
    "window_s": (1e-3, 1e9),
}
_LINEAR_FIRST = (-1e9, 1e9)
_SHOWN_CHARS = 40


class TableError(ValueError):
    """A table that is no policy; the message is one line: key, what was found, what is allowed."""


def _wrong(where: str, value: object, allowed: str) -> TableError:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    shown = text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
    return TableError(f"{where}: found {shown}; allowed: {allowed}")


@cache
def hints(cls: type) -> dict[str, Any]:
    """The types of the fields that a table can set."""
    found = get_type_hints(cls)
    return {each.name: found[each.name] for each in settable(cls)}


def settable(cls: type) -> list[Field[Any]]:
    """The fields that a table can set."""
    return [each for each in fields(cls) if each.init]


def key_of(name: str, hint: object) -> str:
    """The key of a field: a delay that can be written shortly ends in ``_s``."""
    return f"{name}_s" if _is_span(name, hint) else name


def _is_span(name: str, hint: object) -> bool:
    return schedule.Schedule in {hint, *get_args(hint)} and name != "schedule"


def unknown_key(where: str, key: str, known: list[str]) -> TableError:
    """The complaint about a key that is not allowed, the likeliest one first."""
    likely = get_close_matches(key, known, n=1)
    hint = f"did you mean '{likely[0]}'? " if likely else ""
    return TableError(f"{where}.{key}: unknown key; {hint}allowed: {', '.join(known)}")


# from a table ------------------------------------------------------------------------------------


def part_from(
    cls: type, table: object, where: str, beside: tuple[str, ...] = (), **given: object
) -> Any:  # noqa: ANN401  any part
    """Make a part of class ``cls`` from its table; ``where`` names it in errors.

    ``beside``: keys that others read from the same table. ``given``: fields that are made already.

    Raises:
        TableError: one line with the first thing that is wrong.
    """
    if not isinstance(table, Mapping):
        raise _wrong(where, table, "a table")
    known = {
        key_of(name, hint): (name, hint) for name, hint in hints(cls).items() if name not in given
    }
    values: dict[str, Any] = dict(given)
    for key, value in table.items():
        if key not in known:
            raise unknown_key(where, key, [*dict.fromkeys((*beside, *known))])
        name, hint = known[key]
        values[name] = value_from(hint, value, f"{where}.{key}", cls)
    for each in settable(cls):
        required = each.default is MISSING and each.default_factory is MISSING
        if required and each.name not in values:
            key = key_of(each.name, hints(cls)[each.name])
            raise TableError(f"{where}.{key}: missing; it is required")
    try:
        return cls(**values)
    except ValueError as error:
        raise TableError(f"{where}: {error}") from None


def value_from(hint: Any, value: object, where: str, owner: type) -> Any:  # noqa: ANN401
    """A value of the type ``hint`` from what TOML gave."""
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    if NoneType in options:
        if value == "off":
            return None
        options = tuple(option for option in options if option is not NoneType)
    if len(options) > 1:  # a word or a number
        number = isinstance(value, int | float) and not isinstance(value, bool)
        options = tuple(option for option in options if (option in {int, float}) == number)
    (one,) = options
    if one in KINDS:
        return kind_from(one, value, where)
    reader = _READERS.get(get_origin(one) or one)
    if reader is not None:
        return reader(one, value, where, owner)
    if isinstance(one, type) and issubclass(one, StrEnum):
        if value not in [*one]:
            raise _wrong(where, value, ", ".join(one))
        return one(str(value))
    return part_from(one, value, where)


def kind_from(protocol: type, value: object, where: str, beside: tuple[str, ...] = ()) -> Any:  # noqa: ANN401  any part
    """Make one of several parts from its table, by ``kind``."""
    kinds = KINDS[protocol]
    if protocol is schedule.Schedule:
        short = _span_from(value, where)
        if short is not None:
            return short
    if not isinstance(value, Mapping):
        raise _wrong(where, value, "a table" + (", a number or [from, to]" * ("span" in kinds)))
    kind = value.get("kind", "delays" if "backoff" in value else None)
    if kind is None:
        raise TableError(f"{where}.kind: missing; allowed: {', '.join(kinds)}")
    if not isinstance(kind, str) or kind not in kinds:
        raise _wrong(f"{where}.kind", kind, ", ".join(kinds))
    rest = {key: inner for key, inner in value.items() if key != "kind"}
    return (
        delays_from(rest, where)
        if kind == "delays"
        else part_from(kinds[kind], rest, where, beside)
    )


def _span_from(value: object, where: str) -> schedule.Span | None:
    """A delay written shortly: a number, or [from, to]; None when it is written at length."""
    if isinstance(value, list):
        if len(value) != 2:  # noqa: PLR2004  from and to
            raise _wrong(where, value, "a number or [from, to]")
        low, high = (_number_from(float, each, where, schedule.Span) for each in value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low = high = _number_from(float, value, where, schedule.Span)
    else:
        return None
    if not 0 <= low <= high:
        raise _wrong(where, value, "from 0 upwards, the smaller first")
    return schedule.Span(low, high)


def delays_from(table: Mapping[str, Any], where: str) -> schedule.Delays:
    """Backoff and jitter, two tables, as one schedule."""
    for key in table:
        if key not in {"backoff", "jitter"}:
            raise unknown_key(where, key, ["backoff", "jitter"])
    given: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for name, beside in (("backoff", _WITH_BACKOFF), ("jitter", _WITH_JITTER)):
        inner = table.get(name, {"kind": "none"} if name == "jitter" else {})
        if not isinstance(inner, Mapping):
            raise _wrong(f"{where}.{name}", inner, "a table")
        parts[name] = {key: value for key, value in inner.items() if key not in beside}
        for key in beside:
            if key in inner:
                hint = hints(schedule.Delays)[key]
                at = f"{where}.{name}.{key}"
                given[key] = value_from(hint, inner[key], at, schedule.Delays)
    if given.get("overflow") and parts["backoff"].get("kind") == "exponential":
        parts["backoff"]["overflow"] = given["overflow"]
    base = kind_from(backoff.Backoff, parts["backoff"], f"{where}.backoff", _WITH_BACKOFF)
    spread = kind_from(jitter.Jitter, parts["jitter"], f"{where}.jitter", _WITH_JITTER)
    return schedule.Delays(base, spread, **given)


def _pair_from(hint: Any, value: object, where: str) -> tuple[Any, Any]:  # noqa: ANN401
    """(number, schedule), written as one table: ``count`` or ``after_s``, and the schedule's."""
    number = get_args(hint)[0]
    key = _PAIRS[number]
    if not isinstance(value, Mapping):
        raise _wrong(where, value, "a table")
    if key not in value and number is not int:
        raise TableError(f"{where}.{key}: missing; it is required")
    first = _number_from(number, value.get(key, 0), f"{where}.{key}", tuple)
    rest = {name: inner for name, inner in value.items() if name != key}
    return first, kind_from(schedule.Schedule, rest, where)


def _tuple_from(hint: Any, value: object, where: str, owner: type) -> Any:  # noqa: ANN401
    of = get_args(hint)
    if of[-1] is not Ellipsis:
        if of[1] is schedule.Schedule:
            return _pair_from(hint, value, where)
        if isinstance(value, int) and not isinstance(value, bool):
            value = [value, value]  # a single code is a range
        if not isinstance(value, list) or len(value) != len(of):
            raise _wrong(where, value, "a whole number or [from, to]")
        return tuple(
            value_from(one, each, where, owner) for one, each in zip(of, value, strict=True)
        )
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return tuple(value_from(of[0], each, f"{where}.{n}", owner) for n, each in enumerate(value))


def _literal_from(hint: Any, value: object, where: str, owner: type) -> object:  # noqa: ANN401
    del owner
    if value not in get_args(hint) or isinstance(value, bool):
        raise _wrong(where, value, ", ".join(repr(each) for each in get_args(hint)))
    return value


def _number_from(hint: Any, value: object, where: str, owner: type) -> Any:  # noqa: ANN401
    whole = "a whole number" if hint is int else "a number"
    if isinstance(value, bool) or not isinstance(value, int if hint is int else int | float):
        raise _wrong(where, value, whole)
    low, high = _BOUNDS.get(where.rpartition(".")[2], (0, 1e9))
    if owner is backoff.Linear:
        low, high = _LINEAR_FIRST
    if not math.isfinite(value) or not low <= value <= high:
        raise _wrong(where, value, f"{whole}, {low:,.15g} to {high:,.15g}")
    return hint(value)


def _bool_from(hint: Any, value: object, where: str, owner: type) -> bool:  # noqa: ANN401
    del hint, owner
    if not isinstance(value, bool):
        raise _wrong(where, value, "true or false")
    return value


def _text_from(hint: Any, value: object, where: str, owner: type) -> str:  # noqa: ANN401
    del hint, owner
    if not isinstance(value, str):
        raise _wrong(where, value, "a text in quotes")
    return value


_READERS: dict[object, Callable[[Any, object, str, type], Any]] = {
    tuple: _tuple_from,
    Literal: _literal_from,
    int: _number_from,
    float: _number_from,
    bool: _bool_from,
    str: _text_from,
}


# to a table --------------------------------------------------------------------------------------


def table_of(part: Any) -> dict[str, Any]:  # noqa: ANN401  any part
    """A part as a table: what differs from the defaults, and its kind where it needs one."""
    cls: type = type(part)
    result: dict[str, Any] = {}
    for each in settable(cls):
        value = getattr(part, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if value != default:
            hint = hints(cls)[each.name]
            result[key_of(each.name, hint)] = plain(value, of=hint)
    return result


def plain(value: Any, of: object = None) -> Any:  # noqa: ANN401  any value of a part
    """A value as TOML has it."""
    if value is None:
        return "off"
    if isinstance(value, schedule.Span) and value == schedule.Span(value.low_s, value.high_s):
        return value.low_s if value.low_s == value.high_s else [value.low_s, value.high_s]
    if isinstance(value, schedule.Delays):
        return delays_table(value)
    if is_dataclass(value):
        return _kind_of(value) | table_of(value)
    if isinstance(value, tuple):
        return _plain_tuple(value, of)
    return str(value) if isinstance(value, StrEnum) else value


def _plain_tuple(value: tuple[Any, ...], hint: object) -> Any:  # noqa: ANN401
    options = (hint, *get_args(hint))
    types = get_args(next(each for each in options if get_origin(each) is tuple))
    if types[-1] is Ellipsis:
        return [plain(each, types[0]) for each in value]
    if types[1] is schedule.Schedule:
        inner = plain(value[1])
        if not isinstance(inner, dict):  # a span cannot be written shortly beside another key
            inner = {"kind": "span", **table_of(value[1])}
        return {_PAIRS[types[0]]: value[0], **inner}
    return value[0] if value[0] == value[1] else [*value]


def _kind_of(part: object) -> dict[str, str]:
    for kinds in KINDS.values():
        for kind, cls in kinds.items():
            if type(part) is cls:
                return {"kind": kind}
    return {}


def delays_table(delays: schedule.Delays) -> dict[str, Any]:
    """Backoff and jitter as two tables."""
    rest = table_of(delays)
    base: dict[str, Any] = {"kind": "", **plain(delays.backoff)}
    spread: dict[str, Any] = {"kind": "", **plain(delays.jitter)}
    base |= {key: rest[key] for key in _WITH_BACKOFF if key in rest}
    spread |= {key: rest[key] for key in _WITH_JITTER if key in rest}
    return {"backoff": base} | ({} if spread == {"kind": "none"} else {"jitter": spread})
