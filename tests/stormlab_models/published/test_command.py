"""``stormlab published`` as a person meets it."""

import json
from typing import Any

import pytest

from stormlab_models.published import command
from stormlab_models.published.cases import Case, built_in_cases, chosen
from stormlab_models.published.command import document, exit_code
from stormlab_models.published.evaluate import CaseResult, evaluate


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, ten_clients: Case) -> Case:
    """One small case in place of all of them."""
    monkeypatch.setattr(command, "built_in_cases", lambda: [ten_clients])
    return ten_clients


def test_the_table_and_the_summary(stormlab: Any, small: Case) -> None:
    ended = stormlab("published", "--quick", "--jobs", "1")
    assert ended.code == 0
    assert ended.out.startswith(f"X1  {small.title}  (A2: others' simulator, run unchanged)")
    assert "39.00 ± 0.10" in ended.out
    assert ended.out.rstrip().endswith("X1  5 comparisons: 5 inside")
    assert ended.err == "quick: fewer replications than the tolerances were made for\n"


def test_json_is_one_document(stormlab: Any, small: Case) -> None:
    ended = stormlab("published", "--quick", "--jobs", "1", "--json", "--seed", "5")
    found = json.loads(ended.out)
    assert (found["seed"], found["quick"], found["exit_code"]) == (5, True, ended.code)
    (case,) = found["cases"]
    assert (case["id"], case["comparisons_by_errors"]) == (small.id, 4)
    first = case["comparisons"][0]
    assert (first["reference"], first["rule"], first["replications"]) == (39.0, "errors", 40)
    assert first["allowed"][0] < first["ours"] < first["allowed"][1]


def test_markdown_is_the_page(stormlab: Any, small: Case) -> None:
    ended = stormlab("published", "--quick", "--jobs", "1", "--markdown")
    assert ended.out.startswith("# Published results")
    assert f"## {small.id}" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case", "V99"], "--case: found 'V99'; allowed: X1"),
        (["--json", "--markdown"], "--json and --markdown: found both"),
    ],
)
def test_bad_input_is_one_line(stormlab: Any, small: Case, arguments: list[str], said: str) -> None:
    assert small.id == "X1"
    assert stormlab("published", *arguments).complaint.startswith(said)


def test_without_numba_runs_of_the_compiled_engine_are_left_out(
    stormlab: Any, monkeypatch: pytest.MonkeyPatch, ten_clients: Case
) -> None:
    (v25,) = chosen(built_in_cases(), ["V25"])
    monkeypatch.setattr(command, "built_in_cases", lambda: [v25, ten_clients])
    monkeypatch.setattr(command, "missing", lambda: "no Numba")
    ended = stormlab("published", "--quick", "--jobs", "1")
    assert ended.code == 0
    assert "V25" not in ended.out
    assert "V25: 2 runs left out: no Numba" in ended.err
    assert stormlab("published", "--case", "V25").complaint == "V25: 2 runs left out: no Numba"


def test_a_case_is_taken_in_any_spelling(stormlab: Any, small: Case) -> None:
    assert small.id in stormlab("published", "--case", "x1", "--quick", "--jobs", "1").out


def with_verdict(case: Case, reference: float | None = None, quick: int | None = None) -> Case:
    text = case.model_dump()
    if reference is not None:
        text["run"][0]["check"][0]["reference"] = reference
    if quick is not None:
        text["run"][0]["quick"] = quick
    return Case.model_validate(text)


def test_exit_codes_are_those_of_the_house(ten_clients: Case) -> None:
    def result(case: Case) -> CaseResult:
        return evaluate([case], quick=True, workers=1)[0]

    inside = result(ten_clients)
    outside = result(with_verdict(ten_clients, reference=99.0))
    undecided = result(with_verdict(ten_clients, quick=1))
    assert exit_code([inside]) == 0
    assert exit_code([inside, undecided]) == 2
    assert exit_code([undecided, outside]) == 1
    json.dumps(document([inside, outside, undecided], quick=True, seed=1), allow_nan=False)
