"""Published results on the fleet: the readers, the references, and the cases at small sizes."""

import copy
from typing import Any

import numpy as np
import pytest

from stormlab.model import run
from stormlab.scenario import Scenario
from stormlab_models.fleet.lives import NEVER_NS, Lives, of_trace
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.published.cases import Case, Run, built_in_cases, chosen
from stormlab_models.published.evaluate import scenario_of, without
from stormlab_models.published.fleet_runs import READERS, Reading, herd, retrials, starts

CASES = {case.id: case for case in chosen(built_in_cases(), ["V24", "V25", "V26", "V32"])}
QUEUES = [(CASES[name], run) for name in ("V24", "V25") for run in CASES[name].run]
WORDS = [run.name for _, run in QUEUES]


def parameters_of(scenario: Scenario) -> Parameters:
    assert isinstance(scenario.parameters, Parameters)
    return scenario.parameters


def smaller(case: Case, given: Run, clients: int) -> Scenario:
    """A run of a case with fewer clients, that come as fast."""
    made = copy.deepcopy(given.set)
    share = clients / made["clients"]["count"]
    made["clients"]["count"] = clients
    if "cold_spread_s" in made["clients"] and given.read == "retrials":
        made["clients"]["cold_spread_s"] *= share
    return scenario_of(case, given.model_copy(update={"set": made}))


# --- the references, once more -----------------------------------------------------------------


def chain(servers: int, per_s: float, theta: float, orbit_max: int) -> tuple[float, float]:
    """E[orbit] and P(all busy) of M/M/c/c with retrials, service 1, orbit cut off at a maximum.

    Levels are orbits, phases busy servers. Level n gives pi(n + 1) = pi(n) R(n), from the top down.
    """
    phases = np.arange(servers + 1)
    up = np.zeros((servers + 1, servers + 1))
    up[servers, servers] = per_s  # an arrival that finds all busy
    local = np.diag(np.full(servers, per_s), 1) + np.diag(phases[1:].astype(float), -1)
    back = np.diag(np.full(servers, theta), 1)  # of each in the orbit, while a server is free

    def rates(level: int) -> np.ndarray[Any, Any]:
        out = local.sum(axis=1) + level * back.sum(axis=1)
        return local - np.diag(out + (up.sum(axis=1) if level < orbit_max else 0))

    steps = []
    below = np.zeros_like(up)  # R(n + 1) times the way back from n + 2
    for level in range(orbit_max, 0, -1):
        step = up @ np.linalg.inv(-(rates(level) + below))
        below = step @ (level * back)
        steps.append(step)
    balance = (rates(0) + below).T
    balance[-1] = 1
    level_0 = np.linalg.solve(balance, np.eye(servers + 1)[-1])
    shares = [level_0]
    for step in reversed(steps):
        shares.append(shares[-1] @ step)
    found = np.array(shares) / np.sum(shares)
    assert found[-1].sum() < 1e-12
    return float((found.sum(axis=1) * np.arange(orbit_max + 1)).sum()), float(found[:, -1].sum())


@pytest.mark.parametrize(("case", "given"), QUEUES, ids=WORDS)
def test_the_published_values_are_those_of_the_chain(case: Case, given: Run) -> None:
    assert case.evidence == "C"
    parameters = parameters_of(scenario_of(case, given))
    per_s = parameters.clients.count / parameters.clients.cold_spread_s
    theta = 1 / given.set["policy"]["backoff"]["delay_s"]
    orbit, busy = chain(parameters.server.workers, per_s, theta, 1500)
    published = {check.figure: check.reference for check in given.check}
    assert published["orbit_mean"] == pytest.approx(orbit, rel=1e-5)
    assert published["all_busy_share"] == pytest.approx(busy, rel=1e-5)
    assert published["attempts_per_client"] == pytest.approx(1 + theta * orbit / per_s, rel=5e-5)


# --- the runs, in small ------------------------------------------------------------------------

PERCENT_OF_300_000 = {"orbit_mean": 6.2, "all_busy_share": 2.8, "attempts_per_client": 3.2}


@pytest.mark.published
def test_a_retrial_queue_in_small() -> None:
    """V24's five workers with 5 x 60,000 clients.

    Allowed are 3 standard errors: those of a run of 1.05 million (1.1, 0.5 and 0.57 %), widened as
    the root of the number of clients.
    """
    given = CASES["V24"].run[-1]
    scenario = smaller(CASES["V24"], given, 60_000)
    runs = [Reading(scenario, seed, "retrials")() for seed in range(1, 6)]
    for check in given.check:
        mean = sum(float(each[check.figure] or "nan") for each in runs) / len(runs)
        allowed = PERCENT_OF_300_000[check.figure] / 100
        assert mean == pytest.approx(check.reference, rel=allowed), check.figure


