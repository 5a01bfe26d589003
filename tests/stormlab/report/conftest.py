"""A small comparison with everything in it, made without running anything."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from stormlab.compare import Comparison, Effort, Grid, Measure, PolicyResult, Runs
from stormlab.compare.judging import judged_pairs, pooled_ecdf, probability, ranking, summary
from stormlab.statistics import CONFIDENCE

RUNS, BINS, PLACES = 14, 30, 20
KEY = {"reconnect_s_p99": "t99", "attempts_per_s_peak": "peak/s"}
MEASURES = {
    "reconnect_s_p99": Measure(
        "reconnect_s_p99", "Time to reconnect, p99", "s", "lower", "99 % were back after this time"
    ),
    "attempts_per_s_peak": Measure(
        "attempts_per_s_peak", "Peak of attempts per s", "attempts", "lower", "Most in one second"
    ),
    "collapsed": Measure("collapsed", "Collapsed", "0 or 1", "lower", "1 if it collapsed"),
}

Times = Mapping[str, Sequence[float]]
MakeComparison = Callable[..., Comparison]


def _policy(label: str, t99: Sequence[float], peaks: Sequence[float], target: str) -> PolicyResult:
    count = len(t99)
    gone = [math.isinf(time) for time in t99]
    waits = tuple(
        np.full(PLACES, np.inf) if away else np.linspace(5, time, PLACES)
        for time, away in zip(t99, gone, strict=True)
    )
    values = {
        "reconnect_s_p99": np.array(t99, dtype=np.float64),
        "attempts_per_s_peak": np.array(peaks, dtype=np.float64),
        "collapsed": np.array(gone, dtype=np.float64),
    }
    attempts = np.zeros((count, BINS), np.int64)
    attempts[:, 6:12] = 4
    back = np.tile(np.minimum(np.arange(BINS), PLACES), (count, 1))
    runs = Runs(
        seeds=tuple(range(count)),
        trace_hashes=tuple(f"hash {label} {k}" for k in range(count)),
        values=values,
        waits_s=waits,
        watched_s=tuple(np.where(np.isfinite(times), times, 25.0) for times in waits),
        curves={"attempts": attempts, "bytes_useful": attempts, "bytes_wasted": 2 * attempts},
        standings={"open": back, "gave up": PLACES - back},
    )
    figures = {
        name: found
        for name, array in values.items()
        for found in [summary(array, CONFIDENCE, None)]
        if found is not None
    }
    return PolicyResult(
        label=label,
        target=target,
        version=None,
        terms={},
        scenario_hash=f"{len(label):016x}",
        runs=runs,
        figures=figures,
        ecdf=pooled_ecdf(runs, CONFIDENCE),
        collapse=probability(values["collapsed"], CONFIDENCE),
        lost=None,
    )


def _comparison(
    times: Times, peaks: Times | None = None, targets: Mapping[str, str] | None = None
) -> Comparison:
    flat = {label: [100.0 + k % 3 for k in range(len(own))] for label, own in times.items()}
    loads = {**flat, **(peaks or {})}
    policies = tuple(
        _policy(label, own, loads[label], (targets or {}).get(label, label))
        for label, own in times.items()
    )
    values = {each.label: each.runs.values for each in policies}
    pairs = judged_pairs(values, MEASURES, tuple(KEY), CONFIDENCE)
    rankings = {
        name: found
        for name in KEY
        for found in [
            ranking(
                name, MEASURES[name], {label: own[name] for label, own in values.items()}, pairs
            )
        ]
        if found is not None
    }
    count = len(policies[0].runs)
    never = tuple(
        (each.label, name) for each in policies for name in KEY if each.figures[name].of == "median"
    )
    return Comparison(
        scenario="outage",
        title="A crash with an outage of 4 s",
        model="fleet",
        duration_s=float(BINS),
        done=("crash at 5 s for 4 s",),
        settings=(("clients.count", PLACES),),
        seed=0,
        confidence=CONFIDENCE,
        effort=Effort(count, None, None, count, (), never),
        grid=Grid(np.arange(BINS + 1.0), 5.0, ((5.0, 9.0),), 10.0),
        measures=MEASURES,
        key=KEY,
        policies=policies,
        pairs=pairs,
        rankings=rankings,
        stormlab="0.1.0",
        code="0123456789abcdef",
    )


@pytest.fixture
def make_comparison() -> MakeComparison:
    return _comparison


@pytest.fixture
def comparison() -> Comparison:
    """``quick`` is back first, ``calm`` has the lower peak, ``lost`` never is back in some runs."""
    wobble = [0.1 * (k % 4) for k in range(RUNS)]
    return _comparison(
        {
            "quick": [10 + w for w in wobble],
            "calm": [20 + 2 * w for w in wobble],
            "lost": [math.inf if k % 2 else 20 + w for k, w in enumerate(wobble)],
        },
        {"calm": [50.0 + k % 5 for k in range(RUNS)]},
    )
