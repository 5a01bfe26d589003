"""convex, y-websocket and @liveblocks/core."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Fact

Play = Callable[..., Any]
Walk = Callable[..., list[float]]


def test_convex_has_the_published_means(
    drawn: Callable[..., NDArray[np.int64]],
    agrees: Callable[[NDArray[np.int64], float, float], None],
) -> None:
    delays = drawn("convex", 8, clients=1500)
    agrees(delays[:, 0], 997, 289)
    for n in range(4, 8):
        agrees(delays[:, n], 16058, 4600)
    assert delays[:, 4:].max() > 23.8e9  # the jitter comes after the cap


@pytest.mark.parametrize(
    ("reason", "base_s"),
    [("", 1), ("InternalServerError", 1), ("CommitterFullError: try later", 3)],
)
def test_the_reason_of_the_close_picks_convexs_base(reason: str, base_s: int, play: Play) -> None:
    gaps_s = np.concatenate(
        [play("convex", 200, reason=reason, seed=seed).gaps_s for seed in range(3)]
    )
    assert gaps_s.min() == pytest.approx(base_s / 2, rel=0.1)
    assert gaps_s.max() == pytest.approx(base_s * 1.5, rel=0.05)


def test_convex_goes_on_backing_off_until_it_has_synchronised(play: Play) -> None:
    gaps_s = play("convex", 300, proves=False).gaps_s
    assert 8 <= gaps_s[-1] <= 24
    assert play("convex", 90, up_s=None, said=[(60, Fact.ONLINE)]).attempts_s.count(60) == 1


def test_y_websocket_counts_every_close_until_it_has_synchronised(play: Play, walk: Walk) -> None:
    """Measured: 14 connects in 30 s, and 93 in 15 s with 3.0.0."""
    assert walk("y-websocket", 7, dropped_first=True) == [0.2, 0.4, 0.8, 1.6, 2.5, 2.5, 2.5]
    assert len(play("y-websocket", 30, proves=False).opened_s) == pytest.approx(14, abs=1)
    synchronised = play("y-websocket", 30).gaps_s
    assert synchronised == pytest.approx([0.2] * len(synchronised))


def test_y_websocket_3_0_goes_back_with_every_open_socket(play: Play, walk: Walk) -> None:
    assert walk("y-websocket-3.0", 7, dropped_first=True) == [0.1, 0.2, 0.4, 0.8, 1.6, 2.5, 2.5]
    connects = len(play("y-websocket-3.0", 15, proves=False).opened_s)
    assert connects == pytest.approx(93, rel=0.05)


@pytest.mark.parametrize("code", [4400, 4499, 4399, 4500, 1000])
def test_codes_that_are_final_for_y_websocket(code: int, play: Play) -> None:
    assert (play("y-websocket", 30, code=code).stop is not None) == (4400 <= code < 4500)
    assert play("y-websocket-3.0", 30, code=code).stop is None


def test_liveblocks_takes_the_next_value_of_either_table(play: Play) -> None:
    name = "@liveblocks/core"
    refused = {"up_s": None}
    normal = play(name, 60, ends=[{"up_s": 10}, refused]).gaps_s
    assert normal[:8] == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 10, 10])
    slow = play(name, 2000, ends=[{"up_s": 10, "code": 1013}, refused]).gaps_s
    assert slow[:5] == pytest.approx([2, 4, 8, 10, 10])
    full = play(name, 60, ends=[{"up_s": 10, "code": 4200}, {"up_s": 0.05, "code": 4200}]).gaps_s
    assert full[:3] == pytest.approx([2, 2, 2])  # an open socket resets


@pytest.mark.parametrize(("code", "gap_s"), [(4109, 0), (4110, 0.25), (1012, 0.25), (4300, 0.25)])
def test_codes_that_liveblocks_retries(code: int, gap_s: float, play: Play) -> None:
    gaps_s = play("@liveblocks/core", 5, code=code).gaps_s
    assert gaps_s == pytest.approx([gap_s] * len(gaps_s))
    assert len(gaps_s) > 10


@pytest.mark.parametrize("code", [4000, 4099, 4999])
def test_codes_that_are_final_for_liveblocks(code: int, play: Play) -> None:
    assert len(play("@liveblocks/core", 5, code=code).opened_s) == 1


def test_coming_online_resets_liveblocks(play: Play) -> None:
    ends = [{"up_s": 10}, {"up_s": None}]
    played = play("@liveblocks/core", 60, ends=ends, said=[(31, Fact.ONLINE)])
    index = played.attempts_s.index(31)
    assert played.gaps_s[index] == pytest.approx(0.25)
