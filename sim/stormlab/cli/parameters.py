"""Parameters of a model for people: which there are, and which differ from their defaults."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from stormlab.scenario import accepts_off

UNSET = "not set"
_KINDS = {
    "boolean": "true, false",
    "integer": "whole number",
    "number": "number",
    "object": "table",
    "string": "text",
    "array": "list",
}

Schema = dict[str, Any]


def plain(value: Any) -> Any:  # noqa: ANN401  whatever a parameters class holds
    """A value as it stands in a scenario file; "off" for the null that TOML lacks.

    Of the tables in a list, only what differs from their defaults.
    """
    if isinstance(value, BaseModel):
        return {key: content for key, content, _ in differences(value)}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return "off" if value is None else value


def written(value: Any) -> str:  # noqa: ANN401  as plain()
    """A value as one would write it after ``--set key=``."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def differences(parameters: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Key, value and default (None: none) of every parameter that differs from its default."""
    for name, field in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        if isinstance(value, BaseModel) and isinstance(default, BaseModel):
            yield from differences(value, f"{prefix}{name}.")
        elif isinstance(value, BaseModel):  # a table that is absent by default
            for inner in type(value).model_fields:
                yield f"{prefix}{name}.{inner}", plain(getattr(value, inner)), None
        elif value != default:
            missing = default is PydanticUndefined or (default is None and not accepts_off(field))
            yield f"{prefix}{name}", plain(value), None if missing else plain(default)


def described(kind: type[BaseModel]) -> list[list[str]]:
    """Key, default and what is allowed, of every parameter of a class."""
    return list(_rows(kind.model_json_schema(), kind, ""))


def _rows(whole: Schema, kind: type[BaseModel], prefix: str) -> Iterator[list[str]]:
    part = whole if not prefix else whole["$defs"].get(kind.__name__, {})
    for name, field in kind.model_fields.items():
        key = f"{prefix}{name}"
        inner, listed = _table(field.annotation)
        if inner is not None and listed:
            yield [key, "none", f"tables, as in [[{name}]]:"]
            yield from _rows(whole, inner, f"  {name}.N.")
        elif inner is not None:
            yield from _rows(whole, inner, f"{key}.")
        else:
            found: Schema = part.get("properties", {}).get(name, {})
            off = "off" if accepts_off(field) else UNSET
            default = field.get_default(call_default_factory=True, validated_data={})
            shown = "required" if default is PydanticUndefined else written(default)
            yield [key, off if default is None else shown, allowed(found, off)]


def _table(annotation: Any) -> tuple[type[BaseModel] | None, bool]:  # noqa: ANN401  any type
    """The table that a field holds, if it does, and whether it is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for argument in getattr(annotation, "__args__", ()):
        found, _ = _table(argument)
        if found is not None:
            return found, getattr(annotation, "__origin__", None) is list
    return None, False


def allowed(part: Schema, null: str = UNSET) -> str:
    """What a JSON schema allows, in words; ``null`` is the word for nothing."""
    options = [option for option in part.get("anyOf", []) if option.get("type") != "null"]
    if options:
        texts = [allowed(option) for option in options]
        return "; ".join([*texts, *(["or off"] if null == "off" else [])])
    if "enum" in part:
        return ", ".join(written(value) for value in part["enum"])
    if "const" in part:
        return written(part["const"])
    text = _KINDS.get(str(part.get("type")), "anything")
    each = part.get("additionalProperties")
    if isinstance(each, dict):
        return f"{text} of names, each: {allowed(each)}"
    return text + _bounds(part)


def _bounds(part: Schema) -> str:
    low, high = part.get("minimum"), part.get("maximum")
    if low is not None and high is not None:
        return f", {low:,.15g} to {high:,.15g}"
    above = part.get("exclusiveMinimum")
    if above is not None and high is not None:
        return f", above {above:,.15g}, to {high:,.15g}"
    words = {
        "exclusiveMinimum": "more than",
        "minimum": "at least",
        "exclusiveMaximum": "less than",
        "maximum": "at most",
    }
    bounds = [f"{word} {part[limit]:,.15g}" for limit, word in words.items() if limit in part]
    return "".join(f", {bound}" for bound in bounds)
