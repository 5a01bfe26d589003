"""Verdicts: tests against published values, never as the worst, Holm over the family."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.statistics import (
    NO_DIFFERENCE,
    PairedComparison,
    StatisticsError,
    compare_pair,
    holm,
    judge,
)
from stormlab.statistics.intervals import scipy_stats
from stormlab.statistics.selftest import drawn

# Student 1908: hours of sleep gained by ten patients under two drugs.
DRUG_1 = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
DRUG_2 = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)
INF = math.inf


def alone(pair: PairedComparison) -> str:
    return judge({0: pair})[0].verdict


def test_the_paired_t_is_students() -> None:
    found = compare_pair(DRUG_1, DRUG_2, "higher")
    assert found.p_value == pytest.approx(0.002833, abs=1e-6)
    assert found.difference.value == pytest.approx(1.58)
    assert (found.difference.low, found.difference.high) == pytest.approx((0.70, 2.46), abs=0.005)
    assert (found.test, found.better_runs, found.worse_runs) == ("paired t", 9, 0)
    assert alone(found) == "better"


def test_what_is_better_is_asked() -> None:
    assert alone(compare_pair(DRUG_1, DRUG_2, "lower")) == "worse"
    assert alone(compare_pair(DRUG_2, DRUG_1, "lower")) == "better"
    assert alone(compare_pair(DRUG_2, DRUG_1, "higher")) == "worse"


def test_noise_has_no_winner_and_says_what_it_could_have_seen() -> None:
    a, b = drawn("normal", "noise", 2, 20)
    one = judge({0: compare_pair(100 + a, 100 + b)})[0]
    assert one.verdict == NO_DIFFERENCE
    error = np.std(b - a, ddof=1) / math.sqrt(20)
    t = scipy_stats().t
    assert one.smallest_visible == pytest.approx((t.ppf(0.975, 19) + t.ppf(0.8, 19)) * error)
    assert one.text == (
        "no difference beyond noise at this precision"
        f" (a difference of {one.smallest_visible:.3g} would have been seen)"
    )


def test_the_more_is_compared_the_less_can_be_seen() -> None:
    pair = compare_pair(*drawn("normal", "noise", 2, 20))
    one, many = judge({0: pair})[0], judge(dict.fromkeys(range(10), pair))[0]
    assert one.smallest_visible
    assert many.smallest_visible
    assert many.smallest_visible > 1.2 * one.smallest_visible


def test_the_same_runs_are_no_difference() -> None:
    one = judge({0: compare_pair(DRUG_1, DRUG_1)})[0]
    assert (one.verdict, one.p_adjusted) == (NO_DIFFERENCE, 1)
    assert one.text == f"{NO_DIFFERENCE} (equal in all 10 runs)"
    assert alone(compare_pair([INF] * 10, [INF] * 10)) == NO_DIFFERENCE


def test_the_same_difference_in_every_run_takes_six_runs_to_believe() -> None:
    """Two equal policies would agree in n signs with a probability of 2^(1 - n)."""
    for n, verdict in ((2, NO_DIFFERENCE), (5, NO_DIFFERENCE), (6, "better"), (10, "better")):
        a = drawn("exponential", "same difference", 1, n)[0]
        found = compare_pair(a, a - 0.1)
        assert found.p_value == pytest.approx(2.0 ** (1 - n))
        assert alone(found) == verdict


def test_never_is_worse_than_any_time() -> None:
    """Sign test of 9 out of 10: p = 22/1024."""
    first = [5, 6, 7, INF, 5, 6, INF, 8, 9, 5]
    second = [4, 5, 6, 900, 4, 5, 800, 7, 8, 6]
    found = compare_pair(first, second)
    assert (found.test, found.never, found.better_runs, found.worse_runs) == ("sign", (2, 0), 9, 1)
    assert found.p_value == pytest.approx(22 / 1024)
    assert found.relative_percent is None
    assert found.difference.value == -1
    assert math.isfinite(found.difference.high)
    one = judge({0: found})[0]
    assert one.verdict == "better"
    assert one.smallest_visible is None
    assert one.text == (
        "better (better in 9 and worse in 1 of 10 runs, never in 0 against 2; p = 0.021 after Holm)"
    )


def test_never_counts_as_worst_where_higher_is_better() -> None:
    first, second = [1.0] * 8 + [-INF] * 2, [2.0] * 10
    found = compare_pair(first, second, "higher")
    assert (found.never, found.better_runs, alone(found)) == ((2, 0), 10, "better")


def test_usually_faster_and_more_often_never_is_no_winner() -> None:
    first = [10.0] * 30
    second = [9.0] * 28 + [INF] * 2
    one = judge({0: compare_pair(first, second)})[0]
    assert one.p_adjusted < 0.001
    assert one.verdict == NO_DIFFERENCE
    assert one.mixed
    assert one.text.startswith("no winner: one is usually ahead and more often never there")
    other = judge({0: compare_pair(second, first)})[0]
    assert (other.verdict, other.mixed) == (NO_DIFFERENCE, True)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ([1.0], [2.0], "two runs or more"),
        ([1.0, 2.0], [2.0], "not pairs"),
        ([], [], "no runs"),
        ([1.0, math.nan], [1.0, 2.0], "NaN"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    first: list[float], second: list[float], says: str
) -> None:
    with pytest.raises(StatisticsError, match=says):
        compare_pair(first, second)


def test_holm_on_a_published_example() -> None:
    """Wikipedia, Holm-Bonferroni method: H1 and H4 are rejected at 5 %."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def holm_by_definition(p_values: Sequence[float], level: float) -> list[bool]:
    """Step down: the smallest against level/m, the next against level/(m - 1), until one fails."""
    rejected = [False] * len(p_values)
    for step, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[i] > level / (len(p_values) - step):
            break
        rejected[i] = True
    return rejected


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.001, 0.5))
def test_holm_rejects_what_its_definition_does(p_values: list[float], level: float) -> None:
    adjusted = holm(p_values)
    by_definition = holm_by_definition(p_values, level)
    for p, rejected in zip(adjusted, by_definition, strict=True):
        # at the very edge rounding decides
        assert (p <= level) == rejected or p == pytest.approx(level)


def test_one_of_many_is_not_believed_too_soon() -> None:
    a, b = drawn("normal", "holm", 2, 12)
    pair = compare_pair(a, b - 1.7)
    assert 0.01 < pair.p_value < 0.05
    noise = [
        compare_pair(x, y) for x, y in drawn("normal", "holm noise", 40, 12).reshape(20, 2, 12)
    ]
    family = judge(dict(enumerate([pair, *noise])))
    assert alone(pair) == "better"
    assert family[0].verdict == NO_DIFFERENCE


def test_a_verdict_says_what_it_rests_on() -> None:
    a, b = drawn("normal", "text", 2, 30)
    text = judge({0: compare_pair(100 + a, 90 + b)})[0].text
    assert text.startswith("better (-")
    assert text.endswith("]; p < 0.001 after Holm)")
    assert " % [-" in text


def test_rounding_to_nanoseconds_is_a_tie() -> None:
    first = [60.0 + index for index in range(12)]
    second = [value - 1e-9 for value in first]
    pair = compare_pair(first, second)
    assert (pair.better_runs, pair.worse_runs, pair.toward) == (0, 0, 0)
    assert compare_pair(first, [value - 1e-3 for value in first]).better_runs == 12
