"""Real chance, for real clients: they must not be in step, so nothing here can be repeated."""

import random  # noqa: TID251  clients in production differ from each other by it

from stormlab.policy.contract import Scope

_SYSTEM = random.SystemRandom()
_PROCESS: dict[str, float] = {}  # a process is to its clients what a page is to its sockets


class SystemChance:
    """Draws from the operating system; one object for each client.

    ``attempt``: a new draw each time; ``client``: one for the life of this object; ``page``: one
    for the life of the process, shared by all of its clients.
    """

    def __init__(self) -> None:
        self._client: dict[str, float] = {}

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """Draw a uniform float in [0, 1)."""
        if scope == "attempt":
            return _SYSTEM.random()
        drawn = self._client if scope == "client" else _PROCESS
        return drawn.setdefault(purpose, _SYSTEM.random())
