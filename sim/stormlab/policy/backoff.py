"""Base delays by index: n = 0 is the first delay of a schedule.

Inside, a delay is a float of milliseconds, the unit most clients compute in, because what happens
at overflow depends on the unit. Only +, -, x and / are used while a policy runs: powers are a table
of repeated multiplication, logarithms a table made when the part is made.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, Protocol

from stormlab.policy.rules import formulas
from stormlab.policy.rules.formulas import DELAY_MS_MAX
from stormlab.policy.rules.numbers import OVERFLOWS
from stormlab.policy.support import in_seconds

MS_PER_S = 1000.0
_LOGARITHMS = 4096

Overflow = Literal["saturate", "ieee", "int32-timer"]


class Backoff(Protocol):
    """A base delay by index, before jitter and cap."""

    def base_ms(self, n: int) -> float | None:
        """Milliseconds before jitter and cap for index ``n``; None: no further attempt."""

    @property
    def words(self) -> str:
        """The formula, for people."""


def whole_ns(delay_ms: float, overflow: Overflow = "saturate") -> int:
    """Milliseconds to integer nanoseconds, never negative; NaN is 0, as a timer takes it.

    ``saturate``: at most 31.7 years. ``ieee``: as JavaScript's numbers; Infinity is 0 in a timer.
    ``int32-timer``: also, what is longer than 2**31 - 1 ms fires at once.
    """
    return formulas.whole_ns(delay_ms, OVERFLOWS[overflow])


@lru_cache(maxsize=256)
def _powers(_factor: float) -> list[float]:
    return [1.0]


def power(factor: float, exponent: int) -> float:
    """``factor ** exponent`` by repeated multiplication; infinite when it overflows."""
    table = _powers(factor)
    while len(table) <= exponent:
        following = table[-1] * factor
        if following == table[-1]:  # 1, 0 or infinite: it stays so
            return following
        table.append(following)
    return table[exponent]


def _s(seconds: float) -> str:
    return in_seconds(round(seconds * 1e9)).removesuffix(" s")


@dataclass(frozen=True)
class Constant:
    """Always ``delay_s``."""

    delay_s: float

    def base_ms(self, n: int) -> float:
        """The delay."""
        del n
        return self.delay_s * MS_PER_S

    @property
    def words(self) -> str:
        """The formula, for people."""
        return f"{_s(self.delay_s)} s"


@dataclass(frozen=True)
class Linear:
    """``first_s + n * step_s``, at least ``min_s``."""

    first_s: float
    step_s: float
    min_s: float = 0.0

    def base_ms(self, n: int) -> float:
        """The delay for index ``n``."""
        return max(self.min_s, self.first_s + n * self.step_s) * MS_PER_S

    @property
    def words(self) -> str:
        """The formula, for people."""
        text = f"{_s(self.first_s)} + {_s(self.step_s)}·n s"
        return f"max({_s(self.min_s)}, {text})" if self.min_s else text


@dataclass(frozen=True)
class Exponential:
    """``base_s * factor**(n + first_exponent) + offset_s``, at least ``min_s``.

    ``exponent_max``: the exponent grows no further. ``overflow``: what a number too large becomes;
    with ``ieee`` it is infinite, and jitter may then make it NaN, which a timer takes for 0.
    """

    base_s: float
    factor: float = 2.0
    first_exponent: int = 0
    exponent_max: int | None = None
    offset_s: float = 0.0
    min_s: float = 0.0
    overflow: Overflow = "saturate"

    def base_ms(self, n: int) -> float:
        """The delay for index ``n``."""
        exponent = n + self.first_exponent
        if self.exponent_max is not None:
            exponent = min(exponent, self.exponent_max)
        grown = self.base_s * MS_PER_S * power(self.factor, exponent)
        delay_ms = max(self.min_s * MS_PER_S, grown + self.offset_s * MS_PER_S)
        return min(delay_ms, DELAY_MS_MAX) if self.overflow == "saturate" else delay_ms

    @property
    def words(self) -> str:
        """The formula, for people."""
        exponent = f"(n+{self.first_exponent})" if self.first_exponent else "n"
        if self.exponent_max is not None:
            exponent = f"min({exponent.strip('()')}, {self.exponent_max})"
        text = f"{_s(self.base_s)}·{self.factor:g}^{exponent}"
        if self.offset_s:
            text += f" {'+' if self.offset_s > 0 else '-'} {_s(abs(self.offset_s))}"
        return f"max({_s(self.min_s)}, {text}) s" if self.min_s else f"{text} s"


@dataclass(frozen=True)
class Table:
    """The values of a table, then ``then``: the last value again, no more attempts, or a number."""

    values_s: tuple[float, ...]
    then: Literal["repeat", "stop"] | float = "repeat"

    def base_ms(self, n: int) -> float | None:
        """The delay for index ``n``; None after the end of a table that stops."""
        if n < len(self.values_s):
            return self.values_s[n] * MS_PER_S
        if self.then == "stop":
            return None
        last = self.values_s[-1] if self.then == "repeat" else self.then
        return float(last) * MS_PER_S

    @property
    def words(self) -> str:
        """The formula, for people."""
        values = ", ".join(_s(value) for value in self.values_s)
        if self.then == "stop":
            return f"{values} s, then no more"
        return f"{values} s" + ("" if self.then == "repeat" else f", then {_s(float(self.then))} s")


@dataclass(frozen=True)
class Polynomial:
    """``scale_s * (n + first)**degree``."""

    scale_s: float
    degree: int = 2
    first: int = 1

    def base_ms(self, n: int) -> float:
        """The delay for index ``n``."""
        return min(float(self.scale_s * MS_PER_S * (n + self.first) ** self.degree), DELAY_MS_MAX)

    @property
    def words(self) -> str:
        """The formula, for people."""
        return f"{_s(self.scale_s)}·(n+{self.first})^{self.degree} s"


@lru_cache(maxsize=1)
def _log10() -> tuple[float, ...]:
    return tuple(math.log10(number) for number in range(1, _LOGARITHMS + 1))


@dataclass(frozen=True)
class Logarithmic:
    """``scale_s * log10(n + first)``; from index 4096 on it grows no more."""

    scale_s: float
    first: int = 1
    _table: tuple[float, ...] = field(default_factory=_log10, init=False, repr=False, compare=False)

    def base_ms(self, n: int) -> float:
        """The delay for index ``n``."""
        return self.scale_s * MS_PER_S * self._table[min(n + self.first, _LOGARITHMS) - 1]

    @property
    def words(self) -> str:
        """The formula, for people."""
        return f"{_s(self.scale_s)}·log10(n+{self.first}) s"
