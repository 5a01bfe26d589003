"""@microsoft/signalr: four attempts, then none, and a loop against a server that flaps."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import terms_of
from stormlab_models.policies import CATALOGUE

NAME = "@microsoft/signalr"
TABLE_S = [0, 2, 10, 30]

Play = Callable[..., Any]


@pytest.mark.parametrize("client", [1, 2])
def test_every_client_makes_the_same_four_attempts(
    client: int, walk: Callable[..., list[float]]
) -> None:
    assert walk(NAME, 10, client=client, dropped_first=True) == TABLE_S


def test_after_the_fourth_it_is_silent(play: Play) -> None:
    played = play(NAME, 3600, ends=[{"up_s": 100}, {"up_s": None}])
    assert played.gaps_s == pytest.approx(TABLE_S)
    assert played.stop is not None
    assert not played.stop.announced


def test_a_fleet_is_gone_after_42_seconds_of_outage(play: Play) -> None:
    played = play(NAME, 3600, ends=[{"up_s": 100}, {"up_s": None, "after_s": 0.01}])
    assert played.ended_s[-1] - played.ended_s[0] == pytest.approx(42, abs=0.1)


def test_flapping_goes_on_without_a_delay(play: Play) -> None:
    """Measured: 228 connects in 15 s."""
    assert len(play(NAME, 15).opened_s) / 15 == pytest.approx(15.2, rel=0.2)


def test_only_the_hub_handshake_sets_the_table_back(play: Play) -> None:
    played = play(NAME, 3600, proves=False)
    assert played.gaps_s == pytest.approx(TABLE_S)
    assert played.stop is not None


def test_a_negotiation_precedes_each_handshake() -> None:
    terms = terms_of(CATALOGUE[NAME].make())
    assert terms.http_first
    assert (terms.heartbeat_s, terms.heartbeat_timeout_s) == (15, 30)
