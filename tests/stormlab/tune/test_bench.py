"""The bench: everything is checked before it runs, and no run is made twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stormlab.compare import CompareError
from stormlab.model import run
from stormlab.recovery import FIGURES
from stormlab.replications import JobError
from stormlab.scenario import ScenarioError
from stormlab.store import Store
from stormlab.tune import Aim, State, TuneError, bench, tune
from stormlab.tune.bench import Bench, read_figures

Make = Callable[..., Aim]


def refused(aim: Aim) -> str:
    with pytest.raises((TuneError, ScenarioError, CompareError)) as error:
        tune(aim)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("vary", "complaint"),
    [
        ("backoff.caps=5:60", "unknown key; did you mean 'cap_s'?"),
        ("backoff.cap_s=-5:60", "cap_s: found -5; allowed: a number, 0 to"),
        ("jitter.kind=full,ful", "found 'ful'; allowed: none, full, equal"),
        ("attempts_max=1:20", "allowed: a whole number; write it as whole:LOW:HIGH"),
        ("scenario.foo=1:2", "foo: unknown key; allowed at the top"),
        ("scenario.server.hosts.x=1:2", "server"),
    ],
)
def test_every_axis_is_checked_before_anything_runs(
    world: Any, aim: Make, vary: str, complaint: str
) -> None:
    assert complaint in refused(aim(vary=["backoff.base_s=1:2", vary]))
    assert not world.runs


@pytest.mark.parametrize(
    ("figure", "hint"),
    [
        ("reconect_s_p99", " (did you mean 'reconnect_s_p99'?)"),
        ("t99", " (did you mean 'reconnect_s_p99'?)"),
        ("peak", " (did you mean 'attempts_per_s_peak'?)"),
        ("zzz", ""),
    ],
)
def test_an_unknown_figure_is_named_with_the_likeliest(
    world: Any, aim: Make, figure: str, hint: str
) -> None:
    expected = f"{figure}: no such figure{hint}; all of them: docs/metrics.md"
    assert refused(aim(f"{figure}<5")) == expected
    assert not world.runs


def test_a_policy_that_is_a_class_of_its_own_cannot_be_varied(tmp_path: Path, aim: Make) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "class Mine:\n    def on(self, fact): ...\n    def may_attempt(self, now_s): ...\n"
    )
    said = refused(replace(aim(), policy=f"{file}:Mine"))
    assert "Mine is a class of its own, not made of parts: nothing to set" in said


def test_a_scenario_can_be_varied_too(world: Any, aim: Make) -> None:
    del world
    plan = Bench(aim(), 1, None, None).plan(3, {"scenario.clients.count": "7", "attempts_max": "5"})
    parameters = plan.contender.scenario.parameters.model_dump()
    assert (parameters["clients"]["count"], parameters["policy"]) == (
        7,
        "aws-full-jitter,attempts_max=5",
    )
    assert plan.settings == ("clients.count=7",)


def test_what_is_kept_is_not_run_again(world: Any, aim: Make, tmp_path: Path) -> None:
    asked = aim(trials=10, replications=2, check_replications=2)
    undisturbed = tune(asked)
    total = len(world.runs)
    world.runs.clear()

    def stop(state: State) -> None:
        if state.done == 15:
            raise KeyboardInterrupt

    with Store(tmp_path / "kept") as store, pytest.raises(KeyboardInterrupt):
        tune(asked, store=store, watch=stop)
    before = list(world.runs)
    assert len(before) == 15
    with Store(tmp_path / "kept") as store:
        again = tune(asked, store=store)
    assert again == undisturbed
    assert len(world.runs) == total
    assert len(set(world.runs)) == total


def test_all_runs_are_told_of_in_turn(world: Any, aim: Make) -> None:
    seen: list[State] = []
    tune(
        aim("reconnect_s_p99<90", trials=10, replications=3, check_replications=5),
        watch=seen.append,
    )
    assert [state.done for state in seen] == list(range(1, 11 * 3 + 4 * 5 + 1))
    assert {state.expected for state in seen} == {11 * 3 + 4 * 5}
    assert seen[-1].meeting > seen[0].meeting == 0
    assert len(world.runs) == seen[-1].done


@pytest.mark.parametrize(
    ("cause", "kind", "said"),
    [
        (ScenarioError("too many"), CompareError, r"^policy aws-full-jitter: too many$"),
        (ZeroDivisionError("a defect"), RuntimeError, r"^the run failed: .*jitter, seed 1$"),
    ],
)
def test_a_run_that_fails_is_named(
    aim: Make,
    monkeypatch: pytest.MonkeyPatch,
    cause: Exception,
    kind: type[Exception],
    said: str,
) -> None:
    def fails(*_: Any) -> Any:
        yield from ()
        raise JobError(1) from cause

    monkeypatch.setattr(bench, "replicate_as_completed", fails)
    with pytest.raises(kind, match=said):
        tune(aim())


def test_the_figures_of_a_real_run_are_all_there(aim: Make) -> None:
    asked = aim(settings=("clients.count=3",))
    plan = Bench(asked, 1, None, None).plan(1, {"backoff.cap_s": "5"})
    found = read_figures(run(plan.contender.scenario, 0))
    assert found.keys() == FIGURES.keys()
    assert found["connections_lost"] == 3
