"""Time to reconnect: curves, bands, and those who are missing."""

import math

import numpy as np
import pytest

from stormlab.plots import PlotError
from stormlab.plots_compare import Picture, draw_returns

QUICK = [[1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5, 4.5]]
NEVER = [[math.inf] * 4] * 2


def words(picture: Picture) -> list[str]:
    return [text.get_text() for text in picture.figure.axes[1].texts]


def ends(picture: Picture) -> list[float]:
    """The height at which each curve reaches the right edge."""
    axes = picture.figure.axes[0]
    right = axes.get_xlim()[1]
    marks = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == 1]
    assert all(np.asarray(line.get_xdata())[0] == right for line in marks)
    return [float(np.asarray(line.get_ydata())[0]) for line in marks]


def test_the_pooled_curve_a_band_and_a_label_are_drawn() -> None:
    picture = draw_returns({"a": QUICK})
    axes = picture.figure.axes[0]
    assert axes.get_xscale() == "log"
    assert len(axes.collections) == 1, "the band over replications"
    step = axes.lines[0]
    assert np.asarray(step.get_xdata())[1:-1].tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]
    assert ends(picture) == [1.0]
    assert words(picture) == ["a\nhalf by 2.5 s"]


def test_who_is_not_back_is_told_at_the_end_of_the_line() -> None:
    picture = draw_returns({"a": [[1, 2, 3, math.inf]]})
    assert words(picture) == ["a\nhalf by 2 s, 25 % not back"]
    assert ends(picture) == [0.75]
    assert "25 % not back" in picture.alt


def test_gave_up_is_told_apart_from_still_away() -> None:
    picture = draw_returns({"a": [[1, 2, math.inf, math.inf]]}, gave_up={"a": 0.25})
    assert words(picture) == ["a\nhalf by 2 s, 25 % never, 25 % still away"]


def test_a_policy_that_nobody_came_back_with_stays_at_zero() -> None:
    picture = draw_returns({"a": QUICK, "gone": NEVER}, gave_up={"gone": 1.0})
    assert ends(picture) == [1.0, 0.0]
    assert "gone\n100 % never" in words(picture)
    assert ends(draw_returns({"gone": NEVER}, until_s=60)) == [0.0]


def test_one_run_has_no_band() -> None:
    picture = draw_returns({"a": QUICK[:1]})
    assert not picture.figure.axes[0].collections
    assert "one run" in picture.caption


def test_a_given_curve_takes_the_place_of_the_plain_share() -> None:
    picture = draw_returns({"a": [[1, math.inf]]}, curves={"a": ([1.0, 2.0], [0.6, 0.8])})
    assert ends(picture) == [0.8]


def test_twelve_labels_do_not_cover_each_other() -> None:
    picture = draw_returns({f"policy {k}": QUICK for k in range(12)})
    heights = sorted(text.get_position()[1] for text in picture.figure.axes[1].texts)
    assert len(heights) == 12
    assert min(np.diff(heights)) > 0.08


def test_many_clients_do_not_make_a_large_file() -> None:
    picture = draw_returns({"a": [np.linspace(1, 90, 50_000)] * 2})
    assert len(np.asarray(picture.figure.axes[0].lines[0].get_xdata())) <= 202


def test_a_name_with_a_colon_is_told_whole() -> None:
    assert words(draw_returns({"mine.py: Steady": QUICK}))[0].startswith("mine.py: Steady\nhalf")


def test_no_client_is_refused_in_one_line() -> None:
    with pytest.raises(PlotError, match="time to reconnect of a: found no client"):
        draw_returns({"a": [[]]})
