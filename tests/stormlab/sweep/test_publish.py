"""The folder of a finished sweep: only whole files, and no run lost."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from stormlab.store import Store, StoreError, partial_folder
from stormlab.sweep import Known, Results, SweepError, checked, known_runs, plan, publish, writer
from stormlab.sweep.publish import Writer

ONE = {"summary.md": lambda path: path.write_text("one") and None}


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def put(out: Path, planned: Any, known: Known, **options: bool) -> int:
    name, write, _ = writer(Results.of(planned, ""))
    files: dict[str, Writer] = {name: write, **ONE}
    with Store(partial_folder(out)) as store:
        return publish(out, files, store, planned, known, **options)


def test_only_final_files_stand_in_a_finished_folder(out: Path, done: Any) -> None:
    planned = done("network.latency_s=0.01,0.02")
    with Store(partial_folder(out)) as store:
        for key, figures in planned.done.items():
            store.keep(key, figures)
    (out / "sweep-of_another_figure.svg").touch()
    (out / "results.npz").touch()
    assert put(out, planned, Known()) == 0
    assert names(out) == ["results.parquet", "summary.md"]


def test_units_are_kept_when_asked_for(out: Path, done: Any) -> None:
    planned = done("network.latency_s=0.01,0.02")
    assert put(out, planned, Known(), keep_units=True) == 4
    store = Store(partial_folder(out))
    assert store.keys() == planned.done.keys()
    assert names(out) == [".units.partial", "results.parquet", "summary.md"]


def test_a_narrower_sweep_loses_no_run_of_a_wider_one(out: Path, done: Any) -> None:
    wide, narrow = done("network.latency_s=0.01,0.02"), done("network.latency_s=0.01")
    put(out, wide, Known())
    assert put(out, narrow, known_runs(out)) == 2
    with Store(partial_folder(out)) as store:
        again = plan(wide.sweep, store, known_runs(out).runs)
        assert again.missing == []
    put(out, again, known_runs(out))
    assert names(out) == ["results.parquet", "summary.md"]


def test_runs_of_other_code_are_not_kept_for_ever(out: Path, done: Any) -> None:
    wide, narrow = done("network.latency_s=0.01,0.02"), done("network.latency_s=0.01")
    put(out, wide, Known())
    old = Known(known_runs(out).runs, {"stormlab": "older"})
    assert put(out, narrow, old) == 0


def test_a_full_disk_leaves_what_was_there(
    out: Path, done: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = done("network.latency_s=0.01,0.02")
    put(out, planned, Known())
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, Store(partial_folder(out)) as store:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(StoreError, match=r"out: cannot be written: No space left on device$"):
            publish(out, ONE, store, planned, Known())
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    assert checked(str(tmp_path / "new")) == tmp_path / "new"
    (tmp_path / ".units.partial").mkdir()
    (tmp_path / "sweep-attempts.svg").touch()
    assert checked(str(tmp_path)) == tmp_path
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(SweepError, match=r"holds 'thesis.doc', which no sweep wrote"):
        checked(str(tmp_path))
    with pytest.raises(SweepError, match="is a file"):
        checked(str(tmp_path / "thesis.doc"))
    with pytest.raises(SweepError, match="found no name"):
        checked(" ")
