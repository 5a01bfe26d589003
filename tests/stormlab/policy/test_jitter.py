"""Kinds of jitter."""

import math

import pytest

from stormlab.policy import Added, Chain, Comb, Equal, Full, Jitter, Multiplied, NoJitter
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
