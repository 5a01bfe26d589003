"""Every trophy is still broken, in a world of a few lines, and TROPHIES.md says so."""

import json
from pathlib import Path

import pytest

from stormlab.check import CheckError, check_policy, read_replay, replay
from stormlab.check.told import told_world
from stormlab.evidence import Outcome
from stormlab.properties import PROMISES, Finding
from stormlab_models.doc_tables import blocks
from stormlab_models.trophies import PROPOSALS, REAL, TROPHIES, Trophy, found
from stormlab_models.trophies.document import Shown, overview, shown, told

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "reports/trophies"
ALL = (*TROPHIES, *PROPOSALS)
each_trophy = pytest.mark.parametrize("trophy", ALL, ids=lambda t: f"{t.target} {t.promise}")


@pytest.fixture(scope="module")
def all_shown() -> list[Shown]:
    return [shown(trophy) for trophy in ALL]


@pytest.fixture
def each(trophy: Trophy, all_shown: list[Shown]) -> Shown:
    return all_shown[ALL.index(trophy)]


@each_trophy
def test_a_trophy_is_still_broken(each: Shown) -> None:
    stored = read_replay(ROOT / FOLDER / each.file)
    again = replay(stored)
    assert again.finding.outcome is Outcome.BROKEN
    assert again.finding.reason == stored.reason == each.finding.reason
    assert stored.document == json.loads(json.dumps(each.replay.document))


@each_trophy
def test_a_trophy_shows_in_six_lines(each: Shown) -> None:
    promise = PROMISES[each.trophy.promise]
    world = told_world(promise, each.trophy.world, each.finding.walk_ns)
    assert len(world) <= 2
    assert len(world) + 1 + len(each.replay.evidence) <= (6 if each.trophy in TROPHIES else 5)


def test_there_are_no_replays_of_other_trophies(all_shown: list[Shown]) -> None:
    names = sorted(path.name for path in (ROOT / FOLDER).iterdir())
    real = {Shown(trophy, Finding(Outcome.BROKEN)).file for trophy in REAL}
    of_models = [name for name in names if name not in real]
    assert of_models == sorted(each.file for each in all_shown)
    assert real <= set(names)


def test_the_document_says_what_is_seen(all_shown: list[Shown]) -> None:
    stored = blocks((ROOT / "TROPHIES.md").read_text(encoding="utf-8"))
    trophies, proposals = all_shown[: len(TROPHIES)], all_shown[len(TROPHIES) :]
    assert stored["overview"] == overview(trophies)
    assert stored["trophies"] == "\n\n".join(told(each, FOLDER) for each in trophies)
    assert stored["proposals"] == "\n\n".join(told(each, FOLDER) for each in proposals)


def test_a_trophy_that_is_no_longer_broken_is_named() -> None:
    kept = Trophy("aws-full-jitter", "first-retry-is-spread", "", "", found.HERD)
    with pytest.raises(CheckError, match="aws-full-jitter: first-retry-is-spread holds"):
        shown(kept)


def test_what_is_repaired_or_never_had_it_keeps_the_promise() -> None:
    for target, promise, world in (
        ("y-websocket", "calm-when-fooled", found.FOOLED),
        ("reconnecting-websocket", "fleet-disperses", found.HERD),
    ):
        with pytest.raises(CheckError, match="holds"):
            shown(Trophy(target, promise, "", "", world))


@pytest.mark.slow
@each_trophy
def test_the_command_finds_it(trophy: Trophy) -> None:
    if trophy.budget is None:
        pytest.skip("only its own world shows it")
    verdict = check_policy(trophy.target, promises=[trophy.promise], budget=trophy.budget)
    assert verdict[trophy.promise].outcome is Outcome.BROKEN
