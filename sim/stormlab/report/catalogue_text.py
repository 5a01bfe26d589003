"""What the report says of policies and of the model, from where they say it themselves."""

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from stormlab.compare import PolicyResult
from stormlab.model import find_model
from stormlab.policy.catalogue import Entry, FoundPolicy, catalogue, find_policy
from stormlab.report.words import code, prose
from stormlab.scenario import ScenarioError

_LIST = re.compile(r"^Simplifications[^\n]*:\n\n((?:[-*] .*\n|  .*\n|\n)+)", re.MULTILINE)
_ITEM = re.compile(r"^[-*] ((?:.*\n(?:  .*\n)*))", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.;:])\s")


def policy_facts(policy: PolicyResult) -> dict[str, Any]:
    """Name and facts of one policy, as Markdown; a fact that nobody knows is left out."""
    facts = list(_facts(policy))
    terms = {key: value for key, value in policy.terms.items() if value not in (None, False)}
    if terms:
        told = ", ".join(f"{key} = {value}" for key, value in terms.items())
        facts.append(("asks of its host", code(told)))
    return {"name": code(policy.label), "facts": facts}


def _facts(policy: PolicyResult) -> Iterator[tuple[str, str]]:
    found, entry = _entry(policy.target)
    if entry is None:
        yield "source", "one's own"
        return
    if found is not None and found.entry is None:
        base = catalogue().get(policy.target.partition(",")[0])
        yield "source", f"varied from {code(base.source)}" if base is not None else "one's own"
    else:
        yield "source", f"{code(entry.source)}, {prose(entry.kind)}, version {prose(entry.version)}"
    for name, text in (
        ("formula", entry.formula),
        ("jitter", entry.jitter),
        ("cap", "" if entry.cap_s is None else f"{entry.cap_s:g} s"),
        ("attempts", "" if entry.attempts_max is None else f"at most {entry.attempts_max}"),
        ("back to the first delay", entry.reset),
        ("close codes", entry.close_codes),
        ("offline, hidden", entry.network),
        ("notes", entry.notes),
    ):
        if text:
            yield name, code(text) if name == "formula" else prose(text)


def _entry(target: str) -> tuple[FoundPolicy | None, Entry | None]:
    """What the catalogue says; for a policy made of parts, what its parts say."""
    try:
        found = find_policy(target)
    except ValueError:
        return None, None
    if found.entry is not None or found.table is None:
        return found, found.entry
    made = Entry.of(
        found.table.reconnect, name=found.name, version="", kind="library", source="one's own"
    )
    return found, made


def simplifications(model: str) -> list[tuple[str, list[str]]]:
    """The simplifications that a model's modules state at their top: (module, first sentences)."""
    try:
        module = type(find_model(model)).__module__
    except ScenarioError:
        return []
    found = []
    for name in _modules(module):
        listed = _LIST.search(_docstring(name) + "\n")
        if listed:
            items = [" ".join(item.split()) for item in _ITEM.findall(listed[1])]
            found.append(
                (name, [prose(_SENTENCE.split(item)[0].rstrip(".;:") + ".") for item in items])
            )
    return found


def _modules(module: str) -> list[str]:
    """A module and, when it is part of a package of the model's own, the others in there."""
    package = module.rpartition(".")[0]
    spec = find_spec(package) if package else None
    places = spec.submodule_search_locations if spec is not None else None
    others = sorted(f"{package}.{info.name}" for info in iter_modules(places)) if places else []
    return others or [module]


def _docstring(module: str) -> str:
    spec = find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
