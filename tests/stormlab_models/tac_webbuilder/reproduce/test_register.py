"""The register: complete, executable, and refused when a claim has no run behind it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from stormlab.scenario import ScenarioError
from stormlab_models.tac_webbuilder.reproduce.cases import MECHANISMS
from stormlab_models.tac_webbuilder.reproduce.register import (
    Claim,
    chosen,
    load_register,
    parse_register,
)

REPORT = Path(__file__).parents[4] / "reports" / "tac-webbuilder"


def test_every_problem_of_the_analysis_has_claims() -> None:
    assert {claim.problem for claim in load_register().claim} == set(range(11))


def test_every_claim_is_run_under_the_six_mechanisms() -> None:
    for claim in load_register().claim:
        assert claim.cases[: len(MECHANISMS)] == list(MECHANISMS)


def test_the_verdicts_expected_are_those_that_the_runs_gave() -> None:
    stored = json.loads((REPORT / "claims.json").read_text(encoding="utf-8"))
    computed = {claim["id"]: claim["verdict"] for claim in stored["claims"]}
    assert {claim.id: claim.expected for claim in load_register().claim} == computed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figure": "battery"}, "figure 'battery'"),
        ({"judged": ["safari"]}, "case 'safari'"),
        ({"judged": []}, "at least 1"),
        ({"fixes": ["prayer"]}, "fix 'prayer'"),
        ({"claimed": {}}, "give 'low'"),
        ({"claimed": {"low": 2, "high": 1}}, "above"),
        ({"compare": "gain"}, "name the fixes"),
        ({"verdict": "reproduced"}, "Extra inputs"),
        ({"problem": 11}, "less than 11"),
        ({"id": "Not An Id"}, "pattern"),
    ],
)
def test_a_claim_that_cannot_be_run_is_refused(
    make_claim: Callable[..., Claim], change: dict[str, object], message: str
) -> None:
    make_claim()
    with pytest.raises(ValidationError, match=message):
        make_claim(**change)


def test_a_damaged_file_is_said_in_one_line() -> None:
    with pytest.raises(ScenarioError, match=r"x\.toml: not valid TOML") as error:
        parse_register("[[claim", "x.toml")
    assert "\n" not in str(error.value)


def test_a_claim_may_not_be_there_twice(make_claim: Callable[..., Claim]) -> None:
    fields = make_claim().model_dump(mode="json")
    lines = [f"{key} = {json.dumps(value)}" for key, value in fields.items() if key != "claimed"]
    text = "\n".join(["[[claim]]", *lines, "claimed = { low = 8 }"])
    assert len(parse_register(f"left_out = []\n{text}", "x").claim) == 1
    with pytest.raises(ScenarioError, match="named twice: eight"):
        parse_register(f"left_out = []\n{text}\n{text}", "x")


def test_claims_are_chosen_by_id() -> None:
    register = load_register()
    assert chosen(register, ()) == register.claim
    assert [c.id for c in chosen(register, ("ten-retries",))] == ["ten-retries"]
    with pytest.raises(ScenarioError, match=r"--claim: found 'nine'; allowed: .*ten-retries"):
        chosen(register, ("nine",))


def test_a_gain_in_percent_is_told_in_points(make_claim: Callable[..., Claim]) -> None:
    share = {"figure": "page_success", "fixes": ["stagger"]}
    assert make_claim(**share).unit == "%"
    assert make_claim(**share, compare="gain").unit == "percentage points"
    assert make_claim(**share, compare="reduction_percent").unit == "% less"
