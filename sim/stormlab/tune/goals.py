"""What is wanted: goals that are met or not, and one figure to make as small (or large) as can be.

The search needs one number. As long as a goal is missed it is 1 plus the sum over the goals of how
far each is missed, relative to its limit; once all are met it is a number below 1 that falls with
the target figure: x / (1 + x) for a figure x that is to be small, 1 / (1 + x) for one to be large.
So whatever meets all goals is better than whatever misses one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stormlab.statistics import Interval

FAR = 1e6  # how far a goal is missed by a figure that never came

Better = Literal["lower", "higher"]
Met = Literal["met", "missed", "undecided"]
_GOAL = re.compile(r"\s*(\w+)\s*(<=?|>=?)\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*")


class TuneError(Exception):
    """A search that cannot be done; the message is one line for a person."""


@dataclass(frozen=True)
class Goal:
    """A figure and the limit that its mean over runs has to keep."""

    figure: str
    better: Better
    limit: float

    @property
    def text(self) -> str:
        """It as a person writes it."""
        return f"{self.figure}{'<' if self.better == 'lower' else '>'}{self.limit:g}"

    def missed_by(self, value: float) -> float:
        """How far the value is beyond the limit, relative to it; 0 when the goal is met."""
        if not math.isfinite(value):
            return FAR
        beyond = value - self.limit if self.better == "lower" else self.limit - value
        return max(0.0, beyond) / (abs(self.limit) or 1.0)

    def judged(self, interval: Interval) -> Met:
        """Whether the whole interval keeps the limit, none of it does, or neither."""
        low, high = self.missed_by(interval.low), self.missed_by(interval.high)
        if not low and not high:
            return "met"
        return "missed" if low and high and self.missed_by(interval.value) else "undecided"


@dataclass(frozen=True)
class Target:
    """The figure that decides between parameters that meet all goals."""

    figure: str
    better: Better = "lower"

    def below_one(self, value: float) -> float:
        """A number in [0, 1) that is smaller the better the value is."""
        if not math.isfinite(value):
            return 1 - 1e-9
        size = max(0.0, value)
        return size / (1 + size) if self.better == "lower" else 1 / (1 + size)


def goal(text: str) -> Goal:
    """Read a goal: ``reconnect_s_p99<60``.

    Raises:
        TuneError: one line, when it is none.
    """
    found = _GOAL.fullmatch(text)
    try:
        limit = float(found[3]) if found else math.nan
    except ValueError:
        limit = math.nan
    if found is None or not math.isfinite(limit):
        raise TuneError(
            f"--goal {text}: allowed: FIGURE<NUMBER or FIGURE>NUMBER, as in reconnect_s_p99<60"
        )
    return Goal(found[1], "lower" if found[2][0] == "<" else "higher", limit)


def target(goals: Sequence[Goal], minimise: str | None, maximise: str | None) -> Target:
    """The target that was asked for; the first goal's figure when none was."""
    if maximise is not None:
        return Target(maximise, "higher")
    if minimise is not None:
        return Target(minimise)
    return Target(goals[0].figure, goals[0].better)


def loss(goals: Sequence[Goal], aim: Target, values: Mapping[str, float]) -> float:
    """The one number that the search makes small; see the module's text."""
    missed = sum(each.missed_by(values[each.figure]) for each in goals)
    return 1 + missed if missed else aim.below_one(values[aim.figure])
