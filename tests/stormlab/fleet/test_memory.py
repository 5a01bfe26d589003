from typing import Any

import numpy as np
from numba import njit

from stormlab.fleet.memory import (
    load_f8,
    load_i4,
    load_i8,
    record_at,
    store_f8,
    store_i4,
    store_i8,
)

PAIR = np.dtype([("small", "<i1"), ("large", "<i8"), ("real", "<f8")], align=True)
pair_at = record_at(PAIR)


@njit
def bump(address: int, index: int) -> Any:
    pair = pair_at(address, index)
    pair.small += 1
    pair.large -= pair.small
    pair.real *= 0.5
    return pair.large


def test_a_record_reads_and_writes_its_array() -> None:
    pairs = np.array([(1, 10, 1.0), (2, 20, 3.0)], PAIR)
    assert bump(pairs.ctypes.data, 1) == 17
    assert pairs.tolist() == [(1, 10, 1.0), (3, 17, 1.5)]


@njit
def double(i8: int, i4: int, f8: int, place: int) -> Any:
    store_i8(i8, place, 2 * load_i8(i8, place))
    store_i4(i4, place, 2 * load_i4(i4, place))
    store_f8(f8, place, 2 * load_f8(f8, place))
    return place


def test_numbers_are_read_and_written_at_their_place() -> None:
    i8, i4 = np.array([1, -(2**40)], "<i8"), np.array([3, -4], "<i4")
    f8 = np.array([0.5, 1e300])
    double(i8.ctypes.data, i4.ctypes.data, f8.ctypes.data, 1)
    assert i8.tolist() == [1, -(2**41)]
    assert i4.tolist() == [3, -8]
    assert f8.tolist() == [0.5, 2e300]
