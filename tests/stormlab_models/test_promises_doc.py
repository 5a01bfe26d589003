from pathlib import Path

from click.testing import CliRunner

from stormlab.properties.promises import PROMISES
from stormlab.properties.promises.document import definitions, overview
from stormlab_models.promises_doc import main

PAGE = """# Promises

<!-- table: overview -->
{}<!-- end -->

Between them.

<!-- table: definitions -->
{}<!-- end -->
"""


def test_both_tables_are_written_between_their_comments(tmp_path: Path) -> None:
    page = tmp_path / "promises.md"
    page.write_text(PAGE.format("old\n", ""), encoding="utf-8")
    assert CliRunner().invoke(main, [str(page)]).exit_code == 0
    promises = dict(PROMISES)
    expected = PAGE.format(f"\n{overview(promises)}\n\n", f"\n{definitions(promises)}\n\n")
    assert page.read_text(encoding="utf-8") == expected


def test_a_page_without_tables_stays_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "promises.md"
    page.write_text("# Nothing\n", encoding="utf-8")
    assert CliRunner().invoke(main, [str(page)]).exit_code == 2
    assert page.read_text(encoding="utf-8") == "# Nothing\n"
