"""What the tests of checks share: policies that keep their word, and some that do not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stormlab.check import Budget
from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Decision,
    Delays,
    Exponential,
    Fact,
    Full,
    Happened,
    Reconnect,
    Reset,
    RetryAt,
    Terms,
)


class Ours:
    """Full jitter up to 20 s, forgotten on proof; a time-out for attempts."""

    terms = Terms(connect_timeout_s=10.0)

    def __init__(self) -> None:
        self.failures = 0

    def on(self, happened: Happened, chance: Chance) -> Decision:
        if happened.fact is Fact.PROVED:
            self.failures = 0
        if happened.fact in {Fact.DROPPED, Fact.REFUSED}:
            self.failures += 1
            ceiling_s = min(20.0, 2.0 ** min(self.failures - 1, 10))
            return RetryAt(happened.time_ns + to_ns(ceiling_s * chance.unit("jitter")))
        return RetryAt(happened.time_ns) if happened.fact is Fact.RETRY_BY_HAND else None

    def may_attempt(self, time_ns: int) -> bool:
        del time_ns
        return True


class NeverAgain(Ours):
    """Forgets to try again once it was refused for the third time."""

    def on(self, happened: Happened, chance: Chance) -> Decision:
        decision = super().on(happened, chance)
        return None if happened.fact is Fact.REFUSED and self.failures >= 3 else decision


SOUND = Reconnect(
    Delays(Exponential(1.0), Full(), cap_s=20.0),
    reset=Reset("proof"),
    terms=Terms(connect_timeout_s=10.0),
)


@pytest.fixture
def ours() -> type[Ours]:
    return Ours


@pytest.fixture
def never_again() -> type[NeverAgain]:
    return NeverAgain


@pytest.fixture
def sound() -> Reconnect:
    return SOUND


@pytest.fixture
def small() -> Budget:
    """A budget for a test: forty worlds of one client."""
    return Budget("small", {"bare": 40, "herd": 1, "fleet": 2}, 60, 20_000)


@pytest.fixture
def forgets_on_open() -> Reconnect:
    """Sound but for its reset: an opening is enough."""
    return replace(SOUND, reset=Reset("open"))


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], str]:
    """Write a policy's body of ``on`` into a file; gives its target."""

    def write(body: str, head: str = "") -> str:
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        text = (
            "from stormlab.policy import RetryAt, Stop, Fact\n"
            f"{head}\n"
            "class Policy:\n"
            "    def on(self, happened, chance):\n"
            f"{lines}\n"
            "    def may_attempt(self, time_ns):\n"
            "        return True\n"
        )
        place = tmp_path / "mine.py"
        place.write_text(text, encoding="utf-8")
        return f"{place}:Policy"

    return write
