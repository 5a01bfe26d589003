"""Schedules with a memory."""

import math

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


@pytest.mark.parametrize(
    ("schedule", "words", "jitter_words"),
    [
        (Decorrelated(0.1, 20), "min(20, U[0.1, 3·previous)) s", "decorrelated, before the cap"),
        (Decorrelated(1), "U[1, 3·previous) s", "decorrelated"),
        (
            Grown(0.2, 0.4, cap_s=60),
            "first U[0.2, 0.4), then 1.5·previous, at most 60 s",
            "only the first delay is drawn",
        ),
        (Grown(1, 2), "first U[1, 2), then 1.5·previous s", "only the first delay is drawn"),
        (
            NormalWalk(1.5, cap_s=300),
            "min(300, N(1.5·previous, 0.1·1.5·previous)) s",
            "normal, fed back, before the cap",
        ),
        (NormalWalk(1.5), "N(1.5·previous, 0.1·1.5·previous) s", "normal, fed back"),
        (
            PollyV2(1, 30),
            "min(30, (f(n+r) - f(previous))/1.4·1) s, f(t) = 2^t·tanh(√4t)",
            "decorrelated V2, before the cap",
        ),
        (
            PollyV2(1),
            "(f(n+r) - f(previous))/1.4·1 s, f(t) = 2^t·tanh(√4t)",
            "decorrelated V2",
        ),
        (NextAbove((0.25, 4)), "the next of 0.25, 4 s", "none"),
    ],
)
def test_a_walk_is_told(schedule: Schedule, words: str, jitter_words: str) -> None:
    assert (schedule.words, schedule.jitter_words) == (words, jitter_words)


def test_polly_s_curve_doubles_where_its_tables_end() -> None:
    """From t = 64 on tanh is 1 to the last bit, so that the curve is 2**t."""
    assert POLLY.curve(63, 0.5) == pytest.approx(2**63.5)
    assert [POLLY.curve(63 + more, 0.5) / POLLY.curve(63, 0.5) for more in (0, 1, 5)] == [1, 2, 32]


def test_polly_s_curve_is_the_formula() -> None:
    for n in (0, 1, 6):
        for unit in (0.25, 0.5, 1023.5 / 1024):
            t = n + unit
            assert POLLY.curve(n, unit) == pytest.approx(
                2**t * math.tanh(math.sqrt(4 * t)), rel=1e-5
            )


def test_a_first_delay_in_whole_milliseconds_is_rounded_down() -> None:
    assert walk(Grown(0.2, 0.4, whole_ms=True), [0.5025]) == [300 * MS]
    assert walk(Grown(0.2, 0.4), [0.5025]) == [300.5 * MS]
    grown = Grown(0.2, 0.4, whole_ms=True)
    assert [grown.support(n).step_ns for n in (0, 1)] == [MS, 1]
    assert Grown(0.2, 0.4).support(0).step_ns == 1


def test_the_last_value_of_a_table_is_its_cap_and_stays() -> None:
    table = NextAbove((0.25, 4))
    assert walk(table, [0.5] * 3) == [0.25 * S, 4 * S, 4 * S]
    assert table.cap_s == 4
    assert [table.support(n).low_ns for n in (0, 1, 2)] == [0.25 * S, 4 * S, 4 * S]


def test_what_is_not_said_is_the_usual() -> None:
    assert Decorrelated(1) == Decorrelated(1, None, 3.0)
    assert Grown(1, 2) == Grown(1, 2, 1.5, None, whole_ms=False)
    assert NormalWalk(1) == NormalWalk(1, 1.5, 0.1)


def test_equal_walks_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    assert len({*WALKS, Decorrelated(0.1, 20.0), PollyV2(1.0)}) == len(WALKS)


def test_polly_s_curve_is_exact_at_its_1024_points() -> None:
    for index in (1, 2, 511, 1023):
        t = 3 + index / 1024
        exact = 2**t * math.tanh(math.sqrt(4 * t))
        assert POLLY.curve(3, index / 1024) == pytest.approx(exact, rel=1e-13)
