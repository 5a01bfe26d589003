"""``stormlab judge``: a matrix in the terminal, as JSON, and as a folder."""

import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from stormlab.check import Budget, budget
from stormlab.cli import judge
from stormlab.judging import work

Command = Callable[..., Any]


@pytest.fixture
def judging(stormlab: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``judging("phoenix", ...)`` in few worlds and in this process."""
    few = Budget("few", {"bare": 4, "herd": 1, "fleet": 0}, 20, 2_000)
    monkeypatch.setattr(budget, "BUDGETS", MappingProxyType({"few": few}))
    return lambda *given: stormlab("judge", *given, "--budget", "few", "--jobs", "1")


def test_a_sign_stands_for_each_promise(judging: Command) -> None:
    ended = judging("tenacity-wait-exponential", "phoenix", "phoenix")
    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("phoenix"))
    assert "\N{BALLOT X}\N{BALLOT X}\N{BALLOT X}" in row
    assert "2 policies" in ended.out
    assert "\N{MIDDLE DOT} does not apply" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 100


def test_a_terminal_without_the_signs_gets_letters(
    judging: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "_prints", lambda _signs: False)
    ended = judging("phoenix")
    assert ended.out.isascii() or "\N{BOX DRAWINGS LIGHT HORIZONTAL}" in ended.out
    assert "xxx" in next(line for line in ended.out.splitlines() if line.startswith("phoenix"))
    assert "\N{BALLOT X}" not in ended.out


def test_json_is_the_matrix_of_the_folder(judging: Command, tmp_path: Path) -> None:
    place = tmp_path / "out"
    ended = judging("phoenix", "--json", "--out", place)
    found = json.loads(ended.out)
    assert found == json.loads((place / "matrix.json").read_text())
    assert found["command"] == "stormlab judge phoenix --budget few"
    assert sorted(path.name for path in place.iterdir()) == [
        "counterexamples",
        "index.html",
        "matrix.json",
        "matrix.md",
    ]
    assert f"wrote {place}: " in ended.err


def test_what_was_stopped_is_kept(
    judging: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = work.judged

    def stops(name: str, budget: Any) -> Any:
        if name == "phoenix":
            raise KeyboardInterrupt
        return real(name, budget)

    monkeypatch.setattr(work, "judged", stops)
    ended = judging("aws-full-jitter", "phoenix", "--out", tmp_path)
    assert ended.code == 130
    assert "1 of 2 policies are kept; run the same command to go on" in ended.err
    assert judging("phoenix").err == "stormlab: stopped; nothing is kept without --out\n"


def test_ctrl_c_is_heeded_from_the_first_word_to_the_last(
    judging: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "stormlab: stopped; 1 of 1 policies are kept; run the same command to go on"
    real, said = vars(judge)["note"], "1 of 1 policies are already judged"
    with monkeypatch.context() as patch:
        patch.setattr(judge, "_texts", _interrupt)
        ended = judging("phoenix", "--out", tmp_path)
        assert (ended.code, ended.err.splitlines()[-1]) == (130, told)
    monkeypatch.setattr(judge, "note", lambda line: _interrupt() if line == said else real(line))
    ended = judging("phoenix", "--out", tmp_path)
    assert (ended.code, ended.err.splitlines()[-1]) == (130, told)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["pheonix"], "policy 'pheonix': not in the catalogue; see: stormlab policies"),
        (["phoenix", "--out", ""], "--out: found no name; allowed: a folder"),
    ],
)
def test_bad_input_is_one_line(judging: Command, given: list[str], complaint: str) -> None:
    assert judging(*given).complaint == complaint
