"""From the readings of all runs to a :class:`Comparison`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from stormlab import __version__
from stormlab.compare.contenders import Contender, Field, differences, done_to_it
from stormlab.compare.judging import (
    judged_pairs,
    pooled_ecdf,
    probability,
    ranking,
    summary,
)
from stormlab.compare.reading import CURVES, STANDING, WAITS, WATCHED, Reader, Reading
from stormlab.compare.results import (
    Comparison,
    Effort,
    Floats,
    Grid,
    Ints,
    PolicyResult,
    Runs,
    Short,
)
from stormlab.policy.catalogue import catalogue, find_policy
from stormlab.statistics import CONFIDENCE, StatisticsError, pilot

Readings = Mapping[str, Sequence[Reading]]


def assembled(
    what: Field,
    effort: Effort,
    seeds: tuple[int, Sequence[int]],
    reader: Reader,
    readings: Readings,
    code: str,
) -> Comparison:
    """Judge the runs of all policies and put everything together.

    ``seeds``: the one asked for, and that of each run. ``effort``: without what fell short, which
    is found here.
    """
    base, first = what.base, next(iter(readings.values()))[0]
    key = {name: heading for name, heading in reader.key.items() if _ever(name, readings)}
    policies = tuple(
        _policy(each, readings[each.label], seeds[1], reader, effort.precision)
        for each in what.contenders
    )
    values = {policy.label: policy.runs.values for policy in policies}
    pairs = judged_pairs(values, reader.measures, tuple(key), CONFIDENCE)
    rankings = {
        name: found
        for name in key
        for found in [
            ranking(
                name,
                reader.measures[name],
                {label: own[name] for label, own in values.items()},
                pairs,
            )
        ]
        if found is not None
    }
    short, never = _shortfall(policies, key, effort.precision)
    return Comparison(
        scenario=base.name,
        title=base.title,
        model=base.model,
        duration_s=base.duration_s,
        done=done_to_it(base),
        settings=differences(base),
        seed=seeds[0],
        confidence=CONFIDENCE,
        effort=Effort(
            effort.replications, effort.precision, effort.settled, effort.ceiling, short, never
        ),
        grid=_grid(first, base.duration_s),
        measures=reader.measures,
        key=key,
        policies=policies,
        pairs=pairs,
        rankings=rankings,
        stormlab=__version__,
        code=code,
    )


def _ever(name: str, readings: Readings) -> bool:
    """Whether a figure applies to any run."""
    return any(run.figures.get(name) is not None for runs in readings.values() for run in runs)


def _policy(
    contender: Contender,
    readings: Sequence[Reading],
    seeds: Sequence[int],
    reader: Reader,
    relative: float | None,
) -> PolicyResult:
    runs = _runs(readings, seeds, tuple(reader.measures))
    figures = {
        name: found
        for name in reader.measures
        for found in [summary(runs.values[name], CONFIDENCE, relative)]
        if found is not None
    }
    version, terms = _told_of(contender.target)
    collapse = runs.values.get(reader.collapse or "")
    return PolicyResult(
        label=contender.label,
        target=contender.target,
        version=version,
        terms=terms,
        scenario_hash=contender.scenario.hash,
        runs=runs,
        figures=figures,
        ecdf=pooled_ecdf(runs, CONFIDENCE),
        collapse=None if collapse is None else probability(collapse, CONFIDENCE),
        lost=figures.get(reader.lost or ""),
    )


def _told_of(target: str) -> tuple[str | None, Mapping[str, Any]]:
    """Version and terms of a policy; nothing of what only its model can find."""
    try:
        found = find_policy(target)
        entry = found.entry or catalogue().get(target.partition(",")[0])
    except ValueError:
        return None, {}
    return None if entry is None else entry.version, asdict(found.terms)


def _runs(readings: Sequence[Reading], seeds: Sequence[int], names: Sequence[str]) -> Runs:
    arrays = [reading.arrays for reading in readings]
    standings = sorted({key for own in arrays for key in own if key.startswith(STANDING)})
    return Runs(
        seeds=tuple(seeds),
        trace_hashes=tuple(reading.trace_hash for reading in readings),
        values={
            name: np.array([_number(run.figures.get(name)) for run in readings]) for name in names
        },
        waits_s=tuple(own[WAITS] for own in arrays if WAITS in own),
        watched_s=tuple(own[WATCHED] for own in arrays if WATCHED in own),
        curves={name: _stacked(arrays, name) for name in CURVES if name in arrays[0]},
        standings={key.removeprefix(STANDING): _stacked(arrays, key) for key in standings},
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _stacked(arrays: Sequence[Mapping[str, Any]], name: str) -> Ints:
    return np.stack([np.asarray(own[name], np.int64) for own in arrays])


def _grid(first: Reading, duration_s: float) -> Grid | None:
    width_s = first.facts.get("bin_s")
    if width_s is None:
        return None
    bins = max(1, math.ceil(duration_s / width_s - 1e-9))
    return Grid(
        edges_s=np.arange(bins + 1) * width_s,
        fault_s=first.facts.get("fault_s"),
        down_s=tuple((begin, end) for begin, end in first.facts.get("down_s", ())),
        capacity_per_s=first.facts.get("capacity_per_s"),
    )


def _shortfall(
    policies: Sequence[PolicyResult], key: Mapping[str, str], relative: float | None
) -> tuple[tuple[Short, ...], tuple[tuple[str, str], ...]]:
    """What is not as precise as asked for, and what has no precision because of "never"."""
    short: list[Short] = []
    never: list[tuple[str, str]] = []
    for policy in policies:
        for name in key:
            found = policy.figures.get(name)
            if found is not None and found.of == "median":
                never.append((policy.label, name))
            elif found is not None and found.precise is False and found.half_width_percent:
                needed = _needed(policy.runs.values[name], relative)
                short.append(Short(policy.label, name, found.half_width_percent, needed))
    return tuple(short), tuple(never)


def _needed(values: Floats, relative: float | None) -> int | None:
    if relative is None:
        return None
    try:
        return pilot(values[~np.isnan(values)], relative)
    except StatisticsError:
        return None
