"""docs/selftest.md holds the table of every planted fault."""

from pathlib import Path

from stormlab.selftest.hunt import Discovery, Result, Search
from stormlab_models.doc_tables import blocks, rewritten
from stormlab_models.planted import PLANTED
from stormlab_models.planted_doc import tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "selftest.md"


def _stored() -> list[str]:
    return blocks(DOCUMENT.read_text(encoding="utf-8"))["discovery"].splitlines()


def test_the_stored_table_has_every_planted_fault_and_says_that_all_is_well() -> None:
    """A new fault is in the table only when the command was run again."""
    names = {line.split("`")[1] for line in _stored() if line.startswith("| `")}
    assert names == {fault.name for fault in PLANTED}
    told = " ".join(_stored())
    count = len(PLANTED)
    assert f"{count} of {count} planted faults found in nine of ten seeds; 0 false" in told


def test_one_table_is_written_and_the_other_kept(tmp_path: Path) -> None:
    document = tmp_path / "selftest.md"
    text = (
        "a\n<!-- table: discovery -->\n<!-- end -->\n<!-- table: mutants -->\nold\n<!-- end -->\n"
    )
    document.write_text(text, encoding="utf-8")
    fault = PLANTED[0]
    hunt = Result(Search(fault, 0, "ci"), (fault.promise,), 3, 0.1, 1, 1)
    made = rewritten(text, tables(document, [Discovery(fault, (hunt,))]))
    assert f"| `{fault.name}` |" in blocks(made)["discovery"]
    assert blocks(made)["mutants"] == "old"
    assert made.startswith("a\n")
