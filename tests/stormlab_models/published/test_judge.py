"""The judge must be able to say each of its three words, by every rule."""

import math
from typing import Any

import numpy as np
import pytest

from stormlab.draws import UNIT_BITS, Draws
from stormlab_models.published.cases import Check, Order
from stormlab_models.published.judge import (
    Judgement,
    half_width_of,
    judge,
    judge_order,
    with_family,
)

FIVE = [8.0, 9.0, 10.0, 11.0, 12.0]  # mean 10, sd 1.58, standard error .7071


def check(rule: str, reference: float, statistic: str = "mean", **tolerance: Any) -> Check:
    document = {"figure": "x", "statistic": statistic, "reference": reference}
    if statistic == "quantile":
        document["p"] = tolerance.pop("p")
    return Check.model_validate(document | {"tolerance": {"rule": rule, **tolerance}})


def spread_values(count: int, low: float, high: float) -> list[float]:
    return [float(value) for value in np.linspace(low, high, count)]


@pytest.mark.parametrize(
    ("reference", "se", "verdict"),
    [
        (10.0, 0.0, "inside"),
        (12.12, 0.0, "inside"),  # 3 x .7071 = 2.1213
        (12.13, 0.0, "outside"),
        (7.87, 0.0, "outside"),
        (13.0, 0.7072, "inside"),  # 3 x 1.00007
        (13.01, 0.7071, "outside"),
    ],
)
def test_means_within_three_combined_errors(reference: float, se: float, verdict: str) -> None:
    assert judge(check("errors", reference, se=se), FIVE).verdict == verdict


def test_a_reference_without_spread_is_given_ours() -> None:
    """Five runs of theirs spread as our five: the combined error is 1."""
    assert judge(check("errors", 12.99, runs=5), FIVE).verdict == "inside"
    found = judge(check("errors", 13.01, runs=5), FIVE)
    assert found.verdict == "outside"
    assert found.high == pytest.approx(16.01)
    assert found.margin == pytest.approx(1 - 3.01 / 3)


def test_the_p_value_is_that_of_the_errors() -> None:
    found = judge(check("errors", 10 + 0.5**0.5 * 1.959964, se=0), FIVE)
    assert found.p_value == pytest.approx(0.05, abs=1e-6)


def test_equal_runs_must_be_equal() -> None:
    assert judge(check("errors", 4.0, se=0), [4.0, 4.0]).verdict == "inside"
    assert judge(check("errors", 4.1, se=0), [4.0, 4.0]).verdict == "outside"


def test_one_run_decides_nothing_by_errors() -> None:
    assert judge(check("errors", 10.0, se=1.0), [10.0]).verdict == "undecided"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (spread_values(100, 99, 101), "inside"),
        (spread_values(100, 100.5, 102.5), "outside"),  # 1.5 % off, noise .2
        (spread_values(100, 80, 120), "undecided"),  # in the middle, but noise 3.5
        (spread_values(100, 90, 130), "outside"),  # 10 % off shows above the noise
    ],
)
def test_percent_of_the_reference(values: list[float], verdict: str) -> None:
    assert judge(check("percent", 100.0, percent=1.0), values).verdict == verdict


@pytest.mark.parametrize(
    ("measured", "verdict"), [(10.1, "inside"), (10.0, "outside"), (10.3, "outside")]
)
def test_an_offset_is_ours_minus_theirs(measured: float, verdict: str) -> None:
    values = spread_values(100, 9.99, 10.01)
    assert judge(check("offset", measured, low=-0.2, high=-0.05), values).verdict == verdict


@pytest.mark.parametrize(
    ("reference", "half_width", "verdict"),
    [(50.0, 0.0, "inside"), (64.0, 0.0, "outside"), (64.0, 2.0, "inside"), (36.0, 0.0, "outside")],
)
def test_a_median_by_order_statistics(reference: float, half_width: float, verdict: str) -> None:
    """The 99 % interval of the median of 0..100 is [37, 63] (ranks 38 and 64 of 101)."""
    values = spread_values(101, 0, 100)
    found = judge(check("order-statistics", reference, "median", half_width=half_width), values)
    assert (found.ours.low, found.ours.high) == (37, 63)
    assert found.verdict == verdict


def test_a_quantile_needs_enough_runs() -> None:
    p99 = check("order-statistics", 99.0, "quantile", half_width=0.0, p=0.99)
    few = judge(p99, spread_values(50, 0, 100))
    many = judge(p99, spread_values(1001, 0, 100))
    assert (few.verdict, many.verdict) == ("undecided", "inside")


