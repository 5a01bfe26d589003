"""Many policies held to all promises: a matrix, and a counterexample behind each broken cell.

What is tried is what ``stormlab check`` tries, policy by policy, so a cell and a check agree.
"""

from stormlab.judging.matrix import Breach, Cell, Column, Matrix, Row, columns
from stormlab.judging.work import JudgingError, Plan, judged, plan

__all__ = [
    "Breach",
    "Cell",
    "Column",
    "JudgingError",
    "Matrix",
    "Plan",
    "Row",
    "columns",
    "judged",
    "plan",
]
