"""@firebase/database: the time since the last attempt counts, and only a long connection resets."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE

NAME = "@firebase/database"
DOWN: dict[str, float | None] = {"up_s": None, "after_s": 0.0}
Play = Callable[..., Any]
Walk = Callable[..., list[float]]
Drawn = Callable[..., NDArray[np.int64]]


def test_full_jitter_on_a_delay_that_grows_by_three_tenths(drawn: Drawn) -> None:
    delays_s = drawn(NAME, 24, clients=2000) / 1e9
    for n in (0, 1, 5, 12, 21, 22, 23):
        cap_s = min(1.3**n, 300)
        seen = delays_s[:, n]
        assert 0 <= seen.min() <= 0.01 * cap_s
        assert 0.99 * cap_s - 1e-3 <= seen.max() <= cap_s
        error = cap_s / (12 * len(seen)) ** 0.5
        assert seen.mean() == pytest.approx(cap_s / 2, abs=3.5 * error + 1e-3)
    assert np.all(drawn(NAME, 5, clients=50) % 1_000_000 == 0)


def test_a_connection_that_lasted_is_retried_at_once(walk: Walk) -> None:
    assert {walk(NAME, 1, client=k, dropped_first=True)[0] for k in range(50)} == {0.0}


def test_what_an_attempt_took_is_taken_off(play: Play) -> None:
    slow = {"up_s": None, "after_s": 0.8}
    gaps_s = [play(NAME, 2, ends=[slow], seed=seed).gaps_s[0] for seed in range(200)]
    assert 0.19 < max(gaps_s) <= 0.2
    assert play(NAME, 60, ends=[{"up_s": None, "after_s": 5}]).gaps_s[:6] == [0.0] * 6


@pytest.mark.parametrize(("up_s", "longest_s"), [(29.0, 1.3**11), (31.0, 1.3)])
def test_only_more_than_thirty_seconds_set_it_back(
    up_s: float, longest_s: float, play: Play
) -> None:
    """The drop itself is retried at once; what follows shows the delay that was left."""
    ends = [*[DOWN] * 10, {"up_s": up_s, "after_s": 0.0}, DOWN]
    after = [play(NAME, 4000, ends=ends, seed=seed).gaps_s[11] for seed in range(200)]
    assert 0.95 * longest_s < max(after) <= longest_s


def test_hidden_when_it_drops_it_waits_up_to_five_minutes(play: Play) -> None:
    ends = [{"up_s": 100}, DOWN]
    said = [(50.0, Fact.HIDDEN)]
    first_s = [play(NAME, 1000, ends=ends, said=said, seed=k).gaps_s[0] for k in range(200)]
    assert 290 < max(first_s) < 300
    assert min(first_s) < 10


def test_shown_again_it_comes_back_at_once_if_it_waits_the_longest(play: Play) -> None:
    ends = [{"up_s": 100}, {"up_s": 1000}]
    for seed in range(20):
        hidden = [(50.0, Fact.HIDDEN), (101.0, Fact.VISIBLE)]
        played = play(NAME, 500, ends=ends, said=hidden, seed=seed)
        assert played.attempts_s[1] <= 101


def test_shown_again_it_takes_no_notice_if_it_waits_less(play: Play) -> None:
    plain = play(NAME, 60, ends=[DOWN]).attempts_s
    before, after = next(pair for pair in pairwise(plain) if pair[1] - pair[0] > 1)
    said = [(before + 0.3, Fact.HIDDEN), (before + 0.6, Fact.VISIBLE)]
    number = plain.index(after)
    assert play(NAME, 60, ends=[DOWN], said=said).attempts_s[: number + 1] == plain[: number + 1]


def test_offline_it_waits_and_online_it_begins_afresh(play: Play) -> None:
    offline = play(NAME, 900, ends=[{"up_s": 1}, {"up_s": 900}], said=[(0.5, Fact.OFFLINE)])
    assert len(offline.attempts_s) == 1
    for seed in range(20):
        played = play(NAME, 60, ends=[DOWN], said=[(40.0, Fact.ONLINE)], seed=seed)
        assert played.gaps_s[played.attempts_s.index(40.0)] < 1
    terms = terms_of(CATALOGUE[NAME].make())
    assert terms.closes_offline
    assert terms.connect_timeout_s == 30
