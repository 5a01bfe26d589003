"""A plain Node program that lives through a bare world with real sockets.

It shows a counterexample outside of the lab: the same bundle and start code, npm ``ws`` in place of
the lab's WebSocket, and a server on loopback that follows the world's phases (``replay.cjs``).
"""

import json
from dataclasses import asdict
from importlib.resources import files

from stormlab.draws import Draws
from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.engine import Code
from stormlab.hosts.recipe import SILENT
from stormlab.policy.chance import address
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

DOES = {"close", "by_hand"}  # what can be done to a client on Node
# names of Node's that code for a browser does not find
OF_NODE = "process, global, Buffer, require, module, exports, setImmediate, clearImmediate"
SCALE_MIN = 0.001  # then a millisecond of the world takes a microsecond


def node_script(
    code: Code,
    world: BareWorld,
    *,
    scale: float = 1.0,
    answer: str = SILENT,
    profile: str = "node",
    feed: tuple[float, ...] = (),
    client: int = 0,
) -> str:
    """The program: CommonJS that needs ``ws`` and nothing else.

    ``scale``: real seconds for one of the world's, for server and client alike; the program prints
    it. ``answer``: the server's side of the protocol, as in :class:`~stormlab.hosts.recipe.Recipe`;
    it is called for each connection on which the application answers. ``profile``: ``browser`` or
    ``node``, for which the code was bundled: one for a browser finds a page, and nothing of Node's.
    ``Math.random`` draws what it draws in the lab, for this ``feed`` and the ``client`` of this
    number. Every act is replayed as it is written, after ``close`` too.

    Raises:
        HostError: one line, when the world has acts that need a browser or another network.
    """
    if not SCALE_MIN <= scale <= 1 / SCALE_MIN:
        raise HostError(f"scale: found {scale:g}; allowed: {SCALE_MIN:g} to {1 / SCALE_MIN:g}")
    for act in world.acts:
        if act.do not in DOES:
            allowed = ", ".join(sorted(DOES))
            raise HostError(f"{act.do} cannot be replayed on Node; allowed: {allowed}")
    if world.sockets != 1:
        raise HostError(f"sockets: found {world.sockets}; a program on Node replays 1")
    phases = [asdict(phase) for phase in (*world.phases, Phase("serve", world.settle_s))]
    acts = [asdict(act) for act in world.acts]
    random_key = str(Draws(world.seed).stream_key(address(client), "Math.random"))
    text = (files("stormlab.hosts.javascript") / "replay.cjs").read_text(encoding="utf-8")
    for mark, value in (
        ("/*WORLD*/ null", json.dumps({"phases": phases, "acts": acts, "end_s": world.end_s})),
        ("/*SCALE*/ 1", repr(scale)),
        ("/*RANDOM*/ null", json.dumps({"key": random_key, "feed": feed})),
        ("/*ANSWER*/ () => {}", answer),
        ('/*PROFILE*/ "node"', json.dumps(profile)),
        ("/*OF NODE*/", OF_NODE if profile == "browser" else ""),
        ("/*CODE*/", code.text),  # last: it may hold anything
    ):
        before, found, rest = text.partition(mark)
        assert found, mark  # noqa: S101  the file is ours
        text = f"{before}{value}{rest}"
    return text
