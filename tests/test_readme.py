"""The README's examples, run as they are printed."""

import re
from pathlib import Path
from typing import Any

import pytest

from stormlab.model import load_scenario, run
from stormlab.recovery import Recovery
from stormlab.recovery import figures as recovery_figures
from stormlab.vocabulary import Event

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def block(language: str, begins: str) -> str:
    """The README's only block in ``language`` that begins so."""
    found = [
        text
        for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        if kind == language and text.startswith(begins)
    ]
    assert len(found) == 1
    return str(found[0])


def test_the_scenario_runs_and_the_closes_are_spread(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(block("toml", "# mine.toml"), encoding="utf-8")
    trace = run(load_scenario(path, ("server.close_spread_s=10",)), 7)
    closed = trace.of(Event.CLOSED)
    assert set(closed["code"].tolist()) == {1012}
    first_pod = closed["time_ns"][closed["time_ns"] < 20_000_000_000]
    assert 9e9 < first_pod.max() - first_pod.min() <= 10e9
    assert trace.count(Event.OPEN) - trace.count(Event.CLOSE) == 1000


def test_the_policies_bring_every_socket_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calm.py").write_text(block("python", "# calm.py"), encoding="utf-8")
    (tmp_path / "ours.toml").write_text(block("toml", "# ours.toml"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for policy in ("calm.py:Calm", "ours.toml", "phoenix,backoff.then=30"):
        settings = (f"policy={policy}", "clients.count=20")
        figures = recovery_figures(Recovery.of(run(load_scenario("outage-60s", settings), 1)))
        assert figures["lost_clients"] == 0
        assert figures["away_percent"] == 0


def test_three_lines_make_a_test_of_every_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.toml").write_text(block("toml", "# ours.toml"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(block("python", "# test_ours.py"), names)  # noqa: S102  as pytest would import it
    tests = [name for name in dir(names["TestOurs"]) if name.startswith("test_")]
    assert len(tests) >= 25
    assert "test_first_retry_is_spread" in tests
