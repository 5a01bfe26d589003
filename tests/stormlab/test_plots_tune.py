"""The picture of a search: what stands where, and equal bytes."""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stormlab.model import load_scenario
from stormlab.plots import PlotError, style
from stormlab.plots_tune import _drawn, _scale, caption, figures_of, picture
from stormlab.statistics import mean_interval
from stormlab.tune import Aim, Check, Sample, Trial, Tuning, axis, goal, target

A, B = "reconnect_s_p99", "attempts_per_s_peak"
Make = Callable[..., Tuning]


def a_trial(number: int, *values: float) -> Trial:
    samples = {name: Sample((value, value + 1)) for name, value in zip((A, B), values, strict=True)}
    return Trial(number, {"backoff.cap_s": "5"} if number else {}, f"p{number}", (), samples, 0.5)


def a_check(trial: Trial) -> Check:
    intervals = {
        name: None if sample.never else mean_interval(sample.values)
        for name, sample in trial.samples.items()
    }
    return Check(trial, intervals, (), dict.fromkeys(intervals))


@pytest.fixture
def make() -> Make:
    """A search of which every trial is given by its two figures; trials 0 and 2 are checked."""

    def tuning(
        *points: tuple[float, float], goals: tuple[str, ...] = (f"{A}<60", f"{B}>20")
    ) -> Tuning:
        wanted = tuple(map(goal, goals))
        then = target(wanted, None, None)
        aim = Aim("outage-5s", "phoenix", (axis("backoff.cap_s=5:60"),), wanted, then)
        trials = tuple(a_trial(number, *point) for number, point in enumerate(points))
        checks = tuple(a_check(trials[number]) for number in (2, 0))
        return Tuning(aim, load_scenario("outage-5s"), trials, checks, {"stormlab": "0"})

    return tuning


def drawn(tuning: Tuning) -> Any:
    with style() as figure:
        return _drawn(figure, tuning).axes[0]


POINTS = (80.0, 10.0), (70.0, 15.0), (50.0, 30.0), (55.0, 25.0)


def test_every_trial_is_a_dot_and_later_ones_are_darker(make: Make) -> None:
    dots = [line for line in drawn(make(*POINTS)).lines if line.get_marker() == "o"]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in dots] == [
        (x + 0.5, y + 0.5) for x, y in POINTS[1:]
    ]
    shades = [float(line.get_color()) for line in dots]
    assert shades == sorted(shades, reverse=True)
    assert len(set(shades)) == 3


def test_the_best_and_the_given_are_marked_with_their_intervals(make: Make) -> None:
    lines = drawn(make(*POINTS)).lines
    marks = {line.get_marker(): line for line in lines}
    assert (marks["*"].get_xdata()[0], marks["*"].get_ydata()[0]) == (50.5, 30.5)
    assert (marks["s"].get_xdata()[0], marks["s"].get_ydata()[0]) == (80.5, 10.5)
    low, high = mean_interval((50, 51)).low, mean_interval((50, 51)).high
    assert any(list(line.get_xdata()) == [low, high] for line in lines)
    assert "best, checked: trial 2" in {line.get_label() for line in lines}


def test_the_limits_are_shaded_on_the_side_that_misses(make: Make) -> None:
    axes = drawn(make(*POINTS))
    hatched = [patch for patch in axes.patches if patch.get_hatch()]
    right, below = (patch.get_extents().transformed(axes.transData.inverted()) for patch in hatched)
    assert right.x0 == pytest.approx(60)
    assert below.y1 == pytest.approx(20)
    assert {text.get_text() for text in axes.texts} == {"< 60", "> 20"}


def test_what_never_came_lies_in_a_strip_beyond_all_others(make: Make) -> None:
    tuning = make(*POINTS, (math.inf, 12.0))
    axes = drawn(tuning)
    scale = _scale(tuning, A)
    last = [line for line in axes.lines if line.get_marker() == "o"][-1]
    assert scale.high < last.get_xdata()[0] < scale.top == axes.get_xlim()[1]
    assert "never" in {text.get_text() for text in axes.texts}
    assert "never" not in {text.get_text() for text in drawn(make(*POINTS)).texts}


def test_what_does_not_apply_is_left_out(make: Make) -> None:
    axes = drawn(make(*POINTS, (math.nan, 12.0)))
    assert len([line for line in axes.lines if line.get_marker() == "o"]) == 3


def test_a_wide_span_gets_a_logarithmic_axis(make: Make) -> None:
    axes = drawn(make(*POINTS, (5000.0, 12.0)))
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")


def test_one_goal_is_drawn_against_the_next_figure(make: Make) -> None:
    tuning = make(*POINTS, goals=(f"{B}<20",))
    assert figures_of(tuning) == (B, A)
    assert caption(tuning).startswith(f"Across: {B}; up: {A}.")


def test_equal_searches_give_equal_bytes(make: Make, tmp_path: Path) -> None:
    write = picture(make(*POINTS))
    (tmp_path / "other").mkdir()
    for folder in (tmp_path, tmp_path / "other"):
        write(folder / "tune.svg")
        write(folder / "tune.png")
    for name in ("tune.svg", "tune.png"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    changed = make(*POINTS)
    picture(replace(changed, trials=changed.trials[:3]))(tmp_path / "other" / "tune.svg")
    assert (tmp_path / "tune.svg").read_bytes() != (tmp_path / "other" / "tune.svg").read_bytes()


def test_without_matplotlib_it_says_what_to_install(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(PlotError, match="need matplotlib"):
        picture(make(*POINTS))
