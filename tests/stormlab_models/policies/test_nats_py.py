"""nats-py: its 2 s, and when it waits none."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import terms_of
from stormlab_models.policies import CATALOGUE

NAME = "nats-py"
Play = Callable[..., Any]


@pytest.mark.parametrize(("up_s", "gap_s"), [(1.9, 2), (2.0, 0), (600, 0), (0.05, 2)])
def test_the_first_retry_is_immediate_unless_it_dialled_lately(
    up_s: float, gap_s: float, play: Play
) -> None:
    assert play(NAME, 1000, up_s=up_s).gaps_s[0] == pytest.approx(gap_s)


def test_a_refused_client_comes_every_2_s(play: Play) -> None:
    played = play(NAME, 100, ends=[{"up_s": 60}, {"up_s": None}])
    assert played.gaps_s[:5] == pytest.approx([0, 2, 2, 2, 2])


def test_the_61st_failure_in_a_row_is_the_last(play: Play) -> None:
    played = play(NAME, 1000, ends=[{"up_s": 60}, {"up_s": None}])
    assert len(played.attempts_s) == 1 + 61
    assert played.stop is not None


def test_a_server_that_accepts_and_does_not_answer_is_a_failure(play: Play) -> None:
    played = play(NAME, 1000, proves=False)
    assert len(played.attempts_s) == 61
    assert len(play(NAME, 1000).attempts_s) > 400


def test_a_dead_peer_is_noticed_by_the_third_ping() -> None:
    terms = terms_of(CATALOGUE[NAME].make())
    assert terms.heartbeat_s == 120
    assert terms.heartbeat_timeout_s == 240
    assert terms.connect_timeout_s == 2
