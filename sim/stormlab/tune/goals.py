"""What is wanted: goals that are met or not, and one figure to make as small (or large) as can be.

The search needs one number. As long as a goal is missed it is 1 plus the sum over the goals of how
far each is missed, relative to its limit; once all are met it is a number below 1 that falls with
the target figure x: (1 + x / (1 + |x|)) / 2 when x is to be small, 1 minus that when large. So
whatever meets all goals is better than whatever misses one. A run in which a figure never came
makes a goal missed by more than any that came late, and the more the more such runs there are.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from stormlab.statistics import Interval

FAR = 1e9  # how far a goal is missed by a figure that never came
LATE = 1e5  # and at most by one that came, so that never is worse even in one of 10,000 runs
LEAST = 1e-9  # by how much at the least: at the very limit of a goal such as x < 60

Better = Literal["lower", "higher"]
Relation = Literal["<", "<=", ">", ">="]
Met = Literal["met", "missed", "undecided"]
_GOAL = re.compile(r"\s*(\w+)\s*(<=?|>=?)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*")


class TuneError(Exception):
    """A search that cannot be done; the message is one line for a person."""


@dataclass(frozen=True)
class Sample:
    """One figure in several runs: ``inf`` where it never came, NaN where it does not apply."""

    values: tuple[float, ...]

    @cached_property
    def applying(self) -> tuple[float, ...]:
        """The runs to which the figure applies."""
        return tuple(value for value in self.values if not math.isnan(value))

    @cached_property
    def reached(self) -> tuple[float, ...]:
        """The runs in which it came."""
        return tuple(value for value in self.values if math.isfinite(value))

    @property
    def never(self) -> int:
        """In how many runs it never came."""
        return len(self.applying) - len(self.reached)

    @property
    def mean(self) -> float:
        """The mean of the runs to which it applies: ``inf`` if one never came, NaN without any."""
        if not self.applying:
            return math.nan
        return math.fsum(self.applying) / len(self.applying)


@dataclass(frozen=True)
class Goal:
    """A figure and the limit that its mean over runs has to keep."""

    figure: str
    relation: Relation
    limit: float

    @property
    def better(self) -> Better:
        """Which way the goal lies."""
        return "lower" if self.relation[0] == "<" else "higher"

    @property
    def text(self) -> str:
        """It as a person writes it."""
        return f"{self.figure}{self.relation}{self.limit:.15g}"

    def kept_by(self, value: float) -> bool:
        """Whether a value keeps the limit; one that never came, or does not apply, does not."""
        if math.isnan(value):
            return False
        if self.better == "lower":
            return value < self.limit or (self.relation == "<=" and value == self.limit)
        return value > self.limit or (self.relation == ">=" and value == self.limit)

    def missed_by(self, sample: Sample) -> float:
        """How far the mean is beyond the limit, relative to it; 0 when the goal is met."""
        if not sample.reached:
            return FAR
        mean = math.fsum(sample.reached) / len(sample.reached)
        never = FAR * sample.never / len(sample.applying)
        if self.kept_by(mean):
            return never
        return never + min(max(-self.room(mean), LEAST), LATE)

    def room(self, value: float) -> float:
        """How far a value is from the limit, relative to it; below 0 beyond it."""
        distance = self.limit - value if self.better == "lower" else value - self.limit
        return distance / (abs(self.limit) or 1.0)

    def judged(self, interval: Interval) -> Met:
        """Whether the whole interval keeps the limit, none of it does, or neither."""
        low, high = self.kept_by(interval.low), self.kept_by(interval.high)
        if low and high:
            return "met"
        return "undecided" if low or high else "missed"


@dataclass(frozen=True)
class Target:
    """The figure that decides between parameters that meet all goals."""

    figure: str
    better: Better = "lower"

    @property
    def text(self) -> str:
        """It in words: ``smallest reconnect_s_p99``."""
        return f"{'smallest' if self.better == 'lower' else 'largest'} {self.figure}"

    def below_one(self, value: float) -> float:
        """A number from 0 to below 1 that is smaller the better the value is."""
        if not math.isfinite(value):
            return 1 - LEAST
        small = (1 + value / (1 + abs(value))) / 2
        return min(small if self.better == "lower" else 1 - small, 1 - LEAST)


def goal(text: str) -> Goal:
    """Read a goal: ``reconnect_s_p99<60``.

    Raises:
        TuneError: one line, when it is none.
    """
    found = _GOAL.fullmatch(text)
    limit = float(found[3]) if found else math.nan
    if found is None or not math.isfinite(limit):
        raise TuneError(
            f"--goal '{text}': allowed: FIGURE<NUMBER or FIGURE>NUMBER (also <= and >=), in quotes,"
            ' as in "reconnect_s_p99<60"'
        )
    return Goal(found[1], cast("Relation", found[2]), limit)


def target(goals: Sequence[Goal], minimise: str | None, maximise: str | None) -> Target:
    """The target that was asked for; the first goal's figure when none was."""
    if maximise is not None:
        return Target(maximise, "higher")
    if minimise is not None:
        return Target(minimise)
    return Target(goals[0].figure, goals[0].better)


def loss(goals: Sequence[Goal], aim: Target, samples: Mapping[str, Sample]) -> float:
    """The one number that the search makes small; see the module's text."""
    missed = math.fsum(each.missed_by(samples[each.figure]) for each in goals)
    return 1 + missed if missed else aim.below_one(samples[aim.figure].mean)
