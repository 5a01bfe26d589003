"""The grid: what can be written, and what is said when it cannot be used."""

from typing import Any

import pytest

from stormlab.model import load_document
from stormlab.scenario import ScenarioError
from stormlab.sweep.grid import CELLS_MAX, SweepError, axis, make_sweep, value_text

PLAIN, _ = load_document("plain")


def values(text: str, key: str = "key") -> list[Any]:
    return list(axis(f"{key}={text}", PLAIN, "plain").values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.01,0.05, 0.2", [0.01, 0.05, 0.2]),
        ("off,20", ["off", 20]),
        ("true,false", [True, False]),
        ('"a,b",c', ["a,b", "c"]),
        ("[1, 2],[]", ["[1, 2]", "[]"]),
        ("{a = 1, b = 2}", ["{a = 1, b = 2}"]),
        ("mine.py:Mine,other.py:Other", ["mine.py:Mine", "other.py:Other"]),
        ("100:1000:300", [100, 400, 700, 1000]),
        ("1:10:4", [1, 5, 9]),
        ("0.1:0.5:0.1", [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("0,10:30:10,5", [0, 10, 20, 30, 5]),
        ("-1:1:1", [-1, 0, 1]),
        ("log:1:100:5", [1, 3.16228, 10, 31.6228, 100]),
        ("log:1e-3:1:4", [0.001, 0.01, 0.1, 1]),
    ],
)
def test_values_are_listed_stepped_and_scaled(text: str, expected: list[Any]) -> None:
    found = values(text)
    assert found == expected
    assert [type(each) for each in found] == [type(each) for each in expected]


def test_a_key_that_takes_whole_numbers_gets_whole_numbers() -> None:
    assert values("log:1:100:5", "client.clients") == [1, 3, 10, 32, 100]
    assert values("log:1:3:6", "client.clients") == [1, 2, 3]
    assert values("log:1:10:3", "network.latency_s") == [1, 3.16228, 10]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("key", "found no '='"),
        ("=1", "found no key"),
        ("a..b=1", "empty part"),
        ("key=", "found an empty value"),
        ("key=1,,2", "found an empty value"),
        ("key=5:1:1", "found 5:1:1; allowed: LOW:HIGH:STEP, upwards"),
        ("key=1:5:0", "allowed: LOW:HIGH:STEP, upwards"),
        ("key=1:1e9:1", "more than 10,000 values"),
        ("key=log:0:1:5", "0 < LOW < HIGH"),
        ("key=log:1:10:1", "COUNT 2 or more"),
        ("key=log:1:10", "allowed: log:LOW:HIGH:COUNT"),
        ("key=1,2,1", "found 1 twice"),
        ("key=1:3:1,2", "found 2 twice"),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str, complaint: str) -> None:
    with pytest.raises(SweepError, match=r"^--vary [^\n]*$") as error:
        axis(text, PLAIN, "plain")
    assert complaint in str(error.value)


def test_cells_are_all_combinations_and_the_last_key_changes_fastest() -> None:
    made = make_sweep(
        "plain",
        ["network.latency_s=0.01,0.02", "server.implementation=legacy,sansio"],
        settings=("server.workers=2",),
        seeds=range(5, 8),
    )
    assert made.keys == ("network.latency_s", "server.implementation")
    assert [cell.point for cell in made.cells] == [
        (0.01, "legacy"),
        (0.01, "sansio"),
        (0.02, "legacy"),
        (0.02, "sansio"),
    ]
    assert made.cells[1].label == "network.latency_s=0.01, server.implementation=sansio"
    assert len({cell.scenario.hash for cell in made.cells}) == 4
    for cell in made.cells:
        document = cell.scenario.parameters.model_dump()
        assert document["network"]["latency_s"] == cell.point[0]
        assert document["server"]["implementation"] == cell.point[1]
        assert document["server"]["workers"] == 2


def test_every_cell_is_validated_and_named() -> None:
    with pytest.raises(
        ScenarioError,
        match=r"^plain with server.workers=1, network.loss=3: network.loss: found 3; allowed: at",
    ):
        make_sweep("plain", ["server.workers=1,2", "network.loss=0,3"])
    with pytest.raises(ScenarioError, match=r"plain with netwrk.loss=0: netwrk: unknown key; did"):
        make_sweep("plain", ["netwrk.loss=0"])


def test_policies_are_the_key_policy() -> None:
    with pytest.raises(ScenarioError, match="plain with policy=a: policy: unknown key"):
        make_sweep("plain", [], policies=["a", "b"])
    with pytest.raises(SweepError, match="--policy a a: found a twice"):
        make_sweep("plain", [], policies=["a", "a"])
    with pytest.raises(SweepError, match="--vary policy: given twice"):
        make_sweep("plain", ["policy=a"], policies=["a"])


def test_a_policy_that_is_given_by_name_is_varied_by_its_keys() -> None:
    axes = ["policy.backoff.cap_s=5,20"]
    made = make_sweep("outage-60s", axes, policies=["phoenix", "aws-full-jitter"])
    assert [cell.scenario.parameters.model_dump()["policy"] for cell in made.cells] == [
        "phoenix,backoff.cap_s=5",
        "aws-full-jitter,backoff.cap_s=5",
        "phoenix,backoff.cap_s=20",
        "aws-full-jitter,backoff.cap_s=20",
    ]
    assert made.cells[1].point == (5, "aws-full-jitter")
    assert len({cell.scenario.hash for cell in made.cells}) == 4
    own = make_sweep("outage-60s", axes).cells[0].scenario.parameters.model_dump()
    assert own["policy"] == "aws-full-jitter,backoff.cap_s=5"
    with pytest.raises(ScenarioError, match=r"did you mean 'cap_s'"):
        make_sweep("outage-60s", ["policy.backoff.caps=5,20"])


def test_a_grid_needs_keys_each_from_one_place_and_has_a_size() -> None:
    with pytest.raises(SweepError, match="found nothing to vary"):
        make_sweep("plain", [])
    with pytest.raises(SweepError, match=r"--vary network.loss: also given with --set"):
        make_sweep("plain", ["network.loss=0"], settings=("network.loss = 0",))
    with pytest.raises(SweepError, match=f"cells; allowed: at most {CELLS_MAX:,}"):
        make_sweep("plain", ["a=1:1000:1", "b=1:1000:1"])


def test_values_are_shown_as_a_scenario_writes_them() -> None:
    assert [value_text(value) for value in (True, 3, 0.1, "off")] == ["true", "3", "0.1", "off"]
