"""Worlds that a model simulates: small fleets, and pages with all their sockets and timers.

The models are found by their entry points (``fleet``, ``tac-webbuilder``), as any scenario finds
them; nothing here knows more of them than their scenario's keys. In a fleet world the policy under
test takes the place of the key ``policy``.
"""

from dataclasses import dataclass
from typing import Any

from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

FLEET, PAGE = "fleet", "tac-webbuilder"
Document = dict[str, Any]


@dataclass(frozen=True)
class SimulatedWorld:
    """A scenario document without its policy, and a seed.

    ``healed_s``: when the last of its faults is undone; None: never.
    """

    document: Document
    seed: int = 0

    @property
    def model(self) -> str:
        """The name of the model."""
        return str(self.document["model"])

    @property
    def healed_s(self) -> float | None:
        """When the last fault has been undone, pauses and repeats included."""
        ends: list[float] = [0.0]
        for fault in self.document.get("faults", []):
            if fault.get("for_s") is None and fault["do"] != "block":
                return None
            last_s = (fault.get("times", 1) - 1) * fault.get("every_s", 0.0)
            ends.append(fault["at_s"] + last_s + fault.get("for_s", 0.0))
        return max(ends)

    @property
    def end_s(self) -> float:
        """When the run ends."""
        return float(self.document["duration_s"])

    def scenario(self, policy: str | None = None) -> Scenario:
        """The scenario, validated; ``policy`` as its key ``policy`` takes it."""
        document = dict(self.document)
        if policy is not None:
            document["policy"] = policy
        return make_scenario(document, name="world")

    def run(self, policy: str | None = None) -> Trace:
        """Simulate it; equal arguments give equal traces."""
        return run(self.scenario(policy), self.seed)
