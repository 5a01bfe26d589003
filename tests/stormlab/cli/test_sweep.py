"""``stormlab sweep`` as a person meets it."""

import errno
import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stormlab import replications
from stormlab.cli import group
from stormlab.replications import ReplicationError

module = importlib.import_module("stormlab.cli.sweep")
ONE = ("sweep", "plain", "--vary", "network.latency_s=0.01,0.02", "--replications", "2")


@pytest.fixture
def sweep(stormlab: Any, tmp_path: Path) -> Any:
    """Two cells of two runs, in this process, into ``tmp_path / "out"``."""

    def call(*arguments: str) -> Any:
        return stormlab(*ONE, "--jobs", "1", "--out", tmp_path / "out", *arguments)

    return call


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_it_says_what_it_runs_shows_a_table_and_writes_a_folder(sweep: Any, tmp_path: Path) -> None:
    ended = sweep("--figure", "time_to_data_s_median")
    assert ended.code == 0
    assert ended.err.splitlines()[0] == (
        "sweep of plain: 2 network.latency_s = 2 cells, 2 replications (seeds 0 to 1): 4 runs"
    )
    heading, _, first = ended.out.splitlines()[2:5]
    assert heading.split() == ["network.latency_s", "time_to_data_s_median"]
    assert first.split()[:2] == ["0.01", "0.4464"]
    assert "[0.4044, 0.4883]" in first
    files = ["results.parquet", "summary.csv", "summary.md", "sweep-time_to_data_s_median.svg"]
    assert names(tmp_path / "out") == files
    assert f"out: {', '.join(files)}" in ended.err
    metadata = pq.read_schema(tmp_path / "out" / "results.parquet").metadata
    assert json.loads(metadata[b"stormlab"])["command"] == (
        "stormlab sweep plain --vary network.latency_s=0.01,0.02 --replications 2 --seed 0"
    )


def test_a_wider_sweep_runs_only_what_is_new(
    sweep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, seeds = replications.Job.__call__, []

    def counted(job: Any) -> Any:
        seeds.append(job.seed)
        return work(job)

    monkeypatch.setattr(replications.Job, "__call__", counted)
    sweep("--figure", "attempts")
    again = sweep("--figure", "attempts", "--replications", "3")
    assert "6 runs, 4 already there" in again.err
    assert seeds == [0, 0, 1, 1, 2, 2]
    widened = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    fresh = tmp_path / "fresh"
    sweep("--figure", "attempts", "--replications", "3", "--out", str(fresh))
    assert {path.name: path.read_bytes() for path in fresh.iterdir()} == widened
    narrower = sweep("--figure", "attempts")
    assert "2 runs that this sweep does not ask for are kept in" in narrower.err


def test_the_number_of_processes_changes_nothing(sweep: Any, tmp_path: Path) -> None:
    options = ("--figure", "attempts", "--replications", "3")
    sweep(*options)
    sweep(*options, "--jobs", "2", "--out", str(tmp_path / "two"))
    for path in (tmp_path / "out").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_json_holds_every_figure_of_every_cell(sweep: Any) -> None:
    ended = sweep("--json", "--quiet")
    assert ended.err == ""
    document = json.loads(ended.out)
    assert [each["cell"] for each in document["cells"]] == [
        {"network.latency_s": 0.01},
        {"network.latency_s": 0.02},
    ]
    figure = document["cells"][0]["figures"]["time_to_data_s_median"]
    assert figure["ci95"][0] < figure["mean"] < figure["ci95"][1]
    assert document["seeds"] == [0, 1]


def interrupted(error: BaseException, after: int) -> Any:
    real = replications.replicate_as_completed

    def stopped(*arguments: Any) -> Iterator[Any]:
        results = real(*arguments)
        for _ in range(after):
            yield next(results)
        raise error

    return stopped


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    sweep: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop = interrupted(KeyboardInterrupt(), 3)
        patch.setattr("stormlab.sweep.work.replicate_as_completed", stop)
        ended = sweep()
    assert (ended.code, ended.out) == (130, "")
    assert ended.err.splitlines()[-1] == (
        "stormlab: stopped; 3 of 4 runs are kept; run the same command to go on"
    )
    assert names(tmp_path / "out") == [".units.partial"]
    assert "4 runs, 3 already there" in sweep().err


@pytest.mark.parametrize("place", ["note", "_work", "_files", "_publish"])
def test_ctrl_c_is_heeded_from_the_first_word_to_the_last(
    sweep: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    real = getattr(module, place)

    def interrupting(*arguments: Any, **options: Any) -> Any:
        if place == "note" and not arguments[0].startswith("sweep of "):
            return real(*arguments, **options)
        real(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, place, interrupting)
    ended = sweep()
    assert (ended.code, ended.out) == (130, "")
    kept = 0 if place == "note" else 4
    assert ended.err.splitlines()[-1] == (
        f"stormlab: stopped; {kept} of 4 runs are kept; run the same command to go on"
    )


def test_a_worker_that_dies_is_a_line(sweep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = interrupted(ReplicationError("a worker process ended"), 1)
    monkeypatch.setattr("stormlab.sweep.work.replicate_as_completed", stop)
    ended = sweep("--quiet")
    assert ended.code == 2
    assert ended.err.splitlines() == [
        "stormlab: a worker process ended; 1 of 4 runs are kept; run the same command to go on"
    ]


def test_a_full_disk_is_a_line_and_leaves_what_was_done(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.fsync, [2]

    def full(file: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ended = sweep("--quiet")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "cannot keep a finished run: No space left on device; 2 of 4 runs are kept" in ended.err
    assert "4 runs, 2 already there" in sweep().err


def test_a_folder_that_cannot_be_written_is_a_line(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    complaint = sweep().complaint
    assert complaint.endswith(".units.partial: cannot be made: Read-only file system")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--vary", "network.latency_s=1"), "--vary network.latency_s: given twice"),
        (("--vary", "page.jitter_s=-1"), "page.jitter_s=-1: page.jitter_s: found -1; allowed: at"),
        (("--replications", "0"), "0 is not in the range"),
        (("--seed", str(2**53 - 2), "--replications", "3"), "too large for 3 replications"),
        (("--out", ""), "--out: found no name"),
    ],
)
def test_bad_input_is_a_line_and_leaves_no_folder(
    sweep: Any, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in sweep(*arguments).complaint
    assert not (tmp_path / "out").exists()


def test_an_unknown_figure_is_said_after_the_first_run(sweep: Any) -> None:
    ended = sweep("--figure", "attemts", "--quiet")
    assert ended.code == 2
    assert "--figure attemts: no figure of these runs (did you mean 'attempts'?)" in ended.err
    assert "1 of 4 runs are kept" in ended.err


def test_without_scipy_it_says_so_before_it_runs(
    sweep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert "needs scipy" in sweep().complaint


def test_a_grid_that_no_picture_shows_gets_none(sweep: Any, tmp_path: Path) -> None:
    keys = ("server.workers=1:3:1", "page.jitter_s=0,1", "page.hook=fixed,defer,plain")
    axes = [word for key in keys for word in ("--vary", key)]
    ended = sweep(*axes, "--vary", "react.strict_mode=true,false", "--replications", "1")
    assert ended.code == 0
    assert "no picture: network.latency_s x " in ended.err
    assert names(tmp_path / "out") == ["results.parquet", "summary.csv", "summary.md"]


def test_it_is_a_command() -> None:
    assert group.BUILT_IN["sweep"] == "stormlab.cli.sweep:sweep"
