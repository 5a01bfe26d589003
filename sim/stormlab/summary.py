"""A run whose trace was too long to keep: figures, counts over time, and some clients' traces."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.histogram import Histogram
from stormlab.trace import Trace

EVENTS_MAX = 20_000_000  # of a trace that is kept, where nothing else is said: 1.2 GB


class TooLongError(Exception):
    """A trace would have more events than are to be kept."""

    def __init__(self, events_max: int) -> None:
        """``events_max``: how many are."""
        super().__init__(f"more than {events_max:,} events")


@dataclass(frozen=True)
class Summary:
    """What a run without a full trace leaves.

    ``figures``: by name, units last, as a model's figures of a trace: those of the same name are
    the same figures. ``over_time``: counts and bytes by name, shape (bins,), each bin ``bin_s``
    wide, from time 0 on. ``durations``: histograms by name. ``events``: how many events there
    were, by kind. ``sample``: the trace of the first clients, exactly those rows that a full trace
    would have of them and of the service: nothing but draws tells clients apart, so the first ones
    are as good as any.
    """

    header: dict[str, Any]
    figures: dict[str, float | int | None]
    bin_s: float
    over_time: dict[str, NDArray[np.int64]]
    durations: dict[str, Histogram]
    events: dict[str, int]
    sample: Trace
    missing: str = ""  # what is not told without a trace, for people

    @property
    def hash(self) -> str:
        """32 hex digits over everything that was counted and the sample's trace."""
        digest = hashlib.blake2b(digest_size=16)
        head = [self.header, self.events, self.sample.hash]
        digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        arrays = [*self.over_time.values(), *(each.counts for each in self.durations.values())]
        for each in arrays:
            digest.update(np.ascontiguousarray(each).tobytes())
        return digest.hexdigest()
