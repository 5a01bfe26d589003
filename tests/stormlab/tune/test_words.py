"""The result in words."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.statistics import Interval
from stormlab.tune import Aim, Sample, Tuning, tune, words

Make = Callable[..., Aim]
MANY = (
    "40 trials and the policy as given, 4 runs each under the same seeds; 4 of them checked in 20"
    " runs each under fresh seeds"
)


def test_the_header_says_what_was_asked(tuned: Tuning) -> None:
    assert words.header(tuned)[1:] == [
        "scenario outage-5s   A crash with an outage of 5 s",
        "  200 s; done to it: crash at 10 s for 5 s",
        "goals reconnect_s_p99<65; attempts_per_s_peak<20; then smallest reconnect_s_p99",
        "  vary backoff.cap_s=5:60",
        "  vary backoff.base_s=log:0.5:20",
        MANY,
    ]


def test_the_table_of_the_checked_has_intervals_and_goals(tuned: Tuning) -> None:
    headings, rows = words.checked(tuned, {"reconnect_s_p99": "t99 s"})
    assert headings == ["checked", "t99 s < 65", "attempts_per_s_peak < 20"]
    assert rows[0][0] == words.name_of(tuned.best.trial)
    assert all(cell.endswith(" met") for cell in rows[0][1:])
    assert "±" in rows[0][1]
    assert rows[-1][0] == "given"
    assert all(cell.endswith(" missed") for cell in rows[-1][1:])


def test_the_table_of_the_tried_has_the_given_values(tuned: Tuning) -> None:
    headings, rows = words.tried(tuned, [*tuned.ranked[:2], tuned.trials[0]])
    assert headings == [
        "trial",
        "backoff.cap_s",
        "backoff.base_s",
        "reconnect_s_p99",
        "attempts_per_s_peak",
        "goals",
    ]
    assert rows[0][-1] == "all met"
    assert (rows[2][0], rows[2][1], rows[2][2], rows[2][-1]) == ("given", "30", "1", "2 missed")
    assert words.legend(tuned, {"reconnect_s_p99": "t99 s"}) == "t99 s: reconnect_s_p99"


def test_a_success_is_a_yes_with_what_it_gains_and_what_moved_it(tuned: Tuning) -> None:
    number = words.name_of(tuned.best.trial)
    assert words.outcome(tuned) == "met"
    assert words.verdict(tuned) == f"Yes: trial {number} meets all goals beyond noise."
    said = "\n".join(words.notes(tuned))
    assert " of 40 trials met all goals in the mean of their runs." in said
    assert "in pairs of equal seeds: reconnect_s_p99 -1" in said
    assert "What moved attempts_per_s_peak, by rank correlation over the trials: " in said
    assert "backoff.base_s (-" in said
    assert words.to_use(tuned) == tuned.best.trial.policy


def test_a_miss_is_a_no_that_names_the_goal(world: Any, aim: Make) -> None:
    del world
    found = tune(aim("reconnect_s_p99<50", vary=["backoff.cap_s=10:20"], trials=3))
    assert words.outcome(found) == "missed"
    assert words.verdict(found).startswith("No: trial ")
    assert "but reconnect_s_p99<50 is missed (" in words.verdict(found)
    assert "None of 3 trials met all goals" in words.notes(found)[0]


def test_what_noise_hides_is_undecided_with_the_runs_that_would_decide(
    world: Any, aim: Make
) -> None:
    world.figures = lambda _, luck: {"reconnect_s_p99": 59.9 + 2 * luck}
    found = tune(aim("reconnect_s_p99<60", trials=3))
    assert words.outcome(found) == "undecided"
    assert words.verdict(found).startswith("Undecided: ")
    assert " is within noise (" in words.verdict(found)
    assert " would decide)." in words.verdict(found)


def test_a_figure_that_does_not_apply_is_said_to(world: Any, aim: Make) -> None:
    world.figures = lambda _own, _luck: {"reconnect_s_p99": None}
    found = tune(aim(trials=2))
    assert "reconnect_s_p99 does not apply to any of its runs" in words.verdict(found)
    assert words.outcome(found) == "undecided"


def test_the_given_policy_is_named_when_it_is_best(world: Any, aim: Make) -> None:
    del world
    found = tune(aim("reconnect_s_p99<80", vary=["backoff.cap_s=40,50"]))
    assert words.verdict(found) == (
        "Yes: the policy as it was given meets all goals beyond noise; nothing that was tried is"
        " better."
    )


def test_an_edge_says_to_widen_the_range(world: Any, aim: Make) -> None:
    world.figures = lambda own, _: {"reconnect_s_p99": float(own.get("backoff.cap_s", 60))}
    said = words.notes(tune(aim(vary=["backoff.cap_s=20:60"])))[-1]
    assert "lies at the low end of its range (backoff.cap_s=20:60): widen it" in said


def test_settings_of_the_scenario_are_part_of_what_to_use(world: Any, aim: Make) -> None:
    world.figures = lambda own, _: {"reconnect_s_p99": 50.0 if own else 90.0}
    found = tune(aim(vary=["scenario.clients.count=5,6", "backoff.cap_s=5,6"]))
    assert words.to_use(found) == "aws-full-jitter,backoff.cap_s=5 --set clients.count=5"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1.0, 2.0), "1.5"),
        ((1.0, math.inf), "never 1/2"),
        ((math.inf, math.nan), "never 1/1"),
        ((math.nan,), "\N{EN DASH}"),
    ],
)
def test_a_mean_says_when_it_never_came_or_does_not_apply(
    values: tuple[float, ...], text: str
) -> None:
    assert words.mean_text(Sample(values)) == text


@pytest.mark.parametrize(
    ("half", "text"),
    [(0.4, "+63.2 ±0.4"), (0.14, "+63.21 ±0.14"), (30, "+63 ±30"), (0, "+63.21")],
)
def test_a_half_width_has_one_digit_or_two_when_it_begins_with_one(half: float, text: str) -> None:
    interval = Interval(63.21, 63.21 - half, 63.21 + half, 9)
    assert words.with_half(interval, sign=True) == text
    assert words.with_half(interval) == text.removeprefix("+")
