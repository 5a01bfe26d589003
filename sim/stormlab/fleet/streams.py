"""What is kept of a run without a trace: counts over time, and durations as histograms.

Memory grows neither with clients nor with attempts. Counts and bytes are exact; for what a
histogram gives, see :mod:`stormlab.histogram`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from stormlab.fleet.memory import compiled, load_i4, load_i8, record_at, store_i8
from stormlab.histogram import BUCKETS, SUB_BITS, Histogram

_MANTISSA_BITS, _BIAS = 52, 1023
_DOWN = _MANTISSA_BITS - SUB_BITS
_FIRST = _BIAS << SUB_BITS

STREAMS = np.dtype(
    [
        ("bin_ns", "<i8"),
        ("bins", "<i8"),
        ("columns", "<i8"),  # of events; bytes up and down follow
        ("from_ns", "<i8"),  # the bin of the last event
        ("to_ns", "<i8"),
        ("place", "<i8"),
        ("column_p", "<i8"),  # addresses: which column an event is counted in, or -1
        ("count_p", "<i8"),
        ("histogram_p", "<i8"),
    ],
    align=True,
)
streams_at = record_at(STREAMS)


class Streams:
    """The memory of counts by bin and of histograms.

    Args:
        until_ns: the end of the run.
        bin_ns: the width of a bin.
        columns: the number of every event's column in the counts, or -1; one entry per event.
        histograms: how many there are.
    """

    def __init__(self, until_ns: int, bin_ns: int, columns: Sequence[int], histograms: int) -> None:
        """Allocate, all zero; bytes up and down follow the columns of events."""
        self.bin_ns = bin_ns
        bins = until_ns // bin_ns + 1
        self.record = np.zeros(1, STREAMS)
        self._columns = np.array(columns, "<i4")
        width = int(self._columns.max()) + 1
        self._counts = np.zeros((width + 2, bins), "<i8")
        self._histograms = np.zeros((histograms, BUCKETS), "<i8")
        first = self.record[0]
        first["bin_ns"], first["bins"], first["columns"] = bin_ns, bins, width
        first["column_p"] = self._columns.ctypes.data
        first["count_p"] = self._counts.ctypes.data
        first["histogram_p"] = self._histograms.ctypes.data

    @property
    def address(self) -> int:
        """Where the record lies."""
        return self.record.ctypes.data

    def counts(self, column: int) -> NDArray[np.int64]:
        """Events of a column per bin; -2: bytes up, -1: bytes down. Shape (bins,)."""
        found: NDArray[np.int64] = self._counts[column]
        return found

    def histogram(self, number: int) -> Histogram:
        """One of the histograms."""
        return Histogram(self._histograms[number])


@intrinsic
def _float_bits(typingctx: Any, number: Any) -> Any:
    """The bits of a float as an integer."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), codegen


@compiled
def add(streams, number, duration_ns):
    """Add a duration to a histogram."""
    bucket = 0
    if duration_ns > 0:
        bucket = (_float_bits(np.float64(duration_ns)) >> _DOWN) - _FIRST
    place = number * BUCKETS + bucket
    store_i8(streams.histogram_p, place, load_i8(streams.histogram_p, place) + 1)


@compiled
def note(streams, time_ns, event, up, down):
    """Count an event in its bin, and its bytes."""
    column = np.int64(load_i4(streams.column_p, event))
    if column < 0 and up == 0 and down == 0:
        return
    if time_ns < streams.from_ns or time_ns >= streams.to_ns:
        streams.place = time_ns // streams.bin_ns
        streams.from_ns = streams.place * streams.bin_ns
        streams.to_ns = streams.from_ns + streams.bin_ns
    place, bins = streams.place, streams.bins
    if column >= 0:
        _more(streams, column * bins + place, 1)
    last = streams.columns
    if up:
        _more(streams, last * bins + place, up)
    if down:
        _more(streams, (last + 1) * bins + place, down)


@compiled
def _more(streams, place, number):
    store_i8(streams.count_p, place, load_i8(streams.count_p, place) + number)
