"""pysignalr: the inner loop, the outer one, and the budget that nothing fills again."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.check import see, target_of
from stormlab.evidence import Outcome
from stormlab.policy import terms_of
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.policies import CATALOGUE

NAME = "pysignalr"
GROWING = [1.1**k for k in range(1, 10)]
Play = Callable[..., Any]
Walk = Callable[..., list[float]]


def test_while_tcp_refuses_it_waits_whole_seconds_for_ever(walk: Walk) -> None:
    for client in range(20):
        delays = walk(NAME, 40, client=client, dropped_first=True)
        assert delays[0] == 0
        assert 0 <= delays[1] < 5
        assert delays[2:] == [3, 5, 8, 13, 21, 34, 55, *[60] * 31]


def test_an_error_status_is_negotiated_about_ten_times_in_a_life(play: Play) -> None:
    refused = {"up_s": None, "status": 503}
    played = play(NAME, 1000, ends=[{"up_s": 50}, refused])
    assert played.gaps_s == pytest.approx([0, *GROWING], rel=1e-6)
    assert played.stop is not None
    assert played.stop.announced
    # Four failures, an hour that is good, and the rest of the budget.
    ends = [{"up_s": 50}, *[refused] * 4, {"up_s": 3600}, refused]
    played = play(NAME, 10_000, ends=ends)
    assert played.gaps_s == pytest.approx([0, *GROWING[:4], 0, *GROWING[4:]], rel=1e-6)


def test_a_handshake_that_times_out_is_negotiated_anew(play: Play) -> None:
    played = play(NAME, 1000, ends=[{"up_s": 50}, {"up_s": None, "after_s": 10.0}])
    assert played.gaps_s == pytest.approx([0, *GROWING], rel=1e-6)


def test_tcp_that_refuses_the_negotiation_ends_it(play: Play) -> None:
    played = play(NAME, 100, ends=[{"up_s": None, "reaches": False}])
    assert played.attempts_s == [0]
    assert played.stop is not None


def test_http_comes_first_only_when_it_negotiates(play: Play) -> None:
    policy = CATALOGUE[NAME].make()
    assert terms_of(policy).http_first
    play(policy, 10, ends=[{"up_s": 5}, {"up_s": 100}])
    assert not terms_of(policy).http_first
    policy = CATALOGUE[NAME].make()
    play(policy, 6, ends=[{"up_s": 5}, {"up_s": None, "status": 404}])
    assert terms_of(policy).http_first


def test_a_flapping_server_is_hit_without_a_pause(play: Play) -> None:
    assert max(play(NAME, 10).gaps_s) == 0


def test_a_refused_start_is_an_end_that_it_declares_and_tells() -> None:
    """run() raises it to whoever called."""
    world = BareWorld((Phase("refuse", 300.0),), settle_s=72.0)
    target = target_of("pysignalr")
    seen = see(target, world)
    outcomes = {
        name: PROMISES[name].judge(target.subject, seen).outcome
        for name in ("converges", "survives-long-outages", "gives-up-as-declared")
    }
    assert list(outcomes.values()) == [Outcome.UNDECIDED, Outcome.UNDECIDED, Outcome.HOLDS]
