"""Kaplan-Meier against published curves, and against what is left when nobody is censored."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.statistics import StatisticsError, kaplan_meier, quantile
from stormlab.statistics.selftest import drawn

# Weeks in remission under 6-MP, Freireich et al. 1963, the textbook example of Kaplan-Meier.
RELAPSED = (6, 6, 6, 7, 10, 13, 16, 22, 23)
STILL_WELL = (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)


def test_the_curve_is_the_published_one() -> None:
    curve = kaplan_meier(RELAPSED, STILL_WELL)
    assert curve.n == 21
    assert curve.times_s.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.away == pytest.approx(published, abs=0.0006)
    assert curve.quantile(0.5) == 23
    assert curve.at([0, 5.9, 6, 22.5, 99]) == pytest.approx([1, 1, 0.857, 0.538, 0.448], abs=0.0006)


def test_the_band_is_the_published_one() -> None:
    """R's survfit with conf.type = "log-log" on the same data, at 6 and at 23 weeks."""
    curve = kaplan_meier(RELAPSED, STILL_WELL)
    assert (curve.low[0], curve.high[0]) == pytest.approx((0.620, 0.952), abs=0.001)
    assert (curve.low[-1], curve.high[-1]) == pytest.approx((0.188, 0.680), abs=0.001)
    found = curve.quantile_interval(0.5)
    assert (found.low, found.value, found.high) == (13, 23, math.inf)


def test_a_curve_that_does_not_fall_so_far_has_no_such_quantile() -> None:
    curve = kaplan_meier(RELAPSED, STILL_WELL)
    assert curve.quantile(0.6) == math.inf
    assert kaplan_meier([], [60.0] * 5).quantile(0.5) == math.inf
    assert kaplan_meier([], [60.0] * 5).restricted_mean(60).value == 60


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.9, 1]))
def test_without_censoring_it_is_the_plain_distribution(values: list[int], p: float) -> None:
    curve = kaplan_meier(values)
    assert curve.quantile(p) == (quantile(values, p) if p < 1 else max(values))
    assert curve.restricted_mean(60).value == pytest.approx(np.mean(values))
    assert ((curve.low <= curve.away) & (curve.away <= curve.high)).all()


def test_all_watched_to_one_horizon_is_never_before_it() -> None:
    curve = kaplan_meier([1, 2, 3, 4], [60] * 6)
    plain = [1, 2, 3, 4, *[math.inf] * 6]
    for p in (0.1, 0.2, 0.35, 0.4, 0.41, 0.9):
        assert curve.quantile(p) == quantile(plain, p)


def test_the_restricted_mean_has_greenwoods_interval() -> None:
    """Without censoring the variance is that of the mean of min(time, horizon), over n."""
    times = drawn("exponential", "restricted", 1, 400)[0]
    found = kaplan_meier(times).restricted_mean(2.0)
    capped = np.minimum(times, 2.0)
    assert found.value == pytest.approx(capped.mean())
    assert found.high - found.value == pytest.approx(1.96 * capped.std() / 20, rel=0.001)


def test_a_mean_beyond_what_was_seen_is_refused() -> None:
    curve = kaplan_meier(RELAPSED, STILL_WELL)
    assert curve.restricted_mean(35).value > curve.restricted_mean(30).value
    with pytest.raises(StatisticsError, match="last seen, at 35 s; ask for that time at most"):
        curve.restricted_mean(36)
    assert kaplan_meier([1, 2]).restricted_mean(100).value == 1.5


@pytest.mark.parametrize(("back", "away"), [([1, math.inf], []), ([1], [-2]), ([math.nan], [])])
def test_a_time_that_is_none_is_refused(back: list[float], away: list[float]) -> None:
    with pytest.raises(StatisticsError, match="go into away_s"):
        kaplan_meier(back, away)


def test_nobody_is_refused() -> None:
    with pytest.raises(StatisticsError, match="no clients"):
        kaplan_meier([])
    with pytest.raises(StatisticsError, match="a quantile at 0"):
        kaplan_meier([1]).quantile(0)


def test_the_median_is_unbiased_where_leaving_out_the_censored_is_not() -> None:
    trials, n, truth = 300, 100, math.log(2)
    back = drawn("exponential", "unbiased back", trials, n)
    seen = 1.5 * drawn("exponential", "unbiased seen", trials, n)
    assert (back > seen).mean() == pytest.approx(0.4, abs=0.01)
    medians = np.array(
        [
            (kaplan_meier(b[b <= s], s[b > s]).quantile(0.5), np.median(b[b <= s]))
            for b, s in zip(back, seen, strict=True)
        ]
    )
    errors = medians.std(axis=0) / math.sqrt(trials)
    bias = medians.mean(axis=0) - truth
    assert abs(bias[0]) < 0.02 * truth + 2 * errors[0]
    assert bias[1] < -0.3 * truth


def test_many_clients_are_quick_and_give_the_same() -> None:
    back, seen = drawn("exponential", "many", 2, 100_000)
    many = kaplan_meier(back[back <= seen], seen[back > seen])
    assert many.n == 100_000
    assert many.quantile(0.5) == pytest.approx(math.log(2), abs=0.02)
