"""Scenario files: declarative, validated, with errors a person can act on.

A scenario is a TOML file. The harness owns ``title``, ``description``, ``model``, ``duration_s``
and the ``[[faults]]``; every other key belongs to the model and is checked against its
parameters class. Whatever is wrong is reported in one line: file, key, what was found, what is
allowed.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stormlab.faults import Fault

SIZE_MAX_BYTES = 1_000_000
DEPTH_MAX = 16
_VALUE_SHOWN_CHARS = 40
_Place = dict[str, Any] | list[Any]


class ScenarioError(Exception):
    """A scenario that cannot be used; the message is one line for a person."""


class Envelope(BaseModel):
    """The part of a scenario file that every model shares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    title: str = ""
    description: str = ""
    duration_s: Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
    faults: list[Fault] = Field(default_factory=list)


@dataclass(frozen=True)
class Scenario:
    """A validated scenario: what to run, for how long, under which faults."""

    name: str
    model: str
    duration_s: float
    parameters: BaseModel
    title: str = ""
    description: str = ""
    faults: list[Fault] = field(default_factory=list)

    @property
    def hash(self) -> str:
        """16 hex digits over everything that decides the run (not name, title, description)."""
        document = {
            "model": self.model,
            "duration_s": self.duration_s,
            "faults": [
                fault.model_dump(mode="json", exclude_defaults=True) for fault in self.faults
            ],
            "parameters": self.parameters.model_dump(mode="json"),
        }
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def read_document(path: Path) -> dict[str, Any]:
    """Parse a TOML file into a plain document.

    Raises:
        ScenarioError: if it is missing, too large, not text, or not TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX_BYTES + 1)  # a device or a pipe has no size to ask for
        if len(data) > SIZE_MAX_BYTES:
            msg = f"{path}: more than {SIZE_MAX_BYTES:,} bytes; a scenario is a short TOML file"
            raise ScenarioError(msg)
        return parse_document(data.decode("utf-8-sig"), str(path))
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ScenarioError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{path}: not a text file (byte {error.start} is not UTF-8); a scenario is TOML"
        raise ScenarioError(msg) from None


def parse_document(text: str, source: str) -> dict[str, Any]:
    """Parse TOML text; ``source`` names it in errors.

    Raises:
        ScenarioError: if it is not TOML, is empty, or is nested without need.
    """
    too_deep = f"{source}: nested more than {DEPTH_MAX} levels deep; a scenario has tables of keys"
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise ScenarioError(too_deep) from None
    except tomllib.TOMLDecodeError as error:
        msg = f"{source}: not valid TOML: {error}"
        raise ScenarioError(msg) from None
    if not document:
        msg = f"{source}: empty; a scenario needs at least 'model' and 'duration_s'"
        raise ScenarioError(msg)
    if _deeper_than(document, DEPTH_MAX):
        raise ScenarioError(too_deep)
    return document


def _deeper_than(document: object, levels: int) -> bool:
    layer: list[object] = [document]
    for _ in range(levels + 1):
        inner: list[object] = []
        for value in layer:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
        if not inner:
            return False
        layer = inner
    return True


def override(document: dict[str, Any], settings: Iterable[str], source: str) -> dict[str, Any]:
    """Apply ``key=value`` settings; values are TOML, or else plain strings.

    Keys are dotted; a number picks an entry of a list, from 0: ``faults.0.at_s=3``.

    Raises:
        ScenarioError: if a setting has no ``=`` or runs through something that has no keys.
    """
    result: dict[str, Any] = json.loads(_json(document))
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not all(key.strip().split(".")):
            fault = "found no '='" if not equals else "found no key, or an empty part in it"
            msg = f"--set {setting}: {fault}; allowed: key=value, as in page.jitter_s=1"
            raise ScenarioError(msg)
        parents = key.strip().split(".")
        last = parents.pop()
        if len(parents) >= DEPTH_MAX:
            msg = f"--set {key}: nested more than {DEPTH_MAX} levels deep"
            raise ScenarioError(msg)
        place: _Place = result
        for part in parents:
            place = _step(place, part, f"{source}: --set {key}", make=True)
        if isinstance(place, dict):
            place[last] = _value(text.strip())
        else:
            _step(place, last, f"{source}: --set {key}", make=False)
            place[int(last)] = _value(text.strip())
    return result


def _step(place: _Place, part: str, where: str, *, make: bool) -> _Place:
    """Go from a table or a list to what ``part`` names in it."""
    if isinstance(place, dict):
        if make:
            place.setdefault(part, {})
        inner: Any = place[part]
    elif not place:
        msg = f"{where}: the list is empty, so it has no entry '{part}'"
        raise ScenarioError(msg)
    elif not part.isdecimal() or int(part) >= len(place):
        msg = f"{where}: found '{part}'; allowed: the number of an entry, 0 to {len(place) - 1}"
        raise ScenarioError(msg)
    else:
        inner = place[int(part)]
    if make and not isinstance(inner, dict | list):
        msg = f"{where}: '{part}' is {_shown(inner)}, not a table, so it has no keys"
        raise ScenarioError(msg)
    found: _Place = inner
    return found


def _value(text: str) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    if set(parsed) != {"value"} or _deeper_than(parsed, DEPTH_MAX):
        return text
    return json.loads(_json(parsed))["value"]


def _json(document: object) -> str:
    """Write a document as JSON; NumPy's numbers as numbers, dates as text."""

    def plain(value: object) -> object:
        return value.item() if hasattr(value, "item") else str(value)

    return json.dumps(document, default=plain)


