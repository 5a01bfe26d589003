"""Replications do not depend on who does them."""

import multiprocessing
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.model import load_scenario
from stormlab.replications import Job, JobError, ReplicationError, replicate, replicate_as_completed
from stormlab.trace import Trace


def digest(trace: Trace) -> str:
    return trace.hash


def test_workers_change_nothing_but_the_time() -> None:
    scenario = load_scenario("plain")
    jobs = [Job(scenario, seed, page_and_server_figures) for seed in range(9)]
    alone = list(replicate(jobs, workers=1))
    assert list(replicate(jobs, workers=2)) == alone
    assert len({figures["time_to_data_s_median"] for figures in alone}) == 9


def test_a_worker_that_cannot_read_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("only_in_this_process")
    lost = FunctionType(digest.__code__, {}, "lost")
    lost.__module__, lost.__qualname__ = module.__name__, "lost"
    module.lost = lost  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    broken = [Job(load_scenario("plain"), seed, lost) for seed in range(8)]
    with pytest.raises(ReplicationError, match="cannot import what it needs"):
        list(replicate(broken, workers=2))


def test_a_job_is_named_by_scenario_and_seed() -> None:
    plain, strict = load_scenario("plain"), load_scenario("strictmode")
    keys = {Job(scenario, seed, digest).key for scenario in (plain, strict) for seed in (0, 1)}
    assert len(keys) == 4


def test_results_that_come_as_they_are_finished_are_the_same() -> None:
    scenario = load_scenario("plain")
    jobs = [Job(scenario, seed, page_and_server_figures) for seed in range(9)]
    alone = dict(replicate_as_completed(jobs, workers=1))
    assert list(alone) == list(range(9))
    assert dict(replicate_as_completed(jobs, workers=2)) == alone
    assert list(replicate(jobs, workers=1)) == [alone[index] for index in range(9)]
    assert list(replicate_as_completed([], workers=2)) == []


def refuse_seed_3(trace: Trace) -> int:
    if trace.header["seed"] == 3:
        raise ValueError("three")
    return len(trace)


def test_a_run_that_fails_is_named() -> None:
    scenario = load_scenario("plain")
    jobs = [Job(scenario, seed, refuse_seed_3) for seed in range(5)]
    with pytest.raises(JobError) as failed:
        list(replicate_as_completed(jobs, workers=1))
    assert failed.value.index == 3
    assert str(failed.value.__cause__) == "three"
    with pytest.raises(ValueError, match=r"^three$"):
        list(replicate(jobs, workers=1))


def test_a_failure_in_a_worker_says_where_it_was() -> None:
    jobs = [Job(load_scenario("plain"), seed, "no function") for seed in range(4)]  # type: ignore[arg-type,var-annotated]
    with pytest.raises(JobError) as failed:
        list(replicate_as_completed(jobs, workers=2))
    notes = getattr(failed.value.__cause__, "__notes__", [])
    assert "in a worker process:" in notes[0]
    assert "return self.read(run(self.scenario, self.seed))" in notes[0]


def test_a_job_may_be_any_function() -> None:
    jobs = [partial(pow, 2, power) for power in range(4)]
    assert dict(replicate_as_completed(jobs, workers=2)) == {0: 1, 1: 2, 2: 4, 3: 8}


@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (sys.exit, "a worker process ended: killed, or out of memory"),
        (lambda trace: trace.hash, "a run cannot be given to a worker process"),
        (iter, "a result cannot leave its process"),
    ],
)
def test_what_is_no_runs_fault_is_one_line(read: Any, complaint: str) -> None:
    scenario = load_scenario("plain")
    jobs: list[Job[Any]] = [Job(scenario, seed, read) for seed in range(4)]
    with pytest.raises(ReplicationError, match=complaint) as error:
        list(replicate_as_completed(jobs, workers=2))
    assert "\n" not in str(error.value)
    assert not multiprocessing.active_children()


def test_results_that_nobody_wants_any_more_are_not_made() -> None:
    scenario = load_scenario("plain")
    jobs = [Job(scenario, seed, page_and_server_figures) for seed in range(1000)]
    results = replicate_as_completed(jobs, workers=2)
    next(results)
    results.close()
    assert not multiprocessing.active_children()


PARENT = """
import sys
from stormlab.model import load_scenario
from stormlab.replications import Job, replicate_as_completed

if __name__ == "__main__":
    plain = load_scenario("plain")
    jobs = [Job(plain, seed, len) for seed in range(1000)]
    for index, length in replicate_as_completed(jobs, workers=2):
        print(multiprocessing_children(), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    listing = "' '.join(str(each.pid) for each in __import__('multiprocessing').active_children())"
    script.write_text(PARENT.replace("multiprocessing_children()", listing))
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        os.kill(parent.pid, signal.SIGKILL)  # only the parent: no signal reaches the workers
        try:  # the output ends when all that hold it have ended, which are the workers
            parent.communicate(timeout=20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
    assert parent.returncode == -signal.SIGKILL
