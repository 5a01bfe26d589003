"""A world for a person: what happened in it, or the delays where a policy's delays were walked."""

from collections.abc import Sequence

from stormlab.clock import to_s
from stormlab.properties.promises import Promise
from stormlab.worlds.written import World, lines_of

FIRST, LAST = 4, 3  # delays told of a long walk


def told_world(promise: Promise, world: World, walk_ns: Sequence[int] = ()) -> list[str]:
    """The world in a few lines.

    Of a promise that walks the policy's delays there is no server to tell of: its client is refused
    again and again. ``walk_ns``: the delays in nanoseconds that were found wanting.
    """
    if not (promise.walks or walk_ns):
        return lines_of(world)
    lines = [f"1 client, refused again and again; seed {getattr(world, 'seed', 0)}"]
    return [*lines, f"delays: {_delays(walk_ns)} s"] if walk_ns else lines


def _delays(walk_ns: Sequence[int]) -> str:
    """The first of them and the last, in seconds."""
    texts = [f"{round(to_s(delay_ns), 3):,.10g}" for delay_ns in walk_ns]
    left = len(texts) - FIRST - LAST
    if left > 1:
        texts[FIRST:-LAST] = [f"... ({left:,} more)"]
    return ", ".join(texts)
