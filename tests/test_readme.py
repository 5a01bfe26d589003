"""The README's examples, run as they are printed."""

import re
from pathlib import Path

import pytest

from stormlab.model import load_scenario, run
from stormlab.properties import broken
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


def test_the_scenario_runs_and_its_restart_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(block("toml", "# mine.toml"), encoding="utf-8")
    trace = run(load_scenario(path, ("page.jitter_s=2",)), 7)
    codes = trace.of(Event.CLOSE)["code"].tolist()
    assert codes.count(1012) == 24
    assert not broken(trace)


def test_the_policy_brings_every_socket_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calm.py").write_text(block("python", "# calm.py"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scenario = load_scenario("server-down", ("page.policy=calm.py:Calm", "observe.for_s=390"))
    trace = run(scenario, 1)
    opened, closed = trace.of(Event.OPEN), trace.of(Event.CLOSE)
    assert trace.count(Event.GAVE_UP) == 0
    assert len(set(opened["socket"].tolist()) - set(closed["socket"].tolist())) == 8
