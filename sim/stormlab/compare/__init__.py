"""Policies compared: the same scenario, the same luck, and what can be said of the difference.

:func:`compare` runs every policy under the same seeds, until the figures are as precise as asked
for, and returns a :class:`Comparison`. How to read one is told in ``docs/compare.md``.
"""

from stormlab.compare.contenders import CompareError, Contender, Field, field
from stormlab.compare.engine import Plan, State, Worst, compare, run_seed
from stormlab.compare.reading import Reader, Reading, read_recovery, recovery_reader
from stormlab.compare.results import (
    Comparison,
    Ecdf,
    Effort,
    Grid,
    Measure,
    Pair,
    PolicyResult,
    Ranking,
    Runs,
    Short,
    Summary,
)

__all__ = [
    "CompareError",
    "Comparison",
    "Contender",
    "Ecdf",
    "Effort",
    "Field",
    "Grid",
    "Measure",
    "Pair",
    "Plan",
    "PolicyResult",
    "Ranking",
    "Reader",
    "Reading",
    "Runs",
    "Short",
    "State",
    "Summary",
    "Worst",
    "compare",
    "field",
    "read_recovery",
    "recovery_reader",
    "run_seed",
]
