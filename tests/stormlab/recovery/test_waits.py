"""Kaplan-Meier of one run, held against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stormlab.clock import NS_PER_S
from stormlab.recovery import Waits


def waits(*watched_s: float, came: list[bool]) -> Waits:
    watched = np.array([round(time_s * NS_PER_S) for time_s in watched_s], np.int64)
    return Waits(watched, np.array(came, bool))


def test_nobody_away_has_no_time() -> None:
    nobody = waits(came=[])
    assert nobody.quantile_s(0.5) is None
    assert nobody.mean_s(NS_PER_S) is None


def test_a_share_that_was_not_back_by_the_end_is_never_back() -> None:
    two_of_three = waits(1, 2, 10, came=[True, True, False])
    assert two_of_three.quantile_s(0.5) == 2
    assert two_of_three.quantile_s(0.99) == math.inf
    assert two_of_three.back_s.tolist() == [1, 2]
    assert two_of_three.away_s.tolist() == [10]


def test_the_mean_counts_those_away_up_to_the_horizon() -> None:
    two_of_three = waits(1, 2, 10, came=[True, True, False])
    assert two_of_three.mean_s(10 * NS_PER_S) == pytest.approx((1 + 2 + 10) / 3)


def test_one_lost_just_before_the_end_does_not_count_as_never_back() -> None:
    """It was watched for 1 s only: of the other two, half are back after 2 s."""
    late = waits(1, 2, 4, came=[False, True, True])
    assert late.quantile_s(0.5) == 2
    assert late.quantile_s(1.0) == 4


def test_quantiles_need_no_rounding_luck() -> None:
    hundred = waits(*range(1, 101), came=[True] * 100)
    assert [hundred.quantile_s(p) for p in (0.5, 0.95, 0.99)] == [50, 95, 99]


@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([0.5, 0.95, 0.99]),
)
def test_the_curve_is_that_of_scipy(samples: list[tuple[int, bool]], p: float) -> None:
    watched, came = (np.array(column) for column in zip(*samples, strict=True))
    mine = waits(*watched.tolist(), came=came.tolist())
    theirs = stats.ecdf(stats.CensoredData(watched[came], right=watched[~came])).sf
    fallen = theirs.quantiles[theirs.probabilities <= 1 - p + 1e-12]
    assert mine.quantile_s(p) == (fallen[0] if len(fallen) else math.inf)


@given(st.lists(st.integers(1, 99), min_size=1, max_size=40), st.integers(0, 40))
def test_with_one_common_end_it_is_the_plain_quantile_with_never(
    back: list[int], away: int
) -> None:
    mine = waits(*back, *[100] * away, came=[True] * len(back) + [False] * away)
    times = sorted([*map(float, back), *[math.inf] * away])
    assert mine.quantile_s(0.5) == times[math.ceil(0.5 * len(times)) - 1]
