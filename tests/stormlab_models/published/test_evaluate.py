"""Cases run and judged: a wrong reference, and a wrong policy, must come out as outside."""

from collections.abc import Callable, Iterator

import pytest

from stormlab.replications import Job
from stormlab.scenario import ScenarioError
from stormlab_models.published.cases import Case, CaseError, built_in_cases
from stormlab_models.published.evaluate import CaseResult, evaluate, without
from stormlab_models.published.fleet_runs import Figures

Verdicts = Callable[[Case], list[str]]


@pytest.fixture
def verdicts() -> Verdicts:
    """The verdicts on a case at its quick replications, in this process."""

    def verdicts(case: Case) -> list[str]:
        (result,) = evaluate([case], quick=True, workers=1)
        return [outcome.judgement.verdict for outcome in result.outcomes]

    return verdicts


def test_a_right_case_is_inside(verdicts: Verdicts, ten_clients: Case) -> None:
    assert verdicts(ten_clients) == ["inside"] * 5


def test_a_wrong_reference_is_outside(verdicts: Verdicts, ten_clients: Case) -> None:
    """The published mean of calls, moved by 5 %."""
    text = ten_clients.model_dump()
    text["run"][0]["check"][0]["reference"] *= 1.05
    assert verdicts(Case.model_validate(text))[:2] == ["outside", "inside"]


def test_a_wrong_policy_is_outside(verdicts: Verdicts, ten_clients: Case) -> None:
    """No jitter where full is published: calls and completion differ, and the order is gone."""
    text = ten_clients.model_dump()
    text["run"][0]["set"]["backoff"] = "exponential"
    found = verdicts(Case.model_validate(text))
    assert (found[0], found[1]) == ("outside", "outside")
    assert found[-1] != "inside"


def test_a_counter_from_zero_is_outside(verdicts: Verdicts, ten_clients: Case) -> None:
    """The trap of V07: with n from 0 the first term is 5 ms, as if the base were half."""
    text = ten_clients.model_dump()
    text["run"][0]["set"]["base_s"] = 0.0025
    assert verdicts(Case.model_validate(text))[0] == "outside"


def test_outcomes_say_what_was_compared(ten_clients: Case) -> None:
    (result,) = evaluate([ten_clients], quick=True, workers=1)
    assert [(outcome.run, outcome.figure) for outcome in result.outcomes[:2]] == [
        ("full", "calls"),
        ("full", "completion_s"),
    ]
    assert result.outcomes[-1].run == "full < none"
    assert result.outcomes[-1].means[0] < result.outcomes[-1].means[1]
    assert (result.count("inside"), result.count("outside"), result.tested) == (5, 0, 4)


def test_runs_that_share_a_word_say_it_once(ten_clients: Case) -> None:
    text = ten_clients.model_dump()
    for run, name in zip(text["run"], ("N=10 full", "N=10 none"), strict=True):
        run["name"] = name
    text["order"][0]["runs"] = ["N=10 full", "N=10 none"]
    (result,) = evaluate([Case.model_validate(text)], quick=True, workers=1)
    assert result.outcomes[-1].run == "N=10: full < none"


def test_seeds_are_the_readers(ten_clients: Case) -> None:
    def means(seed: int) -> list[float]:
        (result,) = evaluate([ten_clients], quick=True, workers=1, seed=seed)
        return [outcome.judgement.point for outcome in result.outcomes]

    assert means(1) == means(1) != means(2)


def test_full_takes_more_runs_than_quick(ten_clients: Case) -> None:
    def count(*, quick: bool) -> int:
        (result,) = evaluate([ten_clients], quick=quick, workers=1)
        return result.outcomes[0].judgement.ours.n

    assert (count(quick=True), count(quick=False)) == (40, 60)


def test_an_unknown_figure_is_named(ten_clients: Case) -> None:
    text = ten_clients.model_dump()
    text["run"][0]["check"][0]["figure"] = "call"
    with pytest.raises(CaseError, match="full: figure: found 'call'; allowed: calls, updated"):
        evaluate([Case.model_validate(text)], quick=True, workers=1)


def test_nothing_runs_when_one_run_does_not_fit(ten_clients: Case) -> None:
    text = ten_clients.model_dump()
    text["run"][1]["set"]["clients"] = 0

    def refuse(_: object) -> Iterator[Job[Figures]]:
        raise AssertionError("something ran")

    with pytest.raises(ScenarioError, match="clients: found 0; allowed: at least 1"):
        evaluate([Case.model_validate(text)], workers=1, over=refuse)


@pytest.mark.slow
def test_workers_change_nothing(ten_clients: Case) -> None:
    def result(workers: int) -> CaseResult:
        return evaluate([ten_clients], quick=True, workers=workers)[0]

    assert result(2) == result(1)


# --- The published results -----------------------------------------------------------------------

LONG = {"V17"}  # a minute of calls, even at quick replications
SHORT = without(built_in_cases(), "they are slow")[0]  # runs of the fleet are small elsewhere
FLEETS = [case for case in built_in_cases() if any(run.read for run in case.run)]


@pytest.mark.published
@pytest.mark.parametrize(
    "case",
    [
        *(
            pytest.param(case, id=case.id, marks=[pytest.mark.slow] if case.id in LONG else [])
            for case in SHORT
        ),
        *(pytest.param(case, id=f"{case.id} whole", marks=[pytest.mark.slow]) for case in FLEETS),
    ],
)
def test_a_published_result_is_not_contradicted(case: Case) -> None:
    """At reduced replications nothing is outside, and nearly everything is decided."""
    (result,) = evaluate([case], quick=True, workers=1)
    outside = [o for o in result.outcomes if o.judgement.verdict == "outside"]
    assert not outside
    assert result.count("inside") >= 0.75 * len(result.outcomes)


@pytest.mark.published
@pytest.mark.slow
def test_every_published_result_comes_out_inside() -> None:
    results = evaluate(built_in_cases())
    rest = [
        (result.case.id, outcome)
        for result in results
        for outcome in result.outcomes
        if outcome.judgement.verdict != "inside"
    ]
    assert not rest
