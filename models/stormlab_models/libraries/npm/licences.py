"""Writes ``LICENCES.md`` from the lock, which holds every package's own statement.

``python -m stormlab_models.libraries.npm.licences models/stormlab_models/libraries/npm/LICENCES.md``
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")
_PROGRAMS = "@esbuild/"  # one program for each kind of machine, of which npm fetches one
_HEAD = """\
# Licences of the npm packages that the lab runs

Written from `package-lock.json` by `licences.py`, as each package states it. None of these packages
is part of the lab's own files: npm fetches them into the user's cache folder at first use, with
the text of each licence.

| package | version | licence | here for |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """A locked package, its own statement of its licence, and what needs it."""

    name: str
    version: str
    licence: str
    needed_by: tuple[str, ...]


def rows(lock: dict[str, Any]) -> Iterator[Row]:
    """Every package of a lock, by name and version."""
    packages = lock["packages"]
    needed_by = defaultdict(set)
    for place, entry in packages.items():
        for kind in _NEEDS:
            for needed in entry.get(kind, {}):
                needed_by[needed].add(_name(place))
    found = {
        (_name(place), entry["version"], entry.get("license", "not stated"))
        for place, entry in packages.items()
        if place
    }
    for name, version, licence in sorted(found):
        yield Row(name, version, licence, tuple(sorted(needed_by[name])))


def document(lock: dict[str, Any]) -> str:
    """The page: the programs of esbuild in one row."""
    lines, programs = [], 0
    for row in rows(lock):
        shown = row.name
        if row.name.startswith(_PROGRAMS):
            programs += 1
            if programs > 1:
                continue
            shown = f"{_PROGRAMS}*"
        why = ", ".join(name or "the lab" for name in row.needed_by)
        lines.append(f"| {shown} | {row.version} | {row.licence} | {why} |\n")
    return _HEAD + "".join(lines)


def _name(place: str) -> str:
    """The name of the package at a place in the lock; "" for the lab's own."""
    return place.rpartition("node_modules/")[2]


def locked() -> dict[str, Any]:
    """The lock that ships with the lab."""
    text = files(__package__).joinpath("package-lock.json").read_text(encoding="utf-8")
    result: dict[str, Any] = json.loads(text)
    return result


@click.command()
@click.argument("page", type=click.Path(path_type=Path))
def main(page: Path) -> None:
    """Write the PAGE anew."""
    page.write_text(document(locked()), encoding="utf-8")


if __name__ == "__main__":
    main()
