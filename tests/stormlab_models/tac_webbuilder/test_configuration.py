"""The configuration table: defaults, rules between keys, one-line errors, the page's switches."""

import re
from pathlib import Path
from typing import Any

import pytest

from stormlab.clock import to_s
from stormlab.model import load_scenario, run
from stormlab.scenario import ScenarioError
from stormlab.vocabulary import Event, State
from stormlab_models.tac_webbuilder.changes import settings
from stormlab_models.tac_webbuilder.configuration import Configuration

CHECKED = {"pathIdleCut": 10_000, "pingInterval": 5000, "messageTimeout": 10_000}


def test_the_defaults_are_those_of_the_analysis() -> None:
    table = Configuration.from_table({})
    assert table.model_dump(by_alias=True) == {
        "pathIdleCut": None,
        "baseReconnectDelay": 1000,
        "maxReconnectDelay": 30_000,
        "maxReconnectAttempts": 10,
        "messageTimeout": 60_000,
        "connectionTimeout": 5000,
        "pingInterval": 30_000,
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"pathIdleCut": 10_000},
            "c.toml: pingInterval: found 30000 ms; allowed: less than pathIdleCut (10000 ms)",
        ),
        (
            {"pingInterval": 60_000},
            "c.toml: pingInterval: found 60000 ms; allowed: less than messageTimeout (60000 ms)",
        ),
        (
            {"baseReconnectDelay": 9, "maxReconnectDelay": 8},
            "c.toml: maxReconnectDelay: found 8 ms; allowed: baseReconnectDelay (9 ms) or more",
        ),
        (
            {"connectionTimeout": 60_001},
            "c.toml: connectionTimeout: found 60001 ms; allowed: messageTimeout (60000 ms) or less",
        ),
    ],
)
def test_values_have_to_agree(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=f"^{re.escape(message)}$"):
        Configuration.from_table(table, "c.toml")


@pytest.mark.parametrize(
    "table",
    [
        {"pingInterval": 0},
        {"pingInterval": 2.5},
        {"pingInterval": "5s"},
        {"maxReconnectAttempts": 0},
        {"pingIntervall": 5000},
        {"messageTimeout": -1},
    ],
)
def test_a_wrong_value_or_key_is_one_line_that_names_it(table: dict[str, Any]) -> None:
    (key,) = table
    with pytest.raises(ScenarioError) as caught:
        Configuration.from_table(table, "c.toml")
    assert str(caught.value).startswith(f"c.toml: {key}: ")
    assert "\n" not in str(caught.value)


def test_values_at_their_limits_agree() -> None:
    Configuration.from_table({"pathIdleCut": 30_001})
    Configuration.from_table({"maxReconnectDelay": 1000})
    Configuration.from_table({"connectionTimeout": 60_000})


def test_a_table_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "intervals.toml"
    path.write_text("pingInterval = 15_000\n")
    assert Configuration.from_file(path).ping_interval_ms == 15_000
    with pytest.raises(ScenarioError, match="no-such"):
        Configuration.from_file(tmp_path / "no-such.toml")


@pytest.mark.parametrize(("kind", "table"), [("shows", {}), ("gone", CHECKED)])
def test_the_scenarios_of_problem_9_run_these_tables(kind: str, table: dict[str, int]) -> None:
    switches = settings(Configuration.from_table(table).settings)
    scenario = load_scenario(f"problem-09-{kind}")
    assert load_scenario(f"problem-09-{kind}", switches).hash == scenario.hash


def test_the_table_of_the_analysis_is_refused_for_the_path_of_problem_9() -> None:
    with pytest.raises(ScenarioError, match="pingInterval"):
        Configuration.from_table({"pathIdleCut": 10_000})


@pytest.mark.parametrize("hook", ["analysed", "manager", "repaired"])
def test_the_connection_timeout_ends_a_handshake_that_hangs(hook: str) -> None:
    switches = settings(Configuration.from_table({}).settings, {"page.hook": hook})
    trace = run(load_scenario("plain", (*switches, "server.initial_data_s=30")))
    born = {int(row["socket"]): int(row["time_ns"]) for row in trace.of(Event.NEW)}
    called = trace.of(Event.CLOSE_CALLED)
    assert len(called)
    for row in called:
        assert row["before"] == State.CONNECTING
        assert to_s(int(row["time_ns"]) - born[int(row["socket"])]) == pytest.approx(5)
