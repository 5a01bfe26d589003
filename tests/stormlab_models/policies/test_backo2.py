"""backo2, socket.io-client and subscriptions-transport-ws against their published figures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Fact, Happened, Moment, terms_of
from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
MS = 1_000_000
ALL = ("socket.io-client", "backo2", "subscriptions-transport-ws")

Drawn = Callable[..., NDArray[np.int64]]
Agrees = Callable[[NDArray[np.int64], float, float], None]


def at_index(name: str, n: int, clients: int = 400) -> NDArray[np.int64]:
    parts = CATALOGUE[name].reconnect
    assert parts is not None
    draws = Draws(1)
    chances = (AddressedChance(draws, client) for client in range(clients))
    return np.array([parts.schedule.delay_ns(n, Moment(chance)) for chance in chances])


def test_delays_have_the_published_means(drawn: Drawn, agrees: Agrees) -> None:
    socket_io = drawn("socket.io-client", 13, clients=1500)
    published = {0: (1027, 288), 1: (2059, 573), 2: (3956, 955), 3: (4959, 126)}
    published |= dict.fromkeys((5, 8, 12), (5000, 0))
    for n, (mean_ms, sd_ms) in published.items():
        agrees(socket_io[:, n], mean_ms, sd_ms)
    subscriptions = drawn("subscriptions-transport-ws", 9, clients=1500)
    for n, (mean_ms, sd_ms) in {0: (102, 29), 5: (3297, 927), 8: (10000, 0)}.items():
        agrees(subscriptions[:, n], mean_ms, sd_ms)


@pytest.mark.parametrize(
    ("name", "low_ms", "high_ms"),
    [
        ("socket.io-client", 550, 1500),
        ("subscriptions-transport-ws", 55, 150),
        ("backo2", 55, 150),
    ],
)
def test_the_first_delay_lies_in_ten_bands(
    name: str, low_ms: int, high_ms: int, drawn: Drawn
) -> None:
    support = CATALOGUE[name].first_after_drop
    assert support is not None
    assert len(support.intervals) == 10
    assert support.low_ns == pytest.approx(low_ms * MS, abs=MS)
    assert support.high_ns == pytest.approx(high_ms * MS, abs=MS)
    inside_ms = sum(high - low for low, high in support.intervals) / MS
    assert inside_ms == pytest.approx((high_ms - low_ms) / 2, rel=0.13)  # half
    first = drawn(name, 1)[:, 0]
    assert (first % MS == 0).all()
    assert first.min() < support.low_ns + 5 * MS
    assert first.max() > support.high_ns - 5 * MS


def test_at_the_cap_socket_io_has_no_jitter_left(drawn: Drawn) -> None:
    delays = drawn("socket.io-client", 6)
    supports = CATALOGUE["socket.io-client"].supports
    for n, share in {2: 0.3, 3: 0.9, 4: 1.0, 5: 1.0}.items():  # published: 29.7 % of draws
        support = supports(n)
        assert support is not None
        assert support.share_at(5 * S) == pytest.approx(share, abs=1e-9)
        assert (delays[:, n] == 5 * S).mean() == pytest.approx(share, abs=0.022)


@pytest.mark.parametrize(
    ("name", "n", "cap_s"),
    [("socket.io-client", 1015, 5), ("subscriptions-transport-ws", 1018, 10), ("backo2", 1018, 10)],
)
def test_an_overflow_makes_half_of_the_delays_zero(name: str, n: int, cap_s: int) -> None:
    assert set(at_index(name, n - 1).tolist()) == {cap_s * S}
    delays = at_index(name, n)
    assert set(delays.tolist()) == {0, cap_s * S}
    assert (delays == 0).mean() == pytest.approx(0.5, abs=0.08)
    support = CATALOGUE[name].supports(n)
    assert support is not None
    assert support.intervals == ((0, 0), (cap_s * S, cap_s * S))


def test_socket_io_comes_to_the_overflow_after_85_minutes(
    walk: Callable[..., list[float]],
) -> None:
    """1,015 delays come first: 84.5 minutes of them and of nothing else."""
    delays = walk("socket.io-client", 1060)
    assert sum(delays[:1015]) / 60 == pytest.approx(84.5, abs=0.2)
    assert 10 <= sum(delay == 0 for delay in delays[1015:]) <= 35


def test_a_server_that_flaps_is_hit_six_times_a_second(play: Callable[..., Any]) -> None:
    played = play("subscriptions-transport-ws", 30)
    assert len(played.opened_s) / 30 == pytest.approx(6.03, rel=0.2)


def test_an_acknowledgement_resets_and_an_open_socket_does_not(play: Callable[..., Any]) -> None:
    gaps = play("subscriptions-transport-ws", 60, proves=False).gaps_s
    assert gaps[-1] == 10.0
    assert max(play("subscriptions-transport-ws", 60).gaps_s) <= 0.15
    assert max(play("socket.io-client", 60, proves=False).gaps_s) == pytest.approx(5.0)
    assert max(play("socket.io-client", 60).gaps_s) <= 1.5


def test_the_patience_of_subscriptions_grows_from_one_second() -> None:
    policy = CATALOGUE["subscriptions-transport-ws"].make()
    chance = AddressedChance(Draws(1), 1)
    seen = []
    for _ in range(25):
        policy.may_attempt(0)
        seen.append(terms_of(policy).connect_timeout_s)
        policy.on(Happened(Fact.REFUSED, 0, code=1006), chance)
    assert seen[:3] == pytest.approx([1.0, 1.2, 1.44])
    assert seen[-1] == 30.0
    policy.may_attempt(0)
    for fact in (Fact.OPENED, Fact.PROVED, Fact.DROPPED):
        policy.on(Happened(fact, 0), chance)
    policy.may_attempt(0)
    assert terms_of(policy).connect_timeout_s == 1.0
