"""Base delays by index."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.policy import Constant, Exponential, Linear, Logarithmic, Polynomial, Table
from stormlab.policy.backoff import Backoff, power, whole_ns
from stormlab.policy.rules.formulas import DELAY_MS_MAX, TIMER_MS_MAX

GROWING: list[Backoff] = [
    Constant(3),
    Linear(0, 1),
    Exponential(1, 1.3, first_exponent=2),
    Exponential(0.1, 2, exponent_max=10),
    Exponential(1, 2, overflow="ieee"),
    Table((0, 2, 10, 30)),
    Polynomial(3, 2),
    Logarithmic(1.2),
]


@pytest.mark.parametrize(
    ("backoff", "expected_s"),
    [
        (Constant(0.5), [0.5, 0.5, 0.5]),
        (Linear(15, 5), [15, 20, 25]),
        (Linear(-2, 2, min_s=0.25), [0.25, 0.25, 2]),
        (Exponential(1), [1, 2, 4]),
        (Exponential(0.1, 2, first_exponent=1, min_s=0.3), [0.3, 0.4, 0.8]),
        (Exponential(1, 2, offset_s=-1), [0, 1, 3]),
        (Exponential(1, 2, exponent_max=1), [1, 2, 2]),
        (Table((0, 2)), [0, 2, 2]),
        (Table((0, 2), then=5), [0, 2, 5]),
        (Table((0, 2), then="stop"), [0, 2, None]),
        (Polynomial(3, 2, first=8), [192, 243, 300]),
        (Logarithmic(1.2), [0, 1.2 * math.log10(2), 1.2 * math.log10(3)]),
    ],
)
def test_the_first_delays(backoff: Backoff, expected_s: list[float | None]) -> None:
    found = [backoff.base_ms(n) for n in range(3)]
    assert [None if ms is None else ms / 1000 for ms in found] == pytest.approx(expected_s)


@pytest.mark.parametrize("backoff", GROWING, ids=lambda backoff: type(backoff).__name__)
def test_a_base_never_falls_and_is_never_negative(backoff: Backoff) -> None:
    found = [backoff.base_ms(n) or 0.0 for n in range(1201)]
    assert all(before <= after for before, after in pairwise(found))
    assert found[0] >= 0
    assert not any(math.isnan(ms) for ms in found)


def test_saturation_keeps_the_longest_delay_and_ieee_does_not() -> None:
    assert Exponential(1, 2).base_ms(1200) == DELAY_MS_MAX
    ieee = Exponential(1, 2, overflow="ieee")
    assert [ieee.base_ms(n) == math.inf for n in (1014, 1015, 10**9)] == [False, True, True]


def test_powers_are_repeated_products() -> None:
    assert power(1.618, 3) == 1.618 * 1.618 * 1.618
    assert [power(1.0, 10**9), power(2.0, 10**9)] == [1.0, math.inf]
    assert power(0.5, 5000) == 0.0


@pytest.mark.parametrize(
    ("delay_ms", "saturate", "ieee", "timer"),
    [
        (1.5, 1_500_000, 1_500_000, 1_500_000),
        (-3.0, 0, 0, 0),
        (math.nan, 0, 0, 0),
        (math.inf, round(DELAY_MS_MAX * 1e6), 0, 0),
        (TIMER_MS_MAX, TIMER_MS_MAX * 10**6, TIMER_MS_MAX * 10**6, TIMER_MS_MAX * 10**6),
        (TIMER_MS_MAX + 1, 2**31 * 10**6, 2**31 * 10**6, 0),
    ],
)
def test_what_is_too_long_follows_the_declared_choice(
    delay_ms: float, saturate: int, ieee: int, timer: int
) -> None:
    found = [whole_ns(delay_ms), whole_ns(delay_ms, "ieee"), whole_ns(delay_ms, "int32-timer")]
    assert found == [saturate, ieee, timer]


@given(st.floats())
def test_a_delay_is_finite_and_fits_64_bits(delay_ms: float) -> None:
    assert 0 <= whole_ns(delay_ms) < 2**63


def test_formulas_are_told() -> None:
    told = [backoff.words for backoff in GROWING]
    assert told[:4] == ["3 s", "0 + 1·n s", "1·1.3^(n+2) s", "0.1·2^min(n, 10) s"]
    assert Table((0, 2), then="stop").words == "0, 2 s, then no more"
    assert len(set(told)) == len(told)


@pytest.mark.parametrize(
    ("backoff", "words"),
    [
        (Constant(0.5), "0.5 s"),
        (Linear(-2, 2, min_s=0.25), "max(0.25, -2 + 2·n s)"),
        (Exponential(1, 2, offset_s=1.5), "1·2^n + 1.5 s"),
        (Exponential(1, 2, offset_s=-0.5), "1·2^n - 0.5 s"),
        (Exponential(1, 2, min_s=0.5), "max(0.5, 1·2^n) s"),
        (Exponential(1, 2, 3, exponent_max=10), "1·2^min(n+3, 10) s"),
        (Table((0, 2)), "0, 2 s"),
        (Table((0, 2), then=5), "0, 2 s, then 5 s"),
        (Polynomial(3, 2, first=8), "3·(n+8)^2 s"),
        (Logarithmic(1.2), "1.2·log10(n+1) s"),
    ],
)
def test_a_formula_is_told(backoff: Backoff, words: str) -> None:
    assert backoff.words == words


def test_equal_backoffs_are_one() -> None:
    """A plan is kept for all policies of a kind, which takes a hash."""
    assert len({*GROWING, *GROWING, Constant(3.0)}) == len(GROWING)


def test_a_logarithm_grows_up_to_index_4096() -> None:
    far, end, beyond = (Logarithmic(1).base_ms(n) for n in (4094, 4095, 4096))
    assert (far, end) == pytest.approx((1000 * math.log10(4095), 1000 * math.log10(4096)))
    assert beyond == end


def test_what_is_not_said_is_the_usual() -> None:
    assert Linear(1, 1) == Linear(1, 1, min_s=0.0)
    assert Exponential(1) == Exponential(1, 2.0, 0, None, 0.0, 0.0, "saturate")
    assert Table((1,)) == Table((1,), "repeat")
    assert Polynomial(1) == Polynomial(1, degree=2, first=1)
    assert Logarithmic(1) == Logarithmic(1, first=1)
