"""What a figure is: a name, its definition in words and formula, and the function that gives it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stormlab.recovery.run import Recovery

Value = float | int | None
Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Figure:
    """One figure of a run.

    ``of`` gives it: None where it does not apply (nobody was lost, nothing is published), ``inf``
    for a time that had not come by the end. ``better``: which way is good, "" where neither is.
    ``format`` is for :meth:`str.format`, "" for three digits. ``whole_server``: the figure is that
    of all clients even where a group is asked for.
    """

    name: str
    of: Callable[[Recovery], Value]
    title: str
    unit: str
    words: str
    formula: str
    limits: str  # what it does not say
    better: Better = "lower"
    format: str = ""
    whole_server: bool = False

    def text(self, value: Value) -> str:
        """A value as a person reads it: ``12.3``, ``never``, ``-``."""
        if value is None or math.isnan(value):
            return "-"
        if math.isinf(value):
            return "never"
        # three digits, but 7210 rather than 7.21e+03
        form = self.format or ("{:.0f}" if abs(value) >= 999.5 else "{:.3g}")  # noqa: PLR2004
        return form.format(value)
