"""The table of a sweep's results: one row per run, as Parquet, or as ``.npz`` without pyarrow.

Columns: the keys of the grid, ``seed``, every figure that applies to some run (float64; null, in
``.npz`` NaN, where it does not apply), and ``unit``, the key under which the run is kept. The file
says how it was made (:attr:`Results.metadata`) and can be read back as the store of its runs: what
a finished sweep has run, a wider one need not run again.

Equal results are equal bytes under the same pyarrow: rows in the order of the grid, fixed settings
of the writer, no dates.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stormlab import __version__, columns
from stormlab.sweep.grid import Value, document_text
from stormlab.sweep.work import READER, Numbers, Plan

NAMES = ("results.parquet", "results.npz")
_CLASH = "figure."  # before a figure that is called like a key of the grid
_OWN = ("seed", "unit")


@dataclass(frozen=True)
class Results:
    """All runs of a finished sweep as columns of equal length, and how they came about.

    ``figures`` names the figures in the model's order; ``column(name)`` gives one's values, NaN
    where it does not apply.
    """

    keys: tuple[str, ...]
    figures: tuple[str, ...]
    columns: dict[str, list[Any]]
    metadata: dict[str, Any]

    @classmethod
    def of(cls, plan: Plan, command: str) -> "Results":
        """Collect the runs of a plan, all of which are done; ``command`` makes them again."""
        sweep = plan.sweep
        rows = [(sweep.cells[run.cell].point, run, plan.done[run.key]) for run in plan.runs]
        applies: dict[str, None] = {}
        for _, _, found in rows:
            applies.update(dict.fromkeys(n for n, value in found.items() if _number(value)))
        columns: dict[str, list[Any]] = {}
        for index, key in enumerate(sweep.keys):
            columns[key] = _alike([point[index] for point, _, _ in rows])
        columns["seed"] = [run.seed for _, run, _ in rows]
        for name in applies:
            values = [found.get(name) for _, _, found in rows]
            columns[_column(name, sweep.keys)] = [v if _number(v) else math.nan for v in values]
        columns["unit"] = [run.key for _, run, _ in rows]
        metadata = {
            "stormlab": __version__,
            "command": command,
            "scenario": sweep.name,
            "document": sweep.document,
            "keys": {axis.key: list(axis.values) for axis in sweep.axes},
            "figures": list(applies),
            "seeds": [sweep.seeds[0], sweep.seeds[-1]],
            "code": plan.code,
            "reader": READER,
        }
        return cls(sweep.keys, tuple(applies), columns, metadata)

    def column(self, figure: str) -> list[float]:
        """The values of a figure, one per run; NaN where it does not apply."""
        return self.columns[_column(figure, self.keys)]


def _number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _column(figure: str, keys: tuple[str, ...]) -> str:
    return f"{_CLASH}{figure}" if figure in {*keys, *_OWN} else figure


def _alike(values: list[Value]) -> list[Value]:
    """Give the values of a key one type: whole numbers, numbers, true and false, or else texts."""
    kinds = {type(value) for value in values}
    if len(kinds) == 1:
        return values
    if kinds == {int, float}:
        return [float(value) for value in values]
    return [value if isinstance(value, str) else json.dumps(value) for value in values]


# files -------------------------------------------------------------------------------------------


def writer(results: Results) -> tuple[str, Callable[[Path], None], str]:
    """Choose the file: its name, what writes it, and a line when it is not Parquet."""
    ending = columns.suffix()
    name = f"results{ending}"
    note = "" if name == NAMES[0] else f"{name} instead of .parquet: {columns.MISSING}"
    return name, lambda path: _write(results, path, ending), note


@dataclass(frozen=True)
class Known:
    """What the results of an earlier sweep hold: figures by unit, and the code they are of."""

    runs: dict[str, Numbers] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)


def known_runs(folder: Path) -> Known:
    """Read the results of an earlier sweep in this folder; empty when there are none.

    A file that cannot be read counts as none: its runs are done again.
    """
    for name in NAMES:
        path = folder / name
        if path.is_file():
            try:
                found, metadata = columns.read(path)
                runs, code = _by_unit(found, metadata), dict(metadata["code"])
                if metadata.pop("checksum") == _checksum(runs, metadata):
                    return Known(runs, code)
            except Exception:  # noqa: BLE001, S112  whatever a library says of a damaged file
                continue
    return Known()


def _by_unit(found: dict[str, list[Any]], metadata: dict[str, Any]) -> dict[str, Numbers]:
    keys = tuple(metadata["keys"])
    named = {name: found[_column(name, keys)] for name in metadata["figures"]}
    return {
        unit: {name: float(values[row]) for name, values in named.items() if _number(values[row])}
        for row, unit in enumerate(found["unit"])
    }


def _checksum(runs: dict[str, Numbers], metadata: dict[str, Any]) -> str:
    """A checksum over what is read back: neither format finds every damaged byte."""
    text = json.dumps([runs, metadata], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _described(results: Results) -> dict[str, Any]:
    """The metadata of the file, with the checksum."""
    runs = _by_unit(results.columns, results.metadata)
    checksum = _checksum(runs, json.loads(document_text(results.metadata)))
    return {**results.metadata, "checksum": checksum}


def _write(results: Results, path: Path, ending: str) -> None:
    columns.write(path, results.columns, _described(results), ending)
