"""Tuning: search a policy's parameters against stated goals, and say what was tried.

:func:`tune` proposes parameters with Optuna's TPE sampler, runs each under the same seeds, and
checks the best anew under seeds that the search has not seen, beside the policy as it was given.
How to read the result is told in ``docs/tune.md``.
"""

from stormlab.tune.goals import Goal, Target, TuneError, goal, target
from stormlab.tune.search import Aim, Check, Trial, Tuning, tune
from stormlab.tune.space import Axis, axis

__all__ = [
    "Aim",
    "Axis",
    "Check",
    "Goal",
    "Target",
    "Trial",
    "TuneError",
    "Tuning",
    "axis",
    "goal",
    "target",
    "tune",
]
