"""Sockets that are followed through an outage without events: counts are those of the trace."""

from typing import Any

import numpy as np
import pytest

from stormlab.model import make_scenario, run
from stormlab.vocabulary import EVENTS
from stormlab_models.fleet.compiled.run import counted
from stormlab_models.fleet.compiled.summary import summary

CRASH = {"do": "crash", "at_s": 5.0, "for_s": 60.0}
FAULTS: dict[str, list[dict[str, Any]]] = {
    "a crash": [CRASH],
    "two crashes": [CRASH, CRASH | {"at_s": 90.0, "for_s": 20.0}],
    "clients cut off": [CRASH, {"do": "cut", "at_s": 20.0, "for_s": 15.0, "share": 0.5}],
    "clients offline": [CRASH, {"do": "offline", "at_s": 50.0, "for_s": 30.0, "share": 0.5}],
    "a slow return": [CRASH, {"do": "slow", "at_s": 40.0, "for_s": 60.0, "factor": 20.0}],
}
POLICIES = ("aws-full-jitter", "aws-equal-jitter", "aws-decorrelated-jitter")
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "a short patience": {"network": {"latency_s": 3.0, "latency_sigma": 1.0}},
    "loss": {"network": {"loss": 0.1}},
    "admission": {"admission": {"rate_per_s": 3.0, "burst": 2}},
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("faults", FAULTS)
def test_counts_are_those_of_the_trace(faults: str, setting: str, policy: str) -> None:
    document = {
        "model": "fleet",
        "duration_s": 150,
        "policy": policy,
        "clients": {"count": 12, "sockets": 2},
        "faults": FAULTS[faults],
        **SETTINGS[setting],
    }
    scenario = make_scenario(document, name="outage")
    rows = run(scenario, 3, "reference").rows
    expected = np.zeros((len(EVENTS), 3), dtype=np.int64)
    for place, column in enumerate((np.ones(len(rows), int), rows["up"], rows["down"])):
        np.add.at(expected[:, place], rows["event"], column)
    found = counted(scenario, 3).memory.arrays["count_p"].reshape(-1, 3)
    assert np.array_equal(found, expected)
    told = summary(scenario, 3, 1).events
    assert {name: number for name, number in told.items() if number} == {
        str(event): int(number)
        for event, number in zip(EVENTS, expected[:, 0], strict=True)
        if number
    }
