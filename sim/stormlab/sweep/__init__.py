"""Sweeps: a scenario under every combination of some of its parameters, under many seeds.

A sweep is resumable: each run is kept when it is finished (:mod:`stormlab.store`), so that the
same command goes on where it was stopped or killed, and a wider one runs only what is new. Its
results are the same bytes however often it was stopped, and on however many processes it ran.
"""

from stormlab.sweep.grid import Axis, Cell, Sweep, SweepError, axis, make_sweep
from stormlab.sweep.publish import checked, publish
from stormlab.sweep.results import Known, Results, known_runs, writer
from stormlab.sweep.summary import Summary, summarised
from stormlab.sweep.work import READER, Plan, numbers, plan

__all__ = [
    "READER",
    "Axis",
    "Cell",
    "Known",
    "Plan",
    "Results",
    "Summary",
    "Sweep",
    "SweepError",
    "axis",
    "checked",
    "known_runs",
    "make_sweep",
    "numbers",
    "plan",
    "publish",
    "summarised",
    "writer",
]
