"""Replications do not depend on who does them."""

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.model import load_scenario
from stormlab.replications import Job, ReplicationError, replicate
from stormlab.trace import Trace


def digest(trace: Trace) -> str:
    return trace.hash


def test_workers_change_nothing_but_the_time() -> None:
    scenario = load_scenario("plain")
    jobs = [Job(scenario, seed, page_and_server_figures) for seed in range(9)]
    alone = list(replicate(jobs, workers=1))
    assert list(replicate(jobs, workers=2)) == alone
    assert len({figures["time_to_data_s_median"] for figures in alone}) == 9


def test_a_worker_that_cannot_read_is_said_in_one_line() -> None:
    jobs = [Job(load_scenario("plain"), seed, len) for seed in range(8)]
    broken = [Job(job.scenario, job.seed, digest) for job in jobs]
    with pytest.raises(ReplicationError, match="a worker process ended"):
        list(replicate(broken, workers=2))


def test_a_job_is_named_by_scenario_and_seed() -> None:
    plain, strict = load_scenario("plain"), load_scenario("strictmode")
    keys = {Job(scenario, seed, digest).key for scenario in (plain, strict) for seed in (0, 1)}
    assert len(keys) == 4
