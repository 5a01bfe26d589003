"""What moved what, edges, and how many runs would decide: on worlds where it is known."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.statistics import Interval
from stormlab.tune import Aim, Goal, Tuning, tune
from stormlab.tune.insight import edges, given_values, influences, runs_needed

Make = Callable[..., Aim]


def test_a_figure_that_only_falls_with_a_parameter_has_minus_one(tuned: Tuning) -> None:
    found = {(each.key, each.figure): each for each in influences(tuned)}
    peak = found["backoff.base_s", "attempts_per_s_peak"]
    assert peak.value == pytest.approx(-1, abs=0.02)
    assert peak.signed
    assert peak.beyond_chance


def test_a_choice_that_decides_has_one_and_one_that_does_nothing_none(
    world: Any, aim: Make
) -> None:
    world.figures = lambda own, luck: {
        "reconnect_s_p99": (90.0 if own.get("jitter.kind") == "full" else 60.0) + luck
    }
    vary = ["jitter.kind=full,equal", "breaker_spread_s=whole:1:10"]
    found = {each.key: each for each in influences(tune(aim(vary=vary)))}
    kind, other = found["jitter.kind"], found["breaker_spread_s"]
    assert kind.value > 0.8
    assert not kind.signed
    assert abs(other.value) < other.chance


def test_nothing_is_said_of_few_trials_or_what_never_changes(world: Any, aim: Make) -> None:
    assert not influences(tune(aim(trials=7)))
    world.figures = lambda _own, _luck: {"reconnect_s_p99": 5.0}
    assert not influences(tune(aim(trials=10)))


@pytest.mark.parametrize(("vary", "end"), [("5:17.2", "high"), ("16.9:60", "low"), ("5:60", None)])
def test_a_best_at_the_end_of_its_range_is_told(
    world: Any, aim: Make, vary: str, end: str | None
) -> None:
    world.figures = lambda own, _: {
        "reconnect_s_p99": 60 + abs(float(own.get("backoff.cap_s", 30)) - 17)
    }
    found = edges(tune(aim(vary=[f"backoff.cap_s={vary}"])))
    assert [each.end for each in found] == ([] if end is None else [end])


def test_the_given_values_are_those_of_policy_and_scenario(world: Any, aim: Make) -> None:
    del world
    vary = ["backoff.cap_s=5:60", "attempts_max=off,5", "scenario.clients.count=10,20"]
    assert given_values(tune(aim(vary=vary, trials=1))) == {
        "backoff.cap_s": "30",
        "attempts_max": None,
        "scenario.clients.count": "1000",
    }


def test_half_the_distance_takes_four_times_the_runs() -> None:
    goal = Goal("a", "<", 60)
    near, far = (runs_needed(goal, Interval(v, v - 4, v + 4, 20)) for v in (59, 58))
    assert (near, far) == (384, 96)
    assert runs_needed(goal, Interval(60, 58, 62, 20)) is None
    assert runs_needed(goal, None) is None
