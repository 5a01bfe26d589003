"""The result as data."""

import csv
import io
import json
import math
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stormlab.policy.catalogue import catalogue, find_policy
from stormlab.policy.table import PolicyTable
from stormlab.tune import Aim, Tuning, tune
from stormlab.tune.document import _table, document, policy_toml, trials_csv

Make = Callable[..., Aim]


def test_json_holds_what_was_asked_tried_and_found(tuned: Tuning) -> None:
    found = json.loads(json.dumps(document(tuned, "stormlab tune ..."), allow_nan=False))
    assert found["goals"] == ["reconnect_s_p99<65", "attempts_per_s_peak<20"]
    assert found["outcome"] == "met"
    assert found["search"] == {"replications": 4, "first_seed": 0}
    assert found["check"]["first_seed"] == 5000
    assert len(found["trials"]) == 41
    best = found["best"]
    assert best == found["checked"][0]
    low, high = best["figures"]["reconnect_s_p99"]["interval"]
    assert low < best["figures"]["reconnect_s_p99"]["mean"] < high
    assert best["figures"]["reconnect_s_p50"] == {
        "mean": None,
        "applies": 0,
        "never": 0,
        "interval": None,
        "against_given": None,
    }
    assert best["goals"] == {"reconnect_s_p99<65": "met", "attempts_per_s_peak<20": "met"}


def test_what_never_came_is_a_word(world: Any, aim: Make) -> None:
    world.figures = lambda _own, _luck: {"reconnect_s_p99": math.inf}
    found = tune(aim(trials=2))
    text = json.dumps(document(found), allow_nan=False)
    assert json.loads(text)["trials"][0]["figures"]["reconnect_s_p99"]["mean"] == "never"
    assert trials_csv(found).splitlines()[1].split(",")[2] == "never"


def test_csv_has_a_row_for_each_trial_in_the_order_of_the_search(tuned: Tuning) -> None:
    rows = list(csv.DictReader(io.StringIO(trials_csv(tuned))))
    assert [int(row["trial"]) for row in rows] == list(range(41))
    assert rows[0]["backoff.cap_s"] == ""
    assert rows[0]["policy"] == "aws-full-jitter"
    for row, trial in zip(rows, tuned.trials, strict=True):
        assert float(row["reconnect_s_p99"]) == trial.mean("reconnect_s_p99")
        assert row["meets_all"] == str(trial.meets_all).lower()


def test_the_file_of_the_policy_is_the_policy(tuned: Tuning, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    text = policy_toml(tuned)
    assert text is not None
    file.write_text(text)
    assert find_policy(str(file)).digest == find_policy(tuned.best.trial.policy).digest
    assert find_policy(str(file)).name == "aws-full-jitter tuned"


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_policy_made_of_parts_can_be_written(name: str) -> None:
    table = catalogue()[name].table
    if table is None:
        return
    text = "\n".join(_table("policy", table.document))
    assert tomllib.loads(text) == {"policy": table.document}
    assert PolicyTable.validated(tomllib.loads(text)["policy"]).reconnect == table.reconnect


def test_texts_and_keys_of_any_kind_can_be_written() -> None:
    content = {"a b": 'x"\n\\\x7f', "list": [1, {"k": [True]}, "y"], "inner": {"c.d": 1.5}}
    assert tomllib.loads("\n".join(_table("policy", content))) == {"policy": content}


def test_a_policy_that_is_a_class_of_its_own_has_no_file(
    world: Any, aim: Make, tmp_path: Path
) -> None:
    del world
    file = tmp_path / "mine.py"
    file.write_text(
        "class Mine:\n    def on(self, fact): ...\n    def may_attempt(self, now_s): ...\n"
    )
    asked = replace(aim(vary=["scenario.clients.count=5,6"]), policy=f"{file}:Mine")
    assert policy_toml(tune(asked)) is None
