"""A recipe: what is needed to run the clients of one library, in a few lines.

A recipe names the code, says how one client is started, and who answers it. The start is JavaScript
text: a function of (lib, env) that starts one client with the library's exports ``lib`` and gives
its handle. ``env.url`` is where to connect, ``env.number`` the client's number, and
``env.note(kind, detail)`` writes into the story. The handle has ``close()`` (for good), and may
have ``reconnect()`` (a person asks for it).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from stormlab.hosts.wire import Peer, SilentPeer


@dataclass(frozen=True)
class Recipe:
    """How to run one library.

    ``name``: as in the catalogue of policies, if it is there; ``package``: ``npm:NAME@VERSION``;
    ``entry``: what of the package is taken in, as the source of a module (default: all that it
    exports); ``start``: see the module; ``peer``: makes the server's side; ``profile``: ``browser``
    or ``node``; ``policy``: the name in the catalogue whose declared limits its promises are held
    to; ``formula``: its delays as documented; ``notes``: what a reader must know of the recipe.
    """

    name: str
    package: str
    start: str
    entry: str | None = None
    peer: Callable[[], Peer] = field(default=SilentPeer)
    profile: str = "browser"
    policy: str | None = None
    formula: str = ""
    notes: str = ""
