"""Shares and probabilities against published values."""

import numpy as np
import pytest

from stormlab.statistics import (
    StatisticsError,
    design_effect,
    probability_interval,
    probability_text,
    rule_of_three,
    share_interval,
)

WILSON = [(0, 20, 0, 16.11), (20, 20, 83.89, 100), (8, 24, 17.97, 53.29)]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), WILSON)
def test_the_share_has_wilsons_interval(
    successes: int, trials: int, low: float, high: float
) -> None:
    found = share_interval([(successes, trials)])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(("hits", "runs", "low", "high"), [*WILSON, (81, 263, 25.53, 36.62)])
def test_the_probability_of_collapse_has_wilsons_interval(
    hits: int, runs: int, low: float, high: float
) -> None:
    """81 of 263 is the example of Newcombe (1998)."""
    found = probability_interval(hits, runs)
    assert found.value == hits / runs
    assert (100 * found.low, 100 * found.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(("hits", "runs"), [(0, 0), (3, 2), (-1, 5)])
def test_hits_without_runs_are_refused(hits: int, runs: int) -> None:
    with pytest.raises(StatisticsError, match=f"{hits} of {runs} runs"):
        probability_interval(hits, runs)


def test_the_rule_of_three_is_three_over_n() -> None:
    assert rule_of_three(1000) == pytest.approx(3 / 1000, rel=0.003)
    assert (1 - rule_of_three(12)) ** 12 == pytest.approx(0.05)
    with pytest.raises(StatisticsError, match="no runs"):
        rule_of_three(0)


def test_never_seen_is_not_told_as_zero_percent() -> None:
    assert probability_text(0, 30) == "never in 30 runs: below 9.5 % at 95 % confidence"
    assert probability_text(30, 30) == "in all 30 runs: above 90.5 % at 95 % confidence"
    assert probability_text(8, 24) == "33.3 % [18, 53.3] (8 of 24 runs)"


def test_sockets_of_one_run_that_fail_together_count_as_one() -> None:
    together = [(8.0, 8.0), (0.0, 8.0)] * 10
    apart = [(4.0, 8.0)] * 20
    assert design_effect(np.array(together)) == pytest.approx(8 * 20 / 19)
    assert design_effect(np.array(apart)) == 1
    wide, narrow = share_interval(together), share_interval(apart)
    assert wide.value == narrow.value == 50
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)


def test_a_run_without_trials_does_not_count() -> None:
    assert share_interval([(0, 0), (3, 4)]).n == 4
    with pytest.raises(StatisticsError, match="no trials"):
        share_interval([(0, 0)])
