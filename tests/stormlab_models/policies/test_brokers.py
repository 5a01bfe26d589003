"""mqtt.js and nats.js."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stormlab_models.policies import CATALOGUE

Play = Callable[..., Any]


def test_mqtt_waits_one_second_for_ever(play: Play, walk: Callable[..., list[float]]) -> None:
    assert walk("mqtt.js", 500, dropped_first=True) == [1.0] * 500
    assert len(play("mqtt.js", 30).opened_s) == pytest.approx(30 / 1.058, abs=1)


def test_nats_dials_at_once_after_a_connection_older_than_two_seconds(play: Play) -> None:
    assert play("nats.js", 60, ends=[{"up_s": 10}, {"up_s": 999}]).gaps_s == [0]
    (gap_s,) = play("nats.js", 60, ends=[{"up_s": 1.5}, {"up_s": 999}]).gaps_s
    assert 2 <= gap_s + 1.508 <= 2.101


def test_nats_counts_from_dial_to_dial(play: Play) -> None:
    starts = play("nats.js", 60, ends=[{"up_s": 10}, {"up_s": None, "after_s": 0.7}]).attempts_s
    for before, after in pairwise(starts[1:]):
        assert 2.0 <= after - before <= 2.1


def test_nats_gives_up_after_ten_failures(play: Play) -> None:
    played = play("nats.js", 600, ends=[{"up_s": 10}, {"up_s": None}])
    assert len(played.attempts_s) == 11
    assert played.stop is not None
    assert CATALOGUE["nats.js"].attempts_max == 10
