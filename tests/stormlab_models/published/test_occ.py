"""Optimistic writes by hand: who reads before a write and writes after it must start again."""

from typing import Any

import pytest

from stormlab.draws import Draws
from stormlab.policy.chance import AddressedChance
from stormlab.policy.schedule import Moment
from stormlab.vocabulary import Event
from stormlab_models.published.occ import Parameters, Row, normal_leg, schedule_of


def test_a_write_needs_the_version_it_read() -> None:
    row = Row()
    assert row.write(0)
    assert not row.write(0)
    assert row.write(1)
    assert row.version == 2


def test_one_client_takes_four_legs(simulate: Any, figures_of: Any) -> None:
    trace = simulate("occ-contention", clients=1, leg_sd_s=0.0)
    assert figures_of(trace) == {"calls": 1, "updated": 1, "completion_s": 0.04}


def test_two_in_step_collide_once(simulate: Any, figures_of: Any) -> None:
    """Both write at 30 ms; the second is refused, gets word at 40 ms and needs four legs more.

    Without back-off it is done at 80 ms; the exponential adds 10 ms, its first term.
    """
    trace = simulate("occ-contention", clients=2, leg_sd_s=0.0, backoff="none")
    assert figures_of(trace) == {"calls": 3, "updated": 2, "completion_s": 0.08}
    assert [row.code for row in trace if row.event == Event.REJECTED] == [409]
    trace = simulate("occ-contention", clients=2, leg_sd_s=0.0, backoff="exponential")
    assert figures_of(trace)["completion_s"] == 0.09


@pytest.mark.parametrize(
    ("backoff", "first", "second", "tenth"),
    [
        ("none", (0, 0), (0, 0), (0, 0)),
        ("exponential", (10, 10), (20, 20), (2000, 2000)),
        ("equal", (5, 10), (10, 20), (1000, 2000)),
        ("full", (0, 10), (0, 20), (0, 2000)),
        ("decorrelated", (5, 15), (5, 45), (5, 2000)),
    ],
)
def test_back_off_of_the_source(
    backoff: str,
    first: tuple[float, float],
    second: tuple[float, float],
    tenth: tuple[float, float],
) -> None:
    """Ranges in milliseconds, with the source's base 5 and cap 2,000; the counter starts at 1."""
    schedule = schedule_of(Parameters.model_validate({"backoff": backoff}))
    for client in range(200):
        chance = AddressedChance(Draws(1), client)
        moment = Moment(chance)
        for n in range(10):
            chance.ordinal = n + 1
            delay_ms = (schedule.delay_ns(n, moment) or 0) / 1e6
            low, high = {0: first, 1: second, 9: tenth}.get(n, (0, 2000))
            assert low <= delay_ms <= high


def test_every_client_succeeds_once(simulate: Any) -> None:
    trace = simulate("occ-contention", clients=20, seed=5)
    assert sorted(trace.of(Event.HTTP_RESPONSE)["client"].tolist()) == list(range(20))
    assert trace.count(Event.ACCEPTED) == 20


def test_a_leg_has_the_sources_mean_and_deviation() -> None:
    table = normal_leg(0.010, 0.002)
    legs_ms = [table.value_ns(bits * 2**40) / 1e6 for bits in range(2**13)]
    mean = sum(legs_ms) / len(legs_ms)
    assert mean == pytest.approx(10, abs=0.01)
    assert sum((leg - mean) ** 2 for leg in legs_ms) / len(legs_ms) == pytest.approx(4, rel=0.01)
    assert min(legs_ms) > 0
