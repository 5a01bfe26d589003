import json
from collections.abc import Callable
from typing import Any

import pytest

from stormlab.hosts.finding import find_recipe

Stormlab = Callable[..., Any]


def test_recipes_are_listed_by_their_package(stormlab: Stormlab) -> None:
    ended = stormlab("recipes")
    assert ended.code == 0
    assert "npm:reconnecting-websocket@4.4.0" in ended.out
    assert "npm:@microsoft/signalr@10.0.11" in ended.out


@pytest.mark.parametrize("columns", ["80", "100"])
def test_a_package_can_be_copied_from_the_list(
    stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = stormlab("recipes").out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    listed = [line for line in lines if line.startswith("npm:")]
    assert len(listed) >= 12
    for line in listed:
        code, *rest = line.split("  ")
        assert "".join(rest).strip()  # no formula is left blank
        assert find_recipe(code).package == code
    ends = {line.split("@")[-2].split(":")[-1]: line.split("  ")[-1].strip() for line in listed}
    assert ends["robust-websocket"] == "after 3"
    assert ends["phoenix"] == "never"


def test_recipes_as_json_name_their_models(stormlab: Stormlab) -> None:
    told = json.loads(stormlab("recipes", "--json").out)
    assert len(told) >= 12
    assert {each["policy"] for each in told if each["name"] == "phoenix"} == {"phoenix"}
    declares = {each["name"]: each["declares"] for each in told}
    assert declares["robust-websocket"]["final_codes"] == [1000, 1008, 1011]
    assert "survives_s" not in declares["robust-websocket"]
    assert declares["phoenix"]["gives_up"] is False
