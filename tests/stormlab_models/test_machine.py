"""Delays of a run: addressed, and scaled by contention as a whole."""

from statistics import median

import pytest

from stormlab.draws import Draws
from stormlab_models.machine import IPC_UP, SERVER_WAKE, Delay, Machine, address

STEADY, SCALED = Delay("steady", 1e-3, 0.5, scales=False), Delay("scaled", 1e-3, 0.5)


def delays_ns(delay: Delay, contention: float, seed: int = 0) -> list[int]:
    machine = Machine(Draws(seed), contention)
    return [machine.delay_ns(delay, who) for who in range(500)]


def test_a_delay_depends_on_nothing_but_its_address() -> None:
    machine = Machine(Draws(3))
    first = [machine.delay_ns(SERVER_WAKE, who, 1) for who in range(20)]
    assert [machine.delay_ns(SERVER_WAKE, who, 1) for who in reversed(range(20))] == first[::-1]
    assert len({machine.delay_ns(IPC_UP, 1, turn) for turn in range(20)}) == 20
    assert len(set(first)) == 20


def test_contention_lengthens_what_scales_and_nothing_else() -> None:
    assert delays_ns(STEADY, 1) == delays_ns(STEADY, 4)
    quiet, busy = delays_ns(SCALED, 1), delays_ns(SCALED, 4)
    assert all(much > little for little, much in zip(quiet, busy, strict=True))
    assert delays_ns(STEADY, 1) != delays_ns(STEADY, 1, seed=1)


def test_the_median_is_the_one_given() -> None:
    assert median(delays_ns(STEADY, 1)) == pytest.approx(1e6, rel=0.1)


def test_a_runs_luck_is_one_factor_for_all() -> None:
    ratios = {
        round(scaled / steady, 2)
        for scaled, steady in zip(
            delays_ns(Delay("steady", 1e-3, 0.5), 1), delays_ns(STEADY, 1), strict=True
        )
    }
    assert len(ratios) == 1


def test_processor_time_stretches_with_contention() -> None:
    costs = [Machine(Draws(0), contention).cpu_ns(1000) for contention in (1, 2, 4)]
    assert costs[0] == 1000
    assert costs == sorted(set(costs))


def test_addresses_of_clients_and_items_differ() -> None:
    assert len({address(client, item) for client in range(50) for item in range(50)}) == 2500
