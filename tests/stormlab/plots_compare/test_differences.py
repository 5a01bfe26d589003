"""Paired differences: what is filled, what hollow, and words where there is no mean."""

import math

import numpy as np
import pytest

from stormlab.plots import COLOURS, PlotError
from stormlab.plots_compare import draw_differences
from stormlab.statistics import Judgement, compare_pair, judge

BASE = [10.0 + 0.1 * (k % 5) for k in range(20)]


def judged(**others: list[float]) -> dict[str, Judgement]:
    return judge({name: compare_pair(BASE, values) for name, values in others.items()})


@pytest.fixture
def verdicts() -> dict[str, Judgement]:
    wobble = [0.05 * (-1) ** k for k in range(20)]
    return judged(
        half=[x / 2 + w for x, w in zip(BASE, wobble, strict=True)],
        double=[2 * x + w for x, w in zip(BASE, wobble, strict=True)],
        same=[x + w for x, w in zip(BASE, wobble, strict=True)],
        gone=[math.inf] * 20,
    )


def test_a_row_per_policy_at_its_multiple_of_the_baseline(verdicts: dict[str, Judgement]) -> None:
    axes = draw_differences({"t99": verdicts}, "base").figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == list(verdicts)
    points = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == 1]
    values = [float(np.asarray(line.get_xdata())[0]) for line in points]
    assert values == pytest.approx([0.5, 2, 1], rel=0.01)
    faces = [line.get_markerfacecolor() for line in points]
    assert faces == [COLOURS[0], COLOURS[3], "white"]
    assert axes.get_xscale() == "log"


def test_never_is_told_in_words(verdicts: dict[str, Judgement]) -> None:
    axes = draw_differences({"t99": verdicts}, "base").figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["never in 20 of 20 runs"]


def test_figures_have_a_panel_each(verdicts: dict[str, Judgement]) -> None:
    figures = {f"figure {k}": verdicts for k in range(7)}
    picture = draw_differences(figures, "base")
    assert [axes.get_title("left") for axes in picture.figure.axes] == list(figures)
    assert picture.figure.get_supxlabel() == "times the figure of base"
    assert "7 better, 7 no difference beyond noise, 14 worse" in picture.alt


def test_a_huge_difference_stays_inside_the_picture() -> None:
    others = judged(huge=[1e5 * x for x in BASE])
    axes = draw_differences({"bytes": others}, "base").figure.axes[0]
    assert axes.get_xlim()[1] <= 100
    assert any(line.get_marker() == ">" for line in axes.lines)


def test_nothing_to_draw_is_refused_in_one_line() -> None:
    with pytest.raises(PlotError, match="differences: found no figure"):
        draw_differences({}, "base")
