from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from stormlab.draws import Draws, exponential, lognormal, purpose_key
from stormlab.fleet.draws import as_array, bits, origin_of, quantile_ns, unit


@njit
def drawn(key: int, who: int, purpose: int, ordinal: int) -> Any:
    origin = origin_of(key, who)
    return bits(origin, purpose, ordinal), unit(origin, purpose, ordinal)


@njit
def looked_up(table: int, found: int) -> Any:
    return quantile_ns(table, found)


@given(
    st.integers(0, 2**53),
    st.integers(0, 2**44),
    st.sampled_from(["latency", "settled", "jitter", "work"]),  # keys below and above 2**63
    st.integers(0, 2**31),
)
@settings(max_examples=300, deadline=None)
def test_draws_are_those_of_the_reference(seed: int, who: int, purpose: str, ordinal: int) -> None:
    draws = Draws(seed)
    found = drawn(np.uint64(draws.key), who, np.uint64(purpose_key(purpose)), ordinal)
    assert found == (draws.bits(who, purpose, ordinal), draws.unit(who, purpose, ordinal))


TABLES = {
    "latency": lognormal(0.04, 0.5),
    "slow": lognormal(30.0, 1.0),
    "work": exponential(0.002),
    "wide": lognormal(0.001, 3.0),
}


@pytest.mark.parametrize("name", TABLES)
@given(found=st.integers(0, 2**53 - 1))
@settings(max_examples=200, deadline=None)
def test_quantiles_are_those_of_the_reference(name: str, found: int) -> None:
    table = TABLES[name]
    array = as_array(table)
    assert looked_up(array.ctypes.data, found) == table.value_ns(found)


def test_a_table_with_steps_too_wide_is_refused() -> None:
    with pytest.raises(ValueError, match="spread over more than 2,199 s"):
        as_array(lognormal(600.0, 3.0))
