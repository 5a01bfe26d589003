"""The engine: what is broken is found, what is sound passes, and the same check says the same."""

import json
from pathlib import Path

import pytest

from stormlab.check import Budget, CheckError, check_policy
from stormlab.check.engine import Runs
from stormlab.check.guard import Limit
from stormlab.check.see import target_of
from stormlab.evidence import Outcome
from stormlab.policy import Reconnect
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

ONE_CLIENT = ["converges", "gives-up-as-declared", "one-live-socket", "conserves-attempts"]


def test_a_sound_policy_keeps_its_promises(sound: Reconnect, small: Budget) -> None:
    verdict = check_policy(sound, name="sound", budget=small)
    assert not verdict.broken, verdict.text()
    assert {"converges", "delay-in-range", "calm-when-fooled"} <= {
        each.name for each in verdict.of(Outcome.HOLDS)
    }


def test_a_breach_is_found_and_made_small(never_again: type, small: Budget) -> None:
    verdict = check_policy(never_again, promises=ONE_CLIENT, budget=small)
    judged = verdict["converges"]
    assert judged.outcome is Outcome.BROKEN
    assert isinstance(judged.world, BareWorld)
    assert len(judged.world.phases) == 1
    assert judged.world.seed == 0
    assert judged.found_at is not None
    assert judged.found_at <= 20
    assert 0 < len(judged.evidence) <= 5
    assert verdict["one-live-socket"].outcome is Outcome.HOLDS


def test_equal_checks_give_equal_documents(never_again: type, small: Budget) -> None:
    documents = [
        check_policy(never_again, promises=ONE_CLIENT, budget=small).document for _ in range(2)
    ]
    assert documents[0] == documents[1]
    assert json.loads(json.dumps(documents[0], allow_nan=False)) == documents[0]


def test_another_seed_tries_other_worlds(never_again: type, small: Budget) -> None:
    found = {
        check_policy(never_again, promises=["converges"], budget=small, seed=seed)[
            "converges"
        ].found_at
        for seed in range(4)
    }
    assert None not in found
    assert len(found) > 1


def test_a_promise_that_does_not_apply_leaves_the_whole_alone(sound: Reconnect) -> None:
    budget = Budget("one", {"bare": 40})
    verdict = check_policy(sound, promises=["converges", "budget-kept"], budget=budget)
    assert verdict["budget-kept"].outcome is Outcome.UNDECIDED
    assert not verdict["budget-kept"].unseen
    assert verdict.outcome is Outcome.UNDECIDED  # it was asked for by name


def test_a_batch_that_never_saw_what_is_needed_decides_nothing(sound: Reconnect) -> None:
    verdict = check_policy(sound, budget=Budget("none", {"bare": 1}), seed=3)
    judged = verdict["calm-when-fooled"]
    assert judged.outcome is Outcome.UNDECIDED
    assert judged.unseen
    assert "never was a connection accepted only to be closed" in judged.reason
    assert verdict.outcome is Outcome.UNDECIDED


def test_no_world_is_run_twice(sound: Reconnect) -> None:
    runs = Runs(target_of(sound), Limit("sound"))
    world = BareWorld((Phase("refuse", 5.0),))
    assert runs.see(world) is runs.see(BareWorld((Phase("refuse", 5.0),)))
    assert runs.count == 1


def test_counterexamples_are_written_only_when_there_are_any(
    never_again: type, sound: Reconnect, small: Budget, tmp_path: Path
) -> None:
    folder = tmp_path / "found"
    check_policy(sound, promises=["converges"], budget=small, folder=folder)
    assert not folder.exists()
    verdict = check_policy(never_again, promises=["converges"], budget=small, folder=folder)
    assert [path.name for path in folder.iterdir()] == ["NeverAgain--converges.json"]
    assert verdict["converges"].replay == folder / "NeverAgain--converges.json"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"promises": ["converge"]}, "promise 'converge': there is none; did you mean 'converges'"),
        ({"promises": ["sends-when-open"]}, "is about the code of a page or real code, which"),
        ({"budget": "huge"}, "budget: found 'huge'; allowed: dev, ci, nightly"),
    ],
)
def test_bad_questions_are_refused(
    sound: Reconnect, arguments: dict[str, object], complaint: str
) -> None:
    with pytest.raises((CheckError, ValueError), match=complaint):
        check_policy(sound, **arguments)  # type: ignore[arg-type]


def test_the_code_of_a_page_is_held_to_promises_about_pages() -> None:
    budget = Budget("page", {"page": 6}, 10, 20_000)
    analysed = check_policy("page.hook=manager", promises=["one-live-socket"], budget=budget)
    repaired = check_policy(
        {"page": {"hook": "manager_repaired"}}, promises=["one-live-socket"], budget=budget
    )
    assert analysed.outcome is Outcome.BROKEN
    assert repaired.outcome is Outcome.HOLDS
    with pytest.raises(
        CheckError, match=r"is about policies or real code, which page\.hook=manager is not"
    ):
        check_policy("page.hook=manager", promises=["converges"])
