"""Which engine runs a scenario: the reference on SimPy, or a model's compiled one.

Both give the same trace, to the last bit of its hash; the compiled one is quicker and refuses what
it cannot do. The choice holds for a process and what it starts (:data:`VARIABLE`), not for a
scenario: results do not depend on it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from stormlab.scenario import Scenario, ScenarioError
from stormlab.summary import EVENTS_MAX, Summary
from stormlab.trace import Trace

ENGINES = ("reference", "fleet", "auto")
VARIABLE = "STORMLAB_ENGINE"


class Compiled(Protocol):
    """A model's compiled engine."""

    def why_not(self, scenario: Scenario) -> str:
        """What keeps it from running a scenario, in a few words; empty: nothing."""

    def run(self, scenario: Scenario, seed: int, events_max: int = EVENTS_MAX) -> Trace:
        """The trace that the reference would give.

        Raises:
            TooLongError: when it has more events than that.
        """

    def summary(self, scenario: Scenario, seed: int) -> Summary:
        """What a run without a full trace leaves."""


@dataclass(frozen=True)
class Choice:
    """The engine that runs a scenario, and why it is not the compiled one if that was asked for."""

    name: str
    compiled: Compiled | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """For people: which it is."""
        because = f" ({self.reason})" if self.reason else ""
        return f"engine: {self.name}{because}"


def wanted() -> str:
    """What this process was asked to use; the reference, if nothing was said.

    Raises:
        ScenarioError: one line, for an engine that there is not.
    """
    name = os.environ.get(VARIABLE, "") or "reference"
    if name not in ENGINES:
        msg = f"{VARIABLE}: found '{name}'; allowed: {', '.join(ENGINES)}"
        raise ScenarioError(msg)
    return name


@contextmanager
def using(name: str) -> Iterator[None]:
    """Let this process, and those that it starts, use an engine for the length of the block."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def choose(scenario: Scenario, compiled: Compiled | None, name: str | None = None) -> Choice:
    """The engine for a scenario; ``compiled``: the model's, if it has one.

    Raises:
        ScenarioError: one line, when the compiled engine was asked for and cannot do it.
    """
    name = name or wanted()
    if name == "reference":
        return Choice("reference")
    reason = (
        f"the model {scenario.model} has no other"
        if compiled is None
        else compiled.why_not(scenario)
    )
    if compiled is not None and not reason:
        return Choice("fleet", compiled)
    if name == "fleet":
        msg = f"{scenario.name}: engine: found 'fleet'; it cannot do this: {reason}"
        raise ScenarioError(f"{msg}; allowed: reference, auto")
    return Choice("reference", reason=reason)
