"""A comparison as JSON and as a table of runs."""

import json
import math
from collections.abc import Callable
from pathlib import Path

from stormlab import columns
from stormlab.compare import Comparison
from stormlab.compare.document import document, run_columns, write_document, write_runs

Compared = Callable[..., Comparison]


def test_the_document_is_json_and_says_never(compared: Compared) -> None:
    found = document(compared("20", "30?100"), "stormlab compare")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["command"] == "stormlab compare"
    one, other = found["policies"]
    assert one["figures"]["wait_s"]["of"] == "mean"
    assert 20 < one["figures"]["wait_s"]["low"] < one["figures"]["wait_s"]["value"] < 24
    assert other["figures"]["wait_s"]["value"] == "never"
    assert other["figures"]["wait_s"]["runs_never"] == 12
    assert other["collapse_probability"]["value"] == 1
    assert "nothing" not in one["figures"]
    assert found["figures"]["wait_s"]["judged"] is True
    assert found["figures"]["lost"]["judged"] is False


def test_every_pair_has_its_verdict_and_what_it_rests_on(compared: Compared) -> None:
    found = document(compared("20~1", "30~1"))
    pair = next(each for each in found["pairs"] if each["figure"] == "wait_s")
    assert (pair["first"], pair["second"]) == ("20~1", "30~1")
    assert pair["verdict_on_second"] == "worse"
    assert 9 < pair["difference"]["low"] < pair["difference"]["value"] < 11
    assert pair["p_holm"] < 1e-6
    assert pair["variance_gain"] > 1
    assert found["rankings"]["wait_s"]["best"] == "20~1"


def test_there_is_one_row_per_policy_and_run(compared: Compared) -> None:
    comparison = compared("20", "30?50")
    found = run_columns(comparison)
    assert found["policy"] == ["20"] * 12 + ["30?50"] * 12
    assert found["replication"] == [*range(12)] * 2
    assert found["seed"] == [*range(12)] * 2
    assert len(set(found["scenario_hash"])) == 2
    assert found["wait_s"][:12] == comparison.policies[0].runs.values["wait_s"].tolist()
    assert math.inf in found["wait_s"][12:]
    assert "nothing" not in found


def test_equal_comparisons_are_equal_files(compared: Compared, tmp_path: Path) -> None:
    paths = []
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        found = compared("20", "30?50")
        paths.append((write_runs(found, folder, "c"), write_document(found, folder, "c")))
    for one, other in zip(*paths, strict=True):
        assert one.read_bytes() == other.read_bytes()
    read, metadata = columns.read(paths[0][0])
    assert read["wait_s"] == run_columns(found)["wait_s"]
    assert metadata["command"] == "c"
