"""A fleet as a test wants it: a document with what differs, and what happened to one client."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.clock import to_s
from stormlab.model import make_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]

POLICIES = '''
"""Policies that a test can do sums with."""

from stormlab.policy import Fact, RetryAt, Stop, Terms

SECOND = 1_000_000_000


class Every5:
    """Tries again 5 s after every end, for ever."""

    def on(self, happened, chance):
        if happened.fact in (Fact.DROPPED, Fact.REFUSED):
            return RetryAt(happened.time_ns + 5 * SECOND)
        return None

    def may_attempt(self, time_ns):
        return True


class Patient3(Every5):
    """Gives an attempt up after 3 s, pings every 10 s and waits 4 s for the answer."""

    terms = Terms(connect_timeout_s=3, heartbeat_s=10, heartbeat_timeout_s=4)


class Negotiates(Every5):
    """Asks by HTTP before each handshake."""

    terms = Terms(http_first=True)


class Twice(Every5):
    """Gives up after the second failure."""

    failures = 0

    def on(self, happened, chance):
        if happened.fact in (Fact.DROPPED, Fact.REFUSED):
            self.failures += 1
            if self.failures > 2:
                return Stop("two are enough")
        return super().on(happened, chance)


class AtOnceOnline(Every5):
    """Closes when the device is offline, tries at once when it is online or visible."""

    terms = Terms(closes_offline=True)

    def on(self, happened, chance):
        if happened.fact in (Fact.ONLINE, Fact.VISIBLE):
            return RetryAt(happened.time_ns)
        return super().on(happened, chance)


class Reports(Every5):
    """Stops at the first refusal and says what it was told of it."""

    def on(self, happened, chance):
        if happened.fact is Fact.REFUSED:
            return Stop(f"{happened.status}, after {happened.retry_after_ns} ns")
        return super().on(happened, chance)
'''


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The file with the policies."""
    path = tmp_path / "policies.py"
    path.write_text(POLICIES)
    return path


@pytest.fixture
def fleet(policies: Path) -> Fleet:
    """Run a fleet: one client on a path of exactly 10 ms without TLS, unless said otherwise."""

    def call(*, policy: str = "Every5", seed: int = 1, **given: Any) -> Trace:
        document: dict[str, Any] = {
            "model": "fleet",
            "duration_s": 60,
            "policy": f"{policies}:{policy}",
            "clients": {"count": 1},
            "network": {"latency_s": 0.01, "latency_sigma": 0, "tls": "none"},
        }
        for key, value in given.items():
            if isinstance(value, dict) and key in document:
                document[key] = {**document[key], **value}
            else:
                document[key] = value
        if "mix" in given:
            del document["policy"]
        return run(make_scenario(document, name="test"), seed)

    return call


@pytest.fixture
def story() -> Callable[..., list[tuple[float, str]]]:
    """What happened to a client, as (second, event), without the settled rows."""

    def call(trace: Trace, client: int = 0) -> list[tuple[float, str]]:
        return [
            (round(to_s(row.time_ns), 6), row.event.value)
            for row in trace
            if row.client == client and row.detail != "settled"
        ]

    return call


@pytest.fixture
def at() -> Callable[..., list[float]]:
    """The seconds of these kinds of event, without the settled ones."""

    def call(trace: Trace, *events: Event) -> list[float]:
        rows = trace.of(*events)
        return [round(to_s(int(row["time_ns"])), 6) for row in rows if trace.text(row) != "settled"]

    return call
