"""The exact support of a delay: every value that one attempt's delay can take.

The support is computed from the very function that draws the delay: a delay is monotone in each of
its draws between that draw's cuts (a draw without a cut has one piece, backo2's has ten), so its
values lie between those at the corners of each piece. Nothing is sampled and no formula is written
twice. The same holds for the share of draws that land on one value, the cap.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

from stormlab.clock import NS_PER_MS, NS_PER_S
from stormlab.policy.contract import Chance, Scope

UNIT = 1 << 53
_DECIMALS_MAX = 3
_POINTS_LISTED = 3

Interval = tuple[int, int]


class Draw(NamedTuple):
    """One draw that a delay depends on, and where the delay jumps as a function of it.

    ``cuts``: values in (0, 1), multiples of 2**-53; the delay is monotone between two of them.
    """

    purpose: str
    scope: Scope = "attempt"
    cuts: tuple[float, ...] = ()


@dataclass(frozen=True)
class Support:
    """Disjoint closed intervals of nanoseconds, in order; a point has equal ends.

    ``step_ns``: the distance between neighbouring values inside an interval, counted from its low
    end (1: every nanosecond). ``atoms``: (value, probability) where a single value has a
    probability worth naming, such as the cap.
    """

    intervals: tuple[Interval, ...]
    step_ns: int = 1
    atoms: tuple[tuple[int, float], ...] = ()

    @classmethod
    def point(cls, value_ns: int) -> "Support":
        """The support of a delay that is always the same."""
        return cls(((value_ns, value_ns),))

    @classmethod
    def of(cls, intervals: Iterable[Interval], step_ns: int = 1) -> "Support":
        """Sort intervals and join those that touch."""
        joined: list[Interval] = []
        for low, high in sorted(intervals):
            if joined and low <= joined[-1][1] + step_ns:
                joined[-1] = joined[-1][0], max(joined[-1][1], high)
            else:
                joined.append((low, high))
        return cls(tuple(joined), step_ns)

    @property
    def low_ns(self) -> int:
        """The shortest delay."""
        return self.intervals[0][0]

    @property
    def high_ns(self) -> int:
        """The longest delay."""
        return self.intervals[-1][1]

    @property
    def is_point(self) -> bool:
        """Whether every client waits exactly the same."""
        return self.low_ns == self.high_ns

    def contains(self, value_ns: int) -> bool:
        """Whether a delay can be ``value_ns``."""
        return any(
            low <= value_ns <= high and (value_ns - low) % self.step_ns == 0
            for low, high in self.intervals
        )

    def share_at(self, value_ns: int) -> float | None:
        """The probability of exactly ``value_ns``; None when it is not known."""
        known = dict(self.atoms)
        if value_ns in known:
            return known[value_ns]
        if not self.contains(value_ns):
            return 0.0
        return 1.0 if self.is_point else None

    def union(self, other: "Support") -> "Support":
        """What either can be; of the atoms nothing is known."""
        return Support.of((*self.intervals, *other.intervals), min(self.step_ns, other.step_ns))

    @property
    def text(self) -> str:
        """For people: ``exactly 5 s``, ``0 to 5 s``, ``0.550 to 1.499 s in 10 bands``."""
        if self.is_point:
            return f"exactly {in_seconds(self.low_ns)}"
        count = len(self.intervals)
        if count <= _POINTS_LISTED and all(low == high for low, high in self.intervals):
            return " or ".join(in_seconds(low) for low, _ in self.intervals)
        places = max(_places(self.low_ns), _places(self.high_ns))
        text = f"{self.low_ns / NS_PER_S:.{places}f} to {self.high_ns / NS_PER_S:.{places}f} s"
        if self.step_ns >= NS_PER_S:
            text += f" in steps of {in_seconds(self.step_ns)}"
        return text + (f" in {count} bands" if count > 1 else "")


def in_seconds(value_ns: int) -> str:
    """A duration for people, to the millisecond: ``0.55 s``."""
    return f"{value_ns / NS_PER_S:.{_places(value_ns)}f} s"


def _places(value_ns: int) -> int:
    """How many decimals of a second a value needs, at most three."""
    milliseconds = round(value_ns / NS_PER_MS)
    for places in range(_DECIMALS_MAX):
        if milliseconds % 10 ** (_DECIMALS_MAX - places) == 0:
            return places
    return _DECIMALS_MAX


class Given:
    """Chance that is given: one unit for each purpose, by name."""

    def __init__(self, units: dict[str, float]) -> None:
        """Answer with ``units``; a purpose that is not named is a mistake of the caller."""
        self._units = units

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The unit given for ``purpose``."""
        del scope
        return self._units[purpose]


def support_of(
    draws: Sequence[Draw], delay_ns: Callable[[Chance], int], *, step_ns: int = 1
) -> Support:
    """The support of ``delay_ns``, which is monotone in each draw between its cuts."""
    intervals = []
    for box in product(*(_pieces(draw) for draw in draws)):
        corners = [
            delay_ns(Given({draw.purpose: unit for draw, unit in zip(draws, units, strict=True)}))
            for units in product(*box)
        ]
        intervals.append((min(corners), max(corners)))
    return Support.of(intervals, step_ns)


def share_at_least(draw: Draw, delay_ns: Callable[[Chance], int], limit_ns: int) -> float:
    """The share of draws whose delay is at least ``limit_ns``, exact to 2**-53 a piece."""
    hits = 0
    for low, high in _pieces(draw):
        first, last = round(low * UNIT), round(high * UNIT)

        def reached(bits: int) -> bool:
            return delay_ns(Given({draw.purpose: bits / UNIT})) >= limit_ns

        at_first, at_last = reached(first), reached(last)
        if at_first == at_last:
            hits += (last - first + 1) * at_first
            continue
        below, above = first, last  # the answer changes once between them
        while above - below > 1:
            middle = (below + above) // 2
            if reached(middle) == at_first:
                below = middle
            else:
                above = middle
        hits += last - above + 1 if at_last else below - first + 1
    return hits / UNIT


def _pieces(draw: Draw) -> list[tuple[float, float]]:
    """First and last unit of each piece."""
    return [(low, high - 1 / UNIT) for low, high in pairwise((0.0, *draw.cuts, 1.0))]
