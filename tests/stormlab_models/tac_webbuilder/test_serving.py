"""Who serves the page: the same run in every process, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stormlab.model import load_scenario, make_scenario, run
from stormlab.scenario import ScenarioError

HASHES = Path(__file__).resolve().parents[2] / "laws" / "hashes.py"


@pytest.mark.parametrize("on", ["uvicorn", "asgi"])
def test_the_trace_is_the_same_in_every_process(on: str, tmp_path: Path) -> None:
    document = {
        "model": "tac-webbuilder",
        "duration_s": 30,
        "react": {"strict_mode": True},
        "server": {"on": on, "initial_data_s": 0.05},
        "faults": [{"do": "crash", "at_s": 5, "for_s": 5}],
    }
    cases = [(document, seed) for seed in (0, 1)]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    first = [run(make_scenario(each, name="drawn"), seed).hash for each, seed in cases]
    assert first[0] != first[1]
    for hash_seed in ("0", "4711"):
        other = subprocess.run(
            [sys.executable, str(HASHES), str(file)],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert json.loads(other.stdout) == first


def test_who_serves_is_part_of_the_scenario_only_if_it_is_not_the_model() -> None:
    usual = load_scenario("strictmode")
    assert load_scenario("strictmode", ("server.on=model",)).hash == usual.hash
    assert load_scenario("strictmode", ("server.on=uvicorn",)).hash != usual.hash


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["fastapi", "uvicorn"])
def test_a_missing_library_is_one_line(
    stormlab: Any, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "stormlab.hosts.aio.uvicorn", raising=False)
    said = stormlab("run", "strictmode", "--set", "server.on=uvicorn").complaint
    assert said.startswith("server.on: found 'uvicorn'; allowed here: 'model'; ")
    assert "pip install" in said


def test_missing_wsproto_is_one_line(stormlab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormlab_models.real.server.find_spec", lambda _: None)
    settings = ("--set", "server.on=uvicorn", "--set", "server.implementation=wsproto")
    said = stormlab("run", "strictmode", *settings).complaint
    assert said.endswith("pip install wsproto")


@pytest.mark.parametrize(
    "setting",
    ["server.watchers=true", "server.workers=2", "page.http=parallel"],
)
def test_what_the_real_application_does_not_have_is_refused(setting: str) -> None:
    with pytest.raises(ScenarioError, match=r"found (server\.)?on = 'uvicorn'; allowed with"):
        load_scenario("strictmode", ("server.on=uvicorn", setting))


def test_a_second_server_is_refused() -> None:
    groups: dict[str, Any] = {
        "server": {"on": "asgi"},
        "page": {"hook": "raw_sockets"},
        "socket_groups": [{"sockets": 1}, {"sockets": 1, "server": 2}],
    }
    with pytest.raises(ScenarioError, match="two servers"):
        run(make_scenario({"model": "tac-webbuilder", "duration_s": 40, **groups}, name="two"), 1)
