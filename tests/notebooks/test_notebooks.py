"""Each notebook runs in a copy of its own, and its text outputs are those that are stored."""

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import nbclient
import pytest

nbformat: Any = import_module("nbformat")  # its functions are not typed

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
SIZE_MAX_BYTES = 400_000
TIMEOUT_S = 120  # of a cell, on a busy machine
# 15 s or more
SLOW = {
    "04-choosing-a-policy",
    "05-reading-the-statistics",
    "06-bring-your-own-policy",
    "07-your-own-client",
}
OF_REAL_CODE = {"07-your-own-client"}


def of_each(paths: list[Path], slow: set[str]) -> pytest.MarkDecorator:
    """A test for each notebook; those named ``slow`` run only with the other slow tests."""
    marked = [
        pytest.param(path, marks=pytest.mark.slow if path.stem in slow else ()) for path in paths
    ]
    return pytest.mark.parametrize("path", marked, ids=[path.stem for path in paths])


each_run = of_each(NOTEBOOKS, SLOW)
each_notebook = of_each(NOTEBOOKS, set())


def texts(book: Any) -> list[tuple[int, str]]:
    """Every text that a cell printed or showed, by cell; pictures are not compared.

    What a cell prints arrives in pieces, cut by the time that it takes.
    """
    found: list[tuple[int, str]] = []
    for number, cell in enumerate(book.cells):
        printing = False
        for output in cell.get("outputs", []):
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            if printing and output.output_type == "stream":
                found[-1] = number, found[-1][1] + text
            else:
                found.append((number, f"{output.output_type}: {text}"))
            printing = output.output_type == "stream"
    return found


def executed(path: Path, folder: Path) -> Any:
    """The notebook after a run in ``folder``."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    place = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(book, timeout=TIMEOUT_S, resources=place).execute()
    return book


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 6
    assert {path.stem for path in NOTEBOOKS} >= SLOW


@each_run
@pytest.mark.filterwarnings("default")  # the kernel's libraries warn about their own future
def test_a_notebook_gives_its_stored_text(path: Path, tmp_path: Path) -> None:
    stored = texts(nbformat.read(path, as_version=4))
    assert stored, "no outputs are stored: make notebooks"
    if path.stem in OF_REAL_CODE and (shutil.which("npm") is None or shutil.which("node") is None):
        pytest.skip("needs Node.js 18 or newer with npm on PATH: https://nodejs.org")
    assert texts(executed(path, tmp_path)) == stored


@each_notebook
def test_a_notebook_is_small_and_was_run_from_top_to_bottom(path: Path) -> None:
    assert path.stat().st_size <= SIZE_MAX_BYTES
    book = nbformat.read(path, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)


def test_what_is_printed_in_pieces_is_one_text() -> None:
    pieces = [nbformat.v4.new_output("stream", text=text) for text in ("a", "\n", "b\n")]
    cell = nbformat.v4.new_code_cell("print('a'); print('b')", outputs=pieces)
    assert texts(nbformat.v4.new_notebook(cells=[cell])) == [(0, "stream: a\nb\n")]


def test_a_changed_text_is_found(tmp_path: Path) -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1 + 1)")])
    path = tmp_path / "book.ipynb"
    nbformat.write(book, path)
    run = executed(path, tmp_path)
    assert texts(run) == [(0, "stream: 2\n")]
    run.cells[0].outputs[0].text = "3\n"
    assert texts(run) != texts(executed(path, tmp_path))
