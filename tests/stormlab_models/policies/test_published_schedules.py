"""Published schedules and counts as sums: what others wrote down comes out of the same parts."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stormlab.draws import Draws
from stormlab.model import make_scenario, run
from stormlab.policy import (
    Added,
    AddressedChance,
    Budget,
    Chain,
    Constant,
    Delays,
    Exponential,
    Moment,
    Reconnect,
    Reset,
    Span,
    TokenBucket,
)
from stormlab.vocabulary import Event
from stormlab_models.policies import CATALOGUE

S = 1_000_000_000
Play = Callable[..., Any]


def test_rfc_6455_section_7_2_3() -> None:
    """A first delay of 0 to 5 s, then truncated binary exponential backoff."""
    supports = CATALOGUE["rfc-6455"].supports
    first = supports(0)
    assert first is not None
    assert first.low_ns == 0
    assert first.high_ns == pytest.approx(5 * S, abs=1)
    later = [supports(n) for n in range(1, 8)]
    points = [support.low_ns / S for support in later if support is not None and support.is_point]
    assert len(points) == 7
    assert {b / a for a, b in pairwise(points[:3])} == {2}
    assert len(set(points[3:])) == 1  # truncated


# grpc/grpc doc/connection-backoff.md: mean time of the attempts k = 1 .. 12 after the first.
GRPC_MEANS = [1, 2.6, 5.16, 9.256, 15.81, 26.30, 43.07, 69.92, 112.87, 181.59, 291.54, 411.54]


def test_the_cumulative_means_of_grpc() -> None:
    means = []
    for n in range(len(GRPC_MEANS)):
        support = CATALOGUE["grpc-backoff"].supports(n)
        assert support is not None
        means.append((support.low_ns + support.high_ns) / 2 / S)  # uniform between its ends
    assert np.cumsum(means) == pytest.approx(GRPC_MEANS, abs=0.006)


def test_the_cumulative_means_of_grpc_as_played(play: Play) -> None:
    times = np.array(
        [
            play("grpc-backoff", 700, up_s=None, after_s=0.0, seed=seed).attempts_s[1:13]
            for seed in range(120)
        ]
    )
    spread = times.std(axis=0) / len(times) ** 0.5
    assert (np.abs(times.mean(axis=0) - GRPC_MEANS) <= 3.5 * spread + 0.006).all()


# elastic/kibana, fleet-server: the first retry after 30 to 90 s, and then 0 to 120 s on top.
ELASTIC = Delays(Constant(0.0), Added(30.0, 90.0))
ELASTIC_SPREAD = Delays(
    Constant(0.0), Chain((Added(30.0, 90.0), Added(0.0, 120.0, purpose="on top")))
)


def test_the_spread_of_elastics_fleet_halves_the_peak() -> None:
    support = ELASTIC_SPREAD.support(0)
    assert support is not None
    assert (support.low_ns / S, support.high_ns / S) == pytest.approx((30, 210))
    assert len(support.intervals) == 1
    draws, count = Draws(1), 30_000
    peaks = []
    for schedule, plateau in ((ELASTIC, (30, 90)), (ELASTIC_SPREAD, (90, 150))):
        moments = (Moment(AddressedChance(draws, client)) for client in range(count))
        delays_s = np.array([schedule.delay_ns(0, moment) for moment in moments]) / S
        inside = (delays_s >= plateau[0]) & (delays_s < plateau[1])
        peaks.append(inside.mean() / 60)  # share per second where it is highest
    assert peaks == pytest.approx([1 / 60, 1 / 120], rel=0.03)


def test_a_dead_peer_is_found_within_the_timeout_and_one_interval() -> None:
    """Pings every 25 s, 20 s of patience: uniform on [20, 45] s after the failure, mean 32.5 s."""
    clients = 1500
    policy = {
        "backoff": {"kind": "constant", "delay_s": 600},
        "terms": {"heartbeat_s": 25, "heartbeat_timeout_s": 20},
    }
    document = {
        "model": "fleet",
        "duration_s": 120,
        "policy": policy,
        "clients": {"count": clients, "settled_spread_s": 25},
        "messages": {"every_s": "off"},
        "faults": [{"do": "hang", "at_s": 50, "for_s": 100}],
    }
    trace = run(make_scenario(document, name="keep-alive"), 1)
    found_s = np.sort(trace.of(Event.HEARTBEAT_LOST)["time_ns"]) / S - 50
    assert len(found_s) == clients
    assert 20 <= found_s.min() < 20.1
    assert 44.9 < found_s.max() <= 45
    assert found_s.mean() == pytest.approx(32.5, abs=0.2)
    ideal = 20 + 25 * (np.arange(clients) + 0.5) / clients
    assert np.abs(found_s - ideal).max() < 1.0  # uniform


def test_openfront_makes_2401_sockets_in_two_minutes(play: Play) -> None:
    """At once after a failure that takes 50 ms: 1 + 120/0.05."""
    at_once = Reconnect(Delays(Constant(0.0)))
    played = play(at_once.make(), 120.001, up_s=None, after_s=0.05)
    assert len(played.attempts_s) == 2401


def test_superplane_asks_1200_times_an_hour(play: Play) -> None:
    fixed = Reconnect(Delays(Constant(3.0)))
    assert len(play(fixed.make(), 3600, up_s=None, after_s=0.0).attempts_s) == 1200


def test_weavejs_never_comes_back_to_its_first_delay(play: Play) -> None:
    """1000·1.5^n ms, and a success does not set n back."""
    never = Reconnect(Delays(Exponential(1.0, 1.5)), reset=Reset(on="never"))
    gaps = play(never.make(), 40_000, up_s=3600).gaps_s
    assert gaps[:9] == pytest.approx([1.5**n for n in range(9)])


@pytest.mark.parametrize(("rate_per_s", "lasts_s"), [(50, 24.7), (100, 12.3)])
def test_anycables_slow_drain(rate_per_s: int, lasts_s: float) -> None:
    """Its log line: 1,234 connections in 24.7 s, one per 20 ms; by default 100/s, so N/100 s."""
    document = {
        "model": "fleet",
        "duration_s": 36,
        "policy": {"backoff": {"kind": "constant", "delay_s": 600}},
        "clients": {"count": 1234},
        "messages": {"every_s": "off"},
        "server": {"drain_per_s": rate_per_s},
        "faults": [{"do": "drain", "pod": 0, "at_s": 10, "for_s": 26}],
    }
    trace = run(make_scenario(document, name="drain"), 1)
    closed_s = np.sort(trace.of(Event.CLOSED)["time_ns"]) / S
    assert len(closed_s) == 1234
    assert np.diff(closed_s).max() <= 0.5
    assert closed_s[-1] - closed_s[0] == pytest.approx(lasts_s, abs=0.05)


def all_paid(budget: Budget, count: int) -> float:
    """When the last of ``count`` waiters gets its token, in seconds."""
    now_ns = 0
    for _ in range(count):
        while not budget.take(now_ns, lambda: 0.0):
            next_ns = budget.next_ns(now_ns)
            assert next_ns is not None
            assert next_ns > now_ns
            now_ns = next_ns
    return now_ns / S


def test_discord_lets_max_concurrency_shards_identify_per_5_s() -> None:
    shards, max_concurrency = 64, 16
    one_per_5_s = TokenBucket(rate_per_s=1 / 5)
    in_bucket = [shard % max_concurrency for shard in range(shards)]
    waits_s = [all_paid(one_per_5_s.make(), in_bucket.count(b)) for b in range(max_concurrency)]
    assert waits_s == [15.0] * max_concurrency
    assert all_paid(one_per_5_s.make(), 1000) == 4995.0  # a day's identifies in 83 minutes


def test_azure_iot_takes_100000_devices_back_in_no_less_than_1000_s() -> None:
    """S1: 100 connections a second and unit."""
    assert all_paid(TokenBucket(rate_per_s=100).make(), 100_000) == pytest.approx(1000, abs=0.02)


def test_a_restart_is_answered_by_5_to_30_s() -> None:
    advice = CATALOGUE["close-1012"].reconnect
    assert advice is not None
    assert advice.advice.restart == Span(5.0, 30.0, purpose="restart")
