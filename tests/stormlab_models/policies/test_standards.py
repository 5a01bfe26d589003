"""What specifications say about reconnecting, and what was made of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Fact, Happened, policies_for_client, terms_of
from stormlab.policy.host import Host
from stormlab_models.policies import CATALOGUE
from stormlab_models.policies.standards import ENTRIES

S = 1_000_000_000
Play = Callable[..., Any]
Walk = Callable[..., list[float]]
Drawn = Callable[..., NDArray[np.int64]]


def ends_of(name: str, n: int) -> tuple[float, float]:
    support = CATALOGUE[name].supports(n)
    assert support is not None
    return support.low_ns / S, support.high_ns / S


def test_rfc_6455_draws_the_first_delay_and_doubles_later_ones(walk: Walk) -> None:
    firsts = []
    for client in range(300):
        first, *rest = walk("rfc-6455", 6, client=client, dropped_first=True)
        firsts.append(first)
        assert rest == [10, 20, 40, 60, 60]
    assert 0 <= min(firsts) < 0.1
    assert 4.9 < max(firsts) < 5


def test_1012_is_answered_by_5_to_30_s_and_nothing_else_is(play: Play) -> None:
    seeds = range(300)
    restarted = [play("close-1012", 40, up_s=5, seed=seed).gaps_s[0] for seed in seeds]
    assert 5 <= min(restarted) < 5.3
    assert 29.7 < max(restarted) < 30
    assert sum(restarted) / len(restarted) == pytest.approx(17.5, abs=3 * 7.2 / len(seeds) ** 0.5)
    for code in (1001, 1006, 1011, 1013):
        assert play("close-1012", 40, up_s=5, code=code).gaps_s[0] < 1


def test_grpc_counts_from_the_beginning_of_an_attempt(play: Play) -> None:
    for took_s in (0.01, 0.7):
        gaps = play("grpc-backoff", 100, up_s=None, after_s=took_s).gaps_s
        assert gaps[0] == pytest.approx(1 - took_s)
        assert 0.8 * 1.6 - took_s <= gaps[1] <= 1.2 * 1.6 - took_s
    assert play("grpc-backoff", 100, up_s=None, after_s=20.0).gaps_s[:4] == [0] * 4


def test_a_channel_of_grpc_that_was_good_connects_at_once(play: Play) -> None:
    gaps = play("grpc-backoff", 100, up_s=10).gaps_s
    assert gaps[:3] == [0, 0, 0]
    unproven = play("grpc-backoff", 100, up_s=0.01, proves=False).gaps_s
    assert unproven[3] > 2


def test_an_attempt_of_grpc_may_last_20_s_or_its_backoff(play: Play) -> None:
    policy = CATALOGUE["grpc-backoff"].make()
    assert terms_of(policy).connect_timeout_s == 20
    play(policy, 700, up_s=None)
    timeout_s = terms_of(policy).connect_timeout_s
    assert timeout_s is not None
    assert 95 < timeout_s < 144


@pytest.mark.parametrize("n", range(14))
def test_the_jitter_of_grpc_is_20_percent_even_at_the_cap(n: int) -> None:
    mean_s = min(1.6**n, 120)
    spread = 0.2 if n else 0.0
    low, high = (mean_s * (1 + sign * spread) for sign in (-1, 1))
    assert ends_of("grpc-backoff", n) == pytest.approx((low, high))


def test_polly_v2_follows_its_curve(drawn: Drawn) -> None:
    delays_s = drawn("polly-decorrelated-v2", 12) / S
    assert delays_s.max() == 30
    median_s = 0.128 / 1.4 * 2**0.5 * np.tanh(2**0.5)  # f(1/2), f being monotone
    assert np.median(delays_s[:, 0]) == pytest.approx(median_s, rel=0.03)
    for n in range(2, 7):
        # f(t) nears 2**t: the mean of 2**(n + r) - 2**(n - 1 + r') is 2**(n - 1) / ln 2
        mean_s = 0.128 / 1.4 * 2 ** (n - 1) / np.log(2)
        assert delays_s[:, n].mean() == pytest.approx(mean_s, rel=0.05)


def test_shards_identify_one_by_one() -> None:
    policies = policies_for_client(CATALOGUE["discord-gateway"].make, 6)
    hosts = [
        Host(policy, AddressedChance(Draws(1), 1, socket)) for socket, policy in enumerate(policies)
    ]
    for host in hosts:
        host.start(0)
        number = host.begin(0)
        for fact in (Fact.OPENED, Fact.PROVED):
            host.tell(Happened(fact, S), number)
        host.tell(Happened(Fact.DROPPED, 60 * S, code=1001), number)
    made: list[int] = []
    while len(made) < len(hosts):
        host = min(hosts, key=lambda one: one.due_ns if one.due_ns is not None else 10**15)
        due_ns = host.due_ns
        assert due_ns is not None
        if host.begin(due_ns) is not None:
            made.append(due_ns)
    gaps_s = np.diff(made) / S
    assert gaps_s.min() >= 5
    assert gaps_s.max() < 5.1


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
def test_a_final_code_of_the_gateway_is_final(code: int, play: Play) -> None:
    assert play("discord-gateway", 100, code=code).attempts_s == [0]
    assert len(play("discord-gateway", 100, code=4009).attempts_s) > 5


@pytest.mark.parametrize("name", [entry.name for entry in ENTRIES])
def test_an_answer_sets_the_count_back_and_an_open_socket_does_not(name: str, play: Play) -> None:
    code = 1006
    unproven = play(name, 300, code=code, proves=False).gaps_s
    proven = play(name, 300, code=code).gaps_s
    assert max(unproven) > 9
    assert max(proven) <= 5.1


def test_polly_s_curve_ends_at_the_cap_where_it_overflows(walk: Walk) -> None:
    """Polly and cockatiel ask whether it is finite: 2**1024 is not, and no delay is 0 for it."""
    waits = walk("polly-decorrelated-v2", 1_100)
    assert set(waits[20:]) == {30.0}
    assert ends_of("polly-decorrelated-v2", 1_099) == (30.0, 30.0)
