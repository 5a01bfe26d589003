"""The folder of a comparison: complete, and nothing else's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab import columns
from stormlab.cli.compare_folder import checked
from stormlab.store import Store, partial_folder

Command = Callable[..., Any]


def test_out_gets_report_pictures_and_every_run(comparing: Command, tmp_path: Path) -> None:
    place = tmp_path / "new" / "result"
    ended = comparing("phoenix", "aws-full-jitter", "--out", place)
    assert ended.code == 0
    names = {entry.name for entry in place.iterdir()}
    assert {"comparison.json", "results.parquet", "report.md", "index.html"} <= names
    assert any(name.endswith(".svg") for name in names)
    assert ended.err == f"wrote {place}: {', '.join(sorted(names))}\n"
    found, metadata = columns.read(place / "results.parquet")
    assert found["policy"] == ["phoenix"] * 4 + ["aws-full-jitter"] * 4
    assert metadata["command"] == json.loads((place / "comparison.json").read_text())["command"]
    assert not partial_folder(place).exists()
    assert checked(str(place)) == place


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_the_results_are_written_and_that_is_said(
    comparing: Command, tmp_path: Path
) -> None:
    place = tmp_path / "out"
    ended = comparing("phoenix", "--out", place)
    assert ended.code == 0
    assert "no report: pictures need matplotlib" in ended.err
    results = ["comparison.json", "results.parquet"]
    assert sorted(entry.name for entry in place.iterdir()) == results


@pytest.mark.usefixtures("without_matplotlib")
def test_an_earlier_comparison_is_replaced_with_all_its_files(
    comparing: Command, tmp_path: Path
) -> None:
    place = tmp_path / "out"
    place.mkdir()
    for name in ("report.md", "socket-states.svg", "results.npz"):
        (place / name).touch()
    with Store(partial_folder(place)) as store:
        store.keep("0" * 32, {"of": "another comparison"})
    assert comparing("phoenix", "--out", place).code == 0
    results = ["comparison.json", "results.parquet"]
    assert sorted(entry.name for entry in place.iterdir()) == results


def test_a_folder_of_something_else_is_left_alone(comparing: Command, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    (place / "thesis.tex").touch()
    assert "holds 'thesis.tex', of no comparison" in comparing("phoenix", "--out", place).complaint
    assert "is a file" in comparing("phoenix", "--out", place / "thesis.tex").complaint
