"""What is kept of a stopped run, and that a report appears whole or not at all."""

from pathlib import Path

import pytest

from stormlab_models.tac_webbuilder.reproduce.store import Store, code_hash


def test_finished_runs_survive_a_stop(tmp_path: Path) -> None:
    first = Store(tmp_path / "out")
    assert first.finished() == {}
    first.keep("abc/0", {"attempts": 8.0, "page_success": (8, 8), "delay_ratio": None})
    first.keep("abc/1", {"attempts": float("inf")})
    first.close()
    runs = Store(tmp_path / "out").finished()
    assert runs["abc/0"] == {"attempts": 8.0, "page_success": (8.0, 8.0), "delay_ratio": None}
    assert runs["abc/1"] == {"attempts": float("inf")}


def test_a_torn_line_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "out")
    store.keep("abc/0", {"attempts": 8.0})
    store.close()
    path = next(store.folder.iterdir())
    path.write_text(path.read_text() + '["abc/1", {"att')
    again = Store(tmp_path / "out")
    again.keep("abc/2", {"attempts": 9.0})
    again.close()
    assert set(again.finished()) == {"abc/0", "abc/2"}


def test_a_report_is_put_in_place_and_the_rest_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    store = Store(out)
    (out / "report.md").write_text("old")
    (out / "notes.txt").write_text("mine")
    made = store.folder / "made"
    made.mkdir()
    (made / "report.md").write_text("new")
    store.publish(made)
    assert (out / "report.md").read_text() == "new"
    assert (out / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_other_code_means_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "out")
    store.keep("abc/0", {"attempts": 8.0})
    store.close()
    assert len(code_hash()) == 16
    monkeypatch.setattr("stormlab_models.tac_webbuilder.reproduce.store.code_hash", lambda: "other")
    assert Store(tmp_path / "out").finished() == {}
