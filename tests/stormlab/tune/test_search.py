"""The search: it finds what is known to be best, and its check knows nothing of its luck."""

import builtins
import math
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.tune import Aim, TuneError, Tuning, tune
from stormlab.tune.goals import Goal, Sample, Target
from stormlab.tune.records import CONFIDENCE_EACH
from stormlab.tune.search import judged

Make = Callable[..., Aim]


def test_the_known_best_is_found(tuned: Tuning) -> None:
    best = tuned.best.trial.parameters
    assert float(best["backoff.cap_s"]) == pytest.approx(17, abs=2.5)
    assert float(best["backoff.base_s"]) > 5
    assert tuned.best.meets_all
    assert [met for _, met in tuned.given.goals] == ["missed", "missed"]


def test_it_learns(tuned: Tuning) -> None:
    """Those proposed after the random start are better than chance by far."""
    start = [trial.loss for trial in tuned.proposed[:16]]
    later = [trial.loss for trial in tuned.proposed[-16:]]
    assert sorted(later)[8] < sorted(start)[8]


def test_search_and_check_have_no_seed_in_common(searched: tuple[Tuning, Any]) -> None:
    tuned, world = searched
    aim = tuned.aim
    assert not set(aim.search_seeds) & set(aim.check_seeds)
    assert {seed for _, seed in world.runs} == {*aim.search_seeds, *aim.check_seeds}
    best = tuned.best.trial.policy
    assert {seed for policy, seed in world.runs if policy == best} >= set(aim.check_seeds)


def test_another_seed_shares_no_run(aim: Make) -> None:
    one, other = aim(seed=0, replications=5000), aim(seed=1)
    seeds = {*one.search_seeds, *one.check_seeds}
    assert not seeds & {*other.search_seeds, *other.check_seeds}


def test_what_is_reported_is_the_check_not_the_luck_of_the_search(world: Any, aim: Make) -> None:
    """Where parameters change nothing, the best of the search is the luckiest: by much."""
    world.figures = lambda _, luck: {"reconnect_s_p99": 60 + 20 * luck}
    found = tune(aim("reconnect_s_p99<57", trials=60, replications=2, check_replications=40))
    searched = next(t for t in found.trials if t.number == found.ranked[0].number)
    assert searched.mean("reconnect_s_p99") < 54
    assert any(trial.meets_all for trial in found.proposed)
    for check in found.checks:
        assert check.trial.mean("reconnect_s_p99") == pytest.approx(60, abs=3.5)
        assert not check.meets_all


def test_equal_input_gives_equal_results(world: Any, aim: Make) -> None:
    asked = aim(trials=20)
    first = tune(asked, jobs=1)
    made = len(world.runs)
    assert tune(asked, jobs=4) == first
    assert len(world.runs) == 2 * made
    assert tune(aim(trials=20, seed=1)).proposed[0].parameters != first.proposed[0].parameters


def test_few_combinations_are_all_tried_once_without_proposals(
    world: Any, aim: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stormlab.tune.search._study", None)
    found = tune(aim(vary=["backoff.cap_s=10,17,40", "attempts_max=whole:50:51"]))
    assert len(found.proposed) == 6
    assert len({trial.policy for trial in found.trials}) == 7
    assert len(set(world.runs)) == len(world.runs)
    assert found.best.trial.parameters["backoff.cap_s"] == "17"


def test_certainty_comes_before_a_better_target(world: Any, aim: Make) -> None:
    """The best lie at a limit; what meets all goals beyond noise is preferred to them."""

    def figures(own: dict[str, str], luck: float) -> dict[str, float | None]:
        cap_s = float(own.get("backoff.cap_s", 30))
        return {"reconnect_s_p99": cap_s + 8 * luck, "attempts_per_s_peak": 1000 / cap_s}

    world.figures = figures
    then = Target("attempts_per_s_peak")
    found = tune(aim("reconnect_s_p99<20", then=then, vary=["backoff.cap_s=5,10,15,19.9,20.1,25"]))
    assert found.ranked[0].parameters["backoff.cap_s"] in {"19.9", "20.1"}
    assert found.best.meets_all
    assert {check.trial.parameters.get("backoff.cap_s") for check in found.checks} >= {"5"}


def test_the_given_policy_is_the_answer_when_nothing_is_better(world: Any, aim: Make) -> None:
    del world
    found = tune(aim("reconnect_s_p99<80", vary=["backoff.cap_s=40,50"]))
    assert found.best is found.given
    assert found.best.meets_all
    assert set(found.given.against_given.values()) == {None}


def test_differences_from_the_given_are_paired(tuned: Tuning) -> None:
    figure = "reconnect_s_p99"
    found = tuned.best.against_given[figure]
    assert found is not None
    expected = tuned.best.trial.mean(figure) - tuned.given.trial.mean(figure)
    assert found.value == pytest.approx(expected)
    assert tuned.best.against_given["reconnect_s_p50"] is None


def test_a_run_that_never_got_there_misses_and_what_does_not_apply_is_undecided() -> None:
    one = Goal("a", "<", 60)
    assert judged(one, Sample((50.0, math.inf, 50.0))) == "missed"
    assert judged(one, Sample((math.nan, math.nan))) == "undecided"
    assert judged(one, Sample((50.0, 50.0))) == "met"
    assert judged(one, Sample((math.nan, 50.0))) == "undecided"
    assert pytest.approx(0.9875) == CONFIDENCE_EACH


def test_without_optuna_one_line_says_what_to_install_before_anything_runs(
    world: Any, aim: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(TuneError, match=r"^tuning needs optuna: pip install 'stormlab\[tune\]'$"):
        tune(aim())
    assert not world.runs
