"""Arrivals of many clients at once: drawn as arrays, counted in bins."""

import numpy as np
from numpy.typing import NDArray

from stormlab.draws import UNIT_BITS, Draws
from stormlab.trace import Trace
from stormlab.vocabulary import EVENT_CODE, Event

Times = NDArray[np.int64]


def uniform_ns(draws: Draws, clients: int, purpose: str, width_ns: int, ordinal: int = 0) -> Times:
    """One uniform integer time in [0, ``width_ns``) for each client from 0."""
    bits = draws.bits_array(np.arange(clients, dtype=np.uint64), purpose, ordinal)
    times: Times = (bits * (width_ns / 2**UNIT_BITS)).astype(np.int64)
    return np.minimum(times, width_ns - 1)


def peak_in_bins(times_ns: Times, bin_ns: int) -> int:
    """The most arrivals in one of the bins [0, bin), [bin, 2 bin), ...; they do not slide."""
    return int(np.bincount(times_ns // bin_ns).max(initial=0))


def in_order(times_ns: Times, clients: NDArray[np.int64]) -> NDArray[np.intp]:
    """Indices that sort by time, then client: the order in which a trace has its rows.

    Both in one key, which is unique and sorts several times faster than two.
    """
    bits = int(clients.max(initial=0)).bit_length()
    if int(times_ns.max(initial=0)) >> (63 - bits):
        return np.lexsort((clients, times_ns))
    return np.argsort(times_ns << bits | clients)


def times_of(trace: Trace, event: Event) -> Times:
    """When the events of one kind happened, without a copy of their other columns."""
    times: Times = trace.rows["time_ns"][trace.rows["event"] == EVENT_CODE[event]]
    return times
