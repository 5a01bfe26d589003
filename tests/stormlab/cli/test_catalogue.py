"""``stormlab scenarios`` and ``stormlab models``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from stormlab import model
from stormlab.model import built_in_scenarios

Command = Callable[..., Any]


def test_scenarios_are_listed(stormlab: Command) -> None:
    out = stormlab("scenarios").out
    for name in built_in_scenarios():
        assert f"\n{name} " in out
    found = json.loads(stormlab("scenarios", "--json").out)
    assert [each["name"] for each in found] == sorted(built_in_scenarios())
    assert all(each["title"] and each["hash"] for each in found)


def test_a_scenario_is_printed_as_it_is(stormlab: Command) -> None:
    assert stormlab("scenarios", "plain").out == built_in_scenarios()["plain"]
    (found,) = json.loads(stormlab("scenarios", "plain", "--json").out)
    assert found["model"] == "tac-webbuilder"


def test_an_unknown_scenario_is_one_line(stormlab: Command) -> None:
    assert stormlab("scenarios", "plian").complaint == (
        "plian: no such scenario (did you mean 'plain'?); see: stormlab scenarios"
    )


def test_a_broken_scenario_does_not_hide_the_others(
    stormlab: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"good": built_in_scenarios()["plain"], "bad": "x = 1"}
    monkeypatch.setattr(model, "built_in_scenarios", lambda: texts)
    ended = stormlab("scenarios")
    assert ended.code == 0
    assert "A plain page load" in ended.out
    assert "(cannot be used: bad: model: missing;" in ended.out


def test_models_are_listed(stormlab: Command) -> None:
    assert "tac-webbuilder" in stormlab("models").out
    found = json.loads(stormlab("models", "--json").out)
    assert {"tac-webbuilder"} <= {each["name"] for each in found}


def test_every_parameter_of_a_model_is_shown(stormlab: Command) -> None:
    out = stormlab("models", "tac-webbuilder").out
    assert "page.jitter_s " in out
    schema = json.loads(stormlab("models", "tac-webbuilder", "--json").out)
    for name in schema["$defs"]["Page"]["properties"]:
        assert f"\npage.{name} " in out


def test_an_unknown_model_is_one_line(stormlab: Command) -> None:
    said = stormlab("models", "x").complaint
    assert said.startswith("models x: model: found 'x'; allowed: ")
