"""pusher-js: 1 s after a drop, windows while it cannot connect."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stormlab.policy import Fact, Happened, terms_of
from stormlab_models.policies import CATALOGUE

NAME = "pusher-js"

Play = Callable[..., Any]


def test_a_failed_attempt_waits_out_its_window(play: Play) -> None:
    played = play(NAME, 300, ends=[{"up_s": 50}, {"up_s": None, "after_s": 0.5}])
    starts = played.attempts_s
    assert starts[1] - played.ended_s[0] == pytest.approx(1.0)
    periods_s = [after - before for before, after in pairwise(starts[1:])]
    assert periods_s[:5] == pytest.approx([15, 30, 60, 60, 60])


def test_the_window_is_the_time_limit_of_the_attempt() -> None:
    policy = CATALOGUE[NAME].make()
    chance: Any = None  # nothing is drawn
    seen = []
    for number in range(5):
        policy.may_attempt(number)
        seen.append(terms_of(policy).connect_timeout_s)
        policy.on(Happened(Fact.REFUSED, number, code=1006, began_ns=number), chance)
    assert seen == [15, 30, 60, 60, 60]


def test_flapping_runs_once_a_second(play: Play) -> None:
    assert len(play(NAME, 30).opened_s) == pytest.approx(30 / 1.058, abs=1)


@pytest.mark.parametrize(
    ("code", "delay_s"),
    [(1000, 1), (1002, 1), (1006, 1), (4000, 0), (4100, 1), (4199, 1), (4200, 0), (4299, 0)],
)
def test_the_code_picks_the_delay(code: int, delay_s: float, play: Play) -> None:
    gaps_s = play(NAME, 30, code=code).gaps_s
    assert len(gaps_s) > 20
    assert gaps_s == pytest.approx([delay_s] * len(gaps_s))


def test_the_first_window_follows_a_retry_at_once_too(play: Play) -> None:
    starts = play(NAME, 60, ends=[{"up_s": 5, "code": 4200}, {"up_s": None}]).attempts_s
    assert [after - before for before, after in pairwise(starts[1:])] == pytest.approx([15, 30])


@pytest.mark.parametrize("code", [4001, 4099, 4300, 4999])
def test_final_codes(code: int, play: Play) -> None:
    assert play(NAME, 30, code=code).stop is not None


def test_coming_online_ends_the_wait(play: Play) -> None:
    played = play(
        NAME, 40, ends=[{"up_s": 10}, {"up_s": None}, {"up_s": 999}], said=[(15, Fact.ONLINE)]
    )
    assert played.attempts_s == pytest.approx([0, 11.008, 15])
