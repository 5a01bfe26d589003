"""Addressed randomness: the same in both implementations, uniform, independent, and bounded."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stormlab.draws import UNIT_BITS, Draws, Quantiles, exponential, lognormal

COUNT = 40_000
ADDRESSES = np.arange(COUNT, dtype=np.uint64)
seeds = st.integers(-(2**70), 2**70)
addresses = st.integers(0, 2**64 - 1)
ordinals = st.integers(0, 2**40)
purposes = st.text(max_size=20)


@given(seeds, st.lists(addresses, min_size=1, max_size=8), purposes, ordinals)
def test_numpy_and_python_give_the_same_bits(
    seed: int, who: list[int], purpose: str, ordinal: int
) -> None:
    draws = Draws(seed)
    both = draws.bits_array(np.array(who, dtype=np.uint64), purpose, ordinal)
    assert both.tolist() == [draws.bits(each, purpose, ordinal) for each in who]


@given(seeds, addresses, purposes, st.lists(ordinals, min_size=1, max_size=8))
def test_arrays_of_ordinals_agree_too(seed: int, who: int, purpose: str, turns: list[int]) -> None:
    draws = Draws(seed)
    where = np.full(len(turns), who, dtype=np.uint64)
    both = draws.bits_array(where, purpose, np.array(turns, dtype=np.uint64))
    assert both.tolist() == [draws.bits(who, purpose, turn) for turn in turns]


ADDRESSED = [(0, "latency", 0), (0, "latency", 1), (1, "latency", 0), (0, "loss", 0)]
STORED = [2024210249794293, 8544924724895291, 6123981217410354, 4267540652877514]


def test_the_bits_are_these() -> None:
    """Stored: a change of the hash would silently change every run."""
    draws = Draws(1)
    found = [draws.bits(who, purpose, ordinal) for who, purpose, ordinal in ADDRESSED]
    assert found == STORED


def test_an_array_keeps_its_shape() -> None:
    assert Draws(3).bits_array(ADDRESSES[:12].reshape(3, 4), "x").shape == (3, 4)


@given(seeds, addresses, purposes, ordinals)
def test_a_unit_is_exact_and_below_one(seed: int, who: int, purpose: str, ordinal: int) -> None:
    draws = Draws(seed)
    unit = draws.unit(who, purpose, ordinal)
    assert 0 <= unit < 1
    assert unit * 2**UNIT_BITS == draws.bits(who, purpose, ordinal)


@pytest.mark.parametrize("seed", [0, 1, 2**63])
@pytest.mark.parametrize("along", ["address", "ordinal"])
@pytest.mark.parametrize("shift", [0, 20, 45])
def test_the_draws_are_uniform(seed: int, along: str, shift: int) -> None:
    """High, middle and low bits, over addresses and over ordinals (chi-squared, 256 cells)."""
    draws = Draws(seed)
    if along == "address":
        bits = draws.bits_array(ADDRESSES, "purpose")
    else:
        bits = draws.bits_array(np.zeros_like(ADDRESSES), "purpose", ADDRESSES)
    cells = np.bincount(((bits >> np.uint64(shift)) & np.uint64(255)).astype(np.int64))
    assert stats.chisquare(cells).pvalue > 1e-4


@pytest.mark.parametrize(
    ("left", "right"), [("latency_up", "latency_down"), ("a", "b"), ("loss", "loss ")]
)
def test_purposes_are_independent(left: str, right: str) -> None:
    draws = Draws(5)
    pair = [(draws.bits_array(ADDRESSES, purpose) >> np.uint64(49)) for purpose in (left, right)]
    table = np.zeros((16, 16))
    np.add.at(table, (pair[0].astype(int), pair[1].astype(int)), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_neighbouring_addresses_ordinals_and_seeds_are_uncorrelated() -> None:
    units = Draws(9).bits_array(ADDRESSES, "x") / 2.0**UNIT_BITS
    turned = Draws(9).bits_array(ADDRESSES, "x", 1) / 2.0**UNIT_BITS
    seeded = Draws(10).bits_array(ADDRESSES, "x") / 2.0**UNIT_BITS
    for other in (np.roll(units, 1), turned, seeded):
        assert abs(np.corrcoef(units, other)[0, 1]) < 5 / math.sqrt(COUNT)


@given(st.floats(0, 1), st.floats(0, 1), addresses)
def test_the_cases_of_a_smaller_chance_are_among_the_larger(
    one: float, two: float, who: int
) -> None:
    draws = Draws(4)
    low, high = sorted((one, two))
    assert draws.chance(low, who, "loss") <= draws.chance(high, who, "loss")


def test_a_chance_of_zero_never_and_of_one_always() -> None:
    draws = Draws(0)
    assert not any(draws.chance(0, who, "x") for who in range(1000))
    assert all(draws.chance(1, who, "x") for who in range(1000))


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), addresses)
def test_an_integer_stays_in_its_range(low: int, span: int, who: int) -> None:
    assert low <= Draws(8).integer(low, low + span, who, "x") <= low + span


def test_an_integer_reaches_both_ends_alike() -> None:
    draws = Draws(2)
    counts = np.bincount([draws.integer(0, 6, who, "die") for who in range(7000)])
    assert stats.chisquare(counts).pvalue > 1e-4
    assert len(counts) == 7


# --- Quantile tables -----------------------------------------------------------------------------

TABLES = {
    "lognormal 0.3": (lognormal(0.05, 0.3), stats.lognorm(s=0.3, scale=0.05)),
    "lognormal 1.5": (lognormal(2.0, 1.5), stats.lognorm(s=1.5, scale=2.0)),
    "exponential": (exponential(3.0), stats.expon(scale=3.0)),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    ("probability", "error"),
    [(0.01, 5e-3), (0.1, 5e-4), (0.5, 1e-4), (0.9, 1e-4), (0.999, 5e-3), (0.99999, 5e-3)],
)
def test_a_table_is_close_to_its_distribution(name: str, probability: float, error: float) -> None:
    table, exact = TABLES[name]
    found = table.value_ns(int(probability * 2**UNIT_BITS)) / 1e9
    assert found == pytest.approx(exact.ppf(probability), rel=error)


@pytest.mark.parametrize("name", TABLES)
def test_the_largest_value_is_the_quantile_that_is_promised(name: str) -> None:
    table, exact = TABLES[name]
    largest = table.value_ns(2**UNIT_BITS - 1) / 1e9
    assert largest == pytest.approx(exact.ppf(1 - 2.0**-23), rel=1e-3)


@pytest.mark.parametrize("name", TABLES)
@given(st.lists(st.integers(0, 2**UNIT_BITS - 1), min_size=2, max_size=20))
def test_a_table_rises_and_is_not_negative(name: str, bits: list[int]) -> None:
    table, _ = TABLES[name]
    values = [table.value_ns(each) for each in sorted(bits)]
    assert all(low <= high for low, high in pairwise(values))
    assert values[0] >= 0


@pytest.mark.parametrize("name", TABLES)
def test_drawn_durations_follow_the_distribution(name: str) -> None:
    table, exact = TABLES[name]
    draws = Draws(11)
    drawn = [draws.duration_ns(table, who, "x") / 1e9 for who in range(4000)]
    assert stats.kstest(drawn, exact.cdf).pvalue > 1e-4


def test_a_body_and_its_tail_meet() -> None:
    table = exponential(1.0)
    edge = 2047 << (UNIT_BITS - 11)
    step = table.value_ns(edge) - table.value_ns(edge - 1)
    assert 0 <= step <= 1_000


def test_a_table_is_named_by_its_contents() -> None:
    assert lognormal(1.0, 0.3).digest == Quantiles(*_parts(lognormal(1.0, 0.3))).digest
    assert lognormal(1.0, 0.3).digest != lognormal(1.0, 0.31).digest


def _parts(table: Quantiles) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return table.body, table.tail


def test_equal_parameters_share_one_table() -> None:
    assert lognormal(0.7, 0.2) is lognormal(0.7, 0.2)


def test_the_digest_of_the_tables_names_what_was_drawn_from() -> None:
    one, other = Draws(1), Draws(2)
    assert one.tables_digest == other.tables_digest  # none yet
    one.duration_ns(lognormal(0.01, 0.5), 0, "a")
    assert one.tables_digest != other.tables_digest
    other.duration_ns(lognormal(0.01, 0.5), 7, "b")
    assert one.tables_digest == other.tables_digest
    other.duration_ns(lognormal(0.01, 0.6), 7, "b")
    assert one.tables_digest != other.tables_digest
