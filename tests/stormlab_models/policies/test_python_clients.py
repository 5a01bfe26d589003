"""Python clients made of parts against the figures of their packages."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
CLIENTS = 400

Play = Callable[..., Any]
Walk = Callable[..., list[float]]
Drawn = Callable[..., NDArray[np.int64]]
Agrees = Callable[[NDArray[np.int64], float, float], None]

# What a client waits after the loss of a good connection and then while every attempt is refused.
AFTER_A_DROP: dict[str, list[tuple[float, float]]] = {
    "python-socketio": [(0.5, 1.5), (1.5, 2.5), (3.5, 4.5), (4.5, 5.5), (4.5, 5.5)],
    "gql": [(w, w) for w in (0, 1, 2, 4, 8, 16, 32, 60, 60)],
    "centrifuge-python": [(0.1, 0.1 + 0.1 * 2**n) for n in range(8)] + [(0.1, 20)] * 2,
    "paho-mqtt": [(w, w) for w in (1, 2, 4, 8, 16, 32, 64, 120, 120)],
    "slack-sdk": [(w, w) for w in (0, 5, 5, 5)],
    "realtime-py": [(w, w) for w in (0, 1, 2, 4, 8)],
    "python-binance": [(1, 2), (1, 4), (1, 8), (1, 16)],
    "ably-python": [(w, w) for w in (0, *[15] * 8, 30, 30)],
    "discord.py": [(0, 0), (0, 2), (0, 4), (0, 8), (0, 16)],
}


@pytest.mark.parametrize("name", AFTER_A_DROP)
def test_the_delays_after_a_drop(name: str, walk: Walk) -> None:
    ranges = AFTER_A_DROP[name]
    rows = np.array(
        [
            walk(name, len(ranges), client=client, dropped_first=True)
            for client in range(CLIENTS if any(low != high for low, high in ranges) else 3)
        ]
    )
    assert rows.shape[1] == len(ranges)
    for values, (low, high) in zip(rows.T, ranges, strict=True):
        near = 0.03 * (high - low)
        assert low <= values.min() <= low + near
        assert high - near <= values.max() <= high


@pytest.mark.parametrize(("name", "retries"), [("realtime-py", 5), ("python-binance", 4)])
def test_where_a_client_gives_up(name: str, retries: int, play: Play) -> None:
    played = play(name, 3600, ends=[{"up_s": 100}, {"up_s": None}])
    assert len(played.attempts_s) == 1 + retries
    assert played.stop is not None
    assert played.stop.announced == (name == "python-binance")


def test_the_cap_of_centrifuge_holds_after_its_floor(drawn: Drawn, agrees: Agrees) -> None:
    delays_ns = drawn("centrifuge-python", 11)
    assert delays_ns[:, 10].max() == 20 * S
    support = CATALOGUE["centrifuge-python"].supports(10)
    assert support is not None
    assert support.share_at(20 * S) == pytest.approx(0.1 / 20, abs=1e-6)
    agrees(delays_ns[:, 0], 150, 100 / 12**0.5)
    agrees(delays_ns[:, 5], 1700, 3200 / 12**0.5)


def test_binance_waits_whole_seconds(drawn: Drawn) -> None:
    delays_ns = drawn("python-binance", 4)
    assert (delays_ns % S == 0).all()
    shares = np.bincount(delays_ns[:, 2] // S, minlength=9)[1:] / len(delays_ns)
    assert shares == pytest.approx([1 / 14, *[1 / 7] * 6, 1 / 14], abs=0.02)


def test_autobahn_walks_at_random_to_exactly_300_s(drawn: Drawn, agrees: Agrees) -> None:
    delays_ns = drawn("autobahn", 30, clients=1500)
    agrees(delays_ns[:, 0], 2250, 225)
    agrees(delays_ns[:, 1], 3375, 3375 * (1.01**2 - 1) ** 0.5)
    assert np.corrcoef(delays_ns[:, 3], delays_ns[:, 4])[0, 1] > 0.8
    at_cap = (delays_ns[:, 20:] == 300 * S).mean()
    assert at_cap > 0.98  # the mean of the next is 450 s, the sd 45
    assert delays_ns.max() == 300 * S


def test_autobahn_comes_back_at_once_when_it_had_joined(walk: Walk, play: Play) -> None:
    first = [walk("autobahn", 2, client=client, dropped_first=True) for client in range(50)]
    assert {delays[0] for delays in first} == {0}
    assert all(1.4 < delays[1] < 3.1 for delays in first)
    assert play("autobahn", 60, proves=False).gaps_s[1] > 1


FLAPS = {"centrifuge-python": 4.67}  # per second, measured


@pytest.mark.parametrize("name", FLAPS)
def test_flapping(name: str, play: Play) -> None:
    assert len(play(name, 30).opened_s) / 30 == pytest.approx(FLAPS[name], rel=0.2)


@pytest.mark.parametrize(
    ("name", "code", "final"),
    [
        ("centrifuge-python", 3499, False),
        ("centrifuge-python", 3500, True),
        ("centrifuge-python", 3999, True),
        ("centrifuge-python", 4000, False),
        ("centrifuge-python", 4500, True),
        ("centrifuge-python", 1009, True),
        ("centrifuge-python", 1012, False),
        ("discord.py", 1000, False),
        ("discord.py", 4000, False),
        ("discord.py", 4004, True),
        ("discord.py", 4009, False),
        *[("discord.py", code, True) for code in range(4010, 4015)],
        ("realtime-py", 1001, False),
        ("paho-mqtt", 1000, False),
    ],
)
def test_close_codes(name: str, code: int, final: bool, play: Play) -> None:  # noqa: FBT001
    played = play(name, 30, code=code)
    assert (played.stop is not None) == final
    assert (len(played.attempts_s) == 1) == final


@pytest.mark.parametrize("name", ["python-socketio", "gql", "centrifuge-python", "paho-mqtt"])
def test_only_an_answer_of_the_application_sets_the_count_back(name: str, play: Play) -> None:
    unproven = play(name, 60, up_s=1, proves=False).gaps_s
    proven = play(name, 60, up_s=1).gaps_s
    assert max(unproven) > 2 * max(proven)


def test_discord_goes_on_from_the_old_exponent(play: Play) -> None:
    """Ten refusals, ten good minutes, and the next refusal is still waited for at length."""
    up, refused, last = {"up_s": 600.0}, {"up_s": None}, {"up_s": 1e5}
    late = [
        play("discord.py", 1e5, ends=[up, *[refused] * 10, up, refused, last], seed=seed).gaps_s
        for seed in range(40)
    ]
    again = [gaps[12] for gaps in late]
    assert max(again) > 300
    assert all(gaps[11] == 0 for gaps in late)  # the drop itself
    good = {"up_s": 3000.0}
    rested = [
        play("discord.py", 1e5, ends=[up, *[refused] * 9, good, refused, last], seed=seed).gaps_s
        for seed in range(40)
    ]
    assert max(gaps[11] for gaps in rested) <= 2


def test_discord_has_a_cap_of_17_minutes(drawn: Drawn) -> None:
    delays_s = drawn("discord.py", 12, clients=800) / S
    for n in (9, 10, 11):
        assert 1000 < delays_s[:, n].max() <= 1024


def test_ably_is_suspended_after_two_minutes(play: Play) -> None:
    played = play("ably-python", 400, ends=[{"up_s": 100}, {"up_s": None}])
    since_s = [round(at - played.attempts_s[1]) for at in played.attempts_s[1:]]
    assert since_s[:12] == [0, 15, 30, 45, 60, 75, 90, 105, 120, 150, 180, 210]


@pytest.mark.parametrize("name", ["python-socketio", "slack-sdk"])
def test_http_comes_first(name: str) -> None:
    assert terms_of(CATALOGUE[name].make()).http_first


UNDRAWN = [name for name, ranges in AFTER_A_DROP.items() if all(a == b for a, b in ranges)]


@pytest.mark.parametrize("name", UNDRAWN)  # a fact takes a draw, so that drawn delays would differ
def test_nothing_of_a_browser_is_noticed(name: str, play: Play) -> None:
    ends = [{"up_s": 15}, {"up_s": None}]
    said = [(10, Fact.HIDDEN), (20, Fact.OFFLINE), (30, Fact.ONLINE), (40, Fact.VISIBLE)]
    assert play(name, 100, ends=ends, said=said).gaps_s == play(name, 100, ends=ends).gaps_s
