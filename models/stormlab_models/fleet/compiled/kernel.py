"""The kernel's two entries: begin a run, and go on with it."""

from functools import cache
from typing import Any

import stormlab.fleet
import stormlab.policy
import stormlab.policy.rules
import stormlab_models.fleet
import stormlab_models.fleet.compiled
from stormlab import vocabulary
from stormlab.fleet.compiling import entry, sources_digest
from stormlab_models.fleet.compiled import loop

PACKAGES = (
    stormlab.fleet,
    stormlab.policy,
    stormlab.policy.rules,
    stormlab_models.fleet,
    stormlab_models.fleet.compiled,
)


def kernel_entry_begin(address, settled, for_ns, spread_ns, key, cold_ns, cold_key):
    """Let the clients be connected, or connect."""
    loop.begin(address, settled, for_ns, spread_ns, key, cold_ns, cold_key)


def kernel_entry_run(address, events_max):
    """Handle events; see :func:`.loop.run`."""
    return loop.run(address, events_max)


@cache
def entries() -> tuple[Any, Any]:
    """The compiled entries, from the cache where they were kept."""
    digest = sources_digest(PACKAGES, *vocabulary.EVENTS, *vocabulary.CAUSES)
    what = "fleet engine"
    begins = "void(int64, int64, int64, int64, uint64, int64, uint64)"
    begin = entry(kernel_entry_begin, begins, digest, what)
    return begin, entry(kernel_entry_run, "int64(int64, int64)", digest, what)
