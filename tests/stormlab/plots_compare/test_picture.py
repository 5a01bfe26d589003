"""What the pictures share: looks that differ, bins that people use, equal bytes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stormlab.plots import PlotError, style
from stormlab.plots_compare import POLICIES_MAX, Scene, draw_attempts, draw_trade
from stormlab.plots_compare.picture import (
    BINS_MAX,
    by_policy,
    floats,
    log_ticks,
    look,
    rebin,
    short,
    steps,
)
from stormlab.statistics import Interval


def test_twelve_policies_differ_without_their_colours() -> None:
    looks = [look(index) for index in range(POLICIES_MAX)]
    drawn = {(str(one.dash), one.marker, one.face == "white") for one in looks}
    assert len(drawn) == POLICIES_MAX == 12


def test_a_thirteenth_policy_is_refused_in_one_line() -> None:
    with pytest.raises(PlotError, match="attempts: found 13 policies; 1 to 12 can be told apart"):
        by_policy(dict.fromkeys(map(str, range(13)), 1), "attempts")


def test_bins_are_joined_to_a_round_width() -> None:
    found = rebin({"a": np.ones((2, 1000))}, Scene(bin_s=1, start_s=-10))
    assert found.bin_s == 10
    assert found.values["a"].shape == (2, 100)
    assert found.edges_s[0] == -10
    assert len(found.edges_s) == 101 <= BINS_MAX + 1


def test_a_mean_over_joined_bins_keeps_the_level_and_a_sum_the_total() -> None:
    scene = Scene(bin_s=1)
    assert rebin({"a": np.full(400, 7.0)}, scene).values["a"].tolist() == [7.0] * 134
    summed = rebin({"a": np.full(300, 1.0)}, scene, how=np.sum).values["a"]
    assert summed.sum() == 300


def test_what_is_shown_ends_where_it_is_asked_to() -> None:
    found = rebin({"a": np.arange(100.0)}, Scene(bin_s=1, start_s=-5, end_s=15))
    assert found.edges_s[-1] == 15
    assert found.values["a"].tolist() == list(range(20))


def test_equal_stretches_of_a_step_function_are_joined() -> None:
    x, y = steps(np.arange(6.0), np.array([0.0, 0, 3, 3, 0]))
    assert x.tolist() == [0, 2, 4, 5]
    assert y.tolist() == [0, 3, 0, 0]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (47, 175, ["60", "80", "100", "150"]),
        (0.05, 200, ["0.1", "0.3", "1", "3", "10", "30", "100"]),
        (900, 2500, ["1,000", "1,500", "2,000"]),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, labels: list[str]) -> None:
    assert log_ticks(low, high)[1] == labels


def test_long_names_lose_their_middle_and_dollars_are_no_formula() -> None:
    assert short("policies/" + "x" * 40 + ".toml") == "policies/xxxxxxxx…xxxxxxxxxxx.toml"
    assert short("a $x$") == r"a \$x\$"


def test_an_array_of_another_shape_is_refused_in_one_line() -> None:
    with pytest.raises(PlotError, match=r"attempts of a: found an array of shape \(3,\)"):
        floats([1, 2, 3], "attempts of a", 2)


def test_a_picture_shows_itself_in_a_notebook_and_is_the_same_file_again(tmp_path: Path) -> None:
    written = []
    for turn in ("one", "two"):
        (tmp_path / turn).mkdir()
        picture = draw_attempts({"a": [[0, 3, 1], [0, 2, 2]]}, Scene(bin_s=1))
        written.append(picture.save(tmp_path / turn / f"{picture.name}.svg").read_bytes())
    assert written[0] == written[1]
    assert repr(picture) == "Picture('attempts-per-s')"
    assert picture._repr_png_().startswith(b"\x89PNG")


def test_a_notebook_shows_every_colour_as_it_was_drawn() -> None:
    points = {
        f"p{i}": (Interval(5 + 3 * i, 4, 40, 9), Interval(100 / (1 + i), 8, 110, 9))
        for i in range(POLICIES_MAX)
    }
    picture, drawn = draw_trade(points), io.BytesIO()
    with style():
        picture.figure.savefig(drawn, format="png", dpi=110)
    full, shown = (
        np.asarray(Image.open(png).convert("RGB"), dtype=np.int64)
        for png in (drawn, io.BytesIO(picture._repr_png_()))
    )
    assert np.abs(full - shown).max() <= 3
