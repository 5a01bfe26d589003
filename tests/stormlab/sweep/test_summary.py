"""What is said of each cell."""

import csv
import io
import math
from typing import Any

import pytest

from stormlab.statistics import mean_interval
from stormlab.sweep import Results, Summary, summarised
from stormlab.sweep.summary import as_csv, as_markdown, rows, telling

NAN = math.nan


def made(**figures: list[float]) -> Results:
    columns: dict[str, list[Any]] = {"key": ["a"] * 3 + ["b"] * 3, "seed": [0, 1, 2] * 2, **figures}
    metadata = {"scenario": "plain", "seeds": [0, 2], "stormlab": "1", "command": "stormlab ..."}
    return Results(("key",), tuple(figures), columns, metadata)


def test_a_mean_has_the_interval_of_its_cell() -> None:
    results = made(x=[1.0, 2.0, 4.0, 5.0, 5.0, 5.0])
    first, second = summarised(results, 3)
    expected = mean_interval([1.0, 2.0, 4.0])
    assert (first.point, first.figure, first.runs, first.applies) == (("a",), "x", 3, 3)
    assert (first.mean, first.low, first.high) == (expected.value, expected.low, expected.high)
    assert (second.mean, second.low, second.high) == (5.0, 5.0, 5.0)
    assert second.text == "5"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0, 3.0], "2 [-0.4841, 4.484]"),
        ([1.0, NAN, 1.0], "1 (2 of 3)"),
        ([1.0, NAN, 2.0], "1.5 [-4.853, 7.853] (2 of 3)"),
        ([1.0, NAN, NAN], "1 (1 of 3)"),
        ([NAN, NAN, NAN], "\N{EN DASH}"),
        ([1.0, math.inf, 2.0], "never in 1 of 3"),
        ([2000.0, 2000.0, 2000.0], "2,000"),
    ],
)
def test_a_cell_says_what_is_to_be_known(values: list[float], text: str) -> None:
    assert summarised(made(x=values * 2), 3)[0].text == text


def test_figures_that_differ_are_shown_first() -> None:
    results = made(
        same=[1.0] * 6, x=[1.0] * 3 + [2.0] * 3, y=[NAN] * 3 + [2.0] * 3, z=[1.0, 2, 3, 2, 2, 2]
    )
    summaries = summarised(results, 3)
    assert telling(summaries, results.figures) == ("x", "y", "z")
    assert telling(summaries[:1], ["same"]) == ("same",)


def test_the_table_has_a_row_per_cell() -> None:
    results = made(x=[1.0] * 3 + [2.0] * 3, y=[3.0] * 6)
    headings, body = rows(results, summarised(results, 3), ["y", "x"])
    assert headings == ["key", "y", "x"]
    assert body == [["a", "3", "1"], ["b", "3", "2"]]


def test_the_csv_is_exact_and_the_page_says_how_it_was_made() -> None:
    results = made(x=[0.1, 0.2, 0.3, math.inf, 1.0, 1.0])
    summaries: list[Summary] = summarised(results, 3)
    table = list(csv.DictReader(io.StringIO(as_csv(results, summaries))))
    assert float(table[0]["mean"]) == summaries[0].mean
    assert float(table[0]["ci95_low"]) == summaries[0].low
    assert (table[1]["mean"], table[1]["never"], table[1]["runs"]) == ("", "1", "3")
    page = as_markdown(results, summaries, ["x"], "results.parquet")
    assert "2 cells, 3 runs each (seeds 0 to 2)" in page
    assert "| b | never in 1 of 3 |" in page
    assert "$ stormlab ...\n" in page
