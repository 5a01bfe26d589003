"""Which runs are made, with which seeds, how many, and what happens when it is stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.compare import (
    CompareError,
    Comparison,
    Field,
    Plan,
    Reader,
    State,
    compare,
    field,
    run_seed,
)
from stormlab.compare.document import document, run_columns
from stormlab.statistics import CONFIDENCE
from stormlab.store import Store

Compared = Callable[..., Comparison]
Make = Callable[..., Field]


def test_run_i_of_every_policy_has_the_same_seed_and_so_the_same_weather(
    compared: Compared,
) -> None:
    found = compared("20", "23", seed=3)
    one, other = found.policies
    assert one.runs.seeds == other.runs.seeds == tuple(range(30_000, 30_012))
    apart = other.runs.values["wait_s"] - one.runs.values["wait_s"]
    assert apart == pytest.approx([3.0] * 12, abs=1e-8)
    assert one.runs.values["wait_s"].std() > 0.5


def test_two_comparisons_with_different_seeds_share_no_run(compared: Compared) -> None:
    runs = [compared("20", seed=seed).policies[0].runs for seed in range(3)]
    assert len({seed for each in runs for seed in each.seeds}) == 36
    assert len({text for each in runs for text in each.trace_hashes}) == 36


def test_a_number_of_runs_that_is_asked_for_is_made(compared: Compared) -> None:
    found = compared("20", "23", plan=Plan(replications=7))
    assert found.effort.replications == 7
    assert found.effort.why == "as asked"
    assert all(len(policy.runs) == 7 for policy in found.policies)
    assert all(summary.precise is None for summary in found.policies[0].figures.values())


def test_it_stops_when_every_key_figure_of_every_policy_is_precise(compared: Compared) -> None:
    tame = compared("20", plan=Plan(precision=0.05))
    assert tame.effort.replications == 15  # the floor of 10 and the look-ahead of 5
    assert tame.effort.settled == 10
    wild = compared("20", "20~20", plan=Plan(precision=0.05))
    count = wild.effort.replications
    assert count > 20
    assert wild.effort.why == f"5 % precision from run {wild.effort.settled} on"
    assert wild.effort.short == ()
    assert all(len(policy.runs) == count for policy in wild.policies)
    for policy in wild.policies:
        assert policy.figures["wait_s"].half_width_percent is not None
        assert policy.figures["wait_s"].half_width_percent <= 5


def test_what_is_not_precise_when_the_ceiling_comes_is_named(compared: Compared) -> None:
    found = compared("20", "5~90", plan=Plan(precision=0.01, ceiling=12))
    assert found.effort.replications == 12
    assert found.effort.settled is None
    assert found.effort.why == "the most allowed came before 1 % precision"
    short = {(each.policy, each.figure): each for each in found.effort.short}
    wild = short["5~90", "wait_s"]
    assert wild.half_width_percent > 1
    assert wild.needed is not None
    assert wild.needed > 12


def test_a_figure_that_is_never_reached_does_not_keep_it_going(compared: Compared) -> None:
    found = compared("20", "20?50", plan=Plan(precision=0.05))
    assert found.effort.replications == 15
    assert ("20?50", "wait_s") in found.effort.never
    assert found.effort.short == ()


def test_it_does_not_matter_what_is_done_beyond_the_last_run(compared: Compared) -> None:
    precise = compared("20", "20~20", plan=Plan(precision=0.05))
    asked = compared("20", "20~20", plan=Plan(replications=precise.effort.replications))
    for one, other in zip(precise.policies, asked.policies, strict=True):
        assert one.runs.trace_hashes == other.runs.trace_hashes


def test_it_tells_how_far_it_is(compared: Compared) -> None:
    told: list[State] = []
    compared("20", "20~20", plan=Plan(precision=0.05), watch=told.append)
    assert [state.done for state in told] == list(range(1, len(told) + 1))
    assert told[0].expected == 30
    assert told[0].worst is None
    last = told[-1]
    assert last.done == last.expected
    assert last.worst is not None
    assert (last.worst.policy, last.worst.half_width_percent <= 5) == ("20~20", True)


class Stopped(Exception):  # noqa: N818  not an error
    pass


def test_what_was_finished_before_a_stop_is_not_done_again(
    waits: Make, reader: Reader, tmp_path: Path
) -> None:
    counted: list[int] = []

    def stop_at_nine(state: State) -> None:
        if state.done == 9:
            raise Stopped

    def count(state: State) -> None:
        counted.append(state.done)

    what, plan = waits("20", "20~20"), Plan(replications=10)
    folder = tmp_path / "units"
    with pytest.raises(Stopped), Store(folder) as store:
        compare(what, plan, jobs=1, store=store, reader=reader, watch=stop_at_nine)
    with Store(folder) as store:
        assert len(store.keys()) == 9
        resumed = compare(what, plan, jobs=1, store=store, reader=reader, watch=count)
    assert counted == list(range(10, 21))
    fresh = compare(what, plan, jobs=1, reader=reader)
    for one, other in zip(resumed.policies, fresh.policies, strict=True):
        assert one.runs.trace_hashes == other.runs.trace_hashes
        assert one.figures == other.figures
        assert one.runs.waits_s == other.runs.waits_s
    assert [pair.judgement for pair in resumed.pairs] == [pair.judgement for pair in fresh.pairs]


def test_runs_of_another_scenario_or_seed_are_not_taken_from_the_store(
    waits: Make, reader: Reader, tmp_path: Path
) -> None:
    plan = Plan(replications=2)
    with Store(tmp_path / "units") as store:
        for settings, seed in (((), 0), ((), 1), (("weather=0.5",), 0), ((), 0)):
            what = waits("20", settings=settings)
            compare(what, plan, seed=seed, jobs=1, store=store, reader=reader)
        assert len(store.keys()) == 6


def test_a_run_that_breaks_says_which_it_was(compared: Compared) -> None:
    with pytest.raises(RuntimeError, match="the run failed: policy 20, seed 0") as found:
        compared("20", settings=("breaks=true",))
    assert str(found.value.__cause__) == "a defect"


@pytest.mark.parametrize("given", [{"replications": 1}, {"replications": 10_001}, {"ceiling": 0}])
def test_a_number_of_runs_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    count = next(iter(given.values()))
    with pytest.raises(CompareError, match=f"replications: found {count}; allowed: 2 to 10,000"):
        Plan(**given)


def test_seeds_are_told() -> None:
    assert run_seed(2, 7) == 20_007


def test_the_confidence_is_that_of_the_statistics(compared: Compared) -> None:
    assert compared("20").confidence == CONFIDENCE


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing_but_the_time(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(
        'model = "fleet"\nduration_s = 60\nclients = { count = 8 }\n'
        '[[faults]]\ndo = "crash"\nat_s = 5\nfor_s = 10\n'
    )
    what, plan = field(path, ["phoenix", "aws-full-jitter"]), Plan(precision=0.05, ceiling=12)
    alone, together = (compare(what, plan, jobs=jobs) for jobs in (1, 2))
    assert document(together) == document(alone)
    for one, other in zip(run_columns(together).items(), run_columns(alone).items(), strict=True):
        assert repr(one) == repr(other)  # NaN included
