"""The exact support of a delay."""

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
