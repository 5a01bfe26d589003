"""What the report says: no more than the statistics do."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from stormlab.compare import Comparison, Summary
from stormlab.report.comparison_text import answer, figure_text, heading, matrix, values
from stormlab.report.page import render_markdown
from stormlab.report.words import prose
from stormlab.statistics import Interval

Make = Callable[..., Comparison]
WOBBLE = [0.1 * (k % 4) for k in range(14)]


def report(comparison: Comparison, command: str = "") -> str:
    return render_markdown(
        "stormlab.report",
        "comparison.md.jinja",
        **values(comparison, command),
        figures=[],
        filters={"prose": prose},
    )


def test_the_first_sentence_says_who_is_better_in_what(comparison: Comparison) -> None:
    assert answer(comparison) == (
        "`quick` is better than every other in t99; `calm` is better than every other in peak/s."
    )
    assert heading(comparison) == "Three reconnect policies: A crash with an outage of 4 s"


def test_equal_policies_get_no_winner(make_comparison: Make) -> None:
    text = answer(make_comparison({"a": [10 + w for w in WOBBLE], "b": [10 + w for w in WOBBLE]}))
    assert text == "In t99 and peak/s no policy is ahead beyond noise at this precision."


def test_two_that_lead_together_are_both_named(make_comparison: Make) -> None:
    text = answer(
        make_comparison(
            {
                "a": [10 + w for w in WOBBLE],
                "b": [10 + w for w in reversed(WOBBLE)],
                "c": [20 + w for w in WOBBLE],
            }
        )
    )
    assert text.startswith("`a` and `b` lead together in t99; in peak/s no policy is ahead")


def test_of_two_one_is_better_than_the_other(make_comparison: Make) -> None:
    text = answer(make_comparison({"a": [10 + w for w in WOBBLE], "b": [20 - w for w in WOBBLE]}))
    assert text.startswith("`a` is better than the other in t99;")


def test_one_policy_is_compared_with_nothing(make_comparison: Make) -> None:
    alone = make_comparison({"a": [10.0, 11.0]})
    assert "nothing to compare" in answer(alone)
    assert "## Verdicts" not in report(alone)


def test_a_good_figure_does_not_hide_clients_that_are_lost(comparison: Comparison) -> None:
    lost = Summary("mean", Interval(7, 7, 7, 14), 14, 14, 0.0)
    none = Summary("mean", Interval(0, 0, 0, 14), 14, 14, 0.0)
    policies = [replace(each, lost=none) for each in comparison.policies]
    policies[1] = replace(policies[1], lost=lost)
    told = answer(replace(comparison, policies=tuple(policies)))
    assert told.endswith("in peak/s. `calm` loses 7 clients for good.")


def test_a_unit_in_a_heading_is_not_said_twice(comparison: Comparison) -> None:
    named = replace(comparison, key={"reconnect_s_p99": "t99 s", "attempts_per_s_peak": "peak/s"})
    assert values(named, "")["headings"] == ["t99, s ↓", "peak/s, attempts ↓"]
    assert "in t99;" in answer(named)


def test_nobody_is_told_to_ship_anything(comparison: Comparison) -> None:
    assert " ship " not in report(comparison).lower()


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (None, "–"),  # noqa: RUF001  an en dash
        (Summary("mean", Interval(63.21, 62.9, 63.5, 9), 9, 9, 0.5), "63.21 [62.90, 63.50]"),
        (Summary("mean", Interval(5, 5, 5, 9), 9, 9, 0.0), "5"),
        (Summary("mean", Interval(5.25, -math.inf, math.inf, 1), 1, 1, None), "5.25"),
        (
            Summary("median", Interval(80, 70, math.inf, 9), 9, 7, None),
            "80 (median; never in 2 of 9 runs)",
        ),
        (
            Summary("median", Interval(math.inf, 70, math.inf, 9), 9, 3, None),
            "never (median; never in 6 of 9 runs)",
        ),
        (Summary("median", Interval(math.inf, math.inf, math.inf, 9), 9, 0, None), "never"),
    ],
)
def test_a_figure_stands_with_its_interval(summary: Summary | None, text: str) -> None:
    assert figure_text(summary) == text


def test_the_matrix_counts_verdicts_both_ways(comparison: Comparison) -> None:
    rows = matrix(comparison)
    assert rows[0] == ["`quick`", "–", "1 better, 1 worse", "1 better, 1 ≈"]  # noqa: RUF001
    assert rows[1][1] == "1 better, 1 worse"


def test_every_pair_has_its_verdict_and_difference(comparison: Comparison) -> None:
    text = report(comparison)
    assert "| `calm` against `quick` | **worse** +100" in text
    assert "The 6 comparisons are one family" in text


def test_censoring_and_missing_means_are_told(comparison: Comparison) -> None:
    text = report(comparison)
    assert "`lost`: 140 of 280 sockets that lost their connection (50 %) were not back" in text
    assert (
        "`lost`: some run never reached t99; no mean exists, so the table has the median." in text
    )
    assert "lost: the service collapses 50 %" in text


def test_all_back_is_told_too(make_comparison: Make) -> None:
    text = report(make_comparison({"a": [10.0, 11.0], "b": [12.0, 13.0]}))
    assert "Every socket that lost its connection was back by the end of every run." in text


def test_figures_are_defined_with_formula_and_limits(comparison: Comparison) -> None:
    text = report(comparison)
    assert "**t99**: Time to reconnect, p99; in s (`reconnect_s_p99`)." in text
    assert "Formula: `max over k of" in text


def test_without_a_command_none_is_made_up(comparison: Comparison) -> None:
    assert "The same again" not in report(comparison)


@pytest.mark.parametrize("odd", ["a|b", "<script>x</script>", "[x](y)", "`q`", "@team/x *y*"])
def test_odd_names_break_nothing(make_comparison: Make, odd: str) -> None:
    text = report(make_comparison({odd: [10 + w for w in WOBBLE], "b": [20 - w for w in WOBBLE]}))
    page = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script>" not in page
    assert "<a " not in page
    first = next(line for line in text.splitlines() if line.startswith("| policy | t99"))
    columns = first.count("|")
    table = text.split(first)[1].split("\n\n")[0].strip().splitlines()
    assert all(line.replace("\\|", "").count("|") == columns for line in table)
    shown = odd.replace("<", "&lt;").replace(">", "&gt;")
    assert f"<td><code>{shown}</code></td>" in page
