"""What a reconnect policy of one client draws, by address."""

from dataclasses import dataclass

from stormlab.draws import Draws
from stormlab.policy import Scope


@dataclass
class ClientChance:
    """The chance of ``client`` (:class:`stormlab.policy.Chance`).

    Set ``decision`` to the number of the decision at hand: a draw with the scope of one attempt is
    new for each. A client here is one page with one connection, so the other two scopes are alike.
    """

    draws: Draws
    client: int
    decision: int = 0

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        """The draw for ``purpose`` and the decision that is being made."""
        ordinal = self.decision if scope == "attempt" else 0
        return self.draws.unit(self.client, purpose, ordinal)
