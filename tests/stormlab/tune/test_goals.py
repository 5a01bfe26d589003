"""Goals: how they are written, when they are met, and the one number made of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.statistics import Interval
from stormlab.tune.goals import FAR, Goal, Relation, Sample, Target, TuneError, goal, loss, target

NUMBERS = st.floats(-1e9, 1e9)
FIGURES = st.one_of(NUMBERS, st.just(math.inf), st.just(math.nan))
RUNS = st.fixed_dictionaries({name: st.lists(FIGURES, min_size=2, max_size=2) for name in "abc"})
GOALS = st.builds(
    Goal, st.sampled_from("abc"), st.sampled_from(["<", "<=", ">", ">="]), st.floats(-1e6, 1e6)
)


@pytest.mark.parametrize(
    ("text", "figure", "relation", "limit"),
    [
        ("reconnect_s_p99<60", "reconnect_s_p99", "<", 60),
        (" a <= 1.5e2 ", "a", "<=", 150),
        ("a>-.5", "a", ">", -0.5),
        ("a>=+3.", "a", ">=", 3),
    ],
)
def test_a_goal_is_a_figure_a_relation_and_a_number(
    text: str, figure: str, relation: Relation, limit: float
) -> None:
    assert goal(text) == Goal(figure, relation, limit)


@pytest.mark.parametrize(
    "text", ["", "a", "a=3", "a<", "<3", "a<1.2.3", "a<60s", "a<1e999", "a<<3"]
)
def test_what_is_no_goal_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(TuneError, match=r"^--goal '.*': allowed: FIGURE<NUMBER[^\n]*$"):
        goal(text)


@given(GOALS)
def test_a_goal_is_read_as_it_is_written(one: Goal) -> None:
    assert goal(one.text).limit == pytest.approx(one.limit, rel=1e-12)
    assert goal(one.text).relation == one.relation


@pytest.mark.parametrize(
    ("relation", "kept"),
    [
        ("<", (True, False, False)),
        ("<=", (True, True, False)),
        (">", (False, False, True)),
        (">=", (False, True, True)),
    ],
)
def test_only_what_says_so_includes_the_limit(relation: Relation, kept: tuple[bool, ...]) -> None:
    one = Goal("a", relation, 60)
    assert tuple(one.kept_by(value) for value in (59, 60, 61)) == kept
    assert tuple(not one.missed_by(Sample((value,))) for value in (59.0, 60.0, 61.0)) == kept


@pytest.mark.parametrize(
    ("low", "high", "lower", "higher"),
    [
        (40, 59, "met", "missed"),
        (59, 61, "undecided", "undecided"),
        (60, 61, "missed", "undecided"),
        (61, 70, "missed", "met"),
        (-math.inf, math.inf, "undecided", "undecided"),
    ],
)
def test_a_goal_is_judged_by_the_whole_interval(
    low: float, high: float, lower: str, higher: str
) -> None:
    interval = Interval(50, low, high, 10)
    assert Goal("a", "<", 60).judged(interval) == lower
    assert Goal("a", ">", 60).judged(interval) == higher


def test_the_more_runs_never_get_there_the_more_a_goal_is_missed() -> None:
    one = Goal("a", "<", 60)
    none, late, once, twice, always = (
        one.missed_by(Sample(values))
        for values in (
            (50.0, 50.0, 50.0),
            (1e7, 1e7, 1e7),
            (50.0, 50.0, math.inf),
            (50.0, math.inf, math.inf),
            (math.inf,) * 3,
        )
    )
    assert 0 == none < late < once < twice < always == FAR
    assert one.missed_by(Sample((math.nan, math.nan))) == FAR
    assert not one.missed_by(Sample((math.nan, 50.0)))


def test_a_sample_knows_what_applies_and_what_never_came() -> None:
    sample = Sample((1.0, math.nan, 3.0, math.inf))
    assert (sample.applying, sample.reached, sample.never) == ((1, 3, math.inf), (1, 3), 1)
    assert sample.mean == math.inf
    assert Sample((1.0, math.nan, 3.0)).mean == 2
    assert math.isnan(Sample((math.nan,)).mean)


@given(
    st.lists(GOALS, min_size=1, max_size=3),
    st.sampled_from(["lower", "higher"]),
    *[st.fixed_dictionaries({name: st.lists(FIGURES, min_size=2, max_size=2) for name in "abc"})]
    * 2,
)
def test_what_meets_all_goals_beats_what_misses_one(
    goals: list[Goal],
    better: str,
    one: dict[str, list[float]],
    other: dict[str, list[float]],
) -> None:
    aim = Target("a", "lower" if better == "lower" else "higher")
    found = []
    for values in (one, other):
        samples = {name: Sample(tuple(own)) for name, own in values.items()}
        keeps = all(each.kept_by(samples[each.figure].mean) for each in goals) and not any(
            samples[each.figure].never for each in goals
        )
        value = loss(goals, aim, samples)
        assert (value < 1) == keeps
        assert math.isfinite(value)
        assert value >= 0
        found.append((not keeps, value))
    assert sorted(found) == sorted(found, key=lambda each: each[1])


@given(NUMBERS, NUMBERS)
def test_of_what_meets_all_goals_the_target_decides(one: float, other: float) -> None:
    small, large = sorted((one, other))
    for better, ahead, behind in (("lower", small, large), ("higher", large, small)):
        aim = Target("a", "lower" if better == "lower" else "higher")
        assert 0 <= aim.below_one(ahead) <= aim.below_one(behind) < 1
    assert Target("a").below_one(-2) < Target("a").below_one(-1) < Target("a").below_one(1)


def test_the_target_is_the_first_goal_unless_another_was_asked_for() -> None:
    goals = [Goal("a", ">", 1), Goal("b", "<", 1)]
    assert target(goals, None, None) == Target("a", "higher")
    assert target(goals, "c", None) == Target("c", "lower")
    assert target(goals, None, "c") == Target("c", "higher")
