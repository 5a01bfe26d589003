"""Budgets and throttles: what they let through, and what they do to a client that is away."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Budget, Fact, Happened, delays, policies_for_client
from stormlab.policy.host import Host
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.budgets import ENTRIES

S = 1_000_000_000
Play = Callable[..., Any]


def budget_of(name: str) -> Budget:
    parts = CATALOGUE[name].reconnect
    assert parts is not None
    assert parts.budget is not None
    return parts.budget.make()


def taken(budget: Budget, times: int, time_ns: int = 0, unit: float = 0.5) -> int:
    return sum(budget.take(time_ns, lambda: unit) for _ in range(times))


def test_grpc_retries_while_more_than_half_of_its_tokens_are_left() -> None:
    budget = budget_of("grpc-retry-throttling")
    for _ in range(4):
        budget.failure(0, retried=True)
    assert taken(budget, 100) == 100  # 6 of 10 left, and a retry costs nothing
    budget.failure(0, retried=True)
    assert taken(budget, 1) == 0
    budget.success(0, retried=False)  # 5.1
    assert taken(budget, 1) == 1


def test_as_the_gate_of_reconnects_grpc_strands_its_client(play: Play) -> None:
    played = play("grpc-retry-throttling", 3600, ends=[{"up_s": 60}, {"up_s": None}])
    assert len(played.attempts_s) == 1 + 5
    walked = delays(CATALOGUE["grpc-retry-throttling"].make(), 50, AddressedChance(Draws(1), 1))
    assert walked.silent


def test_grpc_pushback_is_the_exact_delay(play: Play) -> None:
    gaps = play("grpc-retry-throttling", 60, up_s=None, retry_after_s=7.0).gaps_s
    assert gaps[:3] == pytest.approx([7, 7, 7])


def test_finagle_has_a_reserve_and_a_fifth_of_the_requests() -> None:
    budget = budget_of("finagle-retry-budget")
    assert taken(budget, 1000) == 100  # 10 per s for 10 s
    for _ in range(50):
        budget.request(S)
    assert taken(budget, 1000, S) == 10
    assert taken(budget, 1000, 12 * S) == 100  # what was withdrawn is forgotten


def test_envoy_lets_three_or_a_fifth_retry_together() -> None:
    budget = budget_of("envoy-retry-budget")
    assert taken(budget, 100) == 3
    budget = budget_of("envoy-retry-budget")
    for _ in range(40):
        budget.active(1)
    assert taken(budget, 100) == 8


def test_envoys_budget_is_shared_by_the_sockets_of_a_client() -> None:
    hosts = [
        Host(policy, AddressedChance(Draws(1), 1, socket))
        for socket, policy in enumerate(
            policies_for_client(CATALOGUE["envoy-retry-budget"].make, 8)
        )
    ]
    connecting = 0
    for host in hosts:
        host.start(0)
        number = host.begin(0)
        for fact in (Fact.OPENED, Fact.PROVED):
            host.tell(Happened(fact, S), number)
    for host in hosts:
        host.tell(Happened(Fact.DROPPED, 60 * S, code=1012), 1)
    for host in hosts:
        assert host.due_ns is not None
        connecting += host.begin(host.due_ns) is not None
    assert connecting == 3


@pytest.mark.parametrize(
    ("requests", "accepts", "share"), [(100, 100, 0), (100, 50, 0), (100, 25, 50 / 101)]
)
def test_sre_refuses_a_share(requests: int, accepts: int, share: float) -> None:
    for unit, passes in ((share + 0.001, True), (share - 0.001, False)):
        budget = budget_of("sre-adaptive-throttling")
        for _ in range(requests):
            budget.request(S)
        for _ in range(accepts):
            budget.success(S, retried=False)
        assert taken(budget, 1, 2 * S, unit) == (passes or unit < 0)


def test_an_sre_client_that_is_away_comes_every_two_minutes_or_so(play: Play) -> None:
    gaps = [
        gap
        for seed in range(4)
        for gap in play("sre-adaptive-throttling", 3600, up_s=None, seed=seed).gaps_s[8:]
    ]
    assert 50 < sum(gaps) / len(gaps) < 240


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_a_short_outage_is_survived(name: str, play: Play) -> None:
    played = play(name, 600, ends=[{"up_s": 60}, {"up_s": None}, {"up_s": None}, {"up_s": 1e5}])
    assert len(played.opened_s) == 2
    assert played.stop is None
