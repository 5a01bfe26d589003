"""Python's cyclic garbage collector, paused while a world runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """Pause the collector: nearly all that a run makes is kept, and is looked through in vain.

    At 10^5 events that costs more than the simulation; and when an object is collected must not
    decide what happens in a world.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
