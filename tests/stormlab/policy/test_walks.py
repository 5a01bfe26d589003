"""Schedules with a memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stormlab.policy import Decorrelated, Grown, Moment, NextAbove, NormalWalk, PollyV2, Schedule
from stormlab.policy.support import UNIT, Given

MS = 1_000_000
S = 1000 * MS
LAST = 1 - 1 / UNIT
POLLY = PollyV2(0.128, 30)
WALKS: list[Schedule] = [
    Decorrelated(0.1, 20),
    Decorrelated(1),
    NormalWalk(1.5, cap_s=300),
    NormalWalk(1.5),
    POLLY,
    PollyV2(1),
    Grown(0.2, 0.4, 1.5, cap_s=60, whole_ms=True),
    NextAbove((0.25, 0.5, 1, 2, 4, 8, 10)),
]
UNITS = st.one_of(st.sampled_from([0.0, LAST]), st.floats(0, LAST))


def walk(schedule: Schedule, units: list[float]) -> list[int]:
    memory: dict[str, float] = {}
    found = []
    for n, unit in enumerate(units):
        delay = schedule.delay_ns(n, Moment(Given({"jitter": unit}), memory))
        assert delay is not None
        found.append(delay)
    return found


@pytest.mark.parametrize("schedule", WALKS, ids=lambda schedule: schedule.words)
@settings(max_examples=40)
@given(units=st.lists(UNITS, min_size=1, max_size=30))
def test_every_delay_of_a_walk_lies_in_its_support(schedule: Schedule, units: list[float]) -> None:
    for n, delay in enumerate(walk(schedule, units)):
        support = schedule.support(n)
        assert support is not None
        assert support.contains(delay), (n, delay, support.text)
    assert schedule.jitter_words


@pytest.mark.parametrize("schedule", WALKS, ids=lambda schedule: schedule.words)
@pytest.mark.parametrize("unit", [0.0, 0.5, LAST])
def test_a_long_walk_stays_finite(schedule: Schedule, unit: float) -> None:
    found = walk(schedule, [unit] * 1200)
    assert min(found) >= 0
    assert max(found) < 2**63


@pytest.mark.parametrize("n", [0, 1, 5])
def test_the_ends_of_a_walk_are_reached(n: int) -> None:
    for schedule in (Decorrelated(0.1, 20), NormalWalk(1.5, cap_s=300), Grown(0.2, 0.4)):
        support = schedule.support(n)
        assert walk(schedule, [0.0] * (n + 1))[-1] == support.low_ns
        assert walk(schedule, [LAST] * (n + 1))[-1] == support.high_ns


def test_decorrelated_jitter_is_aws_s() -> None:
    """From base to three times the last delay, and not beyond the cap."""
    found = walk(Decorrelated(1, 10), [0.5, 0.5, LAST, LAST])
    assert found == [2 * S, 3.5 * S, 10 * S, 10 * S]


def test_polly_s_second_version() -> None:
    """The first delay of cockatiel's defaults: f(r)/1.4 x 128 ms; f(1) = 2 tanh 2."""
    first = POLLY.support(0)
    assert first.low_ns == 0
    assert first.high_ns == pytest.approx(2 * 0.9640275800758169 / 1.4 * 0.128 * S, rel=1e-9)
    assert [POLLY.support(n).high_ns == 30 * S for n in (7, 8)] == [False, True]


def test_polly_s_delay_is_a_difference_along_the_curve() -> None:
    one, two = walk(PollyV2(1), [0.25, 0.75])
    both = POLLY.curve(1, 0.75) / 1.4
    assert (one + two) / S == pytest.approx(both)


def test_the_normal_walk_goes_on_from_its_last_delay() -> None:
    median = walk(NormalWalk(1.5), [0.5, 0.5, 0.5])
    assert [delay / S for delay in median] == pytest.approx([2.25, 3.375, 5.0625], rel=1e-3)
    assert walk(NormalWalk(1.5, cap_s=300), [0.9] * 30)[-1] == 300 * S


def test_firefox_draws_only_the_first_delay() -> None:
    firefox = Grown(0.2, 0.4, 1.5, cap_s=60, whole_ms=True)
    assert walk(firefox, [0.5, 0.1, 0.9]) == [300 * MS, 450 * MS, 675 * MS]
    assert firefox.support(0).text == "0.200 to 0.399 s"
    assert firefox.support(1200).text == "exactly 60 s"


def test_the_next_value_above_goes_on_in_another_table() -> None:
    memory: dict[str, float] = {}
    chance = Given({})
    normal, slow = NextAbove((0.25, 0.5, 1, 2, 4)), NextAbove((2, 30, 60, 300))
    steps = (normal, normal, slow, slow, normal)
    found = [table.delay_ns(0, Moment(chance, memory)) for table in steps]
    assert found == [0.25 * S, 0.5 * S, 2 * S, 30 * S, 4 * S]
