"""Pools of records: a place is taken, given back, and taken again.

The records lie in an array of their owner's. A place that was given back is taken before one that
was never used, so that memory is touched only as far as so many were needed at once.
"""

import numpy as np

from stormlab.fleet.memory import compiled, load_i4, record_at, store_i4

POOL = np.dtype(
    [("free", "<i8"), ("used", "<i8"), ("limit", "<i8"), ("next_p", "<i8")],
    align=True,
)
pool_at = record_at(POOL)


class Pool:
    """The places of up to ``limit`` records, all free but the first: they are somebody's own."""

    def __init__(self, limit: int, *, reserved: int = 0) -> None:
        """Allocate; ``reserved``: how many are not to be taken."""
        self.record = np.zeros(1, POOL)
        self._next = np.empty(limit, "<i4")
        self.record[0] = (-1, reserved, limit, self._next.ctypes.data)

    @property
    def address(self) -> int:
        """Where the record lies."""
        return self.record.ctypes.data


@compiled
def take(pool):
    """A free place, or -1 when there is none."""
    place = pool.free
    if place >= 0:
        pool.free = np.int64(load_i4(pool.next_p, place))
    elif pool.used < pool.limit:
        place = pool.used
        pool.used = place + 1
    return place


@compiled
def give(pool, place):
    """Take a place back."""
    store_i4(pool.next_p, place, pool.free)
    pool.free = place


@compiled
def left(pool):
    """How many places were never used."""
    return pool.limit - pool.used
