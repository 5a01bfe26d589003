"""``stormlab validate`` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from stormlab_models.tac_webbuilder.validate.agreement import Share
from stormlab_models.tac_webbuilder.validate.command import shown, validate


@pytest.fixture
def file(tmp_path: Path, entry: Callable[..., dict[str, Any]]) -> Callable[[int], Path]:
    def write(attempts: int) -> Path:
        counts = {
            "attempts_per_load_mean": attempts,
            "attempts_per_load_min": attempts,
            "attempts_per_load_max": attempts,
        }
        path = tmp_path / "conditions.json"
        path.write_text(json.dumps([entry(n=2, measured={"count": counts})]), encoding="utf-8")
        return path

    return write


def run(path: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(
        validate, [str(path), "--replications", "2", "--workers", "1", "--quiet", *options]
    )
    return result.exit_code, result.output


def test_exit_code_says_whether_it_agrees(file: Callable[[int], Path]) -> None:
    assert run(file(8))[0] == 0
    assert run(file(9))[0] == 1
    assert run(file(9), "--count-percent-min", "0")[0] == 0


def test_json_holds_every_figure_and_its_interval(file: Callable[[int], Path]) -> None:
    code, output = run(file(9), "--json")
    document = json.loads(output)
    assert code == 1
    assert document["overall"]["count"] == {"agree": 0, "judged": 1, "percent": 0.0}
    assert document["disagreements"][0]["predicted"] == 8
    assert document["figures"][0]["rule"] == "exact"


def test_the_table_lists_what_disagrees(
    file: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _, output = run(file(9))
    assert "attempts_per_load_mean" in output
    assert "attempts_per_load_mean" in run(file(8), "--all")[1]


def test_a_bad_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    code, output = run(path)
    assert code == 2
    assert output.count("\n") == 1
    assert "none.json" in output


def test_a_share_of_nothing_is_a_dash() -> None:
    assert shown(Share(0, 0)) == "-"
    assert shown(Share(19, 20)) == "95.0 % (19 of 20)"
