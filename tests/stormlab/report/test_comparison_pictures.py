"""Which pictures a comparison has, and what of its runs goes into them."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stormlab.compare import Comparison
from stormlab.report.comparison_pictures import _gave_up, _last_s, _scene, _shares, pictures


def test_time_is_counted_from_the_fault(comparison: Comparison) -> None:
    assert comparison.grid is not None
    first, scene = _scene(comparison, comparison.grid)
    assert list(scene.down_s) == [(0, 4)]
    assert scene.start_s == first - 5
    assert first < 5, "a little of what was before it is shown"
    assert scene.zero == "the fault"


def test_the_quiet_end_of_the_runs_is_not_shown(comparison: Comparison) -> None:
    assert comparison.grid is not None
    assert _last_s(comparison, comparison.grid) == pytest.approx(5 + 1.05 * (20 - 5))


def test_standings_are_percent_of_all_places(comparison: Comparison) -> None:
    shares = _shares(comparison.policies[0], 5)
    assert shares["open"][0] == 25
    assert np.allclose(shares["open"] + shares["gave up"], 100)


def test_those_who_gave_up_are_a_share_of_those_who_lost_it(comparison: Comparison) -> None:
    assert _gave_up(comparison) == {"quick": 0, "calm": 0, "lost": 0}


def test_without_curves_only_outcomes_are_drawn(comparison: Comparison) -> None:
    bare = replace(comparison, grid=None)
    assert [picture.name for picture in pictures(bare)] == [
        "time-to-reconnect",
        "recovery-against-peak",
        "differences",
    ]


def test_a_single_policy_is_held_against_nobody(make_comparison: Callable[..., Comparison]) -> None:
    alone = replace(make_comparison({"a": [5.0, 6.0, math.inf]}), grid=None)
    assert "differences" not in [picture.name for picture in pictures(alone)]


def test_nobody_came_back(make_comparison: Callable[..., Comparison]) -> None:
    gone = replace(make_comparison({"a": [math.inf] * 3, "b": [math.inf] * 3}), grid=None)
    returns = pictures(gone)[0]
    assert "a: 100 % still away" in returns.alt
