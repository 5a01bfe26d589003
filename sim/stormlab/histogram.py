"""Durations as counts by bucket, each 1/128 of a power of two wide.

Memory does not grow with the number of durations. What is read out of a histogram is within
0.4 % (:data:`ERROR`) of what a list of all of them would give.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_S

SUB_BITS = 7  # a power of two has 1 << SUB_BITS buckets
BUCKETS = 63 << SUB_BITS
ERROR = 1 / (1 << (SUB_BITS + 1))  # relative, of what is read out


def middles_ns() -> NDArray[np.float64]:
    """The middle of every bucket (ns), shape (BUCKETS,)."""
    power, part = np.divmod(np.arange(BUCKETS), 1 << SUB_BITS)
    return np.asarray(np.exp2(power) * (1 + (part + 0.5) / (1 << SUB_BITS)))


@dataclass(frozen=True)
class Histogram:
    """Durations by bucket: ``counts``, shape (BUCKETS,)."""

    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many durations."""
        return int(self.counts.sum())

    def quantile_s(self, share: float) -> float | None:
        """The smallest duration (s) that ``share`` of them do not exceed; None: there is none."""
        total = self.total
        if not total:
            return None
        rank = max(1, int(np.ceil(share * total)))
        bucket = int(np.searchsorted(np.cumsum(self.counts), rank))
        return float(middles_ns()[bucket]) / NS_PER_S

    def mean_s(self) -> float | None:
        """The mean (s); None: there is none."""
        total = self.total
        return float(self.counts @ middles_ns()) / total / NS_PER_S if total else None
