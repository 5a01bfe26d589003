"""A matrix keeps what was judged, in one order, and says it as plain JSON."""

import json
from dataclasses import replace
from pathlib import Path

from stormlab.check import read_replay, replay
from stormlab.check.see import OF_POLICIES
from stormlab.evidence import Outcome
from stormlab.judging import Cell, Matrix, Row, columns
from stormlab.judging.matrix import KINDS
from stormlab.properties import PROMISES


def test_every_promise_about_policies_is_a_column_once() -> None:
    found = columns()
    expected = [name for name, each in PROMISES.items() if set(each.tiers) & set(OF_POLICIES)]
    assert sorted(column.name for column in found) == sorted(expected)
    assert len({column.code for column in found}) == len(found)
    assert all(len(column.code) <= 3 for column in found)


def test_rows_stand_by_kind_and_name(small: Matrix) -> None:
    first = small.rows[0]
    rows = [replace(first, name=name, kind=kind) for name in "ba" for kind in reversed(KINDS)]
    made = Matrix.of([*rows, replace(first, kind="of somebody else")], "few", "")
    assert [row.kind for row in made.rows[::2]] == [*KINDS, "of somebody else"]
    assert [row.name for row in made.rows[:4]] == ["a", "b", "a", "b"]


def test_what_is_judged_has_four_answers(small: Matrix) -> None:
    graphql, jitter = small.rows
    assert (graphql.name, jitter.name) == ("graphql-ws", "aws-full-jitter")
    assert graphql.cells["gives-up-as-declared"] is Cell.BROKEN
    assert jitter.cells["jitter-survives-the-cap"] is Cell.HOLDS
    assert jitter.cells["budget-kept"] is Cell.OUTSIDE
    assert jitter.cells["bytes-bounded"] is Cell.OPEN  # no fleet was tried
    assert "budget" in jitter.reasons["budget-kept"]


def test_a_kept_row_is_the_same_row(small: Matrix) -> None:
    for row in small.rows:
        kept = json.loads(json.dumps(row.figures))
        assert Row.from_figures(kept).figures == row.figures
        assert Row.from_figures(kept).document == row.document


def test_a_breach_is_small_and_its_replay_says_the_same(small: Matrix, tmp_path: Path) -> None:
    breaches = [each for row in small.rows for each in row.breaches]
    assert breaches
    for each in breaches:
        assert len(each.world) <= 5
        assert len(each.evidence) <= 5
        path = tmp_path / "found.json"
        path.write_text(json.dumps(each.replay))
        again = replay(read_replay(path))
        assert again.finding.outcome is Outcome.BROKEN
        assert again.finding.reason == each.reason


def test_the_sums_add_up(small: Matrix) -> None:
    tallies = [small.tally(column) for column in small.columns]
    assert sum(broken for broken, _ in tallies) == small.breaches
    assert sum(decided for _, decided in tallies) == sum(row.applying for row in small.rows)
    assert small.headline.startswith(f"2 policies, {len(small.columns)} promises: ")
    counted = {each["name"]: each["broken"] for each in small.document["promises"]}
    assert counted["gives-up-as-declared"] == 1
    assert sum(counted.values()) == small.breaches
