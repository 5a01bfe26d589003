"""The plain SimPy script for the restart agrees with the engine within chance."""

import math
from statistics import fmean, stdev

import pytest
from benchmarks.programs.build import run_script

from stormlab.vocabulary import EVENT_CODE, Event
from stormlab_models.bench.worker import restart
from stormlab_models.fleet.compiled.run import counted

SOCKETS, SEEDS = 800, range(1, 9)


def attempts_of_engine(seed: int) -> float:
    counts = counted(restart(SOCKETS), seed).memory.arrays["count_p"].reshape(-1, 3)
    return int(counts[EVENT_CODE[Event.NEW], 0]) / SOCKETS


def standard_error(values: list[float]) -> float:
    return stdev(values) / math.sqrt(len(values))


def test_the_script_makes_as_many_attempts_as_the_engine() -> None:
    told = [run_script("restart_simpy", SOCKETS, seed) for seed in SEEDS]
    by_script = [each["attempts"] / SOCKETS for each in told]
    by_engine = [attempts_of_engine(seed) for seed in SEEDS]
    error = math.hypot(standard_error(by_script), standard_error(by_engine))
    assert error < 0.2
    assert fmean(by_script) == pytest.approx(fmean(by_engine), abs=4 * error)
    assert all(80 < each["all_open_s"] < 400 for each in told)
    assert all(each["processor_s"] > 0 and each["peak_bytes"] > 1e6 for each in told)


def test_the_same_seed_gives_the_same_run() -> None:
    first, again = (run_script("restart_simpy", 80, 5) for _ in range(2))
    assert (first["attempts"], first["all_open_s"]) == (again["attempts"], again["all_open_s"])
