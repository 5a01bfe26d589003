"""What can be learned from the trials: which parameter moved what, edges, and runs that are needed.

Influence is told by rank correlation over all trials: +1 when a larger parameter always goes with
a larger figure, -1 when always with a smaller one, near 0 when it tells nothing. For a choice it is
the square root of epsilon squared: the part of the ranks' variance that lies between the choices,
less what chance would give; it has no sign. The trials are no designed experiment: the search
visits good places more often, so this says what moved a figure there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stormlab.policy.catalogue import find_policy
from stormlab.statistics import Interval
from stormlab.statistics.intervals import scipy_stats
from stormlab.tune.goals import Goal
from stormlab.tune.records import Trial, Tuning
from stormlab.tune.space import SCENARIO, Axis

EDGE = 0.03  # of the range
TRIALS_MIN = 8  # below that nothing is said of influence
_CHANCE_Z = 1.96

Ranks = NDArray[np.float64]


@dataclass(frozen=True)
class Influence:
    """How a parameter and a figure go together, from -1 to 1; ``signed``: not of a choice.

    ``chance``: what is not larger than this may be chance.
    """

    key: str
    figure: str
    value: float
    signed: bool
    chance: float

    @property
    def beyond_chance(self) -> bool:
        """Whether it is more than chance would give."""
        return abs(self.value) > self.chance


def influences(tuning: Tuning) -> tuple[Influence, ...]:
    """Of every axis on every figure of goals and target; those that tell nothing are left out."""
    found = []
    for figure in tuning.aim.figures:
        trials = [each for each in tuning.proposed if not math.isnan(each.mean(figure))]
        if len(trials) < TRIALS_MIN:
            continue
        ranks = _ranks([each.mean(figure) for each in trials])
        chance = _CHANCE_Z / math.sqrt(len(trials) - 1)
        for axis in tuning.aim.axes:
            value = _together(axis, trials, ranks)
            if value is not None:
                signed = axis.scale != "choice"
                found.append(Influence(axis.key, figure, value, signed, chance))
    return tuple(found)


def _together(axis: Axis, trials: Sequence[Trial], ranks: Ranks) -> float | None:
    """Rank correlation, or for a choice the root of epsilon squared; None without any variance."""
    given = [each.parameters[axis.key] for each in trials]
    total = float(((ranks - ranks.mean()) ** 2).sum())
    if len(set(given)) == 1 or not total:
        return None
    if axis.scale != "choice":
        own = _ranks([float(value) for value in given])
        return float(np.corrcoef(own, ranks)[0, 1])
    groups = [
        ranks[[value == choice for value in given]] for choice in axis.choices if choice in given
    ]
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    if len(trials) <= len(groups):
        return None
    part = 1 - (within / total) * (len(trials) - 1) / (len(trials) - len(groups))
    return math.sqrt(max(0.0, part))


def _ranks(values: Sequence[float]) -> Ranks:
    """Ranks from 1, equal values sharing the mean of theirs; never is the last."""
    return np.asarray(scipy_stats().rankdata(np.asarray(values)), np.float64)


@dataclass(frozen=True)
class Edge:
    """A parameter of the best that lies at the end of its range."""

    axis: Axis
    value: str
    end: Literal["low", "high"]


def edges(tuning: Tuning) -> tuple[Edge, ...]:
    """Where the best parameters lie within 3 % of an end of their range."""
    found = []
    for axis in tuning.aim.axes:
        value = tuning.best.trial.parameters.get(axis.key)
        place = None if value is None else axis.place(value)
        if value is not None and place is not None and not EDGE < place < 1 - EDGE:
            found.append(Edge(axis, value, "low" if place <= EDGE else "high"))
    return tuple(found)


def runs_needed(goal: Goal, interval: Interval | None) -> int | None:
    """About how many runs would decide a goal that is undecided; None when none can be told.

    The half width falls with the root of the number of runs, and has to fall below the distance
    of the mean from the limit; a fifth more, because both are estimates.
    """
    if interval is None or not math.isfinite(interval.high):
        return None
    half, distance = interval.high - interval.value, abs(interval.value - goal.limit)
    if not distance:
        return None
    return math.ceil(1.2 * interval.n * (half / distance) ** 2)


def given_values(tuning: Tuning) -> dict[str, str | None]:
    """The values that the policy as it was given, and its scenario, have where an axis varies."""
    try:
        table = find_policy(tuning.aim.policy).table
    except ValueError:  # a policy that only its model can find
        table = None
    own: Any = {} if table is None else table.document
    scenario = tuning.base.parameters.model_dump(mode="json")
    found: dict[str, str | None] = {}
    for axis in tuning.aim.axes:
        place: Any = scenario if axis.of_scenario else own
        for part in axis.key.removeprefix(SCENARIO).split("."):
            place = place.get(part) if isinstance(place, dict) else None
        plain = isinstance(place, str | int | float)
        found[axis.key] = _written(place) if plain else None
    return found


def _written(value: Any) -> str:  # noqa: ANN401  a value of a policy's table
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)
