"""The grid of a sweep: which keys take which values, and the scenario of every cell.

An axis is written ``KEY=VALUES``; VALUES are parted by commas, and each is one of

* a value as ``--set`` takes it: ``0.05``, ``true``, ``off``, ``fixed``, ``"a,b"``, ``[1, 2]``;
* ``LOW:HIGH:STEP``: from LOW in equal steps as far as HIGH, which is included when a step meets it;
* ``log:LOW:HIGH:COUNT``: COUNT values from LOW to HIGH with equal ratios, to six digits, or to
  whole numbers when the key takes whole numbers.

A key such as ``policy.backoff.cap_s`` also varies a policy that the scenario gives by its name.

Steps and ratios are computed in decimal, so that 0.1:0.3:0.1 is 0.1, 0.2, 0.3 on every machine.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import product
from typing import Any

from stormlab.console import shown
from stormlab.model import load_document, make_scenario
from stormlab.scenario import Scenario, ScenarioError, override

VALUES_MAX = 10_000
CELLS_MAX = 100_000
POLICY = "policy"

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_STEPS = re.compile(rf"({_NUMBER}):({_NUMBER}):({_NUMBER})")
_RATIOS = re.compile(rf"log:({_NUMBER}):({_NUMBER}):(\d+)")
_CONTEXT, _DIGITS = Context(prec=40), Context(prec=6)
_COUNT_MIN = 2

Value = Any  # a value of a scenario document


class SweepError(Exception):
    """A sweep that cannot be done; the message is one line for a person."""


@dataclass(frozen=True)
class Axis:
    """One key and its values, as text (what ``--set KEY=`` takes) and as the document's values."""

    key: str
    texts: tuple[str, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """The values as they stand in a scenario; tables and lists as text."""
        return tuple(_plain(_parsed(text), text) for text in self.texts)


@dataclass(frozen=True)
class Cell:
    """One combination of values: what a row of the grid says, and the scenario it makes."""

    settings: tuple[str, ...]
    point: tuple[Value, ...]
    scenario: Scenario

    @property
    def label(self) -> str:
        """The cell for a message."""
        return ", ".join(self.settings)


@dataclass(frozen=True)
class Sweep:
    """All cells in the order of the grid (the last key changes fastest), and the seeds of each."""

    name: str
    document: dict[str, Any]  # the base scenario, settings applied
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...]
    seeds: range

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the grid."""
        return tuple(axis.key for axis in self.axes)


def make_sweep(
    target: str,
    axes: Sequence[str],
    *,
    settings: tuple[str, ...] = (),
    policies: Sequence[str] = (),
    seeds: range = range(10),
) -> Sweep:
    """Set up a sweep and validate every cell of it.

    ``target``: a scenario as :func:`stormlab.model.load_scenario` takes it. ``axes``: texts
    ``KEY=VALUES``. ``policies``: values of the key ``policy``, the last and fastest axis. Every
    cell meets the same seeds, and so the same chance.

    Raises:
        SweepError, ScenarioError: one line that names cell and key.
    """
    document, name = load_document(target)
    document = override(document, settings, target)
    found = tuple(axis(text, document, target) for text in axes)
    if policies:
        found += (_axis(POLICY, tuple(policies), f"--policy {' '.join(policies)}"),)
    _check_keys(found, settings)
    cells = tuple(_cells(document, found, name, target))
    return Sweep(name, document, found, cells, seeds)


def axis(text: str, document: dict[str, Any], target: str) -> Axis:
    """Read ``KEY=VALUES``; the base scenario tells which keys take whole numbers.

    Raises:
        SweepError: one line that says what is wrong.
    """
    where = f"--vary {text}"
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        fault = "found no '='" if not equals else "found no key, or an empty part in it"
        raise SweepError(f"{where}: {fault}; allowed: KEY=VALUES, as in network.latency_s=0.01,0.1")
    texts: list[str] = []
    for part in _parts(values):
        if not part:
            raise SweepError(f"{where}: found an empty value; allowed: values parted by commas")
        texts += _expanded(part, key, document, target, where)
        if len(texts) > VALUES_MAX:
            raise SweepError(f"{where}: more than {VALUES_MAX:,} values")
    return _axis(key, tuple(texts), where)


def _axis(key: str, texts: tuple[str, ...], where: str) -> Axis:
    made = Axis(key, texts)
    seen = set()
    for value in made.values:
        if repr(value) in seen:
            raise SweepError(f"{where}: found {value} twice; allowed: each value once")
        seen.add(repr(value))
    return made


def _check_keys(axes: Sequence[Axis], settings: Sequence[str]) -> None:
    if not axes:
        raise SweepError("found nothing to vary; give --vary KEY=VALUES or --policy NAME")
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise SweepError(f"--vary {key}: given twice; allowed: each key once")
        if key in {setting.partition("=")[0].strip() for setting in settings}:
            raise SweepError(f"--vary {key}: also given with --set; allowed: one of the two")
    count = 1
    for axis in axes:
        count *= len(axis.texts)
    if count > CELLS_MAX:
        raise SweepError(f"the grid has {count:,} cells; allowed: at most {CELLS_MAX:,}")


def _cells(
    document: dict[str, Any], axes: Sequence[Axis], name: str, target: str
) -> Iterator[Cell]:
    ways = [list(zip(axis.texts, axis.values, strict=True)) for axis in axes]
    for combination in product(*ways):
        settings = tuple(
            f"{axis.key}={text}" for axis, (text, _) in zip(axes, combination, strict=True)
        )
        source = f"{target} with {', '.join(settings)}"
        changed = _changed(document, settings, source)
        scenario = make_scenario(changed, name=name, source=source)
        yield Cell(settings, tuple(value for _, value in combination), scenario)


def _changed(document: dict[str, Any], settings: tuple[str, ...], source: str) -> dict[str, Any]:
    """The document of a cell; keys of a policy that is given by name are set as in its name."""
    own = [each for each in settings if each.startswith(f"{POLICY}.")]
    others = [each for each in settings if each not in own]
    changed = override(document, others, source)
    named = changed.get(POLICY)
    if not own or not isinstance(named, str):
        return override(document, settings, source)
    varied = [named, *(each.removeprefix(f"{POLICY}.") for each in own)]
    return {**changed, POLICY: ",".join(varied)}


# values ------------------------------------------------------------------------------------------


def _parts(text: str) -> list[str]:
    """Part a text at its commas, but not inside quotes and brackets."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        if char == "," and not quote and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _expanded(
    part: str, key: str, document: dict[str, Any], target: str, where: str
) -> Iterator[str]:
    """The values that one part stands for, as text."""
    steps, ratios = _STEPS.fullmatch(part), _RATIOS.fullmatch(part)
    if steps:
        low, high, step = (Decimal(number) for number in steps.groups())
        if step <= 0 or high < low:
            raise SweepError(f"{where}: found {part}; allowed: LOW:HIGH:STEP, upwards")
        count = int((high - low) / step) + 1
        if count > VALUES_MAX:
            raise SweepError(f"{where}: more than {VALUES_MAX:,} values")
        yield from (_written(low + index * step) for index in range(count))
    elif ratios:
        low, high, count = Decimal(ratios[1]), Decimal(ratios[2]), int(ratios[3])
        if not 0 < low < high or not _COUNT_MIN <= count <= VALUES_MAX:
            raise SweepError(
                f"{where}: found {part}; allowed: log:LOW:HIGH:COUNT, 0 < LOW < HIGH, COUNT 2 or"
                f" more, as in log:1:100:5"
            )
        yield from _ratios(low, high, count, whole=_takes_whole_numbers(key, document, target))
    elif part.startswith("log:"):
        raise SweepError(f"{where}: found {part}; allowed: log:LOW:HIGH:COUNT, as in log:1:100:5")
    else:
        yield part


