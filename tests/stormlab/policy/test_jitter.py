"""Kinds of jitter."""

import math

import numpy as np
import pytest

from stormlab.policy import (
    Added,
    Chain,
    Comb,
    Equal,
    Full,
    Jitter,
    Memoryless,
    Multiplied,
    NoJitter,
)
from stormlab.policy.rules.formulas import floor
from stormlab.policy.support import UNIT, Given

LAST = 1 - 1 / UNIT


def applied(jitter: Jitter, base_ms: float, unit: float) -> float:
    return jitter.apply(base_ms, Given({draw.purpose: unit for draw in jitter.draws}))


@pytest.mark.parametrize(
    ("jitter", "low", "high"),
    [
        (NoJitter(), 1000, 1000),
        (Full(), 0, 1000),
        (Full(floor_s=0.4), 400, 1000),
        (Full(floor_s=2), 2000, 2000),
        (Full(floor_s=0.5, on_top=True), 500, 1500),
        (Full(floor_s=0.4, whole_ms=True), 400, 1000),
        (Equal(), 500, 1000),
        (Equal(0.2), 800, 1000),
        (Multiplied(0.5, 1.5), 500, 1500),
        (Multiplied(1, 0.8), 1000, 800),
        (Added(0.3, 3, whole_ms=True), 1300, 3999),
        (Added(-0.5, 0.5), 500, 1500),
        (Chain((Multiplied(1, 2), Multiplied(0.5, 1.5, purpose="second"))), 500, 3000),
    ],
)
def test_the_ends_of_a_jitter(jitter: Jitter, low: float, high: float) -> None:
    found = [applied(jitter, 1000, unit) for unit in (0.0, LAST)]
    assert found == pytest.approx([low, high])
    assert jitter.words


def test_memoryless_retries_are_exponential_with_the_base_as_their_mean() -> None:
    """Quantiles at 1 - e**-t are t; the table's mean is 0.004 % above the base."""
    jitter = Memoryless()
    for times in (0.01, 0.5, 1.0, 3.0, 8.0):
        assert applied(jitter, 2000, -math.expm1(-times)) == pytest.approx(2000 * times, rel=2e-3)
    points = np.array(jitter.table.body, dtype=float) / 1e9
    tail = np.array(jitter.table.tail, dtype=float) / 1e9
    middles = [(each[1:] + each[:-1]).sum() / 2 for each in (points, tail)]
    assert middles[0] / 2048 + middles[1] / 2048**2 == pytest.approx(1.00004, abs=0.00001)
    assert applied(jitter, 1000, LAST) == pytest.approx(15_942, rel=1e-3)


def test_the_comb_is_backo2_s() -> None:
    """Deviation and sign come from one draw: minus where floor(10 r) is even."""
    comb = Comb()
    for hundredth in range(100):
        unit = (hundredth + 0.5) / 100
        deviation = math.floor(unit * 0.5 * 1000)
        sign = -1 if math.floor(unit * 10) % 2 == 0 else 1
        assert applied(comb, 1000, unit) == 1000 + sign * deviation


def test_the_comb_s_cuts_are_where_its_sign_changes() -> None:
    (draw,) = Comb().draws
    assert len(draw.cuts) == 9
    for cut in draw.cuts:
        before, after = math.floor((cut - 1 / UNIT) * 10), math.floor(cut * 10)
        assert after == before + 1


def test_the_comb_of_an_infinite_base_is_no_number_or_infinite() -> None:
    assert math.isnan(applied(Comb(), math.inf, 0.45))
    assert applied(Comb(), math.inf, 0.55) == math.inf


def test_parts_of_a_chain_draw_for_themselves() -> None:
    with pytest.raises(ValueError, match="need a purpose each; found jitter, jitter"):
        Chain((Full(), Equal()))


def test_the_scope_of_a_draw_is_told() -> None:
    assert Multiplied(1, 5, scope="page").words == "d x U[1, 5), once per page load"


def test_graphql_ws_adds_300_to_2999_ms() -> None:
    added = Added(0.3, 3, whole_ms=True)
    assert [applied(added, 1000, unit) for unit in (0.0, LAST)] == [1300, 3999]


@pytest.mark.parametrize(
    ("jitter", "words"),
    [
        (NoJitter(), "none"),
        (Full(), "full: U[0, d)"),
        (Full(floor_s=0.4, whole_ms=True), "full: U[0.4 s, d), whole ms"),
        (Full(floor_s=0.5, on_top=True, scope="client"), "full: 0.5 s + U[0, d), once per client"),
        (Equal(0.2), "equal: d x U[0.8, 1)"),
        (Multiplied(1, 0.8), "d x U[0.8, 1)"),
        (
            Added(0.3, 3, whole_ms=True, scope="page"),
            "d + U[0.3, 3) s, whole ms, once per page load",
        ),
        (Memoryless(), "memoryless: d x Exp(1)"),
        (Comb(), "backo2 comb, ±50% of d in 10 bands"),
        (Comb(scope="client"), "backo2 comb, ±50% of d in 10 bands, once per client"),
        (Chain((Multiplied(1, 2), Full(purpose="second"))), "d x U[1, 2), then full: U[0, d)"),
    ],
)
def test_a_jitter_is_told(jitter: Jitter, words: str) -> None:
    assert jitter.words == words


def test_the_last_part_of_a_chain_says_whether_milliseconds_are_whole() -> None:
    whole, fraction = Added(0, 1, whole_ms=True), Multiplied(1, 2, purpose="second")
    third = Multiplied(1, 2, purpose="third")
    assert Chain((fraction, third, whole)).whole_ms
    assert not Chain((whole, fraction, third)).whole_ms
    assert not Chain((fraction, whole, third)).whole_ms
    assert [each.whole_ms for each in (NoJitter(), Equal(), fraction, Comb())] == [
        False,
        False,
        False,
        True,
    ]


def test_each_cut_of_the_comb_is_the_first_draw_of_its_band() -> None:
    (draw,) = Comb().draws
    assert draw.cuts == tuple(sorted(draw.cuts))
    assert [math.floor(cut * 10) for cut in draw.cuts] == list(range(1, 10))
    assert draw.cuts == pytest.approx([tooth / 10 for tooth in range(1, 10)])


def test_what_is_not_said_is_the_usual() -> None:
    assert Full() == Full(0.0, on_top=False, whole_ms=False, scope="attempt", purpose="jitter")
    assert Equal() == Equal(0.5)
    assert Comb() == Comb(0.5)
    assert not Added(0, 1).whole_ms


def test_equal_jitters_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    kinds = [NoJitter(), Full(), Equal(), Multiplied(1, 2), Added(0, 1), Comb(), Memoryless()]
    kinds.append(Chain((Full(),)))
    assert len({*kinds, NoJitter(), Full(0.0), Equal(0.5), Memoryless()}) == len(kinds)


def test_whole_milliseconds_include_both_ends() -> None:
    whole, fraction = Full(whole_ms=True), Full()
    assert [applied(whole, 1000, unit) for unit in (0.4999, 0.5005, LAST)] == [500, 501, 1000]
    assert applied(fraction, 1000, 0.5005) == pytest.approx(500.5)


def test_what_has_no_fraction_is_its_own_floor() -> None:
    assert [floor(value) for value in (-1.5, 1.5, -math.inf, math.inf)] == [
        -2,
        1,
        -math.inf,
        math.inf,
    ]
    assert math.isnan(floor(math.nan))