@pytest.mark.published
def test_another_rate_of_retries_is_not_the_same_queue() -> None:
    """What the test above would say if timers were drawn twice as long."""
    scenario = smaller(CASES["V24"], CASES["V24"].run[-1], 60_000)
    slower = copy.deepcopy(CASES["V24"].run[-1].set)
    slower["policy"]["backoff"]["delay_s"] *= 2
    given = CASES["V24"].run[-1].model_copy(update={"set": slower})
    found = Reading(smaller(CASES["V24"], given, 60_000), 1, "retrials")()
    right = Reading(scenario, 1, "retrials")()
    assert float(found["orbit_mean"] or 0) > 1.3 * float(right["orbit_mean"] or 0)


SMALL = [
    (CASES["V24"].run[0], 1500),
    (CASES["V24"].run[3], 300),
    (CASES["V24"].run[4], 1500),
    (CASES["V25"].run[1], 1500),
    (CASES["V26"].run[1], 1000),
    (CASES["V32"].run[-1], 1500),
]


@pytest.mark.parametrize(("given", "clients"), SMALL, ids=[each.name for each, _ in SMALL])
def test_the_reference_gives_the_same_figures(given: Run, clients: int) -> None:
    case = next(case for case in CASES.values() if given in case.run)
    scenario = smaller(case, given, clients)
    assert given.read is not None
    lives = of_trace(run(scenario, 3, "reference"))
    expected = READERS[given.read](lives, parameters_of(scenario))
    assert Reading(scenario, 3, given.read)() == expected
    assert None not in expected.values()


# --- readers -----------------------------------------------------------------------------------


def lives_of(*columns: list[int]) -> Lives:
    return Lives(*(np.array(each, dtype=np.int64) for each in columns))


def test_a_queue_is_read_without_its_edges() -> None:
    """100 s, four clients; those at 1 s and 99 s are at the edges."""
    scenario = smaller(CASES["V24"], CASES["V24"].run[0], 4)
    clients = parameters_of(scenario).clients.model_copy(update={"cold_spread_s": 100.0})
    parameters = parameters_of(scenario).model_copy(update={"clients": clients})
    second = 1_000_000_000
    came = [second, 40 * second, 60 * second, 99 * second]
    tried = [9 * second, 40 * second, 65 * second, 120 * second]
    lives = lives_of(came, [9, 1, 3, 9], tried, [10 * second, 41 * second, 66 * second, NEVER_NS])
    assert retrials(lives, parameters) == {
        "clients_counted": 2,
        "orbit_mean": pytest.approx(4 / 100 * 2.5),
        "all_busy_share": 0.5,
        "attempts_per_client": 2.0,
    }
    lives.opened_ns[2] = NEVER_NS
    assert retrials(lives, parameters)["orbit_mean"] is None


def test_a_herd_that_is_not_all_in_has_no_end() -> None:
    parameters = parameters_of(scenario_of(CASES["V26"], CASES["V26"].run[1]))
    second = 1_000_000_000
    lives = lives_of([0] * 4, [2, 3, 2, 5], [0] * 4, [4 * second, 2 * second, NEVER_NS, second])
    found = herd(lives, parameters)
    assert (found["requests"], found["admitted"], found["t50_s"]) == (8, 3, 2.0)
    assert found["completion_s"] is None


def test_a_peak_is_one_of_starts_only() -> None:
    parameters = parameters_of(scenario_of(CASES["V32"], CASES["V32"].run[-1]))
    times = [100, 200, 1_500_000_000, 1_600_000_000, 1_999_999_999]
    assert starts(lives_of(times, [1] * 5, times, times), parameters)["starts_per_s_peak"] == 3
    again = lives_of(times, [1, 1, 2, 1, 1], times, times)
    assert starts(again, parameters)["starts_per_s_peak"] is None


def test_without_the_compiled_engine_its_runs_are_left_out_and_named() -> None:
    kept, lines = without(list(CASES.values()), "no Numba")
    assert [case.id for case in kept] == ["V26", "V32"]
    assert all(run.read is None for case in kept for run in case.run)
    assert lines[0] == "V24: 5 runs left out: no Numba"
    assert [line[:3] for line in lines] == ["V24", "V25", "V26", "V32"]