def _ratios(low: Decimal, high: Decimal, count: int, *, whole: bool) -> Iterator[str]:
    ratio = _CONTEXT.divide(_CONTEXT.ln(_CONTEXT.divide(high, low)), Decimal(count - 1))
    texts = []
    for index in range(count):
        exact = _CONTEXT.multiply(low, _CONTEXT.exp(_CONTEXT.multiply(ratio, Decimal(index))))
        value = exact.to_integral_value() if whole else _DIGITS.plus(exact)
        texts.append(_written(value))
    yield from dict.fromkeys(texts)  # small whole numbers may fall together


def _written(value: Decimal) -> str:
    """A number as TOML: without a point when it is whole, which every key takes."""
    return str(int(value)) if value == value.to_integral_value() else repr(float(value))


def _takes_whole_numbers(key: str, document: dict[str, Any], target: str) -> bool:
    """Whether the key holds a whole number in the base scenario, defaults included."""
    try:
        base = make_scenario(document, name=target)
    except ScenarioError:  # the base may need what is varied
        return False
    place: Any = base.parameters.model_dump(mode="json")
    for part in key.split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return isinstance(place, int) and not isinstance(place, bool)


def _parsed(text: str) -> Value:
    return override({}, [f"value={text}"], "")["value"]


def _plain(value: Value, text: str) -> Value:
    return value if isinstance(value, bool | int | float | str) else text


def value_text(value: Value) -> str:
    """A value of the grid for people, as it stands in a scenario; numbers to four digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return shown(value)


def document_text(document: dict[str, Any]) -> str:
    """A document as JSON with sorted keys."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False)
