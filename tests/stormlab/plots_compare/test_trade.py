"""Recovery against peak load: who is not beaten, and where "never" stands."""

import math
from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from stormlab.plots_compare import Picture, draw_trade
from stormlab.plots_compare.trade import not_dominated
from stormlab.statistics import Interval

POINTS = {
    "fast": (Interval(10, 9, 11, 20), Interval(900, 850, 950, 20)),
    "calm": (Interval(100, 90, 110, 20), Interval(50, 45, 55, 20)),
    "both worse": (Interval(120, 110, 130, 20), Interval(60, 55, 65, 20)),
    "gone": (Interval(math.inf, 100, math.inf, 20), Interval(20, 18, 22, 20)),
}


def bold(picture: Picture) -> set[str]:
    texts = picture.figure.axes[0].texts
    return {text.get_text() for text in texts if text.get_fontweight() == "bold"}


def test_who_is_beaten_in_neither_value_is_not_dominated() -> None:
    assert not_dominated(POINTS) == ["fast", "calm"]


def test_equal_points_do_not_beat_each_other() -> None:
    assert not_dominated({"a": POINTS["fast"], "b": POINTS["fast"]}) == ["a", "b"]


def test_names_and_intervals_are_drawn_and_the_best_are_bold() -> None:
    picture = draw_trade(POINTS)
    axes = picture.figure.axes[0]
    assert {text.get_text() for text in axes.texts} >= set(POINTS)
    assert bold(picture) == {"fast", "calm"}
    crosses = [line for line in axes.lines if line.get_marker() == "None"]
    assert len(crosses) == 1 + 3 + 4, "the front, three intervals across, four up"
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "Not dominated: fast, calm." in picture.alt


def test_never_has_a_strip_of_its_own_beyond_every_time() -> None:
    picture = draw_trade(POINTS)
    axes = picture.figure.axes[0]
    assert "never" in {text.get_text() for text in axes.texts}
    (strip,) = axes.patches
    left = strip.get_extents().transformed(axes.transData.inverted()).x0
    assert left > 130
    assert "Grey strip" in picture.caption
    without = {name: point for name, point in POINTS.items() if name != "gone"}
    assert not draw_trade(without).figure.axes[0].patches


def test_all_never_is_drawn_too() -> None:
    assert bold(draw_trade({"a": POINTS["gone"], "b": POINTS["gone"]})) == set()


def test_a_policy_whose_value_is_0_lies_at_the_edge() -> None:
    silent = (Interval(math.inf, math.inf, math.inf, 20), Interval(0, 0, 0, 20))
    axes = draw_trade({**POINTS, "silent": silent}).figure.axes[0]
    points = [line for line in axes.lines if line.get_marker() != "None"]
    heights = [float(np.asarray(line.get_ydata(), dtype=np.float64)[0]) for line in points]
    assert min(heights) == axes.get_ylim()[0] > 0


def test_one_run_has_no_crosses() -> None:
    alone = Interval(10, -math.inf, math.inf, 1)
    picture = draw_trade({"a": (alone, alone)})
    assert "One run: no intervals." in picture.caption
    assert all(line.get_marker() != "None" for line in picture.figure.axes[0].lines)


def test_twelve_names_near_each_other_do_not_overlap() -> None:
    points = {
        f"some policy {k}": (Interval(60 + k, 59, 73, 9), Interval(200 + 4 * k, 190, 260, 9))
        for k in range(12)
    }
    figure = draw_trade(points).figure
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    boxes = [
        text.get_window_extent(renderer)
        for text in figure.axes[0].texts
        if text.get_text() in points
    ]
    assert len(boxes) == 12
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
