"""What became of each socket: the same from a trace of the reference and from a run without one."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab_models.fleet.lives import NEVER_NS, Lives, counted_lives, of_trace

Document = dict[str, Any]
COLD: Document = {"count": 200, "start": "cold", "cold_spread_s": 20}
FULL: Document = {"workers": 2, "handshake_s": 0.2, "backlog": 0, "overflow": "refuse"}
DOCUMENTS: dict[str, Document] = {
    "cold": {"clients": COLD},
    "cold, three sockets": {"clients": {**COLD, "sockets": 3}},
    "retrials": {"clients": COLD, "server": {**FULL, "handshake_shape": "exponential"}},
    "disconnected at 0": {"faults": [{"do": "stop", "at_s": 0, "for_s": 0}]},
    "crashed": {"clients": {"count": 50}, "faults": [{"do": "crash", "at_s": 5, "for_s": 7}]},
    "still down": {"clients": {"count": 50}, "faults": [{"do": "crash", "at_s": 50}]},
    "rejected": {"clients": COLD, "faults": [{"do": "reject", "at_s": 5, "for_s": 20}]},
    "cut off": {"clients": COLD, "faults": [{"do": "cut", "at_s": 8, "for_s": 30, "share": 0.5}]},
    "over before all came": {"clients": {**COLD, "cold_spread_s": 120}},
}


def scenario_of(document: Document) -> Scenario:
    retries = {"backoff": {"kind": "constant", "delay_s": 2}, "jitter": {"kind": "memoryless"}}
    given = {"model": "fleet", "duration_s": 60, "policy": retries, **document}
    return make_scenario(given, name="lives")


def assert_equal(one: Lives, other: Lives) -> None:
    for each in fields(Lives):
        assert np.array_equal(getattr(one, each.name), getattr(other, each.name)), each.name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_trace_and_a_run_without_one_tell_the_same(name: str) -> None:
    scenario = scenario_of(DOCUMENTS[name])
    assert_equal(of_trace(run(scenario, 7, "reference")), counted_lives(scenario, 7))


def test_what_never_came_is_said() -> None:
    down = counted_lives(scenario_of(DOCUMENTS["still down"]), 1)
    assert (down.opened_ns == NEVER_NS).all()
    assert (down.tried_ns > 50_000_000_000).all()
    late = counted_lives(scenario_of(DOCUMENTS["over before all came"]), 1)
    never = late.attempts == 0
    assert 0.3 < never.mean() < 0.7
    assert (late.started_ns[never] == NEVER_NS).all()
    assert (late.tried_ns[never] == NEVER_NS).all()
