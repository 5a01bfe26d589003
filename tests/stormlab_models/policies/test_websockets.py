"""websockets: what its generator yields, when it is asked at all, and what is final."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import terms_of
from stormlab_models.policies import CATALOGUE

NAME = "websockets"
TABLE_S = [3.1, 5.0158, 8.1156, 13.131, 21.2459, 34.3759, 55.6202, 89.9935, 90, 90]
Play = Callable[..., Any]
Walk = Callable[..., list[float]]


def test_only_the_first_delay_is_drawn(walk: Walk) -> None:
    firsts = []
    for client in range(300):
        first, *rest = walk(NAME, 11, client=client)
        assert rest == pytest.approx(TABLE_S, abs=1e-4)
        firsts.append(first)
    assert 0 <= min(firsts) < 0.1
    assert 4.9 < max(firsts) < 5


def test_after_a_drop_there_is_no_delay(walk: Walk) -> None:
    delays = walk(NAME, 10, dropped_first=True)
    assert delays[0] == 0
    assert 0 < delays[1] < 5
    assert delays[2:] == pytest.approx(TABLE_S[:8], abs=1e-4)


def test_a_server_that_accepts_and_closes_is_hit_without_a_pause(play: Play) -> None:
    """Measured: 161 connects in 10 s."""
    assert len(play(NAME, 10).opened_s) == pytest.approx(161, rel=0.2)


@pytest.mark.parametrize(
    ("status", "final"),
    [(0, False), (500, False), (502, False), (503, False), (504, False)]
    + [(status, True) for status in (200, 301, 401, 403, 404, 429, 501, 505, 599)],
)
def test_the_status_of_a_refused_handshake(status: int, final: bool, play: Play) -> None:  # noqa: FBT001
    played = play(NAME, 60, up_s=None, status=status)
    assert (len(played.attempts_s) == 1) == final
    assert (played.stop is not None) == final


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1011, 1012, 1013, 4000])
def test_every_close_code_is_retried(code: int, play: Play) -> None:
    assert len(play(NAME, 5, code=code).opened_s) > 50


def test_an_open_connection_sets_the_delays_back(play: Play) -> None:
    refused = {"up_s": None}
    ends = [{"up_s": 1}, *[refused] * 4, {"up_s": 1, "proves": False}, refused]
    gaps = play(NAME, 200, ends=ends).gaps_s
    assert gaps[2:5] == pytest.approx(TABLE_S[:3], abs=1e-4)
    assert gaps[5] == 0
    assert gaps[6] < 5
    assert gaps[7:9] == pytest.approx(TABLE_S[:2], abs=1e-4)


def test_retry_after_is_ignored(play: Play) -> None:
    gaps = play(NAME, 60, up_s=None, status=503, retry_after_s=30.0).gaps_s
    assert gaps[0] < 5


def test_its_terms() -> None:
    terms = terms_of(CATALOGUE[NAME].make())
    assert (terms.connect_timeout_s, terms.heartbeat_s, terms.heartbeat_timeout_s) == (10, 20, 20)
