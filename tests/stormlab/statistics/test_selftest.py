"""The statistics held against worlds whose truth is known: V40 of the validation."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stormlab.statistics import probability_interval, selftest
from stormlab.statistics.selftest import BEGIN, END, Measured, calls_a_winner, main, rewritten

DOCUMENT = Path(__file__).parents[3] / "docs" / "statistics.md"
FAST: dict[Callable[[int], Iterator[Measured]], int] = {
    selftest.means: 500,
    selftest.quantiles: 2000,
    selftest.pooled: 500,
    selftest.proportions: 300,
    selftest.censored: 500,
    selftest.sequential: 400,
    selftest.same_policy: 500,
    selftest.same_mean: 400,
    selftest.power: 1000,
    selftest.best: 200,
}


@pytest.mark.parametrize("check", FAST, ids=lambda check: check.__name__)
def test_it_holds(check: Callable[[int], Iterator[Measured]]) -> None:
    rows = list(check(FAST[check]))
    assert rows
    assert [row.row for row in rows if not row.holds] == []


def test_no_winner_in_94_of_100_comparisons_of_equal_policies() -> None:
    assert sum(calls_a_winner(trial, common=False) for trial in range(100)) <= 6


def test_equal_policies_under_the_same_luck_never_have_a_winner() -> None:
    assert not any(calls_a_winner(trial, common=True) for trial in range(10))


@pytest.mark.slow
def test_a_thousand_comparisons_of_equal_policies_are_told_apart_at_most_so_often() -> None:
    rows = [*selftest.same_policy(1000), *selftest.whole_decision(1000)]
    assert len(rows) == 4
    for row in rows:
        assert probability_interval(row.hits, row.trials).low <= 0.05, row.row


@pytest.mark.slow
def test_the_table_in_the_document_is_what_is_measured() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert rewritten(document, selftest.table()) == document


def test_every_check_is_tested() -> None:
    assert set(selftest.CHECKS) == {*FAST, selftest.whole_decision}


def test_the_document_shows_every_check() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert "does not hold" not in document
    for check in (selftest.quantiles, selftest.sequential, selftest.same_policy):
        for row in check(1):
            assert f"| `{row.what}` | {row.condition} | {row.asked} " in document


@pytest.mark.parametrize(
    ("asked", "hits", "holds"),
    [
        ("at least", 950, True),
        ("at least", 937, True),
        ("at least", 936, False),
        ("at least", 1000, True),
        ("at most", 963, True),
        ("at most", 964, False),
        ("wrong tool, below", 700, True),
        ("wrong tool, below", 980, False),
    ],
)
def test_a_rate_is_held_to_its_bound_within_two_errors(
    asked: str, hits: int, *, holds: bool
) -> None:
    row = Measured("x", "y", asked, 95.0, hits, 1000)  # type: ignore[arg-type]
    assert 2 * row.error_percent == pytest.approx(1.378, abs=0.001)
    assert row.holds == holds
    assert ("not" in row.row) != holds


def test_only_the_table_is_rewritten() -> None:
    before = f"head\n{BEGIN}\nold\n{END}\ntail\n"
    after = rewritten(before, "| new |")
    assert after == f"head\n{BEGIN}\n\n| new |\n\n{END}\ntail\n"
    assert rewritten(after, "| new |") == after
    with pytest.raises(ValueError, match="found no"):
        rewritten("nothing", "| new |")


def test_it_prints_or_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selftest, "TRIALS", 5)
    monkeypatch.setattr(selftest, "CHECKS", (selftest.proportions,))
    monkeypatch.setattr(selftest, "table", lambda trials=5: f"{trials} trials")
    main([])
    assert capsys.readouterr().out == "5 trials\n"
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    main([str(page)])
    assert "5 trials" in page.read_text()
    with pytest.raises(SystemExit) as end:
        main([str(tmp_path / "gone.md")])
    assert end.value.code == 2
    assert "gone.md" in capsys.readouterr().err


def test_the_table_is_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "CHECKS", (selftest.quantiles,))
    lines = selftest.table(20).splitlines()
    assert all(line.count("|") == 6 for line in lines[:20])
    assert lines[-1].startswith("Each from 20 trials. Variance gain of pairing: ")


def test_distributions_are_those_of_scipy() -> None:
    assert selftest.truth("exponential", 0.5) == pytest.approx(math.log(2))
    assert selftest.truth("lognormal", 0.5) == pytest.approx(1)
    assert selftest.drawn("uniform", "x", 3, 4).shape == (3, 4)
