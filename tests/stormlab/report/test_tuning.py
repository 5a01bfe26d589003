"""The report of a search."""

import pytest

from stormlab.model import load_scenario
from stormlab.report.tuning import report
from stormlab.statistics import mean_interval
from stormlab.tune import Aim, Check, Sample, Trial, Tuning, axis, goal, target

A = "reconnect_s_p99"


@pytest.fixture
def tuning() -> Tuning:
    """Thirty trials of which the later ones have larger figures; the first is the best."""
    wanted = (goal(f"{A}<60"),)
    aim = Aim(
        "outage-5s",
        "phoenix",
        (axis("a_b=1:100"), axis("kind=x,y")),
        wanted,
        target(wanted, None, None),
    )

    def trial(number: int) -> Trial:
        value = 90.0 if number == 0 else 20.0 + number
        own = {"a_b": str(number), "kind": "xy"[number % 2]} if number else {}
        return Trial(number, own, f"phoenix,a_b={number}", (), {A: Sample((value,))}, value / 100)

    def check(number: int) -> Check:
        interval = mean_interval([19.0 + number, 21.0 + number])
        sample = {A: Sample((19.0 + number, 21.0 + number))}
        checked = Trial(number, {"a_b": "1"}, f"phoenix,a_b={number}", (), sample, 0.2)
        return Check(checked, {A: interval}, ((wanted[0], "met"),), {A: None})

    trials = tuple(map(trial, range(31)))
    checks = (check(1), check(0))
    return Tuning(aim, load_scenario("outage-5s"), trials, checks, {"stormlab": "0.1", "x": "2"})


def test_it_begins_with_the_answer_and_holds_the_rest(tuning: Tuning) -> None:
    text = report(tuning, "stormlab tune phoenix ...", picture="What a_b shows.", toml="[policy]\n")
    lines = text.splitlines()
    assert lines[0] == "# Tuning `phoenix` in `outage-5s`"
    assert lines[2] == "**Yes: trial 1 meets all goals beyond noise.**"
    for part in (
        "`phoenix,a_b=1`",
        "```toml\n[policy]\n```",
        "| checked | reconnect\\_s\\_p99 \\< 60 |",
        "![What a\\_b shows.](tune.svg)",
        "```sh\nstormlab tune phoenix ...\n```",
        "Made with stormlab 0.1, x 2.",
    ):
        assert part in text, part
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_only_the_best_trials_are_listed_and_the_given(tuning: Tuning) -> None:
    text = report(tuning, "", picture=None, toml=None)
    rows = [line for line in text.splitlines() if line.endswith("| all met |")]
    assert [row.split("|")[1].strip() for row in rows] == [str(n) for n in range(1, 13)]
    assert any(line.startswith("| given |") for line in text.splitlines())
    assert "18 more are in `trials.csv`." in text
    assert "tune.svg" not in text
    assert "```toml" not in text


def test_influence_beyond_chance_is_bold(tuning: Tuning) -> None:
    text = report(tuning, "", picture=None, toml=None)
    assert "| a\\_b | **+1.00** |" in text
    assert "| kind | 0.00 |" in text
