"""Clients that do not reconnect, unless a setting asks for it."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy.catalogue import find_policy

BOTH = pytest.mark.parametrize("name", ["websocket-client", "aiohttp"])
Play = Callable[..., Any]


@BOTH
@pytest.mark.parametrize("up_s", [None, 0.05, 3600])
def test_the_first_end_is_final_and_told(name: str, up_s: float | None, play: Play) -> None:
    played = play(name, 10_000, up_s=up_s)
    assert played.attempts_s == [0]
    assert played.stop is not None
    assert played.stop.announced


@BOTH
def test_a_constant_wait_can_be_asked_for(name: str, play: Play) -> None:
    policy = find_policy(f"{name},attempts_max=off,backoff.delay_s=2").make()
    assert play(policy, 60, code=1000).gaps_s[:3] == pytest.approx([2, 2, 2])
