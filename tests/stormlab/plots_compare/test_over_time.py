"""Panels over time: what is drawn in them."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection

from stormlab.plots import COLOURS, PlotError
from stormlab.plots_compare import (
    Picture,
    Scene,
    draw_attempts,
    draw_bytes,
    draw_rounds,
    draw_standings,
)
from stormlab.plots_compare.picture import DOWN_COLOUR

SCENE = Scene(bin_s=1, start_s=-2, down_s=((0, 4),), capacity_per_s=50)
RUNS = np.array([[0, 0, 60 + k, 20, 10, 0, 30, 5] for k in range(5)])


def panels(picture: Picture) -> list[Axes]:
    return list(picture.figure.axes)


def bands(axes: Axes) -> int:
    return sum(isinstance(one, FillBetweenPolyCollection) for one in axes.collections)


def legend(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.figure.legends[0].get_texts()]


def test_bands_median_single_runs_and_capacity_are_drawn() -> None:
    (axes,) = panels(draw_attempts({"a": RUNS}, SCENE))
    assert bands(axes) == 2
    median, capacity = axes.lines[3], axes.lines[4]
    assert len(axes.lines) == 5, "three single runs, the median, the capacity"
    assert median.get_color() == COLOURS[0]
    assert np.asarray(median.get_ydata()).max() == 62
    assert set(np.asarray(capacity.get_ydata())) == {50}


def test_the_outage_is_shaded_from_the_fault_to_its_end() -> None:
    (axes,) = panels(draw_attempts({"a": RUNS}, SCENE))
    (shade,) = axes.patches
    box = shade.get_extents().transformed(axes.transData.inverted())
    assert (box.x0, box.x1) == pytest.approx((0, 4))
    assert axes.get_xlim() == (-2, 6)
    assert DOWN_COLOUR == "#e4e4e4"


def test_one_run_has_no_bands_and_says_so() -> None:
    picture = draw_attempts({"a": RUNS[:1]}, SCENE)
    (axes,) = panels(picture)
    assert bands(axes) == 0
    assert "One run." in picture.caption
    assert legend(picture) == ["the run", "no service", "capacity 50/s"]


def test_the_bin_width_and_the_peak_are_told() -> None:
    picture = draw_attempts({"a": RUNS, "b": RUNS}, SCENE, peaks={"a": 62.0, "b": 1234.0})
    assert [axes.get_title("left") for axes in panels(picture)] == [
        "a: peak 62/s",
        "b: peak 1,234/s",
    ]
    assert picture.figure.get_supxlabel() == "time since the fault, s (bins of 1 s)"
    assert "busiest second" in picture.caption
    assert "b peaks at 1,234 per second" in picture.alt


def test_very_unlike_peaks_get_a_square_root_scale_which_is_told() -> None:
    picture = draw_attempts({"a": RUNS, "b": RUNS / 10}, SCENE)
    assert "square-root scale" in picture.figure.get_supylabel()
    assert "square-root scale" in picture.caption
    like = draw_attempts({"a": RUNS, "b": RUNS / 2}, SCENE)
    assert "square-root" not in like.figure.get_supylabel() + like.caption


def test_a_capacity_far_above_is_told_not_drawn() -> None:
    scene = Scene(bin_s=1, capacity_per_s=5000)
    picture = draw_attempts({"a": RUNS}, scene)
    assert len(panels(picture)[0].lines) == 4
    assert "The capacity of 5,000 handshakes/s lies above the picture." in picture.caption


def test_panels_share_their_axes() -> None:
    first, second = panels(draw_attempts({"a": RUNS, "b": RUNS / 3}, SCENE))
    assert first.get_ylim() == second.get_ylim()


def test_twelve_policies_have_a_panel_each() -> None:
    rates = {f"policy {k}": RUNS for k in range(12)}
    assert len(panels(draw_attempts(rates, SCENE))) == 12


def test_a_fleet_that_does_nothing_is_drawn_too() -> None:
    (axes,) = panels(draw_attempts({"a": np.zeros((3, 8))}, SCENE))
    assert axes.get_ylim()[0] == 0


def test_standings_are_stacked_to_their_sum() -> None:
    shares = {"a": {"open": [100, 0, 60], "waiting": [0, 100, 30], "gave up": [0, 0, 10]}}
    picture = draw_standings(shares, Scene(bin_s=1))
    (axes,) = panels(picture)
    assert axes.get_ylim() == (0, 100)
    assert bands(axes) == 3
    tops = [band.get_datalim(axes.transData).y1 for band in axes.collections]
    assert tops == pytest.approx([100, 100, 100])
    assert "a ends with 60 % open, 30 % waiting, 10 % gave up" in picture.alt


def test_standings_that_nobody_has_are_left_out_of_the_legend() -> None:
    shares = {"a": {"open": [100, 100], "silent": [0, 0]}}
    assert legend(draw_standings(shares, Scene(bin_s=1))) == ["open"]


def test_an_unknown_standing_is_refused_in_one_line() -> None:
    with pytest.raises(PlotError, match="standings: found asleep; allowed are open, connecting"):
        draw_standings({"a": {"asleep": [1]}}, Scene(bin_s=1))


def test_bytes_tell_their_sum_and_the_wasted_part() -> None:
    picture = draw_bytes({"a": ([0, 3000, 0], [1000, 0, 0])}, Scene(bin_s=1))
    (axes,) = panels(picture)
    assert axes.get_title("left") == "a: 4 KB, 25 % wasted"
    assert bands(axes) == 2
    assert legend(picture) == ["useful", "wasted"]


def test_no_bytes_at_all_are_drawn_as_nothing() -> None:
    picture = draw_bytes({"a": ([0, 0], [0, 0])}, Scene(bin_s=1))
    assert panels(picture)[0].get_title("left") == "a: 0 KB, 0 % wasted"


def test_attempts_by_number_are_summed_over_joined_bins() -> None:
    picture = draw_rounds(np.ones((3, 300)), Scene(bin_s=1), "a")
    (image,) = picture.figure.axes[0].images
    cells = image.get_array()
    assert cells is not None
    assert cells.sum() == 900
    assert "bins of 2 s" in picture.caption
