"""The matrix in ``reports/promises`` is what the catalogue of today gives."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stormlab.check import read_replay, replay
from stormlab.evidence import Outcome
from stormlab.judging import Matrix, Row, columns, judged
from stormlab.policy.catalogue import catalogue
from stormlab.report.promises import markdown, page

FOLDER = Path(__file__).resolve().parents[2] / "reports" / "promises"
COUNTEREXAMPLES = FOLDER / "counterexamples"
QUICK = ("aws-full-jitter", "websocket-client", "sockjs-client")  # to be judged anew in every run
SAMPLE = (  # one of each kind, whose counterexamples are replayed in every run
    "graphql-ws",
    "websockets",
    "opossum",
    "grpc-retry-throttling",
    "rfc-6455",
    "node-retry",
    "firefox",
    "tac-webbuilder",
)


@cache
def stored() -> dict[str, Any]:
    """The matrix as it is stored."""
    found: dict[str, Any] = json.loads((FOLDER / "matrix.json").read_text(encoding="utf-8"))
    return found


def row_of(name: str) -> dict[str, Any]:
    """The stored row of a policy."""
    found: dict[str, Any] = next(row for row in stored()["policies"] if row["policy"] == name)
    return found


def file_of(name: str, promise: str) -> Path:
    """The stored counterexample of a broken cell."""
    empty = Row(name, "", "", "", {})
    return COUNTEREXAMPLES / empty.file(promise)


def held_to(name: str) -> None:
    """Judge a policy anew, and compare its row and its counterexamples."""
    row = Row.from_figures(judged(name, stored()["budget"]))
    assert row.document == row_of(name)
    for each in row.breaches:
        found = json.loads(file_of(name, each.promise).read_text(encoding="utf-8"))
        assert found == each.replay, each.promise


def test_every_policy_and_every_promise_is_in_it() -> None:
    assert {row["policy"] for row in stored()["policies"]} == set(catalogue())
    assert [each["name"] for each in stored()["promises"]] == [each.name for each in columns()]
    assert {catalogue()[name].kind for name in SAMPLE} == {e.kind for e in catalogue().values()}
    for row in stored()["policies"]:
        entry = catalogue()[row["policy"]]
        assert (row["version"], row["source"]) == (entry.version, entry.source)
        answers = [*row["holds"], *row["broken"], *row["undecided"], *row["does_not_apply"]]
        assert sorted(answers) == sorted(each.name for each in columns())


def test_there_is_a_counterexample_behind_each_broken_cell_and_no_other() -> None:
    expected = {
        file_of(row["policy"], promise).name
        for row in stored()["policies"]
        for promise in row["broken"]
    }
    assert {path.name for path in COUNTEREXAMPLES.iterdir()} == expected
    for row in stored()["policies"]:
        for told in row["broken"].values():
            assert 1 <= len(told["world"]) <= 5
            assert len(told["evidence"]) <= 5


def test_the_texts_are_made_of_the_same_rows() -> None:
    rows = []
    for found in stored()["policies"]:
        cells = dict.fromkeys(found["holds"], "holds")
        cells |= dict.fromkeys(found["broken"], "broken")
        cells |= dict.fromkeys(found["undecided"], "undecided")
        cells |= dict.fromkeys(found["does_not_apply"], "does not apply")
        breaches = [
            {
                **told,
                "promise": promise,
                "replay": json.loads(file_of(found["policy"], promise).read_text("utf-8")),
            }
            for promise, told in found["broken"].items()
        ]
        facts = {key: found[key] for key in ("version", "kind", "source")}
        made = {"name": found["policy"], "cells": cells, "reasons": {}, "breaches": breaches}
        rows.append(Row.from_figures(facts | made))
    matrix = Matrix.of(rows, stored()["budget"], stored()["command"])
    assert markdown(matrix) == (FOLDER / "matrix.md").read_text(encoding="utf-8")
    assert page(matrix) == (FOLDER / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLE)
def test_a_counterexample_still_breaks_its_promise(name: str) -> None:
    for promise, told in row_of(name)["broken"].items():
        again = replay(read_replay(file_of(name, promise)))
        assert again.finding.outcome is Outcome.BROKEN, promise
        assert again.finding.reason == told["reason"], promise
        assert list(again.finding.events) == told["evidence"], promise


@pytest.mark.parametrize("name", QUICK)
def test_a_policy_judged_anew_gets_the_same_row(name: str) -> None:
    held_to(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(catalogue()) - set(QUICK)))
def test_every_policy_judged_anew_gets_the_same_row(name: str) -> None:
    held_to(name)
