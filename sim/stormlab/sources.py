"""Which code makes a result: hashes over the sources that decide it.

A stored result may be reused only by the code that made it. That code is stormlab, the package of
the scenario's model, the packages or files of its policies, and the two libraries that runs stand
on. Hashed are the sources themselves (``*.py``, ``*.toml``), not version numbers: during
development the same version has many codes.

What this does not see: modules that a policy's file imports from outside the packages named here.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stormlab.model import find_model
from stormlab.scenario import Scenario

POLICIES_GROUP = "stormlab.policies"
SUFFIXES = frozenset({".py", ".toml"})
LIBRARIES = ("numpy", "simpy")
_POLICY_KEYS = frozenset({"policy", "policies"})


class SourceError(Exception):
    """Code that cannot be found; the message is one line for a person."""


@dataclass(frozen=True)
class Sources:
    """The code behind a result: a hash by package or file, a version by library."""

    parts: dict[str, str]

    @cached_property
    def digest(self) -> str:
        """32 hex digits over all parts."""
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class SourceReader:
    """Hashes sources, each once: what is written while work is under way is another code.

    Make a new one to look again.
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._hashes: dict[str, str] = {}
        self._found: dict[tuple[str, ...], Sources] = {}

    def of(self, scenario: Scenario) -> Sources:
        """The code that decides a scenario's runs.

        Raises:
            SourceError: if a part of it has no source that can be read.
        """
        policies = policies_in(scenario.parameters.model_dump(mode="json"))
        found = self._found.get((scenario.model, *policies))
        if found is None:
            parts = {name: version(name) for name in LIBRARIES}
            for name in sorted({"stormlab", *_model_packages(scenario.model)}):
                parts[name] = self._package(name)
            for target in policies:
                parts.update(self._policy(target))
            found = self._found[(scenario.model, *policies)] = Sources(parts)
        return found

    def _policy(self, target: str) -> Iterator[tuple[str, str]]:
        place = target.rpartition(":")[0] or target
        if Path(place).suffix in SUFFIXES and Path(place).is_file():
            yield place, self._hashed(place, [Path(place)])
        elif ":" in target:
            yield _top(place), self._package(_top(place))
        else:  # a name of the catalogue; any of its packages may have given it
            for name in sorted({_top(p.module) for p in entry_points(group=POLICIES_GROUP)}):
                yield name, self._package(name)

    def _package(self, name: str) -> str:
        if name not in self._hashes:
            root = _source(name)
            paths = [root] if root.is_file() else sorted(root.rglob("*"))
            self._hashed(name, [path for path in paths if path.suffix in SUFFIXES], root)
        return self._hashes[name]

    def _hashed(self, name: str, paths: Iterable[Path], root: Path | None = None) -> str:
        if name not in self._hashes:
            digest = hashlib.blake2b(digest_size=8)
            try:
                for path in paths:
                    data = path.read_bytes()
                    label = path.relative_to(root).as_posix() if root else path.name
                    digest.update(f"{label} {len(data)}\n".encode())
                    digest.update(data)
            except OSError as error:
                raise SourceError(f"{error.filename}: {error.strerror or error}") from error
            self._hashes[name] = digest.hexdigest()
        return self._hashes[name]


def policies_in(document: Any) -> list[str]:  # noqa: ANN401  any part of a document
    """Names of the policies that parameters ask for, wherever they stand under such a key.

    A table in place of a name gives an empty one: it may stand on any policy of the catalogue.
    """
    found: list[str] = []
    if isinstance(document, dict):
        for key, value in document.items():
            listed = value if isinstance(value, list) else [value]
            if key in _POLICY_KEYS:
                found += [each if isinstance(each, str) else "" for each in listed if each]
            found += policies_in(value)
    elif isinstance(document, list):
        for each in document:
            found += policies_in(each)
    return list(dict.fromkeys(found))


def _model_packages(name: str) -> set[str]:
    """A model may be an object of one package with the parameters of another."""
    model = find_model(name)
    return {_top(type(model).__module__), _top(model.parameters.__module__)}


def _top(module: str) -> str:
    return module.partition(".")[0]


def _source(name: str) -> Path:
    """The folder of a package, or the file of a module."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    for folder in (spec and spec.submodule_search_locations) or ():
        return Path(folder)
    file = (spec and spec.origin) or getattr(sys.modules.get(name), "__file__", None)
    if file and Path(file).is_file():
        return Path(file)
    raise SourceError(f"{name}: its source cannot be found, so its results cannot be kept")
