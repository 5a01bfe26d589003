"""A run over time, in bins of one width, for plots: counts, bytes, and how the places stand."""

from dataclasses import dataclass

import numpy as np

from stormlab.clock import NS_PER_S, to_ns
from stormlab.recovery.attempts import BYTE_KINDS
from stormlab.recovery.load import arrival_times_ns
from stormlab.recovery.rows import NEVER, Bools, Floats, Ints
from stormlab.recovery.run import Recovery
from stormlab.recovery.standings import Standing

BINS_MAX = 1_000_000


@dataclass(frozen=True, eq=False)
class Series:
    """Bin i is [``time_s[i]``, ``time_s[i] + bin_s``), from time 0 over the whole run.

    Counts are of the storm: settled connections and attempts before the fault are left out, and
    bytes are counted when they go over the wire. ``standing`` is not of the bin but of its begin:
    how many places are open, connecting, ... at that moment; they sum up to all places.
    """

    bin_s: float
    time_s: Floats
    attempts: Ints
    arrivals: Ints
    opened: Ints
    failed: Ints  # ended without having opened
    rejected: Ints
    bytes_by_kind: dict[str, Ints]
    bytes_useful: Ints
    bytes_wasted: Ints
    standing: dict[Standing, Ints]

    @property
    def bytes(self) -> Ints:
        """All bytes of handshakes."""
        return self.bytes_useful + self.bytes_wasted


def series(recovery: Recovery, bin_s: float = 1.0) -> Series:
    """The run over time.

    Raises:
        ValueError: for a bin of no width, or so narrow that there would be over a million.
    """
    bin_ns = to_ns(bin_s)
    if bin_ns <= 0 or recovery.end_ns // bin_ns >= BINS_MAX:
        raise ValueError(f"bin_s: found {bin_s:g}; allowed: above 0, at most {BINS_MAX} bins a run")
    bins = max(1, -(-recovery.end_ns // bin_ns))

    def count(times_ns: Ints, weights: Ints | None = None) -> Ints:
        column = np.minimum(times_ns // bin_ns, bins - 1)
        return np.bincount(column, weights, minlength=bins).astype(np.int64)

    def moments(times_ns: Ints, which: Bools) -> Ints:
        return times_ns[which & (times_ns < NEVER)]

    attempts, storm = recovery.attempts, recovery.storm
    wire = attempts.wire
    counts = np.append(storm, False)[wire.attempt]
    useful = counts & np.append(recovery.lasted, False)[wire.attempt]
    by_kind = {
        name: count(wire.time_ns[mine], wire.size[mine])
        for kind, name in enumerate(BYTE_KINDS)
        for mine in [counts & (wire.kind == kind)]
    }
    grid_ns = np.arange(bins) * bin_ns
    return Series(
        bin_s=bin_s,
        time_s=grid_ns / NS_PER_S,
        attempts=count(moments(attempts.new_ns, storm)),
        arrivals=count(arrival_times_ns(recovery)),
        opened=count(moments(attempts.open_ns, storm)),
        failed=count(moments(attempts.end_ns, storm & ~attempts.opened)),
        rejected=count(moments(attempts.rejected_ns, storm)),
        bytes_by_kind=by_kind,
        bytes_useful=count(wire.time_ns[useful], wire.size[useful]),
        bytes_wasted=count(wire.time_ns[counts & ~useful], wire.size[counts & ~useful]),
        standing=recovery.standings.occupancy(grid_ns, recovery.places),
    )
