"""Policies compared: the same scenario, the same luck, and what can be said of the difference.

:func:`compare` runs every policy under the same seeds, until the figures are as precise as asked
for, and returns a :class:`Comparison`. How to read one is told in ``docs/compare.md``.
"""

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
    "Comparison",
    "Ecdf",
    "Effort",
    "Grid",
    "Measure",
    "Pair",
    "PolicyResult",
    "Ranking",
    "Runs",
    "Short",
    "Summary",
]
