"""Only what stands between a table's comments is rewritten, and bad comments are named."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from stormlab_models.tac_webbuilder import application_doc
from stormlab_models.tac_webbuilder.application_doc import DocumentError, blocks, main, rewritten
from stormlab_models.tac_webbuilder.application_tables import TABLES

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "application.md"
TEXT = """\
# Title
<!-- table: one -->
stale
<!-- end -->
between  two

<!-- table: two -->
<!-- end -->
the end, without a line break"""
NEW: dict[str, Callable[[], str]] = {
    "one": lambda: "| 1 |\n|---|",
    "two": lambda: "first\n\nsecond",
}


def test_only_the_tables_change() -> None:
    assert rewritten(TEXT, NEW) == TEXT.replace("stale", "\n| 1 |\n|---|\n").replace(
        "two -->\n", "two -->\n\nfirst\n\nsecond\n\n"
    )


def test_a_second_time_changes_nothing() -> None:
    once = rewritten(TEXT, NEW)
    assert rewritten(once, NEW) == once
    assert blocks(once) == {name: make() for name, make in NEW.items()}


def test_the_documentation_holds_every_table_once_and_is_kept_as_it_is() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    stored = blocks(text)
    assert list(stored) == list(TABLES)
    assert rewritten(text, {name: partial(str, table) for name, table in stored.items()}) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- table: one -->\n", "table one: found no <!-- end --> after it"),
        ("a\n<!-- end -->\n", "line 2: found an end; allowed: after the begin of a table"),
        (
            "<!-- table: one -->\n<!-- table: two -->\n",
            "line 2: found <!-- table: two -->; allowed: first the end of one",
        ),
        (
            "<!-- table: one -->\n<!-- end -->\n<!-- table: one -->\n",
            "line 3: table one: found a second time",
        ),
        (
            "<!-- table: three -->\n<!-- end -->\n",
            "table: found three; allowed: one, two",
        ),
        ("<!-- table: one -->\n<!-- end -->\n", "table: missing: two"),
    ],
)
def test_bad_comments_are_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        rewritten(text, NEW)
    assert str(refused.value) == message


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
