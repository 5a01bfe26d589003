"""Waits spread by chance: range, ends and mean of each delay, limits, resets, the network."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE

Play = Callable[..., Any]
Walk = Callable[..., list[float]]
Drawn = Callable[..., NDArray[np.int64]]

NS = 1e9
CLIENTS = 2000


class Row(NamedTuple):
    """One client: (shortest, longest) of delay 0, 1, ... in seconds, its cap and its limit."""

    name: str
    ranges_s: list[tuple[float, float]]
    cap_s: float | None
    limit: int | None


LIVEKIT_S = (0.3, 1.2, 2.7, 4.8, 7, 7, 7, 7, 7)
ROWS = (
    Row(
        "livekit-client",
        [(0, 0.5), *((0.5 * value, 1.5 * value) for value in LIVEKIT_S)],
        7,
        10,
    ),
    Row(
        "@mattermost/client",
        [*[(3.0, 5.0)] * 7, (192, 194), (243, 245), *[(300.0, 302.0)] * 4],
        300,
        None,
    ),
    Row(
        "@hocuspocus/provider",
        [(1, 1), (1, 2), (1, 4), (1, 8), (1, 16), *[(1.0, 30.0)] * 4],
        30,
        None,
    ),
    Row(
        "webpack-dev-server",
        [(2.0**n, 2.0**n + 0.1) for n in range(10)],
        None,
        10,
    ),
)
each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@each
def test_delays_fill_their_ranges(row: Row, drawn: Drawn) -> None:
    entry, count = CATALOGUE[row.name], len(row.ranges_s)
    delays_ns = drawn(row.name, count, clients=CLIENTS)
    for n, (low_s, high_s) in enumerate(row.ranges_s):
        support, seen = entry.supports(n), delays_ns[:, n] / NS
        assert support is not None
        ends = support.low_ns / NS, support.high_ns / NS
        assert ends == pytest.approx((low_s, high_s), abs=0.002)
        width = high_s - low_s
        assert low_s - 1e-9 <= seen.min() <= low_s + 0.01 * width
        assert high_s - 0.01 * width <= seen.max() <= high_s + 1e-9
        error = width / (12 * CLIENTS) ** 0.5
        assert seen.mean() == pytest.approx((low_s + high_s) / 2, abs=3.5 * error + 1e-3)
    if row.limit is not None:
        assert entry.supports(row.limit) is None


@each
def test_caps_and_limits(row: Row) -> None:
    entry = CATALOGUE[row.name]
    assert (entry.cap_s, entry.attempts_max) == (row.cap_s, row.limit)


@pytest.mark.parametrize(
    ("name", "low_s", "high_s"),
    [
        ("livekit-client", 0, 0.5),
        ("@mattermost/client", 3, 5),
        ("@hocuspocus/provider", 1, 1),
        ("webpack-dev-server", 1, 1.1),
    ],
)
def test_the_first_retry_after_a_drop(name: str, low_s: float, high_s: float, walk: Walk) -> None:
    firsts = [walk(name, 1, client=client, dropped_first=True)[0] for client in range(300)]
    width = high_s - low_s
    assert low_s <= min(firsts) <= low_s + 0.05 * width
    assert high_s - 0.05 * width <= max(firsts) <= high_s


def test_hocuspocus_waits_a_second_twice_before_it_spreads(play: Play) -> None:
    ends = [{"up_s": 10}, {"up_s": None}]
    gaps_s = np.array(
        [play("@hocuspocus/provider", 40, ends=ends, seed=k).gaps_s[:3] for k in range(20)]
    )
    assert gaps_s[:, :2] == pytest.approx(np.ones((20, 2)))
    assert np.all((gaps_s[:, 2] >= 1) & (gaps_s[:, 2] <= 2))
    assert np.ptp(gaps_s[:, 2]) > 0.5


def test_hocuspocus_waits_in_whole_milliseconds(drawn: Drawn) -> None:
    assert np.all(drawn("@hocuspocus/provider", 6, clients=50) % 1_000_000 == 0)


def test_hocuspocus_goes_on_counting_until_a_message_came(play: Play) -> None:
    name, silent = "@hocuspocus/provider", {"up_s": 0.05, "proves": False}
    longest_s = max(
        play(name, 300, ends=[{"up_s": 1}, silent], seed=k).gaps_s[-1] for k in range(8)
    )
    assert longest_s > 8


def test_flapping_hocuspocus_waits_a_second_each_time(play: Play) -> None:
    """Measured: 12 connects in 12 s."""
    played = play("@hocuspocus/provider", 12)
    assert played.gaps_s == pytest.approx([1.0] * len(played.gaps_s))
    assert len(played.opened_s) == pytest.approx(12, rel=0.2)


def test_livekit_gives_up_after_ten_attempts(play: Play) -> None:
    played = play("livekit-client", 600, ends=[{"up_s": 10}, {"up_s": None}])
    assert len(played.gaps_s) == 10
    assert played.stop.announced
    assert terms_of(CATALOGUE["livekit-client"].make()).connect_timeout_s == 15


def test_webpack_gives_up_silently(play: Play) -> None:
    played = play("webpack-dev-server", 4000, ends=[{"up_s": 10}, {"up_s": None}])
    assert len(played.gaps_s) == 10
    assert not played.stop.announced


def test_mattermost_jumps_at_the_eighth_failure(play: Play) -> None:
    played = play("@mattermost/client", 4000, ends=[{"up_s": 10}, {"up_s": None}])
    assert max(played.gaps_s[:7]) < 5
    assert 192 <= played.gaps_s[7] < 194
    reset = play("@mattermost/client", 400, ends=[{"up_s": None}] * 8 + [{"up_s": 10}])
    assert 3 <= reset.gaps_s[8] < 5


def test_mattermost_waits_three_seconds_when_it_comes_online(play: Play) -> None:
    ends = [*[{"up_s": None}] * 8, {"up_s": 1000}]
    played = play("@mattermost/client", 400, ends=ends, said=[(100.0, Fact.ONLINE)])
    assert played.attempts_s[-1] == pytest.approx(103)
    terms = terms_of(CATALOGUE["@mattermost/client"].make())
    assert (terms.heartbeat_s, terms.heartbeat_timeout_s) == (30, 30)
    assert not terms.closes_offline


def test_livekit_comes_back_at_once_when_online(play: Play) -> None:
    ends = [{"up_s": 1}, *[{"up_s": None}] * 6, {"up_s": 1000}]
    played = play("livekit-client", 200, ends=ends, said=[(3.0, Fact.ONLINE)])
    assert 3.0 in played.attempts_s