ParametersT = TypeVar("ParametersT", bound=BaseModel)


def validated(
    kind: type[ParametersT], document: dict[str, Any], source: str, beside: Iterable[str] = ()
) -> ParametersT:
    """Check ``document`` against ``kind``, strictly: no text for a number, no 1 for true.

    ``beside`` names top-level keys that others own, for the list of what is allowed.

    Raises:
        ScenarioError: one line with the first thing that is wrong and how many more there are.
    """
    try:
        return kind.model_validate_json(_json(document), strict=True)
    except ValidationError as error:
        raise ScenarioError(one_line(error, source, kind, beside)) from None


def one_line(
    error: ValidationError, source: str, kind: type[BaseModel], beside: Iterable[str] = ()
) -> str:
    """Say what is wrong: file, key, what was found, what is allowed."""
    problems = error.errors(include_url=False)
    # an unknown key first: it often explains the others (a misspelt key is also missing)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    key = ".".join(str(part) for part in first["loc"]) or "(the whole file)"
    if first["type"] == "extra_forbidden":
        text = _unknown_key(kind, first["loc"], beside)
    elif first["type"] == "missing":
        text = "missing; it is required"
    elif first["type"] == "value_error":
        text = first["msg"].removeprefix("Value error, ")
    else:
        text = f"found {_shown(first.get('input'))}; allowed: {_allowed(first, kind)}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{source}: {key}: {text}{more}"


_TYPES: dict[str, str] = {
    "bool": "true or false",
    "dict": "a table",
    "finite": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a table",
    "string": "a text in quotes",
}


def _allowed(problem: ErrorDetails, kind: type[BaseModel]) -> str:
    """Say in plain words what pydantic wanted."""
    context: Mapping[str, Any] = problem.get("ctx", {})
    bounds = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    name = problem["type"]
    if name in bounds:
        words, limit = bounds[name]
        text = f"{words} {context[limit]:,.15g}"
    elif name == "literal_error":
        text = str(context["expected"])
    else:
        plain = _TYPES.get(name.split("_", maxsplit=1)[0])
        text = plain or problem["msg"].removeprefix("Input should be ")
    table = next((part for part in reversed(problem["loc"]) if isinstance(part, str)), "")
    listed = name == "list_type" or (table and problem["loc"][-1] != table)
    if name in {"list_type", "model_type", "dict_type"} and table:
        text += f", as in [[{table}]]" if listed else f", as in [{table}]"
    return text + (", or 'off'" if _can_be_off(kind, problem["loc"]) else "")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _VALUE_SHOWN_CHARS else text[: _VALUE_SHOWN_CHARS - 1] + "…"


def _unknown_key(
    kind: type[BaseModel], location: tuple[int | str, ...], beside: Iterable[str]
) -> str:
    """Name the keys allowed beside an unknown one, the likeliest first."""
    table = _model_at(kind, location[:-1])
    names = sorted({*table.model_fields, *(beside if len(location) == 1 else ())})
    parts = [str(part) for part in location[:-1] if not isinstance(part, int)]
    place = f"in [{'.'.join(parts)}]" if parts else "at the top"
    likely = get_close_matches(str(location[-1]), names, n=1)
    hint = f"did you mean '{likely[0]}'? " if likely else ""
    return f"unknown key; {hint}allowed {place}: {', '.join(names) or 'none'}"


def _model_at(kind: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel]:
    """Walk down a model's fields."""
    current = kind
    for part in location:
        if isinstance(part, str) and part in current.model_fields:
            current = _model_in(current.model_fields[part].annotation) or current
    return current


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _can_be_off(kind: type[BaseModel], location: tuple[int | str, ...]) -> bool:
    fields = _model_at(kind, location[:-1]).model_fields
    found = fields.get(str(location[-1])) if location else None
    return found is not None and accepts_off(found)


def accepts_off(found: FieldInfo) -> bool:
    """Tell whether the string "off" stands for the null that TOML lacks."""
    if NoneType not in get_args(found.annotation) or not found.metadata:
        return False
    try:
        whole = Annotated[found.annotation, *found.metadata]  # type: ignore[name-defined]
        return TypeAdapter(whole).validate_python("off") is None
    except ValidationError:
        return False
