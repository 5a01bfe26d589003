"""sockjs-client and react-use-websocket."""

from collections.abc import Callable
from typing import Any

import pytest

Play = Callable[..., Any]


def test_sockjs_never_retries(play: Play) -> None:
    for ends in ([{"up_s": 10}], [{"up_s": None}]):
        played = play("sockjs-client", 600, ends=ends)
        assert played.attempts_s == [0]
        assert played.stop is not None


def test_react_use_websocket_tries_twenty_times_every_five_seconds(play: Play) -> None:
    played = play("react-use-websocket", 600, ends=[{"up_s": 10}, {"up_s": None}])
    assert played.gaps_s == pytest.approx([5.0] * 20)
    assert played.stop is not None


def test_an_open_socket_gives_it_twenty_more(play: Play) -> None:
    played = play("react-use-websocket", 600, proves=False)
    assert len(played.opened_s) > 100
    assert played.stop is None
