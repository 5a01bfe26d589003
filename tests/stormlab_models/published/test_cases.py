"""The data file: valid, complete, and refused in one line when it is not."""

import pytest

from stormlab.scenario import ScenarioError
from stormlab_models.published.cases import Case, CaseError, built_in_cases, chosen, parse_cases
from stormlab_models.published.evaluate import scenario_of

CASE = """
[[case]]
id = "X1"
title = "a case"
source = "a paper"
evidence = "C"
[[case.run]]
name = "one"
model = "uniform-starts"
duration_s = 5
replications = 3
quick = 2
check = [{CHECK}]
"""
CHECK = '{ figure = "starts", reference = 1.0, tolerance = { rule = "percent", percent = 1.0 } }'


def case(check: str = CHECK, more: str = "") -> str:
    return CASE.replace("{CHECK}", check) + more


def test_the_cases_that_must_be_shown_are_there() -> None:
    ids = [case.id for case in built_in_cases()]
    assert ids == ["V02", "V04", "V07", "V13", "V17", "V20", "V24", "V25", "V26", "V28", "V32"]


@pytest.mark.parametrize("case", built_in_cases(), ids=lambda case: case.id)
def test_every_run_of_a_case_is_a_scenario_of_its_own(case: Case) -> None:
    hashes = [scenario_of(case, run).hash for run in case.run]
    assert len(set(hashes)) == len(hashes)
    assert all(run.quick <= run.replications for run in case.run)
    assert case.respected


def test_v07_has_every_cell_of_its_table() -> None:
    (v07,) = chosen(built_in_cases(), ["v07"])
    assert len(v07.run) == 15
    assert {check.figure for run in v07.run for check in run.check} == {
        "calls",
        "completion_s",
        "updated",
    }


def test_a_small_case_is_read() -> None:
    (found,) = parse_cases(case(), "mine.toml")
    assert (found.id, found.run[0].check[0].reference) == ("X1", 1.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[case]", "mine.toml: not valid TOML"),
        ("", "mine.toml: case: missing"),
        (case().replace('"C"', '"Z"'), "found 'Z'; allowed: 'A1', 'A2', 'B' or 'C'"),
        (case().replace("title", "titel"), "unknown key"),
        (case(CHECK.replace("percent =", "procent =")), "unknown key"),
        (
            case().replace("replications", 'read = "starts"\nreplications'),
            "read: found 'starts' of 'uniform-starts'; allowed: of 'fleet'",
        ),
        (case(CHECK.replace('"percent"', '"guess"')), "tolerance"),
        (case(CHECK.replace("1.0,", "inf,")), "finite number"),
        (
            case('{ figure = "a", reference = 1, tolerance = { rule = "errors" } }'),
            "'se' or 'runs'",
        ),
        (
            case(
                '{ figure = "a", reference = 1, statistic = "median",'
                ' tolerance = { rule = "order-statistics", runs = 3, half_width = 1 } }'
            ),
            "and not both",
        ),
        (case(CHECK.replace("reference", 'statistic = "quantile", reference')), "needs 'p'"),
        (case(CHECK.replace("reference", 'statistic = "median", reference')), "goes with a median"),
        (case() + case(), "case 'X1' is there twice"),
        (
            case(more='[[case.order]]\nfigure = "starts"\nruns = ["one", "two"]\n'),
            "found 'two'; allowed: one",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(CaseError) as refused:
        parse_cases(text, "mine.toml")
    assert str(refused.value).startswith("mine.toml: ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_run_that_does_not_fit_its_model_is_refused() -> None:
    (found,) = parse_cases(case().replace("quick = 2", "quick = 2\nset = { client = 3 }"), "mine")
    with pytest.raises(ScenarioError, match="did you mean 'clients'"):
        scenario_of(found, found.run[0])


def test_cases_are_chosen_in_the_order_of_the_file() -> None:
    assert [found.id for found in chosen(built_in_cases(), ["v20", "V04"])] == ["V04", "V20"]


def test_an_unknown_case_is_named() -> None:
    with pytest.raises(CaseError, match="--case: found 'V99'; allowed: V02, V04"):
        chosen(built_in_cases(), ["V99"])
