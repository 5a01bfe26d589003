"""The same scenario and seed give the same trace: twice in one process, and in another one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stormlab.model import make_scenario, run
from stormlab_models.tac_webbuilder.strategies import scenarios

HERE = Path(__file__).parent
CASES = 200


def draw_cases(count: int) -> list[tuple[dict[str, Any], int]]:
    """Draw scenarios with seeds, always the same ones; Hypothesis may repeat a case."""
    cases: list[tuple[dict[str, Any], int]] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(duration_s_max=15.0), st.integers(0, 1 << 40))
    def collect(document: dict[str, Any], seed: int) -> None:
        cases.append((document, seed))

    collect()
    return cases


def hashes(cases: list[tuple[dict[str, Any], int]]) -> list[str]:
    """Run every case once, here."""
    return [run(make_scenario(document, name="drawn"), seed).hash for document, seed in cases]


def test_a_trace_depends_on_scenario_and_seed_alone(tmp_path: Path) -> None:
    cases = draw_cases(CASES)
    assert len(cases) == CASES
    first = hashes(cases)
    assert len(set(first)) > CASES * 0.9  # they differ from one another, so equality says something
    assert hashes(cases) == first
    document = tmp_path / "cases.json"
    document.write_text(json.dumps(cases), encoding="utf-8")
    other = subprocess.run(
        [sys.executable, str(HERE / "hashes.py"), str(document)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert json.loads(other.stdout) == first


def test_another_seed_gives_another_trace() -> None:
    document = {"model": "tac-webbuilder", "duration_s": 2.0}
    assert len(set(hashes([(document, seed) for seed in range(10)]))) == 10
