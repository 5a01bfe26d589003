"""The result as data: JSON, a table of all trials as CSV, and the policy that was found as TOML."""

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any

from stormlab.policy.catalogue import find_policy
from stormlab.statistics import Interval
from stormlab.tune import words
from stormlab.tune.goals import Sample
from stormlab.tune.insight import edges, influences
from stormlab.tune.records import CONFIDENCE_EACH, Check, Trial, Tuning

FORMAT = 1
NEVER = "never"


def document(tuning: Tuning, command: str = "") -> dict[str, Any]:
    """Everything that was asked, tried and found, for JSON.

    A mean is "never" when the figure never came in some run, null when it does not apply.
    """
    aim = tuning.aim
    return {
        "format": FORMAT,
        "versions": dict(tuning.versions),
        "command": command,
        "scenario": tuning.base.name,
        "scenario_hash": tuning.base.hash,
        "policy": aim.policy,
        "settings": list(aim.settings),
        "vary": [axis.text for axis in aim.axes],
        "goals": [each.text for each in aim.goals],
        "target": {"figure": aim.target.figure, "better": aim.target.better},
        "seed": aim.seed,
        "search": _seeds(aim.search_seeds),
        "check": {**_seeds(aim.check_seeds), "confidence": CONFIDENCE_EACH},
        "outcome": words.outcome(tuning),
        "best": _check(tuning.best),
        "checked": [_check(check) for check in tuning.checks],
        "trials": [_trial(trial) for trial in tuning.trials],
        "influence": [
            {
                "key": each.key,
                "figure": each.figure,
                "rank_correlation": each.value,
                "signed": each.signed,
                "beyond_chance": each.beyond_chance,
            }
            for each in influences(tuning)
        ],
        "edges": [{"key": each.axis.key, "end": each.end} for each in edges(tuning)],
    }


def _seeds(seeds: range) -> dict[str, int]:
    return {"replications": len(seeds), "first_seed": seeds.start}


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "parameters": dict(trial.parameters),
        "policy": trial.policy,
        "settings": list(trial.settings),
        "meets_all": trial.meets_all,
        "loss": trial.loss,
        "figures": {name: _sample(sample) for name, sample in trial.samples.items()},
    }


def _sample(sample: Sample) -> dict[str, Any]:
    return {"mean": _number(sample.mean), "applies": len(sample.applying), "never": sample.never}


def _number(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else NEVER


def _check(check: Check) -> dict[str, Any]:
    found = _trial(check.trial)
    for name, content in found["figures"].items():
        content["interval"] = _interval(check.intervals[name])
        content["against_given"] = _interval(check.against_given[name], value=True)
    met = {goal.text: said for goal, said in check.goals}
    return {**found, "meets_all": check.meets_all, "goals": met}


def _interval(interval: Interval | None, *, value: bool = False) -> list[float] | None:
    if interval is None:
        return None
    return [*([interval.value] if value else []), interval.low, interval.high]


def trials_csv(tuning: Tuning) -> str:
    """A row per trial in the order of the search; trial 0 is the policy as it was given."""
    keys = [axis.key for axis in tuning.aim.axes]
    names = list(tuning.trials[0].samples)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    runs = [f"never_{name}" for name in names]
    writer.writerow(["trial", *keys, *names, *runs, "meets_all", "loss", "policy", "settings"])
    for trial in tuning.trials:
        means = [_number(trial.mean(name)) for name in names]
        writer.writerow(
            [
                trial.number,
                *(trial.parameters.get(key, "") for key in keys),
                *("" if mean is None else mean for mean in means),
                *(trial.samples[name].never for name in names),
                str(trial.meets_all).lower(),
                trial.loss,
                trial.policy,
                " ".join(trial.settings),
            ]
        )
    return out.getvalue()


# TOML --------------------------------------------------------------------------------------------


def policy_toml(tuning: Tuning) -> str | None:
    """The policy that was found as a file; None when it is a class of its own, without a table.

    What it says can be read by :func:`stormlab.policy.catalogue.find_policy` and gives the same
    policy.
    """
    best = tuning.best.trial
    table = find_policy(best.policy).table
    if table is None:
        return None
    name = find_policy(tuning.aim.policy).name
    content = {**table.document, "name": f"{name} tuned" if best.number else name}
    return "\n".join(_table("policy", content)) + "\n"


def _table(name: str, content: Mapping[str, Any]) -> list[str]:
    """A table and those in it; lists and what is in them are written inside a line."""
    own = {key: value for key, value in content.items() if not isinstance(value, Mapping)}
    lines = [f"[{name}]", *(f"{_key(key)} = {_inline(value)}" for key, value in own.items())]
    for key, value in content.items():
        if isinstance(value, Mapping):
            lines += ["", *_table(f"{name}.{_key(key)}", value)]
    return lines


def _inline(value: Any) -> str:  # noqa: ANN401  any value of a policy's table
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_inline(each)}" for key, each in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value)  # numbers and truth values are written alike


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else _quoted(key)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
