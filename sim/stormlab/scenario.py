"""Scenario files: declarative, validated, with errors a person can act on.

A scenario is a TOML file. The harness owns ``title``, ``description``, ``model``, ``duration_s``
and the ``[[faults]]``; every other key belongs to the model and is checked against its
parameters class. Whatever is wrong is reported in one line: file, key, what was found, what is
allowed.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stormlab.faults import Fault

SIZE_MAX_BYTES = 1_000_000
_VALUE_SHOWN_CHARS = 40


class ScenarioError(Exception):
    """A scenario that cannot be used; the message is one line for a person."""


class Envelope(BaseModel):
    """The part of a scenario file that every model shares."""

    model_config = ConfigDict(extra="allow", frozen=True)

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
            "faults": [fault.model_dump(mode="json") for fault in self.faults],
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
        size = path.stat().st_size
        if size > SIZE_MAX_BYTES:
            msg = f"{path}: {size:,} bytes; a scenario has at most {SIZE_MAX_BYTES:,}"
            raise ScenarioError(msg)
        text = path.read_bytes().decode("utf-8")
        return parse_document(text, str(path))
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ScenarioError(msg) from None
    except UnicodeDecodeError as error:
        msg = f"{path}: not a text file (byte {error.start} is not UTF-8); a scenario is TOML"
        raise ScenarioError(msg) from None


def parse_document(text: str, source: str) -> dict[str, Any]:
    """Parse TOML text; ``source`` names it in errors.

    Raises:
        ScenarioError: if it is not TOML or is empty.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        msg = f"{source}: not valid TOML: {reason}"
        raise ScenarioError(msg) from None
    if not document:
        msg = f"{source}: empty; a scenario needs at least 'model' and 'duration_s'"
        raise ScenarioError(msg)
    return document


def override(document: dict[str, Any], settings: Iterable[str], source: str) -> dict[str, Any]:
    """Apply ``key=value`` settings with dotted keys; values are TOML, or else plain strings.

    Raises:
        ScenarioError: if a setting has no ``=`` or runs through something that is not a table.
    """
    result: dict[str, Any] = json.loads(json.dumps(document, default=str))
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            msg = f"--set {setting}: found no '='; allowed: key=value, as in page.jitter_s=1"
            raise ScenarioError(msg)
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        *parents, last = key.strip().split(".")
        table = result
        for parent in parents:
            table = table.setdefault(parent, {})
            if not isinstance(table, dict):
                msg = f"{source}: {key}: '{parent}' is not a table, so it has no keys"
                raise ScenarioError(msg)
        table[last] = value
    return result


ParametersT = TypeVar("ParametersT", bound=BaseModel)


def validated(kind: type[ParametersT], document: dict[str, Any], source: str) -> ParametersT:
    """Check ``document`` against ``kind``.

    Raises:
        ScenarioError: one line with the first thing that is wrong and how many more there are.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise ScenarioError(one_line(error, source, kind)) from None


def one_line(error: ValidationError, source: str, kind: type[BaseModel]) -> str:
    """Say what is wrong: file, key, what was found, what is allowed."""
    problems = error.errors()
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"]) or "(the whole file)"
    found = _shown(first.get("input"))
    if first["type"] == "extra_forbidden":
        where, allowed = _known_keys(kind, first["loc"])
        text = f"unknown key; allowed {where}: {allowed}"
    elif first["type"] == "missing":
        text = "missing; it is required"
    else:
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        text = f"found {found}; allowed: {reason}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{source}: {key}: {text}{more}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_SHOWN_CHARS else text[: _VALUE_SHOWN_CHARS - 1] + "…"


def _known_keys(kind: type[BaseModel], location: tuple[int | str, ...]) -> tuple[str, str]:
    """Name the keys allowed beside an unknown one, walking down the model's fields."""
    place = "here"
    current: Any = kind
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field_info = getattr(current, "model_fields", {}).get(part)
        if field_info is None:
            break
        inner = _model_in(field_info.annotation)
        if inner is None:
            break
        current, place = inner, f"in [{part}]"
    names = ", ".join(sorted(getattr(current, "model_fields", {})))
    return place, names or "none"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
