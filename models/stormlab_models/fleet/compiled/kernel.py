"""The kernel's two entries: begin a run, and go on with it."""

from collections.abc import Callable
from functools import cache

import stormlab.fleet
import stormlab.policy
import stormlab.policy.rules
import stormlab_models.fleet
import stormlab_models.fleet.compiled
from stormlab import vocabulary
from stormlab.fleet.compiling import compiling, entry, sources_digest
from stormlab_models.fleet.compiled import loop

Begin = Callable[[int, int, int, int, int, int, int], None]
Run = Callable[[int, int], int]


def _begin(digest: str) -> Begin:
    """Make the entry that lets clients be connected, or connect."""

    def kernel_entry_begin(address, settled, for_ns, spread_ns, key, cold_ns, cold_key):
        _ = digest
        loop_begin(address, settled, for_ns, spread_ns, key, cold_ns, cold_key)

    return kernel_entry_begin


def _run(digest: str) -> Run:
    """Make the entry that handles events."""

    def kernel_entry_run(address, events_max):
        _ = digest
        return loop_run(address, events_max)

    return kernel_entry_run


loop_begin, loop_run = loop.begin, loop.run


@cache
def entries() -> tuple[Begin, Run]:
    """The compiled entries, from the cache where they were kept."""
    packages = (
        stormlab.fleet,
        stormlab.policy,
        stormlab.policy.rules,
        stormlab_models.fleet,
        stormlab_models.fleet.compiled,
    )
    codes = " ".join([*vocabulary.EVENTS, *vocabulary.CAUSES])
    digest = f"{sources_digest(packages)} {codes}"
    begin, run = entry(_begin, digest), entry(_run, digest)
    with compiling("fleet engine", (begin, run)):
        int64, uint64 = "int64", "uint64"
        begin.compile(f"void({int64}, {int64}, {int64}, {int64}, {uint64}, {int64}, {uint64})")
        run.compile(f"{int64}({int64}, {int64})")
    return begin, run
