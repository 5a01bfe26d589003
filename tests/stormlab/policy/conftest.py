"""A client's life with a composed policy, told in seconds."""

import pytest

from stormlab.policy import (
    Chance,
    Decision,
    Fact,
    Happened,
    Reconnector,
    RetryAt,
    Scope,
    Stop,
    due,
)

S = 1_000_000_000


class Half:
    """Chance that always says one half."""

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del purpose, scope
        return 0.5


class Life:
    """A client's life in seconds: each call moves on and answers with the delay until the retry."""

    def __init__(self, policy: Reconnector, chance: Chance | None = None) -> None:
        self.policy = policy
        self.chance = chance or Half()
        self.now = 0.0
        self.at: float | None = 0.0

    def told(self, fact: Fact, **more: int | str) -> float | Stop | None:
        happened = Happened(fact, round(self.now * S), **more)  # type: ignore[arg-type]
        return self._decided(self.policy.on(happened, self.chance))

    def _decided(self, decision: Decision) -> float | Stop | None:
        if isinstance(decision, RetryAt):
            self.at = decision.time_ns / S
            return self.at - self.now
        return decision

    def attempt(self) -> float | Stop | None:
        """Make the attempt that is pending: 0.0, or what the policy decides instead."""
        assert self.at is not None
        self.now = max(self.now, self.at)
        return self._decided(due(self.policy, round(self.now * S), self.chance))

    def opened(self, up_s: float = 0.0, *, proved: bool = False) -> None:
        assert self.attempt() == 0.0
        self.told(Fact.OPENED)
        if proved:
            self.told(Fact.PROVED)
        self.now += up_s

    def refused(self, **more: int | str) -> float | Stop | None:
        assert self.attempt() == 0.0
        return self.told(Fact.REFUSED, **more)

    def dropped(self, up_s: float = 0.0, *, proved: bool = False, **more: int | str) -> object:
        self.opened(up_s, proved=proved)
        return self.told(Fact.DROPPED, **more)


@pytest.fixture(scope="session")
def half() -> Half:
    """Chance that always says one half."""
    return Half()


@pytest.fixture(scope="session")
def live() -> type[Life]:
    """``live(policy)``: a life to be led; see the class."""
    return Life
