"""The schema of measured conditions: what is read, and how bad files are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.scenario import ScenarioError
from stormlab_models.tac_webbuilder.validate.schema import Condition, read_conditions


def test_the_project_s_own_conditions_are_read(measured: list[Condition]) -> None:
    assert len(measured) == 97
    assert len({condition.id for condition in measured}) == 97


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"{}", "found dict; allowed: a list of measured conditions"),
        (b"[]", "allowed: a list of measured conditions"),
        (b"[1]", "condition 0"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "conditions.json"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=complaint) as caught:
        read_conditions(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"server": {"implementation": "gunicorn"}}, "server.implementation"),
        ({"page": {"hook": "angular"}}, "page.hook"),
        ({"server": {"initial_data_ms": -1}}, "server.initial_data_ms"),
        ({"n": 0}, "n"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_condition_is_named_with_its_key(
    tmp_path: Path, entry: Callable[..., dict[str, Any]], change: dict[str, Any], named: str
) -> None:
    path = tmp_path / "conditions.json"
    path.write_text(json.dumps([entry(**change)]), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_conditions(path)
    assert f"condition made-for-a-test: {named}:" in str(caught.value)


def test_weakness_has_a_scope(condition: Callable[..., Condition]) -> None:
    server = condition(weak=True, weak_scope="server")
    assert server.weak_for("server_accepted_total")
    assert server.weak_for("log_line_counts[error]")
    assert not server.weak_for("attempts_per_load_mean")
    assert condition(weak=True, weak_scope="all").weak_for("attempts_per_load_mean")
    assert not condition().weak_for("attempts_per_load_mean")
