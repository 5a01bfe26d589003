"""The matrix: policies as rows, promises as columns, and what each cell says.

A cell has one of four answers. A promise that is undecided because it does not apply (a breaker's,
to a policy without one) is told apart from one whose worlds did not show what it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, get_args

from stormlab import __version__
from stormlab.check.replay import Replay, plain_name
from stormlab.check.see import OF_POLICIES
from stormlab.check.verdict import Judged, Verdict
from stormlab.evidence import Outcome
from stormlab.policy.catalogue import Entry, Kind
from stormlab.properties.promises import (
    PROMISES,
    Promise,
    delays,
    guards,
    herds,
    load,
    recovery,
    servers,
    sockets,
    whole,
)
from stormlab.worlds.written import size_of

FORMAT = 1
KINDS: tuple[str, ...] = get_args(Kind)
THEMES = {
    "D": ("delays", delays),
    "H": ("herd", herds),
    "R": ("recovery", recovery),
    "L": ("load", load),
    "G": ("guards", guards),
    "V": ("what the server says", servers),
    "S": ("sockets", sockets),
    "W": ("whole", whole),
}


class Cell(StrEnum):
    """What is said of one policy and one promise."""

    HOLDS = "holds"
    BROKEN = "broken"
    OPEN = "undecided"
    OUTSIDE = "does not apply"


SIGNS = {
    Cell.HOLDS: "\N{CHECK MARK}",
    Cell.BROKEN: "\N{BALLOT X}",
    Cell.OPEN: "?",
    Cell.OUTSIDE: "\N{MIDDLE DOT}",
}


@dataclass(frozen=True)
class Column:
    """One promise under its code: the letter of its theme and a number."""

    code: str
    theme: str
    promise: Promise

    @property
    def name(self) -> str:
        """The promise's name."""
        return self.promise.name


_OF_POLICIES = set(OF_POLICIES)


def columns() -> tuple[Column, ...]:
    """Every promise that policies are held to, in their order; others are about pages or code."""
    found = []
    for letter, (theme, module) in THEMES.items():
        fitting = [each for each in module.PROMISES if set(each.tiers) & _OF_POLICIES]
        for number, promise in enumerate(fitting, 1):
            found.append(Column(f"{letter}{number}", theme, promise))
    missing = [
        name
        for name, each in PROMISES.items()
        if set(each.tiers) & _OF_POLICIES and name not in {column.name for column in found}
    ]
    if missing:
        raise KeyError(f"promises of no theme: {', '.join(missing)}")
    return tuple(found)


@dataclass(frozen=True)
class Breach:
    """A broken promise in the smallest world found.

    ``replay``: its file's document. ``remark``: what the catalogue has to say of it.
    """

    promise: str
    reason: str
    evidence: tuple[str, ...]
    world: tuple[str, ...]
    clients: int
    faults: int
    replay: Mapping[str, Any]
    remark: str = ""

    @classmethod
    def of(cls, judged: Judged, replay: Replay, remark: str = "") -> "Breach":
        """What a check found."""
        clients, faults = size_of(replay.world)
        return cls(
            judged.name,
            judged.reason,
            judged.evidence,
            tuple(judged.told_world),
            clients,
            faults,
            replay.document,
            remark,
        )

    @property
    def document(self) -> dict[str, Any]:
        """For the matrix: without the replay, which is a file of its own."""
        remark = {"remark": self.remark} if self.remark else {}
        return {
            "reason": self.reason,
            **remark,
            "evidence": list(self.evidence),
            "world": list(self.world),
            "clients": self.clients,
            "faults": self.faults,
        }


