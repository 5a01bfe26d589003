"""Verdicts and rankings from figures that are known beforehand."""

import math

import numpy as np
import pytest

from stormlab.compare import Measure, Runs
from stormlab.compare.judging import (
    judged_pairs,
    pooled_ecdf,
    probability,
    ranking,
    summary,
)
from stormlab.compare.results import Floats
from stormlab.draws import Draws
from stormlab.statistics import CONFIDENCE, NO_DIFFERENCE, quantile

WAIT = Measure("wait_s", "Wait", "s", "lower", "how long")
SPEED = Measure("speed", "Speed", "/s", "higher", "how fast")
SIZE = Measure("size", "Size", "", None, "neither way is good")
MEASURES = {each.name: each for each in (WAIT, SPEED, SIZE)}


def noise(name: str, count: int, seed: int = 0) -> Floats:
    draws = Draws(seed)
    return np.array([draws.unit(0, name, i) for i in range(count)])


def verdicts(values: dict[str, dict[str, Floats]], *key: str) -> dict[tuple[str, str, str], str]:
    pairs = judged_pairs(values, MEASURES, key, CONFIDENCE)
    return {(pair.figure, pair.first, pair.second): pair.judgement.verdict for pair in pairs}


def test_the_second_is_judged_in_the_direction_that_is_good() -> None:
    a, b = noise("a", 20), 3 + noise("b", 20)
    found = verdicts(
        {"a": {"wait_s": a, "speed": a, "size": a}, "b": {"wait_s": b, "speed": b, "size": b}},
        "wait_s",
        "speed",
        "size",
    )
    assert found == {("wait_s", "a", "b"): "worse", ("speed", "a", "b"): "better"}


def test_pairing_sees_what_the_spread_of_single_runs_hides() -> None:
    weather = 1000 * noise("weather", 12)
    values = {"a": {"wait_s": weather + noise("a", 12)}, "b": {"wait_s": weather + 2}}
    assert verdicts(values, "wait_s") == {("wait_s", "a", "b"): "worse"}
    shuffled = {"a": values["a"], "b": {"wait_s": values["b"]["wait_s"][::-1]}}
    assert verdicts(shuffled, "wait_s") == {("wait_s", "a", "b"): NO_DIFFERENCE}


def test_holm_goes_over_the_whole_table() -> None:
    """With t = 2.6 and 14 degrees of freedom p is 0.02: a verdict alone, none among 28."""
    apart = noise("x", 15)
    apart += 2.6 * apart.std(ddof=1) / math.sqrt(15) - apart.mean()
    alone = {"a": {"wait_s": np.zeros(15)}, "b": {"wait_s": apart}}
    pairs = judged_pairs(alone, MEASURES, ("wait_s",), CONFIDENCE)
    assert pairs[0].judgement.p_adjusted == pytest.approx(0.021, abs=5e-4)
    assert pairs[0].judgement.verdict == "worse"
    among = alone | {f"c{i}": {"wait_s": noise(f"c{i}", 15) - 0.5} for i in range(6)}
    assert verdicts(among, "wait_s")["wait_s", "a", "b"] == NO_DIFFERENCE


def test_runs_to_which_a_figure_does_not_apply_are_left_out() -> None:
    b = 3 + noise("b", 20)
    b[:5] = math.nan
    pairs = judged_pairs(
        {"a": {"wait_s": noise("a", 20)}, "b": {"wait_s": b}}, MEASURES, ("wait_s",), CONFIDENCE
    )
    assert pairs[0].judgement.comparison.n == 15
    b[1:] = math.nan
    assert not verdicts({"a": {"wait_s": noise("a", 20)}, "b": {"wait_s": b}}, "wait_s")


# --- summaries -----------------------------------------------------------------------------------


def test_a_mean_has_its_half_width_and_says_whether_it_is_precise() -> None:
    found = summary(np.array([9.0, 10.0, 11.0]), CONFIDENCE, 0.3)
    assert found is not None
    assert found.of == "mean"
    assert found.interval.value == 10
    half = 4.302652729911275 / math.sqrt(3)  # Student's t with two degrees of freedom
    assert found.half_width_percent == pytest.approx(10 * half)
    assert found.precise is True
    assert (found.applies, found.reached) == (3, 3)
    wider = summary(np.array([9.0, 10.0, 11.0]), CONFIDENCE, 0.2)
    assert wider is not None
    assert wider.precise is False


def test_where_some_run_never_got_there_the_median_stands() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, math.inf, math.nan])
    found = summary(values, CONFIDENCE)
    assert found is not None
    assert (found.of, found.interval.value) == ("median", quantile(values[:5], 0.5))
    assert (found.applies, found.reached) == (5, 4)
    assert found.half_width_percent is None


def test_what_applies_to_no_run_has_no_summary() -> None:
    assert summary(np.array([math.nan, math.nan]), CONFIDENCE) is None


