"""Only what stands between a table's comments is rewritten, and bad comments are named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab_models.doc_tables import DocumentError, blocks, kept, rewritten

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


def test_a_table_of_another_command_is_kept(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("<!-- table: other -->\n\nas it is\n\n<!-- end -->\n", encoding="utf-8")
    assert kept(document, "other")() == "as it is"
