"""The exact support of a delay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import Chance, Draw, Support, support_of
from stormlab.policy.support import UNIT, share_at_least

MS = 1_000_000
S = 1000 * MS


def test_intervals_that_touch_are_joined() -> None:
    found = Support.of([(5, 9), (0, 2), (3, 4), (20, 20)])
    assert found.intervals == ((0, 9), (20, 20))
    assert Support.of([(0, 2 * MS), (3 * MS, 4 * MS)], step_ns=MS).intervals == ((0, 4 * MS),)
    assert (found.low_ns, found.high_ns, found.is_point) == (0, 20, False)


def test_a_value_off_the_grid_is_not_contained() -> None:
    found = Support(((2 * S, 5 * S), (9 * S, 9 * S)), step_ns=S)
    assert [found.contains(value) for value in (2 * S, 3 * S, 9 * S)] == [True] * 3
    assert [found.contains(value) for value in (S, 2 * S + 1, 6 * S, 10 * S)] == [False] * 4


def test_a_support_is_told_to_people() -> None:
    bands = Support.of([(550 * MS, 599 * MS), (1450 * MS, 1499 * MS)], MS)
    cases = {
        "exactly 5 s": Support.point(5 * S),
        "exactly 0.25 s": Support.point(250 * MS),
        "exactly 2 s": Support.point(2 * S - 1),
        "0.550 to 1.499 s in 2 bands": bands,
        "0 to 5 s": Support(((0, 5 * S),)),
        "0 s or 5 s": Support.of([(0, 0), (5 * S, 5 * S)]),
        "1 to 61 s in steps of 1 s": Support(((S, 61 * S),), S),
    }
    assert {text: support.text for text, support in cases.items()} == {text: text for text in cases}


def test_a_share_is_known_where_it_follows() -> None:
    found = Support(((0, 5 * S),), atoms=((5 * S, 0.25),))
    assert [found.share_at(value) for value in (5 * S, 6 * S, S)] == [0.25, 0.0, None]
    assert Support.point(S).share_at(S) == 1.0


@given(cut=st.integers(1, UNIT - 1), slope=st.integers(-1000, 1000), jump=st.integers(0, 5000))
def test_a_delay_that_jumps_has_two_bands_with_exact_ends(cut: int, slope: int, jump: int) -> None:
    draw = Draw("jitter", cuts=(cut / UNIT,))

    def delay_ns(chance: Chance) -> int:
        unit = chance.unit("jitter")
        return round(10_000 + slope * unit) + (jump if unit >= cut / UNIT else 0)

    found = support_of([draw], delay_ns)
    for unit in (0.0, cut / UNIT - 1 / UNIT, cut / UNIT, 1 - 1 / UNIT):
        value = round(10_000 + slope * unit) + (jump if unit >= cut / UNIT else 0)
        assert found.contains(value)
        assert any(low <= value <= high for low, high in found.intervals)


@given(limit=st.integers(0, 1_000_000))
def test_the_share_beyond_a_limit_is_exact(limit: int) -> None:
    def delay_ns(chance: Chance) -> int:
        return int(chance.unit("jitter") * 1_000_000)

    falling = Draw("jitter", cuts=(0.5,))
    assert abs(share_at_least(falling, delay_ns, limit) - (1 - limit / 1e6)) < 1e-12


def test_two_supports_are_united() -> None:
    both = Support.point(0).union(Support(((S, 2 * S),)))
    assert both.intervals == ((0, 0), (S, 2 * S))


@given(
    limit=st.integers(-10, 1010),
    cut=st.integers(1, 99),
    slopes=st.tuples(st.sampled_from([-1000, 0, 1000]), st.sampled_from([-1000, 0, 1000])),
)
def test_the_share_beyond_a_limit_is_exact_in_each_piece(
    limit: int, cut: int, slopes: tuple[int, int]
) -> None:
    """Rising, falling or level, on either side of a cut."""
    edge = round(cut / 100 * UNIT) / UNIT

    def delay_ns(chance: Chance) -> int:
        unit = chance.unit("jitter")
        slope = slopes[unit >= edge]
        return int(slope * unit) if slope >= 0 else int(1000 + slope * unit)

    def share(low: float, high: float, slope: int) -> float:
        if slope == 0:
            return (high - low) * (limit <= 0)
        turn = limit / 1000 if slope > 0 else 1 - limit / 1000
        reached = min(high, max(low, turn))
        return high - reached if slope > 0 else reached - low

    expected = share(0, edge, slopes[0]) + share(edge, 1, slopes[1])
    assert abs(share_at_least(Draw("jitter", cuts=(edge,)), delay_ns, limit) - expected) < 1e-12


@pytest.mark.parametrize("rising", [True, False])
def test_a_share_counts_its_last_draw(rising: bool) -> None:  # noqa: FBT001  a parameter
    """Of 2**53 draws as many as are counted; one more or less is another number."""

    def delay_ns(chance: Chance) -> int:
        bits = round(chance.unit("jitter") * UNIT)
        return bits if rising else UNIT - 1 - bits

    for hits in (1, 2, 3, 1000, UNIT - 1, UNIT):
        assert share_at_least(Draw("jitter"), delay_ns, UNIT - hits) == hits / UNIT


def test_a_support_tells_its_steps_from_a_second_on() -> None:
    assert Support(((0, 60 * S),), 5 * S).text == "0 to 60 s in steps of 5 s"
    assert Support(((0, 5 * S),), 500 * MS).text == "0 to 5 s"


def test_up_to_three_points_are_listed() -> None:
    points = [Support.of([(S * n, S * n) for n in range(1, count + 1)]) for count in (2, 3, 4)]
    assert [support.text for support in points] == [
        "1 s or 2 s",
        "1 s or 2 s or 3 s",
        "1 to 4 s in 4 bands",
    ]


def test_an_interval_inside_another_is_joined_to_the_last() -> None:
    found = Support.of([(0, 1), (10, 30), (12, 13), (15, 40)])
    assert found.intervals == ((0, 1), (10, 40))


def test_the_ends_of_a_piece_are_its_first_and_last_draw() -> None:
    units: list[float] = []

    def delay_ns(chance: Chance) -> int:
        units.append(chance.unit("jitter"))
        return 0

    support_of([Draw("jitter", cuts=(0.25,))], delay_ns)
    assert units == [0.0, 0.25 - 1 / UNIT, 0.25, 1 - 1 / UNIT]


def test_a_union_has_the_finer_steps() -> None:
    assert Support(((0, S),), S).union(Support(((0, 2 * S),), MS)).step_ns == MS
    assert Support.point(S).union(Support.point(S)).is_point
