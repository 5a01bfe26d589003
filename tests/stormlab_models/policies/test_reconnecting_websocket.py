"""reconnecting-websocket and partysocket against what they were measured to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Moment, terms_of
from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
OURS = ("reconnecting-websocket", "partysocket")

Play = Callable[..., Any]


def test_a_refused_client_waits_13_times_longer_each_time(
    drawn: Callable[..., NDArray[np.int64]],
) -> None:
    delays_s = drawn("reconnecting-websocket", 12, clients=400) / S
    assert 1.0 <= delays_s[:, 0].min() < 1.05
    assert 4.95 < delays_s[:, 0].max() < 5.0
    for n in range(11):
        grown = np.minimum(delays_s[:, n] * 1.3, 10)
        assert delays_s[:, n + 1] == pytest.approx(grown, rel=1e-6)
    assert (delays_s[:, 9:] == 10.0).all()


def test_partysocket_waits_the_same_for_everybody(play: Play) -> None:
    """Measured against a refusing server: gaps of 3007, 3916, 5076, 6596, 8572, 10007 ms."""
    measured_ms = [3007, 3916, 5076, 6596, 8572, 10007]
    for seed in (1, 2):
        gaps_s = play("partysocket", 60, up_s=None, seed=seed).gaps_s
        gaps_ms = [1000 * gap for gap in gaps_s[: len(measured_ms)]]
        assert gaps_ms == pytest.approx(measured_ms, abs=25)
        assert gaps_s[-1] == 10.0


def test_all_sockets_of_a_page_share_one_base() -> None:
    parts = CATALOGUE["reconnecting-websocket"].reconnect
    assert parts is not None
    here, beside, reloaded = (
        parts.schedule.delay_ns(0, Moment(AddressedChance(Draws(1), 7, socket, load, ordinal)))
        for socket, load, ordinal in ((0, 0, 1), (1, 0, 9), (0, 1, 1))
    )
    assert here == beside != reloaded


def test_flapping_goes_on_growing(play: Play) -> None:
    """Measured: 7 connects in 30 s, the base being somewhere in 1 to 5 s; partysocket 0.2 a s."""
    counts = [len(play(OURS[0], 30, seed=seed).opened_s) for seed in range(60)]
    assert min(counts) >= 4
    assert max(counts) <= 9
    assert 7 in counts
    assert len(play("partysocket", 30).opened_s) / 30 == pytest.approx(0.2, rel=0.2)


@pytest.mark.parametrize("name", OURS)
def test_five_seconds_open_set_the_count_back(name: str, play: Play) -> None:
    short, long = ({"ends": [{"up_s": None}] * 3 + [{"up_s": up}]} for up in (4.9, 5.0))
    grown = play(name, 100, **short).gaps_s
    reset = play(name, 100, **long).gaps_s
    assert grown[3] == pytest.approx(min(10, grown[0] * 1.3**3))
    assert reset[3] == pytest.approx(reset[0])
    assert reset[0] == grown[0]


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("code", [1000, 1001, 1006, 1008, 1013, 4000])
def test_every_close_code_is_retried(name: str, code: int, play: Play) -> None:
    played = play(name, 60, code=code)
    assert len(played.opened_s) > 4
    assert played.stop is None


@pytest.mark.parametrize("name", OURS)
def test_an_attempt_is_given_up_after_four_seconds(name: str) -> None:
    terms = terms_of(CATALOGUE[name].make())
    assert terms.connect_timeout_s == 4.0
    assert terms.heartbeat_s is None