def test_a_figure_that_is_the_same_in_every_run_is_precise_also_at_0() -> None:
    for value in (0.0, 7.0):
        found = summary(np.full(4, value), CONFIDENCE, 0.05)
        assert found is not None
        assert (found.half_width_percent, found.precise) == (0, True)


# --- rankings ------------------------------------------------------------------------------------


def ranked(values: dict[str, Floats], measure: Measure = WAIT) -> tuple[object, ...]:
    pairs = judged_pairs(
        {label: {measure.name: own} for label, own in values.items()},
        MEASURES,
        (measure.name,),
        CONFIDENCE,
    )
    found = ranking(measure.name, measure, values, pairs)
    assert found is not None
    return found.order, tuple(found.ranks.values()), found.groups, found.best, found.leaders


def test_a_best_that_beats_all_stands_alone() -> None:
    values = {"c": 6 + noise("c", 20), "a": noise("a", 20), "b": 3 + noise("b", 20)}
    order = ("a", "b", "c")
    assert ranked(values) == (order, (1, 2, 3), (("a",), ("b",), ("c",)), "a", ("a",))
    assert ranked(values, SPEED)[0] == ("c", "b", "a")
    assert ranked(values, SPEED)[3] == "c"


def test_two_that_cannot_be_told_apart_share_the_rank_and_neither_is_best() -> None:
    values = {"a": noise("a", 20), "b": noise("b", 20), "c": 3 + noise("c", 20)}
    order, ranks, groups, best, leaders = ranked(values)
    assert set(order[:2]) == set(leaders) == {"a", "b"}  # type: ignore[index, call-overload]
    assert (ranks, best) == ((1, 1, 3), None)
    assert groups == (order[:2], ("c",))  # type: ignore[index]


def test_a_policy_between_two_groups_is_in_both() -> None:
    a, c = np.zeros(20) + 0.01 * noise("a", 20), 1 + 0.01 * noise("c", 20)
    b = noise("b", 20)
    values = {"a": a, "b": 0.5 + 4 * (b - b.mean()), "c": c}
    _, _, groups, best, leaders = ranked(values)
    assert groups == (("a", "b"), ("b", "c"))
    assert (best, leaders) == (None, ("a", "b"))


def test_those_that_more_often_never_get_there_come_last() -> None:
    b = noise("b", 20)
    b[:15] = math.inf
    values = {"b": b, "a": 5 + noise("a", 20), "gone": np.full(20, math.nan)}
    order, *_ = ranked({"b": values["b"], "a": values["a"]})
    assert order == ("a", "b")


def test_one_policy_alone_is_not_ranked() -> None:
    assert ranking("wait_s", WAIT, {"a": noise("a", 5)}, ()) is None


# --- pooled clients ------------------------------------------------------------------------------


def runs(*waits: list[float], watched_s: float = 100.0) -> Runs:
    arrays = tuple(np.array(each) for each in waits)
    watched = tuple(np.minimum(each, watched_s) for each in arrays)
    return Runs(tuple(range(len(waits))), (), {}, arrays, watched, {}, {})


def test_the_share_that_is_back_counts_the_clients_of_all_runs() -> None:
    found = pooled_ecdf(runs([1.0, 2.0], [3.0, math.inf]), CONFIDENCE)
    assert found is not None
    assert found.times_s.tolist() == [1, 2, 3]
    assert found.share == pytest.approx([0.25, 0.5, 0.75])
    assert (found.n, found.censored) == (4, 1)
    assert pooled_ecdf(runs(), CONFIDENCE) is None
    assert pooled_ecdf(runs([], []), CONFIDENCE) is None


def test_a_probability_is_that_of_the_runs_in_which_it_happened() -> None:
    found = probability(np.array([1.0, 0.0, 0.0, 0.0, math.nan]), CONFIDENCE)
    assert found is not None
    assert (found.value, found.n) == (0.25, 4)
    assert 0 < found.low < 0.25 < found.high < 1
    assert probability(np.array([math.nan]), CONFIDENCE) is None


# --- the table as a whole ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_policy_against_itself_has_no_winner_in_94_of_100_tables() -> None:
    """The same distribution with luck of its own: 200 tables of three figures and three policies.

    At 95 % one table in twenty may hold a wrong verdict; with 200 tables that is at most 17 with a
    probability of 99 %.
    """
    tables = 200
    wrong = 0
    for seed in range(tables):
        values = {
            policy: {
                "wait_s": 60 + np.exp(3 * noise(f"{policy} wait", 15, seed)),
                "speed": noise(f"{policy} speed", 15, seed),
            }
            for policy in ("a", "a #2", "a #3")
        }
        found = verdicts(values, "wait_s", "speed")
        wrong += any(verdict != NO_DIFFERENCE for verdict in found.values())
    assert wrong <= 0.06 * tables
