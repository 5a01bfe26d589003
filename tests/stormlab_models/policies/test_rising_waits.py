"""Waits that grow without jitter: tables, resets, close codes, and loops without a delay."""

from collections.abc import Callable
from math import log10
from typing import Any

import pytest

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE

Play = Callable[..., Any]
Walk = Callable[..., list[float]]

LIB0 = [0.0, *(min(1.2 * log10(k + 1), 2.5) for k in range(1, 200))]
AFTER_A_DROP = {
    "robust-websocket": [0, 3, 10],
    "home-assistant-js-websocket": [0, 1, 2, 3, 4, 5, 5, 5],
    "lib0-websocket": LIB0[:8],
    "@trpc/client": [0, 2, 4, 8, 16, 30, 30, 30],
}
FLAPS_PER_S = {
    "robust-websocket": (16.33, 30),
    "home-assistant-js-websocket": (15.07, 15),
    "@trpc/client": (16.23, 30),
    "lib0-websocket": (16.3, 12),
}
names = pytest.mark.parametrize("name", AFTER_A_DROP)


@names
@pytest.mark.parametrize("client", [1, 2])
def test_every_client_waits_by_the_same_table(name: str, client: int, walk: Walk) -> None:
    expected = pytest.approx(AFTER_A_DROP[name], abs=1e-6)
    assert walk(name, 8, client=client, dropped_first=True) == expected


@pytest.mark.parametrize(
    ("name", "waits_s"),
    [
        ("robust-websocket", [3, 10]),
        ("home-assistant-js-websocket", [0, 1, 2]),
        ("lib0-websocket", LIB0[1:4]),
        ("@trpc/client", [0, 2, 4]),
    ],
)
def test_a_client_that_was_never_open(name: str, waits_s: list[float], walk: Walk) -> None:
    assert walk(name, 3) == pytest.approx(waits_s, abs=1e-6)


@pytest.mark.parametrize(("name", "rate"), FLAPS_PER_S.items(), ids=FLAPS_PER_S)
def test_flapping_goes_on_without_a_delay(name: str, rate: tuple[float, float], play: Play) -> None:
    """Measured: 490 connects in 30 s (robust-websocket), 226 in 15 s, 487 in 30 s, 196 in 12 s."""
    per_s, for_s = rate
    assert len(play(name, for_s).opened_s) / for_s == pytest.approx(per_s, rel=0.2)


@names
def test_caps(name: str) -> None:
    cap_s = {"robust-websocket": 10, "lib0-websocket": 2.5, "@trpc/client": 30}.get(name, 5)
    assert CATALOGUE[name].cap_s == cap_s


@pytest.mark.parametrize(
    ("code", "connects"), [(1000, 1), (1008, 1), (1011, 1), (1001, 195), (1013, 195)]
)
def test_close_codes_of_robust_websocket(code: int, connects: int, play: Play) -> None:
    """Measured over 12 s: 1 for 1000 and 1008, 194 to 196 for 1001 and 1013."""
    played = play("robust-websocket", 12, code=code)
    assert len(played.opened_s) == pytest.approx(connects, rel=0.2)
    assert (played.stop is not None) == (connects == 1)


def test_robust_websocket_stops_silently_after_three_refusals(play: Play) -> None:
    played = play("robust-websocket", 3600, up_s=None)
    assert len(played.attempts_s) == 3  # measured: 3 connects, then nothing
    assert not played.stop.announced
    lost = play("robust-websocket", 3600, ends=[{"up_s": 10}, {"up_s": None}])
    assert lost.gaps_s == pytest.approx([0, 3, 10])
    assert not lost.stop.announced


def test_robust_websocket_waits_offline_and_comes_back_at_once(play: Play) -> None:
    ends = [{"up_s": 1}, {"up_s": 1000}]
    played = play(
        "robust-websocket", 60, ends=ends, said=[(0.5, Fact.OFFLINE), (20.0, Fact.ONLINE)]
    )
    assert played.attempts_s == pytest.approx([0, 20])
    terms = terms_of(CATALOGUE["robust-websocket"].make())
    assert terms.closes_offline
    assert terms.connect_timeout_s is None  # its timeout only tells


def test_only_authentication_sets_home_assistant_back(play: Play) -> None:
    name = "home-assistant-js-websocket"
    unproven = play(name, 100, ends=[{"up_s": 1}, {"up_s": 1, "proves": False}])
    assert unproven.gaps_s[:7] == pytest.approx([0, 1, 2, 3, 4, 5, 5])
    assert set(play(name, 10, up_s=1).gaps_s) == {0}
    assert terms_of(CATALOGUE[name].make()).connect_timeout_s == 10


def test_lib0_counts_only_sockets_that_never_opened(play: Play) -> None:
    ends = [{"up_s": 1}, {"up_s": None}, {"up_s": None}, {"up_s": 1, "proves": False}]
    gaps_s = play("lib0-websocket", 30, ends=ends).gaps_s[:6]
    assert gaps_s == pytest.approx([0, LIB0[1], LIB0[2], 0, 0, 0])
    terms = terms_of(CATALOGUE["lib0-websocket"].make())
    assert (terms.heartbeat_s, terms.heartbeat_timeout_s) == (15, 30)


def test_lib0_reaches_its_cap_after_121_sockets(walk: Walk) -> None:
    waits_s = walk("lib0-websocket", 130)
    assert waits_s == pytest.approx(LIB0[1:131], abs=1e-6)
    assert waits_s.index(2.5) + 1 == 121


def test_trpc_starts_again_whenever_it_was_open(play: Play) -> None:
    ends = [{"up_s": 1}, {"up_s": None}, {"up_s": None}, {"up_s": 1, "proves": False}]
    assert play("@trpc/client", 30, ends=ends).gaps_s[:5] == pytest.approx([0, 2, 4, 0, 0])
