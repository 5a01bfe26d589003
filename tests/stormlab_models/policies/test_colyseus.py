"""@colyseus/sdk: the age of the room is a gate, and few close codes are retried."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import Fact
from stormlab_models.policies import CATALOGUE

NAME = "@colyseus/sdk"
TABLE_S = [0.2, 0.4, 0.8, 1.6, 3.2, *[5.0] * 10]
Play = Callable[..., Any]
Walk = Callable[..., list[float]]


@pytest.mark.parametrize("client", [1, 2])
def test_fifteen_retries_the_same_for_all(client: int, walk: Walk) -> None:
    assert walk(NAME, 30, client=client, dropped_first=True) == pytest.approx(TABLE_S)


def test_a_room_younger_than_five_seconds_is_left(play: Play) -> None:
    young = play(NAME, 60, up_s=4.9, code=1006)
    assert len(young.attempts_s) == 1
    assert young.stop.announced


def test_its_age_counts_from_the_first_join(play: Play) -> None:
    ends = [{"up_s": 5.1}, {"up_s": 0.05}]
    played = play(NAME, 30, ends=ends, code=1006)
    assert played.stop is None
    assert played.gaps_s == pytest.approx([0.2] * len(played.gaps_s))
    assert len(played.opened_s) > 80


def test_only_a_rejoin_sets_the_count_back(play: Play) -> None:
    ends = [{"up_s": 10}, {"up_s": 0.05, "proves": False}]
    played = play(NAME, 120, ends=ends, code=1006)
    assert played.gaps_s == pytest.approx(TABLE_S)
    assert played.stop is not None


@pytest.mark.parametrize("code", [1001, 1005, 1006, 4010])
def test_codes_that_are_retried(code: int, play: Play) -> None:
    assert len(play(NAME, 30, up_s=10, code=code).attempts_s) == 3


@pytest.mark.parametrize("code", [1000, 1011, 1012, 1013, 4000, 4001])
def test_codes_that_are_final(code: int, play: Play) -> None:
    played = play(NAME, 30, up_s=10, code=code)
    assert len(played.attempts_s) == 1
    assert played.stop is not None


def test_a_person_can_join_a_new_room(play: Play) -> None:
    said = [(20.0, Fact.RETRY_BY_HAND)]
    played = play(NAME, 60, ends=[{"up_s": 1}, {"up_s": 10}], code=1006, said=said)
    assert played.attempts_s[1] == 20
    assert played.gaps_s[1] == pytest.approx(0.2)


def test_entry() -> None:
    entry = CATALOGUE[NAME]
    assert (entry.cap_s, entry.attempts_max) == (5, 15)
