"""The compiled fleet against the reference: the same trace, to the last bit of its hash.

Nothing is tolerated: times, order, outcomes, bytes and strings are all in the hash.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormlab import strategies
from stormlab.model import built_in_scenarios, engine_of, load_scenario, make_scenario, run
from stormlab.policy import Delays, Memoryless, Reconnect
from stormlab.policy.catalogue import catalogue, registered
from stormlab.scenario import Scenario
from stormlab.trace import COLUMNS, Trace
from stormlab.vocabulary import EVENTS
from stormlab_models.fleet.compiled.run import counted
from stormlab_models.fleet.compiled.summary import summary
from stormlab_models.fleet.compiled.words import VERBS

Document = dict[str, Any]
SLOW_SCENARIOS = {"goodput-collapse", "outage-2h"}  # on the reference
FLEETS = sorted(name for name, text in built_in_scenarios().items() if 'model = "fleet"' in text)
ONLY_REFERENCE = {"hidden-tabs"}


def counts_of(scenario: Scenario, seed: int) -> Any:
    memory = counted(scenario, seed).memory
    return memory.arrays["count_p"].reshape(-1, 3)


def assert_equal(scenario: Scenario, seed: int) -> None:
    """Compare both engines, and the kernel without a trace against the trace."""
    reference, compiled = run(scenario, seed, "reference"), run(scenario, seed, "fleet")
    if reference.hash != compiled.hash:
        pairs = zip(reference, compiled, strict=False)
        first = next((pair for pair in pairs if pair[0] != pair[1]), None)
        assert compiled.header == reference.header
        assert first is None, first
        assert len(compiled) == len(reference)
        assert compiled.details == reference.details
        assert compiled.hash == reference.hash
    rows = reference.rows
    expected = np.zeros((len(EVENTS), 3), dtype=np.int64)
    for place, column in enumerate((np.ones(len(rows), int), rows["up"], rows["down"])):
        np.add.at(expected[:, place], rows["event"], column)
    assert np.array_equal(counts_of(scenario, seed), expected)
    watched = max(1, scenario.parameters.model_dump()["clients"]["count"] // 2)
    sample = summary(scenario, seed, watched, rows_max=len(rows)).sample
    assert_same_rows(sample, reference, watched)


def assert_same_rows(sample: Trace, whole: Trace, watched: int) -> None:
    """Compare a sample with what a full trace has of the first clients and of the service."""
    of_them = whole.rows[whole.rows["client"] < watched]
    for column in COLUMNS:
        if column != "detail":
            assert np.array_equal(sample.rows[column], of_them[column]), column
    texts = [
        [trace.text(row) for row in rows]
        for trace, rows in ((sample, sample.rows), (whole, of_them))
    ]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", sorted(set(FLEETS) - SLOW_SCENARIOS - ONLY_REFERENCE))
def test_built_in_scenarios_are_equal(name: str) -> None:
    assert_equal(load_scenario(name, ("clients.count=150",)), seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["goodput-collapse", "outage-2h"])
def test_long_scenarios_are_equal(name: str) -> None:
    assert_equal(load_scenario(name), seed=5)


HARD: Document = {
    "model": "fleet",
    "duration_s": 260,
    "clients": {"count": 12, "sockets": 2, "sees_status": True},
    "server": {"retry_after_s": 5, "workers": 1},
    "network": {"loss": 0.1, "latency_s": 0.2},
    "faults": [
        {"do": "stop", "at_s": 5, "for_s": 12},
        {"do": "reject", "at_s": 50, "for_s": 20},
        {"do": "offline", "at_s": 100, "for_s": 20, "share": 0.5},
        {"do": "hang", "at_s": 150, "for_s": 40},
    ],
}


@pytest.mark.parametrize("policy", list(catalogue()))
def test_policies_of_the_catalogue_are_equal_or_refused(policy: str) -> None:
    scenario = make_scenario(HARD | {"policy": policy}, name="hard")
    choice = engine_of(scenario, "auto")
    if choice.compiled is None:
        assert choice.reason == (
            f"policy {policy}: a policy that is a class of its own, not made of parts"
        )
        return
    assert_equal(scenario, seed=1)


def test_most_of_the_catalogue_is_compiled() -> None:
    scenarios = [make_scenario(HARD | {"policy": name}, name="x") for name in catalogue()]
    compiled = [each for each in scenarios if engine_of(each, "auto").compiled is not None]
    assert len(compiled) >= 80


# --- drawn scenarios ---------------------------------------------------------------------------

FAULTS = ("crash", "stop", "hang", "reject", "cut", "offline", "drain", "slow")
assert set(FAULTS) < set(VERBS)


@st.composite
def faults(draw: st.DrawFn) -> list[Document]:
    """A schedule of faults; equal times and overlaps are frequent."""
    found: list[Document] = []
    at_s = 0.0
    for _ in range(draw(st.integers(0, 4))):
        at_s += draw(st.sampled_from([0.0, 1.0, 5.0, 20.0]))
        fault: Document = {"do": draw(st.sampled_from(FAULTS)), "at_s": at_s}
        if draw(st.booleans()):
            fault["for_s"] = draw(st.sampled_from([0.0, 0.5, 5.0, 30.0]))
        if fault["do"] in {"cut", "offline"} and draw(st.booleans()):
            fault["share"] = 0.5
        if fault["do"] == "slow":
            fault["factor"] = 50.0
        if fault["do"] == "reject":
            fault["code"] = draw(st.sampled_from([1001, 1012, 1013, 4000]))
        found.append(fault)
    return found


def some(draw: st.DrawFn, options: dict[str, list[Any]]) -> Document:
    """A few keys of a table, each with one of its values."""
    return {
        key: draw(st.sampled_from(each)) for key, each in options.items() if draw(st.booleans())
    }


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A fleet scenario: queue, loss, admission, dependency, faults, ties by equal times."""
    network = some(
        draw,
        {
            "latency_s": [0.0, 0.005, 0.3],
            "latency_sigma": [0.0, 1.0],  # 0: everybody is as far away, and ties are everywhere
            "loss": [0.3, 1.0],
            "idle_cut_s": [10.0],
            "tls": ["none", "1.2"],
            "syn_retry": ["linux-before"],
        },
    )
    server = some(
        draw,
        {
            "pods": [2, 3],
            "workers": [1],
            "handshake_s": [0.5, 2.0],
            "handshake_sigma": [0.7],
            "backlog": [0, 1, 3],
            "overflow": ["refuse"],
            "queue": ["lifo"],
            "abandoned": ["skipped"],
            "down": ["hang"],
            "close_spread_s": [3.0],
            "ping_interval_s": ["off", 5.0],
            "reject_after_s": [0.0, 5.0],
            "retry_after_s": [3.0],
            "proves": [False],
        },
    )
    if "handshake_sigma" not in server and draw(st.booleans()):
        server["handshake_shape"] = "exponential"
    admission = some(draw, {"rate_per_s": [0.5, 5.0], "burst": [1], "over": ["429", "1013"]})
    if draw(st.booleans()):
        admission["steps"] = [{"at_s": 10.0, "rate_per_s": 2.0}, {"at_s": 30.0, "rate_per_s": 20.0}]
    dependency: Document = {}
    if draw(st.booleans()):
        options: dict[str, list[Any]] = {
            "service_s": [0.5],
            "timeout_s": [1.0],
            "tries": [3],
            "before_accept": [True],
        }
        dependency = {"workers": 1, **some(draw, options)}
    clients = some(draw, {"start": ["cold"], "cold_spread_s": [3.0], "sees_status": [True]})
    return {
        "model": "fleet",
        "duration_s": draw(st.sampled_from([30.0, 120.0])),
        "clients": {
            "count": draw(st.integers(1, 8)),
            "sockets": draw(st.sampled_from([1, 1, 2, 3])),
            **clients,
        },
        "network": network,
        "server": server,
        "admission": admission,
        "dependency": dependency,
        "faults": draw(faults()),
        **some(draw, {"fault_spread_s": [2.0], "messages": [{"every_s": "off"}]}),
    }


def memoryless(policy: Reconnect) -> Reconnect:
    """The policy with exponential retry times, where its delays have a jitter to put them in."""
    if not isinstance(policy.schedule, Delays):
        return policy
    return replace(policy, schedule=replace(policy.schedule, jitter=Memoryless()))


POLICIES = st.one_of(
    strategies.policies(), strategies.policies(), strategies.policies().map(memoryless)
)


def test_drawn_scenarios_are_equal() -> None:
    """300 of them; and nearly all are really compiled, or the test would compare nothing."""
    chosen = Counter[str]()

    @given(documents(), POLICIES, st.integers(0, 3))
    @settings(
        max_examples=300,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def both(document: Document, policy: Reconnect, seed: int) -> None:
        with registered(policy, "drawn") as target:
            scenario = make_scenario(document | {"policy": target}, name="drawn")
            choice = engine_of(scenario, "auto")
            chosen[choice.name] += 1
            if choice.compiled is not None:
                assert_equal(scenario, seed)

    both()
    print(f"{chosen['fleet']} drawn scenarios are equal")  # noqa: T201  for stormlab bench
    assert chosen["fleet"] >= 250, chosen
