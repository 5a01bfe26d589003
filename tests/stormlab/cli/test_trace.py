"""``stormlab trace``."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.cli import trace as module
from stormlab.trace import Trace

Command = Callable[..., Any]


@pytest.fixture
def file(small_trace: Trace, tmp_path: Path) -> Path:
    path = tmp_path / "trace.npz"
    small_trace.save(path)
    return path


def test_events_are_shown_with_their_head(stormlab: Command, file: Path) -> None:
    ended = stormlab("trace", file)
    assert ended.code == 0
    assert ended.out.splitlines()[0].split() == ["time", "s", "who", "lane", "event", "meaning"]
    assert ended.out.count("\n") == 27
    assert "\x1b" not in ended.out


def test_a_folder_of_run_is_a_file(stormlab: Command, file: Path) -> None:
    assert stormlab("trace", file.parent) == stormlab("trace", file)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--client", "1"], 8),
        (["--client", "0", "--client", "1"], 20),
        (["--endpoint", "routes"], 8),
        (["--endpoint", "1"], 8),
        (["--event", "page.*"], 12),
        (["--event", "page.open", "--event", "world.*"], 5),
        (["--from", "5", "--to", "7"], 5),
        (["--from", "5", "--to", "7", "--client", "0"], 3),
        (["--limit", "3"], 3),
        (["--from", "9.5", "--to", "9.6"], 0),
    ],
)
def test_a_part_can_be_picked(
    stormlab: Command, file: Path, options: list[str], count: int
) -> None:
    assert len(json.loads(stormlab("trace", file, "--json", *options).out)["events"]) == count
    assert stormlab("trace", file, *options).out.count("\n") == 1 + count


def test_what_is_left_out_is_said(
    stormlab: Command, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "more events; --limit 0 shows all, --from --to --client --endpoint fewer\n"
    assert stormlab("trace", file, "--limit", "3").err == f"23 {said}"
    monkeypatch.setattr(module, "LIMIT", 20)
    assert stormlab("trace", file).err == f"6 {said}"
    assert stormlab("trace", file, "--limit", "0").err == ""


def test_json_names_what_applies_and_nothing_else(stormlab: Command, file: Path) -> None:
    found = json.loads(stormlab("trace", file, "--json", "--event", "page.close").out)
    assert found["events"][0] == {
        "time_s": 5.0,
        "event": "page.close",
        "client": 0,
        "endpoint": "queue",
        "socket": 0,
        "attempt": 1,
        "code": 1006,
        "clean": False,
        "before": "OPEN",
        "after": "CLOSED",
        "cause": "killed",
    }
    assert found["hash"] == Trace.load(file).hash


def test_sockets_are_bars(stormlab: Command, file: Path) -> None:
    out = stormlab("trace", file, "--sockets").out
    (first,) = (line for line in out.splitlines() if line.startswith("0 queue #1 "))
    assert "·━" in first
    assert first.endswith("1006 killed")
    assert "┘ page gone" in out
    ended = stormlab("trace", file, "--sockets", "--limit", "1", "--client", "1")
    assert ended.out.count("routes #1") == 1
    assert ended.err.startswith("1 more sockets;")
    found = json.loads(stormlab("trace", file, "--sockets", "--json").out)["sockets"]
    assert found[-1] == {
        "client": 1,
        "endpoint": "routes",
        "socket": 1,
        "attempt": 1,
        "new_s": 4.5,
        "open_s": 4.6,
        "end_s": 8.0,
        "code": 1000,
        "clean": True,
        "cause": "server closed",
    }


def test_the_export_is_written_and_named(stormlab: Command, file: Path, tmp_path: Path) -> None:
    ended = stormlab("trace", file, "--perfetto", tmp_path / "run.json")
    assert (ended.code, ended.out) == (0, "")
    entries = json.loads((tmp_path / "run.json").read_text())["traceEvents"]
    assert ended.err.startswith(f"wrote {tmp_path / 'run.json'}: {len(entries)} entries; open it")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--client", "5"], "--client: found 5; allowed: 0 to 1"),
        (["--endpoint", "que"], "--endpoint: found 'que' (did you mean 'queue'?); allowed: queue,"),
        (["--endpoint", "2"], "--endpoint: found '2'; allowed: queue, routes"),
        (
            ["--event", "pag.open"],
            "--event: found 'pag.open', which matches no event (did you mean",
        ),
        (["--from", "5", "--to", "4"], "--from: found 5; allowed: at most 4, where it would end"),
        (["--from", "11"], "--from: found 11; allowed: at most 10"),
        (["--from", "nan"], "--from: found nan; allowed: seconds of the run, 0 to 10"),
        (["--to", "-1"], "--to: found -1; allowed: seconds of the run, 0 to 10"),
        (["--to", "inf"], "--to: found inf; allowed: seconds of the run"),
        (["--perfetto", "none/run.json"], "--perfetto none/run.json: No such file or directory"),
    ],
)
def test_a_wrong_choice_is_one_line(
    stormlab: Command, file: Path, options: list[str], said: str
) -> None:
    assert stormlab("trace", file, *options).complaint.startswith(said)


def test_what_is_no_trace_is_one_line(stormlab: Command, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("no")
    (tmp_path / "a.csv").write_text("no")
    assert "not a stormlab trace, or damaged" in stormlab("trace", tmp_path / "a.npz").complaint
    assert "traces end in .parquet or .npz" in stormlab("trace", tmp_path / "a.csv").complaint
    assert "No such file" in stormlab("trace", tmp_path / "none.npz").complaint
    assert "a folder without a trace" in stormlab("trace", tmp_path).complaint


def test_a_terminal_gets_colours(file: Path) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"}
    command = [sys.executable, "-m", "stormlab", "trace", str(file), "--event", "page.open"]
    subprocess.run(command, env=environment, stdout=theirs, check=True)
    os.close(theirs)
    out = os.read(ours, 100_000).decode()
    os.close(ours)
    assert out.count("\x1b[36m") == out.count("\x1b[0m") == 3
