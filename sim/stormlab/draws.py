"""Addressed randomness: a draw is a pure function of (seed, who, purpose, ordinal).

Nothing is streamed: adding a draw in one place moves no other draw, and two policies in one world
meet the same latency, loss and faults (common random numbers). The hash is the finaliser of
splitmix64 used twice, keyed by seed and purpose; pure Python and NumPy give the same 53 bits.

Distributions other than the uniform come from quantile tables of integer nanoseconds, so that no
transcendental function is called while a world runs: NumPy's and libm's differ in the last bit on
some inputs. A table's digest goes into the trace's header.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_STRIDE = 0xD1B54A32D192ED03
UNIT_BITS = 53
_UNIT = 1 << UNIT_BITS
_BINS = 2048
_FRACTION_BITS = UNIT_BITS - 11  # 2048 bins take eleven bits


def _mix(value: int) -> int:
    """Finalise 64 bits (splitmix64, Steele, Lea and Flood 2014)."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@cache
def purpose_key(purpose: str) -> int:
    """64 bits that stand for a purpose in every draw."""
    return int.from_bytes(hashlib.blake2b(purpose.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Quantiles:
    """A distribution of durations as a table of integer-nanosecond quantiles.

    ``body`` holds the quantiles at i/2048 for i = 0..2047 and the start of the tail; ``tail``
    refines the last bin in the same way, so that the largest value is the quantile at
    1 - 2**-23. Between table points the value is interpolated in integers.
    """

    body: tuple[int, ...]
    tail: tuple[int, ...]

    @classmethod
    def from_inverse(cls, inverse: Callable[[float], float]) -> "Quantiles":
        """Tabulate ``inverse``, the quantile function from (0, 1) to seconds."""
        edge = 0.5 / _BINS

        def value_ns(probability: float) -> int:
            return round(inverse(min(max(probability, edge / 64), 1 - edge / _BINS)) * 1e9)

        body = tuple(value_ns(i / _BINS) for i in range(_BINS))
        last = (_BINS - 1) / _BINS
        tail = tuple(value_ns(last + i / _BINS**2) for i in range(_BINS + 1))
        return cls(body, tail)

    @cached_property
    def digest(self) -> str:
        """Eight hex digits that name the table's contents."""
        data = np.array(self.body + self.tail, dtype="<i8").tobytes()
        return hashlib.blake2b(data, digest_size=4).hexdigest()

    def value_ns(self, bits: int) -> int:
        """The quantile in nanoseconds for 53 uniform bits."""
        index = bits >> _FRACTION_BITS
        fraction = bits & ((1 << _FRACTION_BITS) - 1)
        if index < _BINS - 1:
            low, high = self.body[index], self.body[index + 1]
            return low + ((high - low) * fraction >> _FRACTION_BITS)
        inner = fraction >> (_FRACTION_BITS - 11)
        rest_bits = _FRACTION_BITS - 11
        rest = fraction & ((1 << rest_bits) - 1)
        low, high = self.tail[inner], self.tail[inner + 1]
        return low + ((high - low) * rest >> rest_bits)


@lru_cache(maxsize=256)
def lognormal(median_s: float, sigma: float) -> Quantiles:
    """A lognormal duration: ``median_s`` seconds, ``sigma`` the sd of its logarithm."""
    normal = NormalDist()
    return Quantiles.from_inverse(lambda p: median_s * math.exp(sigma * normal.inv_cdf(p)))


@lru_cache(maxsize=256)
def exponential(mean_s: float) -> Quantiles:
    """An exponential duration with mean ``mean_s`` seconds."""
    return Quantiles.from_inverse(lambda p: -mean_s * math.log1p(-p))


class Draws:
    """All the chance of one world, by address."""

    def __init__(self, seed: int) -> None:
        """Key every draw by ``seed``, any integer."""
        self.seed = seed
        self._tables: dict[int, Quantiles] = {}  # by identity: comparing tables is slow
        self._key = _mix((seed * _GOLDEN + _STRIDE) & _MASK)

    def bits(self, who: int, purpose: str, ordinal: int = 0) -> int:
        """53 uniform bits for ``who`` (any integer address), ``purpose`` and ``ordinal``."""
        first = _mix((self._key + who * _GOLDEN) & _MASK)
        second = _mix(((first ^ purpose_key(purpose)) + ordinal * _STRIDE) & _MASK)
        return second >> (64 - UNIT_BITS)

    def stream_key(self, who: int, purpose: str) -> int:
        """64 bits from which :meth:`bits` follow for every ordinal: for who draws elsewhere."""
        return _mix((self._key + who * _GOLDEN) & _MASK) ^ purpose_key(purpose)

    def bits_array(
        self, who: NDArray[np.uint64], purpose: str, ordinal: int | NDArray[np.uint64] = 0
    ) -> NDArray[np.uint64]:
        """The same 53 bits as :meth:`bits`, for an array of addresses (shape kept)."""
        with np.errstate(over="ignore"):
            who = np.asarray(who, dtype=np.uint64)
            turn = np.asarray(ordinal, dtype=np.uint64) * np.uint64(_STRIDE)
            first = _mix_array(np.uint64(self._key) + who * np.uint64(_GOLDEN))
            second = _mix_array((first ^ np.uint64(purpose_key(purpose))) + turn)
        return second >> np.uint64(64 - UNIT_BITS)

    def unit(self, who: int, purpose: str, ordinal: int = 0) -> float:
        """A uniform float in [0, 1), exact in 53 bits."""
        return self.bits(who, purpose, ordinal) / _UNIT

    def chance(self, probability: float, who: int, purpose: str, ordinal: int = 0) -> bool:
        """True with ``probability``; the smaller probability's cases are among the larger's."""
        return self.unit(who, purpose, ordinal) < probability

    def integer(self, low: int, high: int, who: int, purpose: str, ordinal: int = 0) -> int:
        """A uniform integer in [low, high], both included."""
        return low + (self.bits(who, purpose, ordinal) * (high - low + 1) >> UNIT_BITS)

    def duration_ns(self, table: Quantiles, who: int, purpose: str, ordinal: int = 0) -> int:
        """A duration in nanoseconds from ``table``."""
        self._tables[id(table)] = table
        return table.value_ns(self.bits(who, purpose, ordinal))

    @property
    def key(self) -> int:
        """64 bits that stand for the seed in every draw."""
        return self._key

    def drew_from(self, table: Quantiles) -> None:
        """Count a table among those drawn from, for another engine that did so."""
        self._tables[id(table)] = table

    @property
    def tables_digest(self) -> str:
        """16 hex digits over the tables drawn from so far: whether two machines built the same."""
        digests = sorted({table.digest for table in self._tables.values()})
        return hashlib.blake2b(" ".join(digests).encode(), digest_size=8).hexdigest()


def _mix_array(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
