"""``stormlab diagnose`` as people call it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stormlab_models.tac_webbuilder.diagnose.command import diagnose


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(diagnose, [*(str(argument) for argument in arguments), "--quiet"])


@pytest.fixture
def excerpt(tmp_path: Path, accepted_closed_error: str) -> Path:
    path = tmp_path / "server.log"
    path.write_text(accepted_closed_error, "utf-8")
    return path


def test_the_answer_names_tie_causes_evidence_and_what_to_look_at(excerpt: Path) -> None:
    result = called(excerpt)
    assert result.exit_code == 0, result.output
    assert "Cannot be told apart by this log" in result.output
    assert "(A) close() on a CONNECTING socket" in result.output
    assert "(B) the server's own 10 s opening-handshake timer" in result.output
    assert "never open: the end of TCP was seen before the handshake finished" in result.output
    assert "Look next at: seconds from a connection's begin to its end" in result.output
    assert "Not used: 1 other lines" in result.output


def test_json_says_the_same(excerpt: Path) -> None:
    result = called(excerpt, "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert "strictmode" in document["tie"]
    assert set(document["observe_next"]["predictions"]) == set(document["tie"])
    assert document["seed"] == 0
    assert document["undecided"] is None


def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.write_bytes(b"")
    result = called(path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"stormlab: {path}: empty")
    assert result.stderr.count("\n") == 1


def test_a_single_line_is_undecided(tmp_path: Path) -> None:
    path = tmp_path / "one.log"
    path.write_text('INFO: 127.0.0.1:40000 - "WebSocket /api/v1/ws/queue" [accepted]\n', "utf-8")
    result = called(path)
    assert result.exit_code == 2
    assert "undecided" in result.stderr


def test_lines_that_nothing_writes_are_undecided_not_guessed(tmp_path: Path) -> None:
    line = "[WS] queue: Client never sent ready signal within 5s\n"
    other = "ERROR:    Exception in ASGI application\n"
    path = tmp_path / "odd.log"
    path.write_text((line + other) * 10, "utf-8")
    result = called(path)
    assert result.exit_code == 2, result.output
    assert "Undecided: no mechanism known here writes this log" in result.output
