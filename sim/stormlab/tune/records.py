"""What a search is asked and what it finds, as records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from stormlab.scenario import Scenario
from stormlab.statistics import CONFIDENCE, Interval
from stormlab.tune.goals import Goal, Met, Sample, Target
from stormlab.tune.space import Axis

CHECKED = 3  # of what was tried, beside the policy as it was given
SEEDS_APART = 10_000  # between one seed of a search and the next
CHECK_SEEDS_FROM = 5_000  # of them: those before belong to the search
# Each of the checked has this confidence, so that all of them together have 95 %.
CONFIDENCE_EACH = 1 - (1 - CONFIDENCE) / (CHECKED + 1)


@dataclass(frozen=True)
class Aim:
    """What is searched: a scenario, a policy, its axes, the goals, and how much may be run."""

    scenario: str
    policy: str
    axes: tuple[Axis, ...]
    goals: tuple[Goal, ...]
    target: Target
    settings: tuple[str, ...] = ()
    trials: int = 48
    replications: int = 4
    check_replications: int = 20
    seed: int = 0

    @property
    def search_seeds(self) -> range:
        """The seeds under which everything is tried."""
        return self._seeds(0, self.replications)

    @property
    def check_seeds(self) -> range:
        """The seeds of the check; the search never meets them."""
        return self._seeds(CHECK_SEEDS_FROM, self.check_replications)

    def _seeds(self, first: int, count: int) -> range:
        return range(SEEDS_APART * self.seed + first, SEEDS_APART * self.seed + first + count)

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures of goals and target, each once."""
        return tuple(dict.fromkeys([*(each.figure for each in self.goals), self.target.figure]))


@dataclass(frozen=True)
class Trial:
    """One set of parameters and what came of it; ``number`` 0 is the policy as it was given.

    ``policy`` and ``settings`` are what it takes to run it: the policy as a person writes it, and
    the keys of the scenario that differ.
    """

    number: int
    parameters: Mapping[str, str]
    policy: str
    settings: tuple[str, ...]
    samples: Mapping[str, Sample]
    loss: float

    @property
    def meets_all(self) -> bool:
        """Whether the mean of its runs keeps every goal."""
        return self.loss < 1

    def mean(self, figure: str) -> float:
        """The mean of a figure: ``inf`` when a run never got there, NaN when it does not apply."""
        return self.samples[figure].mean


@dataclass(frozen=True)
class Check:
    """A trial under fresh seeds, each goal judged by the interval of its figure.

    ``trial.samples`` are those of the check. ``intervals``: None where a run never got there, or
    where the figure applies to fewer than two runs. ``against_given``: its difference from the
    policy as it was given, in pairs of equal seeds.
    """

    trial: Trial
    intervals: Mapping[str, Interval | None]
    goals: tuple[tuple[Goal, Met], ...]
    against_given: Mapping[str, Interval | None]

    @property
    def meets_all(self) -> bool:
        """Whether every goal is met beyond noise."""
        return all(met == "met" for _, met in self.goals)


@dataclass(frozen=True)
class Tuning:
    """What was searched, what was tried, and what holds under fresh seeds, the best first.

    ``trials``: in the order of the search, the first being the policy as it was given. ``checks``:
    some of them and the given one; first those that meet all goals beyond noise.
    """

    aim: Aim
    base: Scenario
    trials: tuple[Trial, ...]
    checks: tuple[Check, ...]
    versions: Mapping[str, str]

    @property
    def best(self) -> Check:
        """The best under fresh seeds; the policy as it was given, when nothing is better."""
        return self.checks[0]

    @cached_property
    def given(self) -> Check:
        """The policy as it was given."""
        return next(check for check in self.checks if check.trial.number == 0)

    @property
    def proposed(self) -> tuple[Trial, ...]:
        """All trials but the given one."""
        return self.trials[1:]

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """What was tried without the given policy, the best in the search first, nothing twice."""
        return best_first(self.proposed)


def best_first(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """Trials by their loss; of those with equal parameters the first."""
    best: dict[str, Trial] = {}
    for trial in sorted(trials, key=lambda trial: (trial.loss, trial.number)):
        best.setdefault(repr(sorted(trial.parameters.items())), trial)
    return tuple(best.values())
