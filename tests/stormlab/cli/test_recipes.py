import json
from collections.abc import Callable
from typing import Any

Stormlab = Callable[..., Any]


def test_recipes_are_listed_by_their_package(stormlab: Stormlab) -> None:
    ended = stormlab("recipes")
    assert ended.code == 0
    assert "npm:reconnecting-websocket@4.4.0" in ended.out
    assert "npm:@microsoft/signalr@10.0.11" in ended.out


def test_recipes_as_json_name_their_models(stormlab: Stormlab) -> None:
    told = json.loads(stormlab("recipes", "--json").out)
    assert len(told) >= 12
    assert {each["policy"] for each in told if each["name"] == "phoenix"} == {"phoenix"}
