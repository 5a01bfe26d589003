"""Searches for planted faults: what is to do, what came of it, and that a miss is a miss."""

from dataclasses import replace

import pytest

from stormlab.check import Budget
from stormlab.policy import Constant, Delays, Equal, Policy, Reconnect, Reset, Terms
from stormlab.properties.promises import Seen
from stormlab.selftest.hunt import (
    Discovery,
    Result,
    Search,
    discoveries,
    planned,
    search,
    searched,
)
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import BareWorld

TERMS = Terms(connect_timeout_s=10.0)
GOOD = Reconnect(Delays(Constant(5.0), Equal()), reset=Reset(on="proof"), terms=TERMS)
ENDS = replace(GOOD, attempts_max=1, announced=False)
FAULT = Planted(
    "ends", "it ends silently", "here", "gives-up-as-declared", "bare", ENDS, GOOD, BareWorld()
)
OTHER = replace(FAULT, name="other")
FEW = Budget("few", {"bare": 60, "herd": 1, "fleet": 1})


def _result(fault: Planted, seed: int, *broken: str, twin: bool = False) -> Result:
    return Result(Search(fault, seed, "dev", twin), broken, 10 * (seed + 1), 0.5, 1, seed)


def test_a_twin_that_two_faults_share_is_tried_once() -> None:
    todo = planned([FAULT, OTHER], range(3), "ci", "dev")
    assert [each.budget for each in todo] == ["ci"] * 6 + ["dev"] * 3
    assert [(each.fault.name, each.seed, each.twin) for each in todo] == [
        *((fault, seed, False) for fault in ("ends", "other") for seed in range(3)),
        *(("ends", seed, True) for seed in range(3)),
    ]


def test_the_shared_twin_counts_for_both() -> None:
    results = [_result(FAULT, 0, FAULT.promise), _result(OTHER, 0)]
    alarm = _result(FAULT, 0, "converges", twin=True)
    first, second = discoveries([FAULT, OTHER], [alarm, *results])
    assert first.alarms == second.alarms == [alarm]
    assert [first.is_found, second.is_found] == [True, False]


@pytest.mark.parametrize(("found", "enough"), [(10, "yes"), (9, "yes"), (8, "no")])
def test_nine_of_ten_seeds_are_enough(found: int, enough: str) -> None:
    hunts = tuple(
        _result(FAULT, seed, *([FAULT.promise] if seed < found else [])) for seed in range(10)
    )
    assert Discovery(FAULT, hunts).is_found is (enough == "yes")


def test_another_promise_that_breaks_does_not_count() -> None:
    assert not Discovery(FAULT, (_result(FAULT, 0, "converges"),)).is_found


def test_a_fault_is_found_with_its_case_and_the_size_of_its_world() -> None:
    result = search(Search(FAULT, 0, FEW))
    assert result.broken == ("gives-up-as-declared",)
    assert 1 <= result.cases <= 60
    assert result.clients == 1


def test_a_policy_that_cannot_be_checked_is_told_not_raised() -> None:
    def broken() -> Policy:
        raise OSError("no such thing")

    result = search(Search(replace(FAULT, faulty=broken), 0, FEW))
    assert "no such thing" in result.error
    assert not result.broken


def test_a_record_is_judged_once() -> None:
    fault = replace(FAULT, promise="conserves-attempts", faulty=Seen((), 0, 0))
    result = search(Search(fault, 0, FEW))
    assert (result.broken, result.cases, result.clients) == ((), 1, None)


def test_processes_change_nothing() -> None:
    todo = [Search(FAULT, seed, FEW) for seed in range(2)]
    alone = [(each.search.seed, each.cases, each.broken) for each in searched(todo, 1)]
    both = [(each.search.seed, each.cases, each.broken) for each in searched(todo, 2)]
    assert sorted(both) == alone
