"""The table of results: what stands in it, equal bytes, and reading it back."""

import builtins
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from stormlab.sweep import Results, known_runs, writer
from stormlab.sweep.work import Plan


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)


def put(results: Results, folder: Path) -> Path:
    name, write, _ = writer(results)
    folder.mkdir(exist_ok=True)
    write(folder / name)
    return folder / name


def test_a_row_is_a_run_and_says_which(results: Results, out: Path) -> None:
    table = pq.read_table(put(results, out))
    assert table.column_names[:3] == ["network.latency_s", "seed", "clients"]
    assert table.column_names[-1] == "unit"
    assert table.column("network.latency_s").to_pylist() == [0.01, 0.01, 0.02, 0.02]
    assert table.column("seed").to_pylist() == [0, 1, 0, 1]
    assert table.column("attempts").to_pylist() == [8.0] * 4
    assert len(set(table.column("unit").to_pylist())) == 4
    said = json.loads(table.schema.metadata[b"stormlab"])
    assert said["scenario"] == "plain"
    assert said["keys"] == {"network.latency_s": [0.01, 0.02]}
    assert said["seeds"] == [0, 1]
    assert said["document"]["observe"]["for_s"] == 10


def test_equal_results_are_equal_bytes(results: Results, out: Path) -> None:
    one, two = put(results, out), put(results, out.with_name("two"))
    assert one.read_bytes() == two.read_bytes()
    other = replace(results, metadata={**results.metadata, "command": "another"})
    assert put(other, out.with_name("three")).read_bytes() != one.read_bytes()


def units(results: Results) -> dict[str, dict[str, float]]:
    rows = zip(*(results.column(name) for name in results.figures), strict=True)
    return {
        unit: {
            name: value
            for name, value in zip(results.figures, row, strict=True)
            if not math.isnan(value)
        }
        for unit, row in zip(results.columns["unit"], rows, strict=True)
    }


def with_gaps(done: Any) -> Results:
    """Figures that do not apply, never happen, or are called like a key of the grid."""
    planned: Plan = done("network.latency_s=0.01,0.02")
    keys = [run.key for run in planned.runs]
    changed: dict[str, dict[str, float | None]] = {
        keys[0]: {"a": 1.0, "never": math.inf, "seed": 5.0, "none": None},
        keys[1]: {"a": None, "never": 0.1, "network.latency_s": 1 / 3},
        keys[2]: {"a": math.nan, "b": -0.0},
        keys[3]: {"a": 2.0},
    }
    return Results.of(replace(planned, done=changed), "command")


def test_results_are_the_store_of_their_runs(results: Results, done: Any, out: Path) -> None:
    for each in (results, with_gaps(done)):
        put(each, out)
        known = known_runs(out)
        assert known.runs == units(each)
        assert known.code == each.metadata["code"]
    gaps = with_gaps(done)
    assert gaps.figures == ("a", "never", "seed", "network.latency_s", "b")
    assert gaps.columns["seed"] == [0, 1, 0, 1]
    assert gaps.columns["figure.seed"][0] == 5.0
    read = pq.read_table(out / "results.parquet")
    assert read.column("a").to_pylist() == [1.0, None, None, 2.0]
    assert read.column("never").to_pylist() == [math.inf, 0.1, None, None]


@pytest.mark.usefixtures("without_pyarrow")
def test_without_pyarrow_there_is_npz_and_a_line(results: Results, done: Any, out: Path) -> None:
    name, _, note = writer(results)
    assert name == "results.npz"
    assert "pip install 'stormlab[parquet]'" in note
    for each in (with_gaps(done), results):
        path = put(each, out)
        assert known_runs(out).runs == units(each)
    first = path.read_bytes()
    assert put(results, out).read_bytes() == first
    with np.load(path) as stored:
        assert stored["seed"].tolist() == [0, 1, 0, 1]


def test_what_cannot_be_read_counts_as_none(results: Results, out: Path) -> None:
    assert known_runs(out).runs == {}
    path = put(results, out)
    whole = path.read_bytes()
    runs = known_runs(out).runs
    for damaged in (b"", b"PAR1", whole[:-10]):
        path.write_bytes(damaged)
        assert known_runs(out).runs == {}
    found = 0
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        known = known_runs(out).runs
        assert known in ({}, runs), place  # a byte that means nothing may differ
        found += not known
    assert found > len(whole) / 97 / 4


def test_values_of_several_kinds_become_one(done: Any) -> None:
    mixed = Results.of(done("server.ping_interval_s=off,20", replications=1), "")
    assert mixed.columns["server.ping_interval_s"] == ["off", "20"]
    both = Results.of(done("network.latency_s=1,0.5", replications=1), "")
    assert both.columns["network.latency_s"] == [1.0, 0.5]
    flags = Results.of(done("react.strict_mode=true,false", replications=1), "")
    assert flags.columns["react.strict_mode"] == [True, False]
