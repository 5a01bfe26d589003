"""Cells, orders and notes as a person reads them."""

import math
from collections.abc import Callable

import pytest

from stormlab.compare import Comparison, Plan, Summary, words
from stormlab.statistics import Interval

Compared = Callable[..., Comparison]


def mean(value: float, half: float) -> Summary:
    return Summary("mean", Interval(value, value - half, value + half, 9), 9, 9, 1.0)


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (63.1684, 0.0702, "63.17 ±0.07"),
        (63.1684, 0.14, "63.17 ±0.14"),
        (482.31, 2.04, "482 ±2"),
        (482.31, 19.4, "482 ±19"),
        (12345.6, 234.5, "12,346 ±234"),
        (0.001234, 0.00004, "0.00123 ±0.00004"),
        (20.0, 0.0, "20"),
        (20.0, 1e-15, "20"),
        (1234567.0, 0.0, "1,234,567"),
        (0.0, 0.0, "0"),
        (5.0, math.inf, "5"),
    ],
)
def test_a_cell_has_as_many_places_as_its_half_width(value: float, half: float, text: str) -> None:
    assert words.cell(mean(value, half)) == text


def test_a_cell_says_how_often_a_thing_never_was() -> None:
    some = Summary("median", Interval(61.5, 60, math.inf, 15), 15, 12, None)
    most = Summary("median", Interval(math.inf, 60, math.inf, 15), 15, 3, None)
    every = Summary("median", Interval(math.inf, math.inf, math.inf, 15), 15, 0, None)
    assert words.cell(some) == "61.5 (never 3/15)"
    assert words.cell(most) == "never (never 12/15)"
    assert words.cell(every) == "never"
    assert words.cell(None) == "-"


def test_the_best_is_marked_only_when_it_beats_every_other(compared: Compared) -> None:
    def marks(*policies: str) -> list[str]:
        found = compared(*policies)
        return [words.mark(found, "wait_s", label) for label in found.labels]

    assert marks("20~1", "30~1", "40~1") == ["*", "", ""]
    assert marks("20~5", "21~3", "40~1") == ["=", "=", ""]
    assert marks("20~5", "21~3") == ["", ""]
    assert marks("20~3") == [""]
    assert marks("20", "20?100") == ["*", ""]


def test_too_few_runs_never_mark_what_never_got_there(compared: Compared) -> None:
    found = compared("20", "20?100", plan=Plan(replications=3))
    assert found.rankings["wait_s"].leaders == ("20", "20?100")
    assert words.mark(found, "wait_s", "20?100") == ""
    assert any(line.startswith("3 runs are too few for a verdict") for line in words.notes(found))


def test_the_order_says_who_beats_whom(compared: Compared) -> None:
    found = compared("40~1", "20~5", "21~3")
    ahead = found.rankings["wait_s"].order
    assert words.order(found, "wait_s") == f"{ahead[0]} ≈ {ahead[1]} > 40~1"


def test_the_order_says_also_what_no_sign_between_neighbours_says(compared: Compared) -> None:
    found = compared("20", "10~25", "24", settings=("weather=0.1",))
    assert words.order(found, "wait_s") == "20 ≈ 10~25 ≈ 24; but 20 > 24"


def test_the_head_says_what_was_compared_and_how_often(compared: Compared) -> None:
    found = compared("20", "30", seed=4, settings=("weather=1",))
    assert words.header(found) == [
        f"stormlab {found.stormlab}   model waits   2 policies   seed 4",
        "scenario waits",
        "  100 s; done to it: nothing",
        "  weather = 1.0",
        "  12 runs of each policy under the same seeds (as asked); ±: 95 % interval of the mean",
    ]


def test_the_headings_are_explained(compared: Compared) -> None:
    assert words.headings(compared("20")) == "wait: Wait"


def test_the_notes_tell_losses_collapse_and_what_pairing_brought(compared: Compared) -> None:
    found = words.notes(compared("20", "20~2", "30?50"))
    assert [line.partition(":")[0] for line in found] == [
        "30?50",
        "30?50",
        "variance gain of pairing by seed",
    ]
    assert "clients lost for good" in found[0]
    assert "the service collapses" in found[1]
    calm = words.notes(compared("20", "20~2"))
    assert calm[0].startswith("collapse, each policy: never in 12 runs: below ")
    assert len(calm) == 2


def test_what_fell_short_is_told_the_worst_first(compared: Compared) -> None:
    found = compared("20", "5~40", "5~90", plan=Plan(precision=0.01, ceiling=12))
    told = next(line for line in words.notes(found) if line.startswith("not as precise"))
    assert told.startswith("not as precise as asked for: 5~90 ")
    assert "(needs about " in told
    assert told.endswith(f", and {len(found.effort.short) - 3} more")
