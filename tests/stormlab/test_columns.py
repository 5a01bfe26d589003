"""Columns come back as they were written, and equal columns are equal bytes."""

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from stormlab import columns

COLUMNS: dict[str, list[Any]] = {
    "policy": ["a", "b", "c"],
    "seed": [0, 1, 2**53 - 1],
    "t": [0.1, math.inf, math.nan],
}


@pytest.mark.parametrize("suffix", columns.SUFFIXES)
def test_columns_come_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"results{suffix}"
    columns.write(path, COLUMNS, {"command": "stormlab é"})
    found, metadata = columns.read(path)
    assert metadata == {"command": "stormlab é"}
    assert (found["policy"], found["seed"]) == (COLUMNS["policy"], COLUMNS["seed"])
    assert found["t"][:2] == [0.1, math.inf]
    nothing = found["t"][2]
    assert nothing is None if suffix == ".parquet" else math.isnan(nothing)


@pytest.mark.parametrize("suffix", columns.SUFFIXES)
def test_equal_columns_are_equal_bytes(tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        columns.write(path, COLUMNS, {"b": 1, "a": 2})
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_parquet_is_chosen_where_it_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert columns.suffix() == ".parquet"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert columns.suffix() == ".npz"
