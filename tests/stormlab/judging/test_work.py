"""Judging keeps each row when it is finished, and goes on from there."""

from pathlib import Path

import pytest

from stormlab.check import Budget, CheckError
from stormlab.judging import JudgingError, Matrix, plan, work
from stormlab.policy.catalogue import catalogue
from stormlab.store import Store


def test_what_was_stopped_goes_on_where_it_was(
    few: Budget, small: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [row.name for row in small.rows]
    with Store(tmp_path) as store:
        first = plan(names, few, small.command, store)
        assert next(first.work(store, 1)) == "aws-full-jitter"
        again = plan(names, few, small.command, store)
        assert again.missing == ["graphql-ws"]
        assert list(again.work(store, 1)) == ["graphql-ws"]
        monkeypatch.setattr(work, "judged", None)  # nothing is left to do
        done = plan(names, few, small.command, store)
        assert not done.missing
        assert not list(done.work(store, 1))
    assert done.matrix.document == small.document


def test_another_budget_is_another_row(few: Budget) -> None:
    more = Budget("few", {**few.cases, "bare": 5}, few.shrink_tries, few.shrink_events)
    assert plan(["phoenix"], few).keys != plan(["phoenix"], more).keys
    assert plan(["phoenix"], few).keys == plan(["phoenix"], few).keys


def test_none_named_means_the_whole_catalogue() -> None:
    assert list(plan([], "dev").keys) == sorted(catalogue())


@pytest.mark.parametrize(
    ("names", "budget", "complaint"),
    [
        (["pheonix"], "dev", "policy 'pheonix': not in the catalogue; see: stormlab policies"),
        (["phoenix"], "much", "budget: found 'much'; allowed: dev, ci, nightly"),
        (["phoenix"], "nightly", "budget: found 'nightly', whose worlds differ every time"),
    ],
)
def test_bad_input_is_one_line(names: list[str], budget: str, complaint: str) -> None:
    with pytest.raises(JudgingError) as refused:
        plan(names, budget)
    assert str(refused.value) == complaint


def test_a_policy_that_fails_is_named(few: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str, _budget: object) -> None:
        raise CheckError(f"{name}: on() raised")

    monkeypatch.setattr(work, "judged", fails)
    with pytest.raises(JudgingError, match=r"^phoenix: on\(\) raised$"):
        list(plan(["phoenix"], few).work(None, 1))
