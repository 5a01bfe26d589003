"""Tuning: search a policy's parameters against stated goals, and say what was tried.

:func:`tune` proposes parameters with Optuna's TPE sampler, runs each under the same seeds, and
checks the best anew under seeds that the search has not seen, beside the policy as it was given.
How to read the result is told in ``docs/tune.md``.

``goals``     goals, the target, and the one number that the search makes small
``space``     the axes: which parameter may have which values
``records``   what is asked and what is found
``bench``     running trials in processes, keeping every run
``search``    :func:`tune`
``insight``   which parameter moved which figure; what lies at the edge; how many runs would decide
``words``     the result in sentences and tables, for the terminal and the report alike
``document``  the result as JSON, CSV and a policy's TOML
"""

from stormlab.tune.bench import State
from stormlab.tune.goals import Goal, Sample, Target, TuneError, goal, target
from stormlab.tune.records import Aim, Check, Trial, Tuning
from stormlab.tune.search import tune
from stormlab.tune.space import Axis, axis

__all__ = [
    "Aim",
    "Axis",
    "Check",
    "Goal",
    "Sample",
    "State",
    "Target",
    "Trial",
    "TuneError",
    "Tuning",
    "axis",
    "goal",
    "target",
    "tune",
]
