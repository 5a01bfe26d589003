"""The tables of ``docs/application.md`` and the command that writes them."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from stormlab_models.doc_tables import blocks, rewritten
from stormlab_models.tac_webbuilder import application_doc
from stormlab_models.tac_webbuilder.application_doc import main
from stormlab_models.tac_webbuilder.application_tables import TABLES

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
TEXT = "# Title\n<!-- table: one -->\nstale\n<!-- end -->\n"
NEW = {"one": lambda: "| 1 |\n|---|"}


def test_the_documentation_holds_every_table_once_and_is_kept_as_it_is() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    stored = blocks(text)
    assert list(stored) == list(TABLES)
    assert rewritten(text, {name: partial(str, table) for name, table in stored.items()}) == text


def test_the_command_rewrites_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application_doc, "TABLES", NEW)
    document = tmp_path / "document.md"
    document.write_text(TEXT, encoding="utf-8")
    result = CliRunner().invoke(main, [str(document)])
    assert (result.exit_code, result.output) == (0, "")
    assert document.read_text(encoding="utf-8") == rewritten(TEXT, NEW)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory"),
        (b"\xff", "not a text file (byte 0 is not UTF-8)"),
        (b"<!-- table: tables -->\n<!-- end -->\n", "table: found tables; allowed: changes, "),
    ],
)
def test_a_document_that_cannot_be_rewritten_stays_as_it_is(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    document = tmp_path / "document.md"
    if content is not None:
        document.write_bytes(content)
    command = [sys.executable, "-m", application_doc.__name__, str(document)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"stormlab: {document}: {message}")
    assert result.stderr.count("\n") == 1
    assert (document.read_bytes() if document.exists() else None) == content
