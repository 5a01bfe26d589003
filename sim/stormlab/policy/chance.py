"""The host's side of chance: addressed draws for one socket of one client."""

from dataclasses import dataclass

from stormlab.draws import Draws
from stormlab.policy.contract import Scope

_SOCKET_BITS = 20


def address(client: int, socket: int = 0) -> int:
    """One integer for a client (below 2**24) and its socket (below 2**20)."""
    return (client << _SOCKET_BITS) | socket


@dataclass
class AddressedChance:
    """The chance of one socket's policy, drawn by address.

    ``attempt``: a new draw for every decision; the host adds one to ``ordinal`` before each.
    ``client``: one draw for the life of the client's connection object, the same at any ordinal.
    ``page``: one draw for all sockets of the client's page, a new one when ``page_load`` goes up.
    The purposes of the scopes never collide: each is drawn under its scope's name.
    """

    draws: Draws
    client: int
    socket: int = 0
    page_load: int = 0
    ordinal: int = 0

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The draw for ``purpose`` and the decision that is being made."""
        name = f"policy {scope}: {purpose}"
        if scope == "page":
            return self.draws.unit(address(self.client), name, self.page_load)
        ordinal = self.ordinal if scope == "attempt" else 0
        return self.draws.unit(address(self.client, self.socket), name, ordinal)
