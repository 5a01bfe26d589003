"""Addressed draws in compiled code: the same bits as :class:`stormlab.draws.Draws` gives."""

import numpy as np
from numpy.typing import NDArray

from stormlab.draws import UNIT_BITS, Quantiles
from stormlab.fleet.memory import compiled, load_i8

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STRIDE = np.uint64(0xD1B54A32D192ED03)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_DOWN = np.uint64(64 - UNIT_BITS)
_UNIT = 1.0 / (1 << UNIT_BITS)  # a power of two: multiplying is as exact as dividing
_BINS = 2048
STEP_NS_MAX = 1 << 41  # products with a fraction have a place in 64 bits up to here
_FRACTION_BITS = UNIT_BITS - 11
_FRACTION = (1 << _FRACTION_BITS) - 1
_REST_BITS = _FRACTION_BITS - 11
_REST = (1 << _REST_BITS) - 1


@compiled
def mix(value):
    """Finalise 64 bits (splitmix64)."""
    value = (value ^ (value >> _S30)) * _FIRST
    value = (value ^ (value >> _S27)) * _SECOND
    return value ^ (value >> _S31)


@compiled
def origin_of(key, who):
    """What all draws of an address have in common: half the work of one."""
    return mix(key + np.uint64(who) * _GOLDEN)


@compiled
def bits(origin, purpose, ordinal):
    """53 uniform bits for an address by its origin, a purpose's key and an ordinal."""
    found = mix((origin ^ np.uint64(purpose)) + np.uint64(ordinal) * _STRIDE)
    return np.int64(found >> _DOWN)


@compiled
def unit(origin, purpose, ordinal):
    """A uniform float in [0, 1)."""
    return bits(origin, purpose, ordinal) * _UNIT


@compiled
def quantile_ns(table, found):
    """The quantile of a table (its body, then its tail, at an address) for 53 bits."""
    index = found >> _FRACTION_BITS
    fraction = found & _FRACTION
    if index < _BINS - 1:
        low = load_i8(table, index)
        return low + _part(load_i8(table, index + 1) - low, fraction, _FRACTION_BITS)
    inner = _BINS + (fraction >> _REST_BITS)
    low = load_i8(table, inner)
    return low + _part(load_i8(table, inner + 1) - low, fraction & _REST, _REST_BITS)


@compiled
def _part(width, fraction, fraction_bits):
    """``width * fraction >> fraction_bits`` where the product has no place in 64 bits."""
    half = fraction_bits >> 1
    high, low = fraction >> half, fraction & ((1 << half) - 1)
    return (width * high + (width * low >> half)) >> (fraction_bits - half)


def as_array(table: Quantiles) -> NDArray[np.int64]:
    """A table as :func:`quantile_ns` reads it.

    Raises:
        ValueError: when two of its points are more than :data:`STEP_NS_MAX` apart, as no latency's
            and no handshake's are.
    """
    array = np.array(table.body + table.tail, dtype=np.int64)
    if np.diff(array[:_BINS]).max() > STEP_NS_MAX or np.diff(array[_BINS:]).max() > STEP_NS_MAX:
        msg = f"a duration that is spread over more than {STEP_NS_MAX // 1_000_000_000:,} s"
        raise ValueError(msg)
    return array
