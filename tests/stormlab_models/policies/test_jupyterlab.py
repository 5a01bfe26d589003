"""@jupyterlab/services: seven retries while HTTP is answered, none used up while it is not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.policy import terms_of
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.jupyterlab import SCHEDULE, JupyterKernel

NAME = "@jupyterlab/services"
ANSWERED = {"up_s": None, "reaches": True}
DOWN = {"up_s": None, "reaches": False}
Play = Callable[..., Any]


def test_seven_sockets_that_fail_while_http_is_answered_are_all(play: Play) -> None:
    gaps = [play(NAME, 900, ends=[{"up_s": 10}, ANSWERED], seed=seed) for seed in range(200)]
    assert all(len(played.gaps_s) == 7 and played.stop.announced for played in gaps)
    waited_s = np.array([played.gaps_s for played in gaps])
    for n in range(7):
        high_s = 2**n - 1
        assert waited_s[:, n].max() <= high_s + 1e-9
        assert waited_s[:, n].max() >= 0.97 * high_s
        assert waited_s[:, n].min() <= 0.03 * high_s
        assert waited_s[:, n].mean() == pytest.approx(high_s / 2, abs=0.25 * high_s / 200**0.5 * 5)


def test_delays_are_whole_milliseconds_with_both_ends() -> None:
    for n in range(7):
        support = SCHEDULE.support(n)
        assert support is not None
        assert (support.low_ns, support.high_ns) == (0, (2**n - 1) * 10**9)
        assert support.is_point or support.step_ns == 10**6


def test_an_outage_of_the_whole_server_uses_nothing_up(play: Play) -> None:
    played = play(NAME, 7200, ends=[{"up_s": 10}, DOWN])
    assert played.stop is None
    asked_s = np.array(played.gaps_s[2:])
    assert set(np.round(asked_s, 6)) == set(range(10, 31))
    assert asked_s.mean() == pytest.approx(20, abs=1.2)


def test_http_comes_first_once_a_socket_failed(play: Play) -> None:
    policy = JupyterKernel()
    assert not terms_of(policy).http_first
    play(policy, 5, ends=[{"up_s": 1}, DOWN])
    assert terms_of(policy).http_first


def test_an_open_socket_sets_the_count_back(play: Play) -> None:
    ends = [{"up_s": 1}, *[ANSWERED] * 6, {"up_s": 1, "proves": False}, ANSWERED]
    played = play(NAME, 3600, ends=ends)
    assert len(played.attempts_s) == 1 + 6 + 1 + 7
    assert played.gaps_s[7] == 0


@pytest.mark.parametrize(
    ("code", "stays"), [(1000, False), (1001, False), (1006, True), (1012, True)]
)
def test_close_codes(code: int, stays: bool, play: Play) -> None:  # noqa: FBT001  data of the test
    played = play(NAME, 12, code=code)
    assert (played.stop is None) == stays
    assert (len(played.attempts_s) > 1) == stays


@pytest.mark.parametrize(
    ("status", "asks_again"), [(503, True), (424, True), (404, False), (500, False)]
)
def test_what_the_server_says_about_the_kernel(
    status: int,
    asks_again: bool,  # noqa: FBT001  data of the test
    play: Play,
) -> None:
    played = play(NAME, 200, ends=[{"up_s": 10}, {**DOWN, "status": status}])
    assert (played.stop is None) == asks_again


def test_entry() -> None:
    assert CATALOGUE[NAME].cap_s == 63
    assert CATALOGUE[NAME].attempts_max == 7
