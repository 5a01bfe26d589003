"""Rows of the table: what is published, ours, what is allowed."""

import math
from typing import Any

import pytest

from stormlab_models.published.cases import Case, Check
from stormlab_models.published.evaluate import CaseResult, Outcome
from stormlab_models.published.judge import judge
from stormlab_models.published.wording import digits, row, summary, with_error


def outcome(values: list[float], reference: float, **tolerance: Any) -> Outcome:
    statistic = "median" if tolerance["rule"] == "order-statistics" else "mean"
    document = {"figure": "x", "statistic": statistic, "reference": reference}
    check = Check.model_validate(document | {"tolerance": tolerance})
    return Outcome("a run", "x", judge(check, values), check)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.000123456, "0.00012346"),
        (4.379, "4.379"),
        (121.78, "121.78"),
        (26000.0, "26,000"),
        (63248.26, "63,248"),
        (-2.5, "-2.5"),
        (math.inf, "never"),
        (math.nan, "?"),
    ],
)
def test_a_number_has_five_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (812.84, 0.3571, "812.84 ± 0.36"),
        (63248.2, 182.3, "63,248 ± 182"),
        (0.98871, 0.0017, "0.9887 ± 0.0017"),
        (10.0, 0.0, "10"),
        (1.0, 1e-9, "1.0000000 ± 0.0000000"),
        (math.inf, math.inf, "never ± ?"),
    ],
)
def test_a_value_goes_as_far_as_its_error(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


@pytest.mark.parametrize(
    ("tolerance", "published", "allowed"),
    [
        ({"rule": "errors", "se": 1.0}, "10.0 ± 1.0", "6.3258 to 13.674"),
        ({"rule": "errors", "runs": 40}, "10 (40 runs)", "7.75 to 12.25"),
        ({"rule": "percent", "percent": 30}, "10 ± 30 %", "7 to 13"),
        ({"rule": "offset", "low": -4, "high": 3}, "10 and -4 to 3", "6 to 13"),
        ({"rule": "offset", "low": -4, "high": -1}, "10 less 1 to 4", "6 to 9"),
    ],
)
def test_a_row_says_what_is_allowed(tolerance: Any, published: str, allowed: str) -> None:
    found = row(outcome([8.0, 9.0, 10.0, 11.0, 12.0], 10, **tolerance))
    assert found[:5] == ("a run", "x", published, "10.00 ± 0.71", allowed)


def test_a_median_shows_its_interval() -> None:
    found = row(outcome([float(i) for i in range(101)], 50, rule="order-statistics", half_width=1))
    assert found[2:] == ("50.0 ± 1.0", "50 [37, 63]", "36 to 64", "100 %", "inside")


def test_measured_runs_are_held_against_the_middle_of_ours() -> None:
    found = row(outcome([float(i) for i in range(100)], 50, rule="spread"))
    assert found[2:5] == ("50", "95 % of runs: 2 to 97", "2 to 97")


def test_an_order_shows_the_means_and_the_least_step(ten_clients: Case) -> None:
    judgement = outcome([5.0, 6.0], 5, rule="errors", se=1).judgement
    text = row(Outcome("a < b", "calls", judgement, None, (1.0, 2.0)))
    assert text[2:5] == ("in this order", "1 < 2", "steps > 3 se, least 5.5")
    text = row(Outcome("a < b", "calls", judgement, None, (1.0, 2.0), 0.5))
    assert text[2] == "below 0.5 times"
    assert summary(CaseResult(ten_clients, [])) == "0 comparisons: 0 inside"


def test_a_summary_counts_verdicts(ten_clients: Case) -> None:
    values = [8.0, 9.0, 10.0, 11.0, 12.0]
    outcomes = [
        outcome(values, 10, rule="errors", se=0),
        outcome(values, 99, rule="errors", se=0),
        outcome(values, 10, rule="percent", percent=1),
    ]
    found = summary(CaseResult(ten_clients, outcomes))
    assert found == "3 comparisons: 1 inside, 1 outside, 1 undecided"
