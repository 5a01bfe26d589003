"""Storm A is the same storm in plain SimPy and in both engines, within chance."""

import math
from statistics import fmean, stdev

import pytest
from benchmarks.programs.build import run_script
from benchmarks.programs.storm_a import counts, counts_of_reference, lognormal_like

CLIENTS, SEEDS = 1000, range(1, 9)


def test_the_script_gives_the_published_storm() -> None:
    told = [run_script("storm_a_simpy", CLIENTS, seed) for seed in SEEDS]
    assert fmean(each["attempts"] / CLIENTS for each in told) == pytest.approx(4.925, abs=0.02)
    assert all(38 < each["all_open_s"] < 44 for each in told)


def test_the_engine_makes_as_many_attempts_as_the_script() -> None:
    by_script = [run_script("storm_a_simpy", CLIENTS, seed)["attempts"] / CLIENTS for seed in SEEDS]
    by_engine = []
    for seed in SEEDS:
        attempts, opened, last_s = counts(CLIENTS, seed)
        assert opened == CLIENTS
        assert 38 < last_s < 44
        by_engine.append(attempts / CLIENTS)
    error = math.hypot(stdev(by_script), stdev(by_engine)) / math.sqrt(len(SEEDS))
    assert error < 0.01
    assert fmean(by_engine) == pytest.approx(fmean(by_script), abs=4 * error)


def test_both_engines_give_the_same_storm() -> None:
    assert counts(200, 3) == counts_of_reference(200, 3)


@pytest.mark.parametrize("engine", [(), ("reference",)])
def test_the_scenario_prints_what_the_script_prints(engine: tuple[str, ...]) -> None:
    told = run_script("storm_a", 200, 3, *engine)
    attempts, _, last_s = counts(200, 3)
    assert told["attempts"] == attempts
    assert told["all_open_s"] == pytest.approx(last_s, abs=0.001)
    assert set(told) == set(run_script("storm_a_simpy", 40, 3))


def test_a_lognormal_takes_over_mean_and_deviation() -> None:
    median, sigma = lognormal_like(0.02, 0.08)
    mean = median * math.exp(sigma**2 / 2)
    assert mean == pytest.approx(0.05)
    assert mean * math.sqrt(math.expm1(sigma**2)) == pytest.approx(0.06 / math.sqrt(12))