@dataclass(frozen=True)
class Row:
    """One policy: what each promise says of it, why (where it does not hold), and the breaches."""

    name: str
    version: str
    kind: str
    source: str
    cells: Mapping[str, Cell]
    reasons: Mapping[str, str] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()

    @classmethod
    def of(cls, entry: Entry, verdict: Verdict, written: str | Mapping[str, Any] | None) -> "Row":
        """A row from a check; ``written``: how the target is asked for again."""
        cells = {each.name: _cell(each) for each in verdict}
        reasons = {each.name: each.reason for each in verdict.of(Outcome.UNDECIDED)}
        breaches = tuple(
            Breach.of(
                each,
                Replay(
                    written,
                    verdict.name,
                    each.promise,
                    each.world,
                    each.reason,
                    each.evidence,
                ),
                entry.remarks.get(each.name, ""),
            )
            for each in verdict.broken
            if each.world is not None
        )
        return cls(entry.name, entry.version, entry.kind, entry.source, cells, reasons, breaches)

    def count(self, cell: Cell) -> int:
        """How many promises have this answer."""
        return sum(each is cell for each in self.cells.values())

    @property
    def applying(self) -> int:
        """How many promises were decided."""
        return self.count(Cell.HOLDS) + self.count(Cell.BROKEN)

    def file(self, promise: str) -> str:
        """The name of a breach's file."""
        return f"{plain_name(self.name)}--{promise}.json"

    @property
    def figures(self) -> dict[str, Any]:
        """All of it as plain JSON, to be kept."""
        return {
            "name": self.name,
            "version": self.version,
            "kind": self.kind,
            "source": self.source,
            "cells": {name: cell.value for name, cell in self.cells.items()},
            "reasons": dict(self.reasons),
            "breaches": [
                {"promise": each.promise, **each.document, "replay": dict(each.replay)}
                for each in self.breaches
            ],
        }

    @classmethod
    def from_figures(cls, figures: Mapping[str, Any]) -> "Row":
        """A row that was kept.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        breaches = tuple(
            Breach(
                each["promise"],
                each["reason"],
                tuple(each["evidence"]),
                tuple(each["world"]),
                each["clients"],
                each["faults"],
                each["replay"],
                each.get("remark", ""),
            )
            for each in figures["breaches"]
        )
        return cls(
            figures["name"],
            figures["version"],
            figures["kind"],
            figures["source"],
            {name: Cell(value) for name, value in figures["cells"].items()},
            dict(figures["reasons"]),
            breaches,
        )

    @property
    def document(self) -> dict[str, Any]:
        """For ``matrix.json``: names by answer, reasons, breaches."""
        return {
            "policy": self.name,
            "version": self.version,
            "kind": self.kind,
            "source": self.source,
            "holds": [name for name, cell in self.cells.items() if cell is Cell.HOLDS],
            "broken": {each.promise: each.document for each in self.breaches},
            "undecided": self._reasons(Cell.OPEN),
            "does_not_apply": self._reasons(Cell.OUTSIDE),
        }

    def _reasons(self, cell: Cell) -> dict[str, str]:
        return {
            name: self.reasons.get(name, "") for name, each in self.cells.items() if each is cell
        }


def _cell(judged: Judged) -> Cell:
    if judged.outcome is Outcome.UNDECIDED:
        return Cell.OPEN if judged.unseen else Cell.OUTSIDE
    return Cell.HOLDS if judged.outcome is Outcome.HOLDS else Cell.BROKEN


@dataclass(frozen=True)
class Matrix:
    """All rows, sorted by kind and name; ``command`` makes it again."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    budget: str
    command: str

    @classmethod
    def of(cls, rows: Sequence[Row], budget: str, command: str) -> "Matrix":
        """Sort the rows."""
        ordered = sorted(rows, key=lambda row: (_rank(row.kind), row.name))
        return cls(tuple(ordered), columns(), budget, command)

    @property
    def kinds(self) -> list[tuple[str, list[Row]]]:
        """The rows by kind, kinds in the catalogue's order."""
        kinds = dict.fromkeys(row.kind for row in self.rows)
        return [(kind, [row for row in self.rows if row.kind == kind]) for kind in kinds]

    def tally(self, column: Column) -> tuple[int, int]:
        """How many policies break a promise, of how many for which it was decided."""
        cells = [row.cells[column.name] for row in self.rows]
        broken = sum(cell is Cell.BROKEN for cell in cells)
        return broken, broken + sum(cell is Cell.HOLDS for cell in cells)

    @property
    def breaches(self) -> int:
        """How many cells are broken."""
        return sum(len(row.breaches) for row in self.rows)

    @property
    def headline(self) -> str:
        """The whole in one sentence."""
        clean = sum(not row.breaches for row in self.rows)
        count = len(self.rows)
        policies = "1 policy" if count == 1 else f"{count} policies"
        return (
            f"{policies}, {len(self.columns)} promises: {self.breaches} cells are broken;"
            f" {clean} of {policies} break nothing"
        )

    @property
    def document(self) -> dict[str, Any]:
        """The matrix as plain JSON: equal checks give equal documents."""
        return {
            "format": FORMAT,
            "stormlab": __version__,
            "command": self.command,
            "budget": self.budget,
            "promises": [
                {
                    "code": column.code,
                    "theme": column.theme,
                    "name": column.name,
                    "statement": column.promise.statement,
                    "formula": column.promise.formula,
                    "broken": self.tally(column)[0],
                    "decided": self.tally(column)[1],
                }
                for column in self.columns
            ],
            "policies": [row.document for row in self.rows],
        }


def _rank(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else len(KINDS)
