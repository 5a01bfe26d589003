"""What is told without a trace, against what the trace of the same run says."""

from typing import Any

import numpy as np
import pytest

from stormlab.histogram import ERROR
from stormlab.model import load_scenario, make_scenario, run, run_or_summary
from stormlab.recovery import Recovery, figures
from stormlab.scenario import ScenarioError
from stormlab.summary import Summary, TooLongError
from stormlab.vocabulary import EVENT_CODE, Event
from stormlab_models.fleet.compiled import run as engine
from stormlab_models.fleet.compiled.summary import OVER_TIME, summary

STORM: dict[str, Any] = {
    "model": "fleet",
    "duration_s": 200,
    "policy": "aws-full-jitter",
    "clients": {"count": 60, "sockets": 3},
    "admission": {"rate_per_s": 5, "burst": 4},
    "faults": [{"do": "crash", "at_s": 10, "for_s": 30}],
}
EXACT = (
    "attempts",
    "attempts_per_client_mean",
    "attempts_per_client_max",
    "attempts_per_100ms_peak",
    "attempts_per_s_peak",
    "arrivals_per_100ms_peak",
    "arrivals_per_s_peak",
    "handshake_bytes_per_client_mean",
    "page_success_percent",
    "rejected",
)


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_of_the_same_name_are_the_same_figures(seed: int) -> None:
    scenario = make_scenario(STORM, name="storm")
    trace = run(scenario, seed, "fleet")
    told, found = summary(scenario, seed, 10), figures(Recovery.of(trace))
    for name in EXACT:
        assert told.figures[name] == pytest.approx(found[name], rel=1e-12), name
    assert told.figures["connections_at_end"] == 180
    # nobody is dropped a second time: from the first failure on, all are away until they are back
    told_s, found_s = told.figures["return_s_p95"], found["reconnect_s_p95"]
    assert isinstance(found_s, float)
    assert told_s == pytest.approx(found_s, abs=0.2 + ERROR * found_s)  # a loss precedes its news


def test_counts_over_time_are_those_of_the_trace() -> None:
    scenario = make_scenario(STORM, name="storm")
    rows = run(scenario, 1, "fleet").rows
    told = summary(scenario, 1, 10)
    edges_ns = np.arange(len(told.over_time["attempts"]) + 1) * round(told.bin_s * 1e9)
    settled = rows["detail"] == 1
    for name, kind in OVER_TIME.items():
        times_ns = rows["time_ns"][(rows["event"] == EVENT_CODE[kind]) & ~settled]
        assert np.array_equal(told.over_time[name], np.histogram(times_ns, edges_ns)[0]), name
    for name in ("up", "down"):
        sums = np.histogram(rows["time_ns"], edges_ns, weights=rows[name])[0]
        assert np.array_equal(told.over_time[f"bytes_{name}"], sums)
    kinds = np.bincount(rows["event"])
    assert told.events[str(Event.NEW)] == kinds[EVENT_CODE[Event.NEW]]


def test_durations_are_those_of_the_trace() -> None:
    scenario = make_scenario(STORM, name="storm")
    rows = run(scenario, 1, "fleet").rows
    told = summary(scenario, 1, 10)
    begun: dict[tuple[int, int], int] = {}
    times_s = []
    for row in rows:
        who = int(row["client"]), int(row["socket"])
        if row["event"] == EVENT_CODE[Event.NEW]:
            begun[who] = int(row["time_ns"])
        elif row["event"] == EVENT_CODE[Event.OPEN] and row["detail"] != 1:
            times_s.append((int(row["time_ns"]) - begun[who]) / 1e9)
    for share in (0.5, 0.99):
        exact_s = float(np.quantile(times_s, share, method="inverted_cdf"))
        assert told.durations["handshake_s"].quantile_s(share) == pytest.approx(exact_s, rel=ERROR)


def test_a_long_sample_becomes_one_of_fewer_clients() -> None:
    scenario = make_scenario(STORM, name="storm")
    fewer = summary(scenario, 1, 40, rows_max=1000)
    watched = fewer.sample.header["clients"]
    assert watched in {1, 2, 5, 10}
    same = summary(scenario, 1, watched)
    assert np.array_equal(fewer.sample.rows["time_ns"], same.sample.rows["time_ns"])
    assert fewer.figures == same.figures


def test_a_summary_depends_on_scenario_and_seed_only() -> None:
    scenario = make_scenario(STORM, name="storm")
    assert summary(scenario, 1, 10).hash == summary(scenario, 1, 10).hash
    assert summary(scenario, 1, 10).hash != summary(scenario, 2, 10).hash


def test_a_long_trace_becomes_a_summary_where_that_is_wanted() -> None:
    scenario = make_scenario(STORM, name="storm")
    events = len(run(scenario, 1, "fleet"))
    assert not isinstance(run_or_summary(scenario, 1, "fleet", events), Summary)
    found = run_or_summary(scenario, 1, "fleet", events - 1)
    assert isinstance(found, Summary)
    assert sum(found.events.values()) == events
    assert not isinstance(run_or_summary(scenario, 1, "reference", 10), Summary)


def test_a_trace_that_is_too_long_is_refused_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_: object) -> None:
        raise TooLongError(7)

    monkeypatch.setattr(engine, "traced", too_long)
    with pytest.raises(ScenarioError, match=r"^outage-60s: more than 7 events, too many for a"):
        run(load_scenario("outage-60s"), 1, "fleet")


def test_memory_does_not_grow_with_the_length_of_an_outage() -> None:
    sizes = []
    for outage_s in (60, 7200):
        fault = {"do": "crash", "at_s": 10, "for_s": outage_s}
        document = STORM | {"duration_s": outage_s + 200, "faults": [fault]}
        started = engine.counted(make_scenario(document, name="long"), 1)
        wheel = started.memory.wheel.record[0]
        sizes.append((int(wheel["fresh"]), int(started.memory.pools[0].record[0]["used"])))
    assert sizes[1][0] <= sizes[0][0] * 2
    assert sizes[1][1] == sizes[0][1]
