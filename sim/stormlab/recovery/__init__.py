"""The recovery of a fleet from a fault: samples, figures and series of one run.

A run's trace becomes a :class:`Recovery`; :func:`figures` gives its figures by name, as defined in
:data:`FIGURES` (and from there in ``docs/metrics.md``); :func:`series` gives it over time.
"""

from stormlab.recovery.figure import Figure, Value
from stormlab.recovery.registry import FIGURES, figures
from stormlab.recovery.rows import NEVER
from stormlab.recovery.run import STABLE_S, Recovery
from stormlab.recovery.series import Series, series
from stormlab.recovery.standings import Standing
from stormlab.recovery.waits import Waits

__all__ = [
    "FIGURES",
    "NEVER",
    "STABLE_S",
    "Figure",
    "Recovery",
    "Series",
    "Standing",
    "Value",
    "Waits",
    "figures",
    "series",
]
