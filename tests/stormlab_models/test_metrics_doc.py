from pathlib import Path

import pytest
from click.testing import CliRunner

from stormlab.recovery.document import definitions
from stormlab_models.metrics_doc import main

PAGE = "# Figures\n\n<!-- table: definitions -->\n{}<!-- end -->\n\nThe rest.\n"


def test_the_definitions_are_written_between_their_comments(tmp_path: Path) -> None:
    page = tmp_path / "metrics.md"
    page.write_text(PAGE.format("old\n"), encoding="utf-8")
    assert CliRunner().invoke(main, [str(page)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == PAGE.format(f"\n{definitions()}\n\n")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"# Nothing\n", "definitions"), (b"\xff", "not a text file"), (None, "No such file")],
)
def test_a_page_that_cannot_be_rewritten_stays_as_it_is(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    page = tmp_path / "metrics.md"
    if content is not None:
        page.write_bytes(content)
    run = CliRunner().invoke(main, [str(page)])
    assert run.exit_code == 2
    assert complaint in run.output
    assert content is None or page.read_bytes() == content
