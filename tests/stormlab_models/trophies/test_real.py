"""Every trophy of real code is still broken, and Hypothesis finds it again."""

import json
from pathlib import Path

import pytest

from stormlab.check import BUDGETS, Budget, check_client, read_replay, replay
from stormlab.check.told import told_world
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES
from stormlab_models.doc_tables import blocks
from stormlab_models.libraries.python import PYTHON_SOCKETIO, WEBSOCKETS
from stormlab_models.trophies import REAL, Trophy
from stormlab_models.trophies.document import Shown, overview, shown, told

needs_npm = pytest.mark.npm

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "reports/trophies"
HUNT = Budget("hunt", {"code": 1_500, "herd": 4}, 400, 2_000_000, hunts=True)
each_trophy = pytest.mark.parametrize(
    "trophy",
    [
        pytest.param(each, marks=needs_npm if each.target.startswith("npm:") else ())
        for each in REAL
    ],
    ids=lambda t: f"{t.target} {t.promise}",
)


@pytest.fixture(scope="module")
def all_shown() -> list[Shown]:
    return [shown(trophy) for trophy in REAL]


def test_the_versions_in_python_are_those_that_are_pinned() -> None:
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    for program in (WEBSOCKETS, PYTHON_SOCKETIO):
        name, version = program.name.split("@")
        assert pins[name] == version


@each_trophy
def test_a_trophy_is_still_broken(trophy: Trophy) -> None:
    each = shown(trophy)
    stored = read_replay(ROOT / FOLDER / each.file)
    again = replay(stored)
    assert again.finding.outcome is Outcome.BROKEN
    assert again.finding.reason == stored.reason == each.finding.reason
    assert stored.document == json.loads(json.dumps(each.replay.document))


@needs_npm
def test_a_trophy_shows_in_six_lines(all_shown: list[Shown]) -> None:
    for each in all_shown:
        promise = PROMISES[each.trophy.promise]
        world = told_world(promise, each.trophy.world, each.finding.walk_ns)
        assert len(world) + len(each.replay.evidence) <= 6


@needs_npm
def test_the_document_says_what_is_seen(all_shown: list[Shown]) -> None:
    stored = blocks((ROOT / "TROPHIES.md").read_text(encoding="utf-8"))
    expected = [overview(all_shown), *(told(each, FOLDER) for each in all_shown)]
    assert stored["real"] == "\n\n".join(expected)


@pytest.mark.slow
@each_trophy
def test_the_command_finds_it(trophy: Trophy) -> None:
    budget = BUDGETS[trophy.budget or "dev"]
    verdict = check_client(trophy.target, promises=[trophy.promise], budget=budget)
    assert verdict[trophy.promise].outcome is Outcome.BROKEN


@pytest.mark.slow
@each_trophy
def test_hypothesis_finds_it(trophy: Trophy) -> None:
    verdict = check_client(trophy.target, promises=[trophy.promise], budget=HUNT)
    assert verdict[trophy.promise].outcome is Outcome.BROKEN
