"""Clients that wait the same time before every retry: how long, what ends it, how they flap."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE

Play = Callable[..., Any]
Walk = Callable[..., list[float]]


class Row(NamedTuple):
    """One client: waits in seconds, and connects per second against a flapping server."""

    name: str
    first_s: float
    wait_s: float
    flaps_per_s: float | None = None
    heartbeat_s: tuple[float, float] | None = None
    connect_s: float | None = None


ROWS = (
    Row("@stomp/stompjs", 5.0, 5.0, 0.2, (10, 20)),
    Row("rpc-websockets", 1.0, 1.0, 0.93),
    Row("@discordjs/ws", 0.5, 0.5, None, (41.25, 41.25), 30.0),
    Row("sockette", 1.0, 1.0, 0.93),
    Row("websocket-heartbeat-js", 2.0, 2.0, None, (15, 10)),
    Row("@azure/web-pubsub-client", 0.0, 1.0, 16.7, (20, 120)),
)
each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@each
def test_every_client_waits_the_same(row: Row, walk: Walk) -> None:
    for client in (1, 2):
        waits = walk(row.name, 4, client=client, dropped_first=True)
        assert waits == [row.first_s, row.wait_s, row.wait_s, row.wait_s]
        assert walk(row.name, 3, client=client) == [row.wait_s] * 3


@pytest.mark.parametrize("row", [row for row in ROWS if row.flaps_per_s], ids=lambda row: row.name)
def test_flapping_goes_on_at_the_rate_measured(row: Row, play: Play) -> None:
    assert len(play(row.name, 30).opened_s) / 30 == pytest.approx(row.flaps_per_s, rel=0.2)


@each
def test_terms(row: Row) -> None:
    terms = terms_of(CATALOGUE[row.name].make())
    assert (terms.heartbeat_s, terms.heartbeat_timeout_s) == (row.heartbeat_s or (None, None))
    assert terms.connect_timeout_s == row.connect_s


@pytest.mark.parametrize(
    ("name", "code", "connects"),
    [  # 12 s, the server closes 50 ms after the handshake
        ("sockette", 1000, (1, 1)),
        ("sockette", 1001, (1, 1)),
        ("sockette", 1005, (1, 1)),
        ("sockette", 1008, (11, 12)),
        ("sockette", 1013, (11, 12)),
        ("rpc-websockets", 1000, (1, 1)),
        ("rpc-websockets", 1001, (12, 12)),
        ("rpc-websockets", 1008, (12, 12)),
        ("rpc-websockets", 1013, (12, 12)),
        ("@discordjs/ws", 1000, (21, 23)),
        *(("@discordjs/ws", code, (21, 23)) for code in (4000, 4003, 4009)),
        *(("@discordjs/ws", code, (1, 1)) for code in (4004, 4010, 4011, 4012, 4013, 4014)),
        ("@azure/web-pubsub-client", 1008, (190, 210)),
    ],
)
def test_close_codes(name: str, code: int, connects: tuple[int, int], play: Play) -> None:
    played = play(name, 12, code=code)
    low, high = connects
    assert low <= len(played.opened_s) <= high
    assert (played.stop is not None) == (connects == (1, 1))


def test_sockette_says_nothing_when_the_server_goes_away(play: Play) -> None:
    assert not play("sockette", 12, code=1001).stop.announced


def test_sockette_makes_an_attempt_a_second_for_ever(play: Play) -> None:
    """Measured: 60 connects in 60 s against a server that refuses."""
    played = play("sockette", 60, up_s=None)
    assert len(played.attempts_s) == pytest.approx(60, abs=1)
    assert played.stop is None


def test_rpc_websockets_retries_four_times_not_five(play: Play) -> None:
    played = play("rpc-websockets", 60, ends=[{"up_s": 10}, {"up_s": None}])
    assert len(played.attempts_s) == 1 + 4
    assert played.stop is not None


def test_rpc_websockets_counts_afresh_once_it_was_open(play: Play) -> None:
    ends = [{"up_s": 1}, *[{"up_s": None}] * 3, {"up_s": 1}, {"up_s": None}]
    played = play("rpc-websockets", 60, ends=ends)
    assert len(played.attempts_s) == 1 + 3 + 1 + 4


def test_web_pubsub_tries_at_once_after_each_open_connection(play: Play) -> None:
    ends = [{"up_s": 10}, {"up_s": None}, {"up_s": None}, {"up_s": 10}, {"up_s": 10}]
    assert play("@azure/web-pubsub-client", 60, ends=ends).gaps_s[:4] == pytest.approx([0, 1, 1, 0])


@each
def test_the_device_and_the_page_change_nothing(row: Row, play: Play) -> None:
    said = [(1.0, Fact.OFFLINE), (2.0, Fact.ONLINE), (3.0, Fact.HIDDEN), (4.0, Fact.VISIBLE)]
    ends = [{"up_s": 0.5}, {"up_s": None}]
    assert play(row.name, 20, ends=ends, said=said) == play(row.name, 20, ends=ends)
