"""Schedules: backoff, jitter, cap; their delays lie in their support."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import (
    Added,
    Between,
    Chain,
    Comb,
    Constant,
    Delays,
    Equal,
    Exponential,
    Full,
    Jitter,
    Linear,
    Memoryless,
    Moment,
    Multiplied,
    NoJitter,
    Schedule,
    Span,
    Stages,
    Table,
    rfc6455,
)
from stormlab.policy.schedule import Placement, rounded
from stormlab.policy.support import UNIT, Given

MS = 1_000_000
S = 1000 * MS
LAST = 1 - 1 / UNIT
SOCKET_IO = Delays(
    Exponential(1, 2, overflow="ieee"), Comb(), 5, "before_cap", step_s=0.001, overflow="ieee"
)
UNITS = st.one_of(st.sampled_from([0.0, LAST, 0.1, 0.3, 0.5]), st.floats(0, LAST))
JITTERS: list[Jitter] = [
    NoJitter(),
    Full(),
    Full(0.3, on_top=True),
    Full(0.5, whole_ms=True),
    Equal(),
    Multiplied(0.5, 1.5),
    Multiplied(1, 0.8),
    Added(0.3, 3, whole_ms=True),
    Added(-0.5, 0.5),
    Memoryless(),
    Comb(),
    Chain((Multiplied(1, 2), Multiplied(0.5, 1.5, purpose="second"))),
]
PLACEMENTS: list[Placement] = ["before_cap", "after_cap", "between_caps"]


def delay(schedule: Schedule, n: int, *units: float) -> int | None:
    names = ("jitter", "second")
    chance = Given({name: units[i % len(units)] for i, name in enumerate(names)})
    return schedule.delay_ns(n, Moment(chance))


@given(
    backoff=st.sampled_from([Exponential(1), Exponential(0.1, 1.3), Linear(0, 1), Constant(2)]),
    jitter=st.sampled_from(JITTERS),
    placement=st.sampled_from(PLACEMENTS),
    cap_s=st.sampled_from([None, 0.0, 3.0, 30.0]),
    step_s=st.sampled_from([0.0, 0.001, 1.0]),
    n=st.one_of(st.integers(0, 8), st.integers(0, 1200)),
    first=UNITS,
    second=UNITS,
)
def test_every_delay_lies_in_its_support(
    backoff: Exponential | Linear | Constant,
    jitter: Jitter,
    placement: Placement,
    cap_s: float | None,
    step_s: float,
    n: int,
    first: float,
    second: float,
) -> None:
    schedule = Delays(backoff, jitter, cap_s, placement, step_s)
    support = schedule.support(n)
    assert support is not None
    found = delay(schedule, n, first, second)
    assert found is not None
    assert 0 <= found < 2**63
    assert support.contains(found), support.text


@given(jitter=st.sampled_from(JITTERS), placement=st.sampled_from(PLACEMENTS), n=st.integers(0, 9))
def test_the_ends_of_a_support_are_reached(jitter: Jitter, placement: Placement, n: int) -> None:
    schedule = Delays(Exponential(1), jitter, 20, placement)
    support = schedule.support(n)
    assert support is not None
    cuts = [cut for draw in jitter.draws for cut in draw.cuts]
    units = [0.0, LAST, *cuts, *(cut - 1 / UNIT for cut in cuts)]
    reached = {delay(schedule, n, one, other) for one in units for other in units}
    ends = {end for interval in support.intervals for end in interval}
    assert {support.low_ns, support.high_ns} <= reached
    assert ends <= reached


@given(jitter=st.sampled_from(JITTERS), placement=st.sampled_from(PLACEMENTS))
def test_supports_never_sink_below_the_cap(jitter: Jitter, placement: Placement) -> None:
    schedule = Delays(Exponential(0.5), jitter, 60, placement)
    supports = [schedule.support(n) for n in range(12)]
    lows = [support.low_ns for support in supports if support]
    highs = [support.high_ns for support in supports if support]
    assert lows == sorted(lows)
    assert highs == sorted(highs)


def test_socket_io_as_published() -> None:
    """Supports per attempt of min 500, max 5000, jitter 0.5, and the shares at the cap."""
    five = Delays(Exponential(0.5), Comb(), 5, "before_cap", step_s=0.001)
    ends = [(276, 749), (551, 1499), (1101, 2999), (2201, 5000), (4401, 5000), (5000, 5000)]
    found = [five.support(n) for n in range(6)]
    assert [(s.low_ns // MS, s.high_ns // MS) for s in found if s] == ends
    shares = [s.share_at(5 * S) for n in range(5) if (s := SOCKET_IO.support(n))]
    assert shares == pytest.approx([0, 0, 0.3, 0.9, 1])
    first = SOCKET_IO.support(0)
    assert first is not None
    assert first.text == "0.551 to 1.499 s in 10 bands"
    assert len(first.intervals) == 10


def test_socket_io_overflows_to_zero_from_attempt_1015_on() -> None:
    found = [SOCKET_IO.support(n) for n in (1014, 1015, 1200)]
    assert [s.text for s in found if s] == ["exactly 5 s", "0 s or 5 s", "0 s or 5 s"]
    assert found[1] is not None
    assert found[1].share_at(5 * S) == pytest.approx(0.5)
    assert {delay(SOCKET_IO, 1015, unit) for unit in (0.05, 0.15)} == {0, 5 * S}


def test_an_uncapped_timer_fires_at_once_beyond_its_integer() -> None:
    timer = Delays(Exponential(1, overflow="ieee"), overflow="int32-timer")
    assert [delay(timer, n, 0.5) for n in (21, 22)] == [2**21 * S, 0]


def test_the_place_of_the_jitter_decides_about_the_cap() -> None:
    found = {
        place: Delays(Constant(10), Multiplied(0.5, 1.5), 8, place).support(0)
        for place in PLACEMENTS
    }
    told = {place: support.text for place, support in found.items() if support}
    assert told == {
        "before_cap": "5 to 8 s",
        "after_cap": "4 to 12 s",
        "between_caps": "4 to 8 s",
    }
    before, between = found["before_cap"], found["between_caps"]
    assert before is not None
    assert between is not None
    assert before.share_at(8 * S) == pytest.approx(0.7)
    assert between.share_at(8 * S) == pytest.approx(0.5)


def test_whole_seconds_are_python_binance_s() -> None:
    whole = Delays(
        Exponential(1, 2, offset_s=-1), Full(1, on_top=True), 60, step_s=1, rounding="nearest"
    )
    found = [whole.support(n) for n in (0, 1, 9)]
    told = [support.text for support in found if support]
    assert told == ["exactly 1 s", "1 to 2 s in steps of 1 s", "1 to 61 s in steps of 1 s"]


def test_time_gone_by_is_taken_off_before_the_jitter() -> None:
    schedule = Delays(Constant(10), Full(), less_elapsed=True)
    half = Given({"jitter": 0.5})
    found = [schedule.delay_ns(0, Moment(half, elapsed_ms=ms)) for ms in (0, 4000, 20_000)]
    assert found == [5 * S, 3 * S, 0]
    assert schedule.support(0) == Delays(Constant(10), Full()).support(0)


def test_stages_count_for_themselves() -> None:
    stages = Stages(((1, Span(0, 5)), (2, Delays(Constant(7))), (0, Delays(Exponential(1)))))
    told = [support.text for n in range(6) if (support := stages.support(n))]
    assert told == [
        "0 to 5 s",
        "exactly 7 s",
        "exactly 7 s",
        "exactly 1 s",
        "exactly 2 s",
        "exactly 4 s",
    ]
    assert [delay(stages, n, 0.5) for n in (0, 1, 4)] == [2.5 * S, 7 * S, 2 * S]
    assert "then" in stages.words


def test_rfc_6455_draws_the_first_delay_from_0_to_5_s() -> None:
    found = [rfc6455(cap_s=60).support(n) for n in range(6)]
    told = [support.text for support in found if support]
    assert told[0] == "0 to 5 s"
    assert told[1:] == [f"exactly {seconds} s" for seconds in (10, 20, 40, 60, 60)]


@given(n=st.integers(0, 1200), unit=UNITS)
def test_between_two_backoffs(n: int, unit: float) -> None:
    schedule = Between(Linear(-2, 2, min_s=0.25), Linear(0.5, 2), cap_s=25)
    support = schedule.support(n)
    found = delay(schedule, n, unit)
    assert support is not None
    assert found is not None
    assert support.contains(found)
    assert support.is_point == (n > 13)


@pytest.mark.parametrize(
    "schedule", [Delays(Table((1,), then="stop")), Between(Table((1,), "stop"), Constant(2))]
)
def test_a_table_that_ends_gives_no_further_attempt(schedule: Schedule) -> None:
    assert delay(schedule, 0, 0.5) is not None
    assert delay(schedule, 1, 0.5) is None
    assert schedule.support(1) is None
    assert schedule.words
    assert schedule.jitter_words


def test_what_exceeds_no_cap_has_no_share_at_it() -> None:
    below = Delays(Exponential(1), Full(), 20).support(0)
    assert below is not None
    assert below.atoms == ()
    assert below.share_at(20 * S) == 0


@pytest.mark.parametrize(
    ("seconds", "floor", "nearest"), [(1.9, 1, 2), (2.5, 2, 2), (3.5, 3, 4), (4.2, 4, 4), (5, 5, 5)]
)
def test_steps_are_rounded_down_or_to_the_nearest(seconds: float, floor: int, nearest: int) -> None:
    down = Delays(Constant(seconds), step_s=1)
    near = Delays(Constant(seconds), step_s=1, rounding="nearest")
    assert [delay(down, 0, 0.5), delay(near, 0, 0.5)] == [floor * S, nearest * S]


def test_a_span_of_equal_ends_is_a_point() -> None:
    same, wide = Span(3, 3), Span(1, 5)
    assert [delay(each, 7, 0.5) for each in (same, wide)] == [3 * S, 3 * S]
    assert [each.support(0).text for each in (same, wide)] == ["exactly 3 s", "1 to 5 s"]
    assert [each.words for each in (same, wide)] == ["3 s", "U[1, 5) s"]
    assert [each.jitter_words for each in (same, wide)] == ["none", "U[1, 5) s"]
    assert [each.cap_s for each in (same, wide)] == [3, 5]


@pytest.mark.parametrize(
    ("schedule", "words", "jitter_words"),
    [
        (Delays(Exponential(1)), "1·2^n s", "none"),
        (Delays(Exponential(1), cap_s=20), "min(20, 1·2^n) s", "none"),
        (Delays(Constant(2), Full()), "2 s", "full: U[0, d)"),
        (Delays(Constant(2), Full(), 9), "min(9, 2) s", "full: U[0, d), after the cap"),
        (
            Delays(Constant(2), Full(), 9, "before_cap"),
            "min(9, 2) s",
            "full: U[0, d), before the cap",
        ),
        (
            Delays(Constant(2), Full(), 9, "between_caps", step_s=0.5),
            "min(9, 2) s",
            "full: U[0, d), between two caps, in steps of 0.5 s",
        ),
        (
            Between(Linear(1, 1), Constant(9), cap_s=25),
            "U[1 + 1·n, 9) s, each at most 25 s",
            "uniform between two backoffs",
        ),
        (Between(Constant(1), Constant(9)), "U[1, 9) s", "uniform between two backoffs"),
        (
            Stages(((1, Span(0, 5)), (2, Span(7, 7)), (0, Delays(Constant(9), cap_s=10)))),
            "U[0, 5) s for 1 attempt, then 7 s for 2 attempts, then min(10, 9) s",
            "U[0, 5) s; then none",
        ),
    ],
)
def test_a_schedule_is_told(schedule: Schedule, words: str, jitter_words: str) -> None:
    assert (schedule.words, schedule.jitter_words) == (words, jitter_words)


def test_the_cap_of_stages_is_the_last_one_s() -> None:
    stages = Stages(((1, Span(0, 5)), (2, Span(7, 8)), (0, Delays(Constant(9), cap_s=10))))
    assert stages.cap_s == 10


def test_what_is_not_said_is_the_usual() -> None:
    assert Delays(Constant(1)) == Delays(
        Constant(1), NoJitter(), None, "after_cap", 0.0, "floor", less_elapsed=False
    )
    assert rfc6455() == rfc6455(5.0, 5.0, 2.0)


def test_equal_schedules_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    kinds = [Delays(Constant(1)), Span(1, 2), Between(Constant(1), Constant(2)), rfc6455()]
    assert len({*kinds, Delays(Constant(1.0)), rfc6455()}) == len(kinds)


def test_without_steps_nothing_is_rounded() -> None:
    assert [rounded(1.5, 0.0, "floor"), rounded(1.5, 0.0, "nearest")] == [1.5, 1.5]
