"""The page of published results: one section per case, written from the data."""

from pathlib import Path

from stormlab_models.published.cases import Case, built_in_cases
from stormlab_models.published.evaluate import evaluate
from stormlab_models.published.page import INTRODUCTION, page

STORED = Path(__file__).resolve().parents[3] / "docs" / "published.md"


def test_a_page_has_a_section_and_a_row_for_each_comparison(ten_clients: Case) -> None:
    results = evaluate([ten_clients], quick=True, workers=1)
    text = page(results, quick=True, seed=1)
    assert "## X1" in text
    assert ten_clients.source in text
    assert all(f"- {trap}" in text for trap in ten_clients.respected)
    assert "5 comparisons: 5 inside" in text
    assert sum(line.startswith(("| full |", "| none |")) for line in text.splitlines()) == 4
    assert "| full < none | calls | in this order |" in text
    assert not text.endswith("\n")


def test_the_stored_page_is_of_these_cases() -> None:
    """Its figures come from a run of minutes; everything else must be what the data says."""
    text = STORED.read_text(encoding="utf-8")
    assert text.startswith(INTRODUCTION.splitlines()[0])
    headings = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Summary", *(case.id for case in built_in_cases())]
    for case in built_in_cases():
        assert f"**{case.title}.**" in text
        assert case.remark in text
        assert all(f"- {trap}\n" in text for trap in case.respected)
        assert all(f"| {run.name} | {run.check[0].figure}" in text for run in case.run)


def test_the_stored_page_says_that_all_is_inside() -> None:
    text = STORED.read_text(encoding="utf-8")
    assert "outside |" not in text
    assert "undecided |" not in text
    assert "quick" not in text.split("## Summary")[1].split("|")[0]
