"""The folder of a matrix holds that matrix and nothing else."""

import json
from pathlib import Path

import pytest

from stormlab.judging import JudgingError, Matrix
from stormlab.judging.folder import checked, write


def written(matrix: Matrix, place: Path) -> dict[str, bytes]:
    """Every file of the folder after writing."""
    write(matrix, place, {"matrix.md": "text\n"})
    files = (path for path in sorted(place.rglob("*")) if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def test_a_matrix_is_written_whole_and_the_same_each_time(small: Matrix, tmp_path: Path) -> None:
    files = written(small, tmp_path / "one")
    assert files == written(small, tmp_path / "two") == written(small, tmp_path / "one")
    breaches = sum(len(row.breaches) for row in small.rows)
    assert set(files) >= {"matrix.json", "matrix.md"}
    assert len(files) == breaches + 2
    assert "counterexamples/graphql-ws--gives-up-as-declared.json" in files
    assert json.loads(files["matrix.json"]) == small.document


def test_what_an_earlier_matrix_left_goes(small: Matrix, tmp_path: Path) -> None:
    written(small, tmp_path)
    (tmp_path / "index.html").touch()
    (tmp_path / "counterexamples" / "old.json").touch()
    assert not {"index.html", "counterexamples/old.json"} & set(written(small, tmp_path))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(JudgingError, match=r"holds 'notes\.txt', of no matrix"):
        checked(str(tmp_path))
    with pytest.raises(JudgingError, match="is a file"):
        checked(str(tmp_path / "notes.txt"))
    with pytest.raises(JudgingError, match="found no name"):
        checked(" ")
    assert checked(str(tmp_path / "new")) == tmp_path / "new"
