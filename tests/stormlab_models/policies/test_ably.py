"""ably (JavaScript): at once, then 16 to 30 s, then 30 s exactly."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Fact
from stormlab_models.policies import CATALOGUE

NAME = "ably-js"

Play = Callable[..., Any]


def test_delays_grow_in_thirds_to_the_double(drawn: Callable[..., NDArray[np.int64]]) -> None:
    delays_s = drawn(NAME, 6, clients=2000) / 1e9
    for n, most_s in enumerate((15, 20, 25, 30, 30, 30)):
        assert most_s * 0.8 < delays_s[:, n].min() < most_s * 0.805
        assert most_s * 0.995 < delays_s[:, n].max() <= most_s


def test_after_a_drop_it_is_back_at_once_and_then_takes_the_second_delay(play: Play) -> None:
    played = play(NAME, 100, ends=[{"up_s": 50}, {"up_s": None}])
    assert played.gaps_s[0] == 0
    assert 16 <= played.gaps_s[1] <= 20
    assert 20 <= played.gaps_s[2] <= 25


def test_from_two_minutes_on_everybody_waits_30_s(play: Play) -> None:
    played = play(NAME, 600, ends=[{"up_s": 50}, {"up_s": None}])
    late = [gap for gap, end in zip(played.gaps_s, played.ended_s, strict=False) if end > 170.1]
    assert len(late) > 8
    assert late == pytest.approx([30] * len(late))


def test_a_server_that_flaps_is_hit_once_a_second(play: Play) -> None:
    assert len(play(NAME, 30).opened_s) == pytest.approx(30, abs=1)


def test_coming_online_ends_the_wait_and_offline_closes(play: Play) -> None:
    ends = [{"up_s": 10}, {"up_s": None}, {"up_s": 999}]
    played = play(NAME, 40, ends=ends, said=[(15, Fact.ONLINE)])
    assert played.attempts_s[2] == 15
    assert CATALOGUE[NAME].terms.closes_offline
