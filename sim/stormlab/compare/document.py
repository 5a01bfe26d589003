"""A comparison as files: ``comparison.json`` with what was found, and a table with every run."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stormlab import columns
from stormlab.compare.results import Comparison, Pair, PolicyResult, Summary
from stormlab.statistics import Interval

FORMAT = 1
NEVER = "never"


def document(comparison: Comparison, command: str = "") -> dict[str, Any]:
    """Everything that was found, for JSON.

    "never" stands for a time that had not come by the end of a run; a bound is null where there
    are too few runs for one.
    """
    effort = comparison.effort
    return {
        "format": FORMAT,
        "stormlab": comparison.stormlab,
        "command": command,
        "scenario": comparison.scenario,
        "title": comparison.title,
        "model": comparison.model,
        "duration_s": comparison.duration_s,
        "done": list(comparison.done),
        "settings": dict(comparison.settings),
        "seed": comparison.seed,
        "confidence": comparison.confidence,
        "replications": effort.replications,
        "precision": effort.precision,
        "stopped_because": effort.why,
        "short": [
            {
                "policy": each.policy,
                "figure": each.figure,
                "half_width_percent": each.half_width_percent,
                "replications_needed": each.needed,
            }
            for each in effort.short
        ],
        "figures": {
            name: {
                "title": measure.title,
                "unit": measure.unit,
                "better": measure.better,
                "words": measure.words,
                "judged": name in comparison.key,
            }
            for name, measure in comparison.measures.items()
        },
        "policies": [_policy(policy) for policy in comparison.policies],
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "rankings": {
            name: {
                "order": list(found.order),
                "ranks": dict(found.ranks),
                "groups": [list(group) for group in found.groups],
                "best": found.best,
                "leaders": list(found.leaders),
            }
            for name, found in comparison.rankings.items()
        },
    }


def _policy(policy: PolicyResult) -> dict[str, Any]:
    collapse = policy.collapse
    return {
        "label": policy.label,
        "target": policy.target,
        "version": policy.version,
        "terms": dict(policy.terms),
        "scenario_hash": policy.scenario_hash,
        "seeds": list(policy.runs.seeds),
        "figures": {name: _summary(found) for name, found in policy.figures.items()},
        "collapse_probability": None if collapse is None else _interval(collapse),
    }


def _summary(found: Summary) -> dict[str, Any]:
    return {
        "of": found.of,
        **_interval(found.interval),
        "runs": found.applies,
        "runs_never": found.applies - found.reached,
        "half_width_percent": found.half_width_percent,
        "precise": found.precise,
    }


def _interval(found: Interval) -> dict[str, Any]:
    return {"value": _plain(found.value), "low": _bound(found.low), "high": _bound(found.high)}


def _bound(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else NEVER


def _pair(pair: Pair) -> dict[str, Any]:
    judgement, compared = pair.judgement, pair.judgement.comparison
    gain, relative = compared.gain, compared.relative_percent
    return {
        "figure": pair.figure,
        "first": pair.first,
        "second": pair.second,
        "verdict_on_second": judgement.verdict,
        "words": judgement.text,
        "runs": compared.n,
        "test": compared.test,
        "p_holm": judgement.p_adjusted,
        "difference": _interval(compared.difference),
        "relative_percent": None if relative is None else _interval(relative),
        "better_runs": compared.better_runs,
        "worse_runs": compared.worse_runs,
        "smallest_visible": judgement.smallest_visible,
        "correlation": None if gain is None else gain.correlation,
        "variance_gain": None if gain is None else _bound(gain.factor),
    }


def run_columns(comparison: Comparison) -> dict[str, list[Any]]:
    """One row per policy and run: label, seed, hashes, and every figure that applies to some run.

    ``inf``: never; NaN: does not apply.
    """
    found: dict[str, list[Any]] = {
        "policy": [],
        "replication": [],
        "seed": [],
        "scenario_hash": [],
        "trace_hash": [],
    }
    names = [name for name in comparison.measures if _applies(name, comparison.policies)]
    figures: dict[str, list[float]] = {name: [] for name in names}
    for policy in comparison.policies:
        runs = policy.runs
        found["policy"] += [policy.label] * len(runs)
        found["replication"] += range(len(runs))
        found["seed"] += runs.seeds
        found["scenario_hash"] += [policy.scenario_hash] * len(runs)
        found["trace_hash"] += runs.trace_hashes
        for name in names:
            figures[name] += runs.values[name].tolist()
    return {**found, **figures}


def _applies(name: str, policies: Sequence[PolicyResult]) -> bool:
    return any(not np.isnan(policy.runs.values[name]).all() for policy in policies)


def write_runs(comparison: Comparison, folder: Path, command: str = "") -> Path:
    """Write ``results.parquet`` (``.npz`` without pyarrow); equal runs, equal bytes.

    What stands in it is told at :func:`run_columns`.
    """
    path = folder / f"results{columns.suffix()}"
    metadata = {
        "stormlab": comparison.stormlab,
        "command": command,
        "scenario": comparison.scenario,
        "seed": comparison.seed,
    }
    columns.write(path, run_columns(comparison), metadata)
    return path


def write_document(comparison: Comparison, folder: Path, command: str = "") -> Path:
    """Write ``comparison.json``: :func:`document`."""
    path = folder / "comparison.json"
    text = json.dumps(
        document(comparison, command), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    path.write_bytes(f"{text}\n".encode())
    return path
