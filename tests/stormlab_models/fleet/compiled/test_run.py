"""What the kernel refuses, and that the table of docs/fleet.md says it."""

import re
from pathlib import Path
from typing import Any

import pytest

from stormlab.fleet.policy_records import NotCompiledError, policy_tables
from stormlab.model import engine_of, load_scenario, make_scenario
from stormlab.policy import Reconnect
from stormlab.policy.backoff import Constant
from stormlab.policy.breaker import CircuitBreaker, RateInWindow
from stormlab.policy.jitter import Full
from stormlab.policy.schedule import Delays
from stormlab_models.fleet.compiled.run import why_not

FLEET: dict[str, Any] = {"model": "fleet", "duration_s": 10}
DOC = Path(__file__).resolve().parents[4] / "docs" / "fleet.md"
CALM = """
from stormlab.policy import RetryAt, Terms

class Calm:
    terms = Terms()
    def on(self, happened, chance):
        return RetryAt(happened.time_ns + 1)
    def may_attempt(self, time_ns):
        return True
"""


class OwnJitter(Full):
    """A part of one's own making."""


def table() -> list[str]:
    """How the table says that each is refused."""
    text = DOC.read_text("utf-8").split("## What only the reference engine can do")[1]
    rows = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("| ")]
    return [row.split("|")[2].strip().strip("`") for row in rows[1:]]


def refusals(tmp_path: Path) -> list[str]:
    """What is said where each is met, in the order of the table."""
    (tmp_path / "calm.py").write_text(CALM)
    hides = FLEET | {"faults": [{"do": "hide", "at_s": 1}]}
    reloads = FLEET | {"clients": {"reload_after_s": 5}}
    own = FLEET | {"policy": f"{tmp_path / 'calm.py'}:Calm"}
    window = CircuitBreaker(trip=RateInWindow(window_s=10, buckets=0))
    parts = [
        Reconnect(Delays(Constant(1.0), jitter=OwnJitter())),
        Reconnect(Delays(Constant(1.0)), breaker=window),
    ]
    said = []
    for policy in parts:
        with pytest.raises(NotCompiledError) as found:
            policy_tables(policy, [])
        said.append(str(found.value))
    first = [why_not(make_scenario(each, name="x")) for each in (hides, reloads, own)]
    return [*first, *said, engine_of(load_scenario("plain"), "auto").reason]


def test_the_table_says_what_is_said(tmp_path: Path) -> None:
    said, written = refusals(tmp_path), table()
    assert len(said) == len(written)
    for told, row in zip(said, written, strict=True):
        if row == "the part, with its class":
            assert re.fullmatch(r"a jitter of one's own \(OwnJitter\)", told)
        else:
            assert told == row


def test_a_part_of_the_house_is_not_refused() -> None:
    assert len(policy_tables(Reconnect(Delays(Constant(1.0), jitter=Full())), []).rule) == 1
    assert why_not(make_scenario(FLEET, name="x")) == ""
