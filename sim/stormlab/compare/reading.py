"""What is kept of one run: its figures, and the samples and curves that pictures are made of.

A trace of a thousand clients is 10 MB; what is kept of it here is some 20 kB, made where the run
is made, so that processes exchange little.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_s
from stormlab.compare.results import Measure
from stormlab.recovery import FIGURES, Recovery, figures, series
from stormlab.trace import Trace

BINS_MAX = 600
_WIDTHS_S = (0.1, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)

CURVES = ("attempts", "arrivals", "bytes_useful", "bytes_wasted")
WAITS, WATCHED, STANDING = "waits_s", "watched_s", "standing "

# The table's columns, in order; each is judged. Times are those that a user waits, so that they
# contain the outage.
KEY: Mapping[str, str] = {
    "reconnect_s_p50": "t50 s",
    "reconnect_s_p99": "t99 s",
    "reconnect_s_mean": "mean s",
    "attempts_per_s_peak": "peak/s",
    "attempts_per_client_mean": "attempts",
    "handshake_bytes_per_client_mean": "bytes",
}


@dataclass(frozen=True)
class Reading:
    """One run as the comparison keeps it.

    ``figures``: numbers by name; None where one does not apply, ``inf`` for never. ``facts``: JSON
    that is no figure (``bin_s``, ``fault_s``, ``down_s``, ``capacity_per_s``). ``arrays``: numbers,
    by name.
    """

    trace_hash: str
    figures: Mapping[str, float | int | None]
    facts: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Reader:
    """How traces are read, and what the figures are.

    ``name`` tells it from other readers and changes when it reads differently: what was kept by
    another is never taken for its own. ``read`` must be importable. ``key``: short headings of the
    figures that are tabled and judged, by name. ``collapse`` and ``lost`` name the figures that
    are 1 for a run that collapsed, and the clients lost for good; None: there is none.
    """

    name: str
    read: Callable[[Trace], Reading]
    measures: Mapping[str, Measure]
    key: Mapping[str, str]
    collapse: str | None = None
    lost: str | None = None


def read_recovery(trace: Trace) -> Reading:
    """Read the recovery of a fleet: all its figures, the waits, and the run over time."""
    recovery = Recovery.of(trace)
    over_time = series(recovery, bin_s(to_s(trace.duration_ns)))
    waits = recovery.reconnect
    watched_s = waits.watched_ns / 1e9
    arrays: dict[str, NDArray[Any]] = {
        WAITS: np.where(waits.came, watched_s, np.inf),
        WATCHED: watched_s,
        "attempts": over_time.attempts,
        "arrivals": over_time.arrivals,
        "bytes_useful": over_time.bytes_useful,
        "bytes_wasted": over_time.bytes_wasted,
    }
    for standing, counts in over_time.standing.items():
        arrays[STANDING + standing.name.lower().replace("_", " ")] = counts
    return Reading(
        trace_hash=trace.hash,
        figures=figures(recovery),
        facts=_facts(recovery, over_time.bin_s),
        arrays={name: _small(array) for name, array in arrays.items()},
    )


def _facts(recovery: Recovery, width_s: float) -> dict[str, Any]:
    outage, end_ns = recovery.outage, recovery.end_ns
    return {
        "bin_s": width_s,
        "fault_s": None if outage.fault_ns is None else to_s(outage.fault_ns),
        "down_s": [
            [to_s(begin), to_s(min(end, end_ns))]
            for begin, end in zip(outage.begins_ns.tolist(), outage.ends_ns.tolist(), strict=True)
        ],
        "capacity_per_s": recovery.rows.trace.header.get("capacity_per_s"),
    }


def bin_s(duration_s: float) -> float:
    """The narrowest of some round widths that gives at most 600 bins."""
    fitting = (width for width in _WIDTHS_S if duration_s / width <= BINS_MAX)
    return next(fitting, duration_s / BINS_MAX)


def _small(array: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers in as few bytes as they need."""
    if array.dtype.kind not in "iu" or not len(array):
        return array
    least = np.promote_types(np.min_scalar_type(int(array.min())), _type_of_most(array))
    return array.astype(least)


def _type_of_most(array: NDArray[Any]) -> np.dtype[Any]:
    return np.min_scalar_type(int(array.max()))


def recovery_reader() -> Reader:
    """The reader of everything that :mod:`stormlab.recovery` defines."""
    measures = {
        name: Measure(name, figure.title, figure.unit, figure.better or None, figure.words)
        for name, figure in FIGURES.items()
    }
    return Reader(
        name="compare 1",
        read=read_recovery,
        measures=measures,
        key={name: heading for name, heading in KEY.items() if name in measures},
        collapse="collapsed",
        lost="lost_clients",
    )
