"""Counterexamples as files: written whole, read strictly, still broken or fixed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab.check import Budget, CheckError, Replay, check_policy, read_replay, replay
from stormlab.evidence import Outcome
from stormlab.policy import Reconnect
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

WORLD = BareWorld((Phase("reject", 60.0),), settle_s=60.0)
FOUND = Replay("phoenix", "phoenix", PROMISES["calm-when-fooled"], WORLD, "too many", ("a", "b"))


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    place = tmp_path / "new" / "found.json"
    FOUND.write(place)
    assert read_replay(place) == FOUND
    assert [path.name for path in place.parent.iterdir()] == ["found.json"]


def test_it_is_still_broken_until_another_policy_is_there() -> None:
    assert replay(FOUND).finding.outcome is Outcome.BROKEN
    fixed = replay(FOUND, "aws-full-jitter")
    assert fixed.finding.outcome is Outcome.HOLDS
    assert fixed.target.name == "aws-full-jitter"


def test_a_policy_made_of_parts_is_kept_as_a_table(
    forgets_on_open: Reconnect, tmp_path: Path
) -> None:
    budget = Budget("small", {"bare": 60}, 40, 40_000)
    verdict = check_policy(
        forgets_on_open, promises=["backoff-survives-flapping"], budget=budget, folder=tmp_path
    )
    [judged] = verdict.broken
    assert judged.replay is not None
    assert judged.command == f"stormlab replay {judged.replay}"
    again = replay(read_replay(judged.replay))
    assert again.finding.outcome is Outcome.BROKEN
    assert again.finding.reason == judged.reason


def test_a_file_of_ones_own_is_asked_for_by_its_target(
    code: Callable[[str], str], tmp_path: Path
) -> None:
    body = (
        "if happened.fact in {Fact.DROPPED, Fact.REFUSED}:\n"
        "    return RetryAt(happened.time_ns + 10_000_000)"
    )
    target = code(body)
    verdict = check_policy(
        target,
        promises=["gives-up-as-declared", "converges", "calm-when-fooled"],
        budget=Budget("small", {"bare": 30}, 10, 10_000),
        folder=tmp_path / "found",
    )
    for judged in verdict.broken:
        assert judged.replay is not None
        assert read_replay(judged.replay).target == target


def test_a_target_without_a_name_has_to_be_given() -> None:
    nameless = Replay(None, "local", PROMISES["converges"], WORLD)
    with pytest.raises(CheckError, match="local: has no name that can be looked up; give it: --p"):
        replay(nameless)
    assert replay(nameless, "aws-full-jitter").finding.outcome is not Outcome.BROKEN


def test_a_promise_must_be_about_the_target() -> None:
    with pytest.raises(CheckError, match=r"'calm-when-fooled' is not about page\.hook=manager"):
        replay(FOUND, "page.hook=manager")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"promise": "nice"}, "promise: found 'nice', which does not exist"),
        ({"format": 7}, "format: found 7; this version reads 1"),
        ({"extra": 1}, "extra: unknown key; allowed: format, "),
        ({"world": {"kind": "moon"}}, "world.kind: found 'moon'; allowed: bare, herd, fleet, page"),
        ({"world": {"kind": "bare", "sockets": 0}}, "world.sockets: found 0; allowed: 1 to 64"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_line(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    place = tmp_path / "found.json"
    place.write_text(json.dumps(FOUND.document | change), encoding="utf-8")
    with pytest.raises(CheckError) as error:
        read_replay(place)
    assert str(error.value).startswith(f"{place}: {complaint}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"[1, 2", b"\xff\xfe", b"[]", b"{}", b"[" * 100_000])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "found.json"
    place.write_bytes(content)
    with pytest.raises(CheckError, match="a file that stormlab check wrote"):
        read_replay(place)
    with pytest.raises(CheckError, match="No such file"):
        read_replay(tmp_path / "gone.json")
