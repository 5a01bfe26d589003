"""@slack/socket-mode: what waits for what, and who sets the count back."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import terms_of
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.slack import SlackSocketMode

NAME = "@slack/socket-mode"
Play = Callable[..., Any]
Walk = Callable[..., list[float]]


def test_a_drop_waits_five_seconds(walk: Walk) -> None:
    assert walk(NAME, 1, dropped_first=True) == [5]


def test_while_only_the_socket_is_down_it_waits_five_seconds_for_ever(play: Play) -> None:
    played = play(NAME, 3600, ends=[{"up_s": 10}, {"up_s": None, "reaches": True}])
    assert played.gaps_s == pytest.approx([5.0] * len(played.gaps_s))
    assert len(played.gaps_s) > 700
    assert played.stop is None


def test_while_http_is_down_its_call_waits_longer_and_longer(play: Play) -> None:
    down = {"up_s": None, "reaches": False}
    played = play(NAME, 3600, ends=[{"up_s": 10}, down])
    expected = [5.0, *(round(1.3**k, 3) for k in range(10))]
    assert played.gaps_s[:11] == pytest.approx(expected)
    assert played.gaps_s[-1] > 600  # never capped


def test_an_answer_that_says_no_counts_in_steps_of_five_seconds(play: Play) -> None:
    refused = {"up_s": None, "reaches": False, "status": 200}
    gaps_s = play(NAME, 200, ends=[{"up_s": 10}, refused]).gaps_s
    assert gaps_s[:5] == pytest.approx([5, 10, 15, 20, 25])


def test_http_success_sets_back_what_opening_does_not(play: Play) -> None:
    refused = {"up_s": None, "reaches": False, "status": 200}
    ends = [{"up_s": 10}, refused, refused, {"up_s": None, "reaches": True}, refused]
    assert play(NAME, 200, ends=ends).gaps_s[:5] == pytest.approx([5, 10, 15, 5, 10])


def test_retry_after_comes_on_top(play: Play) -> None:
    limited = {"up_s": None, "reaches": False, "status": 429, "retry_after_s": 30}
    assert play(NAME, 200, ends=[{"up_s": 10}, limited]).gaps_s[:3] == pytest.approx([5, 31, 31.3])


def test_a_hundred_calls_that_fail_are_the_last(walk: Walk) -> None:
    waits_s = walk(NAME, 200)
    assert len(waits_s) == 100
    assert waits_s[55] == pytest.approx(1.3**55, rel=1e-6)
    assert set(waits_s[56:]) == {0}  # longer than a timer can be: it fires at once


def test_terms() -> None:
    terms = terms_of(SlackSocketMode())
    assert terms.http_first
    assert terms.connect_timeout_s is None
    assert terms == CATALOGUE[NAME].terms
