"""stream-chat: windows by the count of failures, and the timers that pile up."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.policy import Fact, terms_of
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.stream_chat import window_ms

NAME = "stream-chat"
DOWN = {"up_s": None, "after_s": 0.002}
Play = Callable[..., Any]
Walk = Callable[..., list[float]]


@pytest.mark.parametrize(
    ("failures", "window"),
    [
        (0, (250, 500)),
        (1, (250, 2500)),
        (2, (2000, 4500)),
        (12, (22000, 24500)),
        (13, (24000, 25000)),
        (14, (25000, 25000)),
        (100, (25000, 25000)),
    ],
)
def test_windows_rise_and_become_a_point(failures: int, window: tuple[int, int]) -> None:
    assert window_ms(failures) == window


def test_a_drop_is_counted_before_its_delay_is_drawn(walk: Walk) -> None:
    first_s = [walk(NAME, 1, client=k, dropped_first=True)[0] for k in range(500)]
    assert 0.25 <= min(first_s) < 0.28
    assert 2.47 < max(first_s) < 2.5


def test_timers_pile_up_as_they_were_seen_to(play: Play) -> None:
    """The package, run in Node against a port that refuses: 27 attempts in 75 s after a drop."""
    counts = [
        len(play(NAME, 85, ends=[{"up_s": 10}, DOWN], seed=seed).attempts_s) - 1
        for seed in range(30)
    ]
    assert np.mean(counts) == pytest.approx(27, rel=0.2)


def test_at_the_cap_every_attempt_comes_again_after_25_seconds(play: Play) -> None:
    played = play(NAME, 300, ends=[{"up_s": 10}, DOWN])
    late = [second for second in played.attempts_s if second > 120]
    for second in late[:5]:
        again = min(abs(other - second - 25.002) for other in late)
        assert again < 1e-6


def test_a_refusal_sets_a_timer_in_each_of_three_windows(play: Play) -> None:
    up = {"up_s": 1000}
    second = [play(NAME, 60, ends=[{"up_s": 10}, DOWN, up], seed=k).gaps_s[1] for k in range(300)]
    assert 2.0 <= min(second) < 2.05
    assert 4.4 < max(second) < 4.5


def test_a_timer_that_finds_a_healthy_connection_does_nothing(play: Play) -> None:
    played = play(NAME, 200, ends=[{"up_s": 10}, DOWN, DOWN, {"up_s": 1000}])
    assert len(played.attempts_s) == 4


def test_the_first_message_sets_the_count_back(play: Play) -> None:
    gaps_s = play(NAME, 400, ends=[{"up_s": 10}, *[DOWN] * 8, {"up_s": 60}]).gaps_s
    assert gaps_s[-1] < 2.5
    silent = play(NAME, 400, ends=[{"up_s": 10}, {"up_s": 0.05, "proves": False}])
    assert max(silent.gaps_s) > 2.5


def test_closed_with_1000_it_stays_away_and_says_nothing(play: Play) -> None:
    played = play(NAME, 12, up_s=5, code=1000)
    assert len(played.attempts_s) == 1
    assert not played.stop.announced
    assert play(NAME, 12, code=1012).stop is None


def test_online_brings_an_attempt_after_ten_milliseconds(play: Play) -> None:
    said = [(8.0, Fact.OFFLINE), (60.0, Fact.ONLINE)]
    played = play(NAME, 100, ends=[{"up_s": 9}, {"up_s": 1000}], said=said)
    assert played.attempts_s == pytest.approx([0, 60.01])
    terms = terms_of(CATALOGUE[NAME].make())
    assert terms.closes_offline
    assert (terms.heartbeat_s, terms.heartbeat_timeout_s) == (25, 10)


def test_a_support_is_a_bound_from_the_second_delay_on(walk: Walk) -> None:
    entry = CATALOGUE[NAME]
    for client in range(200):
        for n, delay_s in enumerate(walk(NAME, 30, client=client)):
            support = entry.supports(n)
            assert support is not None
            assert support.contains(round(delay_s * 1e9))
