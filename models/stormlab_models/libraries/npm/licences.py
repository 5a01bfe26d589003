"""Writes ``LICENCES.md`` from the lock, which holds every package's own statement.

``python -m stormlab_models.libraries.npm.licences`` rewrites the page beside the lock.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

PAGE = "LICENCES.md"
# What a lock leaves out, read in the package.
_READ = {"xmlhttprequest-ssl": "MIT"}
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
                needed_by[_found_from(place, needed, packages)].add(_name(place))
    for place in sorted(filter(None, packages), key=lambda place: (_name(place), place)):
        name, entry = _name(place), packages[place]
        licence = entry.get("license") or _READ.get(name, "not stated")
        yield Row(name, entry["version"], licence, tuple(sorted(needed_by[place])))


def _found_from(place: str, needed: str, packages: Collection[str]) -> str:
    """Where Node finds a package that one at ``place`` imports: beside it, or further up."""
    while place and f"{place}/node_modules/{needed}" not in packages:
        place = place.rpartition("node_modules/")[0].rstrip("/")
    return f"{place}/node_modules/{needed}".lstrip("/")


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
def main() -> None:
    """Write the page anew."""
    Path(__file__).with_name(PAGE).write_text(document(locked()), encoding="utf-8")


if __name__ == "__main__":
    main()
