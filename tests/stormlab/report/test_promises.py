"""The matrix for people: signs and sums are right, and each broken cell leads to its world."""

import re

import pytest

from stormlab.check import Budget
from stormlab.judging import Cell, Matrix, Row, plan
from stormlab.judging.matrix import SIGNS
from stormlab.report.promises import markdown, page


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    few = Budget("few", {"bare": 4, "herd": 1, "fleet": 0}, 20, 2_000)
    planned = plan(["@microsoft/signalr", "aws-full-jitter"], few, "stormlab judge these")
    assert len(list(planned.work(None, 1))) == 2
    return planned.matrix


def row_of(text: str, name: str) -> list[str]:
    """The cells of a policy's row."""
    line = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
    return [part.strip() for part in line.strip("|").split("|")]


def test_a_row_has_a_sign_for_each_promise(matrix: Matrix) -> None:
    text = markdown(matrix)
    for row in matrix.rows:
        name, total, *signs = row_of(text, row.name)
        assert name == f"`{row.name}`"
        assert [sign.removesuffix("\\*") for sign in signs] == [
            SIGNS[row.cells[column.name]] for column in matrix.columns
        ]
        assert total == f"{row.count(Cell.BROKEN)} of {row.applying}"


def test_what_is_meant_so_is_starred_and_says_why(matrix: Matrix) -> None:
    remarked = {"first-retry-is-spread", "gives-up-as-declared"}
    text = markdown(matrix)
    _, _, *signs = row_of(text, "@microsoft/signalr")
    starred = {c.name for c, sign in zip(matrix.columns, signs, strict=True) if "*" in sign}
    assert starred == remarked
    assert text.count("; by design: ") == page(matrix).count("<p>By design: ") == len(remarked)
    assert text.count("\\*") == len(remarked) + 1  # and the legend
    again = Matrix.of([Row.from_figures(row.figures) for row in matrix.rows], "few", "")
    assert markdown(again).count("; by design: ") == len(remarked)


def test_every_breach_is_told_with_its_file(matrix: Matrix) -> None:
    text = markdown(matrix)
    files = re.findall(r"\]\((counterexamples/[^)]+)\)", text)
    assert len(files) == matrix.breaches > 0
    assert "counterexamples/@microsoft-signalr--first-retry-is-spread.json" in files


def test_every_broken_cell_leads_to_its_counterexample(matrix: Matrix) -> None:
    text = page(matrix)
    links = re.findall(r'href="#([^"]+)"', text)
    assert len(links) == matrix.breaches
    for link in links:
        assert text.count(f'id="{link}"') == 1
    assert text.count('class="breach"') == matrix.breaches


def test_the_page_loads_nothing_and_is_the_same_each_time(matrix: Matrix) -> None:
    text = page(matrix)
    assert text == page(matrix)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    assert "<script" not in text
    assert text.count("<td") == len(matrix.columns) * 4 + 4 + len(matrix.columns) * 4


def test_a_policy_has_a_heading_that_a_link_can_name(matrix: Matrix) -> None:
    assert '<h3 id="microsoft-signalr-10-0-11">' in page(matrix)
