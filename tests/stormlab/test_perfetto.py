"""The export for Perfetto: every begin has its end, and the times are microseconds."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stormlab import perfetto
from stormlab.model import load_scenario, run
from stormlab.spans import attempts
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event

Entry = dict[str, Any]


def entries(trace: Trace) -> list[Entry]:
    found: list[Entry] = json.loads(json.dumps(perfetto.document(trace)))["traceEvents"]
    return found


def slices(found: list[Entry]) -> dict[tuple[str, str], list[tuple[str, float, float]]]:
    """Name, start and end of the asynchronous slices of each (category, id), checked as pairs."""
    open_now: dict[tuple[str, str], Entry] = {}
    result: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for entry in found:
        key = entry.get("cat", ""), entry.get("id", "")
        if entry["ph"] == "b":
            assert key not in open_now, f"{key} begins twice"
            open_now[key] = entry
        elif entry["ph"] == "e":
            begin = open_now.pop(key)
            same = ("name", "cat", "id", "pid", "tid")
            assert {k: begin[k] for k in same} == {k: entry[k] for k in same}
            assert begin["ts"] <= entry["ts"]
            result.setdefault(key, []).append((entry["name"], begin["ts"], entry["ts"]))
    assert not open_now, "begins without an end"
    return result


def test_slices_are_in_microseconds(small_trace: Trace) -> None:
    found = slices(entries(small_trace))
    assert found["page", "page-0-0"] == [
        ("queue #1 connecting", 500_000, 1_000_000),
        ("queue #1 open", 1_000_000, 5_000_000),
    ]
    assert found["page", "page-0-1"] == [("queue #2 connecting", 6_900_000, 7_000_000)]
    assert found["wire", "wire-0-0"] == [
        ("queue #1 queued", 500_000, 600_000),
        ("queue #1 handshake", 600_000, 900_000),
    ]
    assert found["server", "server-0-0-0"] == [("queue handler", 800_000, 5_000_000)]


def test_nanoseconds_are_kept_as_a_fraction() -> None:
    recorder = Recorder()
    recorder.add(1_234_567, Event.FAULT, detail="cut")
    (entry,) = (e for e in entries(recorder.finish({"duration_ns": 1})) if e["ph"] == "i")
    assert entry["ts"] == 1234.567
    assert entry["name"] == "world.fault cut"


def test_what_had_not_ended_ends_with_the_record(small_trace: Trace) -> None:
    found = [entry for entry in entries(small_trace) if entry.get("id") == "page-0-2"]
    assert [(entry["ph"], entry["ts"]) for entry in found] == [("b", 9e6), ("e", 10e6)]
    assert found[0]["args"]["ended"] == "not yet"


def test_blocks_are_complete_events_and_faults_instants(small_trace: Trace) -> None:
    found = entries(small_trace)
    blocked = [(e["name"], e["ts"], e["dur"]) for e in found if e["ph"] == "X"]
    assert blocked == [("blocked by routes", 2e6, 1e6)]
    instants = [(e["name"], e["ts"], e["s"]) for e in found if e["ph"] == "i"]
    assert ("world.fault crash", 5e6, "g") in instants
    assert ("srv.killed", 5e6, "g") in instants


def test_processes_and_threads_are_named(small_trace: Trace) -> None:
    found = [e for e in entries(small_trace) if e["ph"] == "M"]
    named = {(e["pid"], e["name"]): e["args"].get("name") for e in found}
    assert named[perfetto.SERVER_PID, "process_name"] == "server"
    assert named[perfetto.FIRST_CLIENT_PID, "process_name"] == "client 0"
    assert named[perfetto.FIRST_CLIENT_PID + 1, "thread_name"] == "routes"


@pytest.mark.parametrize("name", ["strictmode", "server-down", "reload", "slow-legacy"])
def test_real_runs_pair_up(name: str) -> None:
    trace = run(load_scenario(name), seed=1)
    found = entries(trace)
    slices(found)
    times = [entry["ts"] for entry in found if entry["ph"] != "M"]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] <= int(trace.rows["time_ns"][-1]) / 1000
    kinds = Counter(entry["ph"] for entry in found)
    assert kinds["b"] == kinds["e"]
    begun = [e for e in found if e["ph"] == "b" and e["name"].endswith(" connecting")]
    assert len(begun) == len(attempts(trace)) == trace.count(Event.NEW)


def test_the_file_is_whole_and_says_how_much(small_trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    count = perfetto.write(small_trace, path)
    document = json.loads(path.read_text("utf-8"))
    assert len(document["traceEvents"]) == count
    assert document["otherData"]["hash"] == small_trace.hash
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_is_not_there_is_an_error(small_trace: Trace, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        perfetto.write(small_trace, tmp_path / "none" / "run.json")