def test_a_half_width_of_their_runs_shrinks_with_their_number() -> None:
    values = np.array(spread_values(1000, 0, 100))
    assert half_width_of(values, 0.5, 40) == pytest.approx(20, abs=2)
    assert half_width_of(values, 0.5, 4000) == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize(
    ("reference", "verdict"),
    [(1.0, "outside"), (3.0, "inside"), (97.0, "inside"), (97.8, "inside"), (98.2, "outside")],
)
def test_a_measured_run_lies_among_ours(reference: float, verdict: str) -> None:
    """The middle 95 % of 1..100 are 3 to 98; one half is allowed above 97.5."""
    values = spread_values(200, 0.5, 100)
    assert judge(check("spread", reference, above=0.5), values).verdict == verdict


def test_few_runs_have_no_middle_part() -> None:
    assert judge(check("spread", 2.0), [1.0, 2.0, 3.0]).verdict == "undecided"


def test_exact_holds_in_every_run() -> None:
    assert judge(check("exact", 3.0), [3.0, 3.0 + 1e-10]).verdict == "inside"
    assert judge(check("exact", 3.0), [3.0, 3.0, 4.0, 2.0]).verdict == "outside"


@pytest.mark.parametrize(
    ("rule", "tolerance"),
    [("errors", {"se": 1.0}), ("percent", {"percent": 5}), ("offset", {"low": -1, "high": 1})],
)
def test_what_never_came_is_outside(rule: str, tolerance: dict[str, Any]) -> None:
    assert judge(check(rule, 10.0, **tolerance), [*FIVE, math.inf]).verdict == "outside"


# --- Orders and families -------------------------------------------------------------------------


def order(factor: float = 1.0) -> Order:
    return Order(figure="x", runs=["a", "b", "c"], factor=factor)


def around(mean: float) -> list[float]:
    return [mean - 1, mean, mean + 1]  # standard error .577


@pytest.mark.parametrize(
    ("means", "verdict"),
    [((10, 20, 30), "inside"), ((10, 11, 30), "undecided"), ((10, 30, 20), "outside")],
)
def test_an_order_needs_every_step(means: tuple[float, ...], verdict: str) -> None:
    found = judge_order(order(), [around(mean) for mean in means])
    assert found.verdict == verdict


def test_a_factor_asks_for_more() -> None:
    runs = [around(10), around(30), around(90)]
    assert judge_order(order(0.5), runs).verdict == "inside"
    assert judge_order(order(0.25), runs).verdict == "outside"


def test_a_run_that_never_came_has_no_order() -> None:
    runs = [around(10), [math.inf, 2.0], [math.inf, 3.0]]
    assert judge_order(order(), runs).verdict == "outside"


def test_a_family_explains_a_little_and_no_more() -> None:
    """One difference of 3.1 errors among 30 is chance, of 5 errors it is not; alone neither is."""
    fine = [judge(check("errors", 10.0, se=0), FIVE)] * 29
    slight = judge(check("errors", 10 + 3.1 * 0.5**0.5, se=0), FIVE)
    gross = judge(check("errors", 10 + 5 * 0.5**0.5, se=0), FIVE)
    assert slight.verdict == gross.verdict == "outside"
    judged = with_family([*fine, slight])[-1]
    assert (judged.verdict, "among 30" in judged.note) == ("inside", True)
    assert with_family([*fine, gross])[-1].verdict == "outside"
    assert with_family([slight])[0].verdict == "outside"


def test_the_three_errors_hold_when_nothing_is_wrong() -> None:
    """2,000 honest comparisons of 30 runs each: about 0.5 % are called outside (t, not normal)."""
    bits = Draws(1).bits_array(np.arange(2000 * 30 * 12, dtype=np.uint64), "x")
    sums = (bits / 2**UNIT_BITS).reshape(2000, 30, 12).sum(axis=2)
    rule = check("errors", 6.0, se=0)
    outside = sum(judge(rule, values).verdict == "outside" for values in sums.tolist())
    assert 2 <= outside <= 25


def test_the_margin_is_what_is_left() -> None:
    ours = judge(check("percent", 100.0, percent=10), spread_values(100, 104, 106))
    assert ours.margin == pytest.approx(0.5)
    assert Judgement(1.0, 3.0, math.inf, ours.ours, "inside").margin is None
