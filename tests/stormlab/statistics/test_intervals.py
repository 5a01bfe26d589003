"""Intervals against known values, and replications that do not depend on who does them."""

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stormlab.compare import (
    CompareError,
    Interval,
    Job,
    bootstrap_interval,
    design_effect,
    mean_interval,
    median_interval,
    paired_difference,
    paired_reduction,
    replicate,
    share_interval,
)
from stormlab.draws import Draws
from stormlab.metrics import page_and_server_figures
from stormlab.model import load_scenario
from stormlab.trace import Trace


def test_the_mean_has_students_interval() -> None:
    found = mean_interval([1, 2, 3, 4, 5])
    assert found.value == 3
    assert found.high == pytest.approx(3 + 2.776445 * math.sqrt(2.5) / math.sqrt(5), rel=1e-6)
    assert found.low == pytest.approx(6 - found.high)


def test_equal_runs_have_an_interval_without_width() -> None:
    assert mean_interval([24.0] * 12) == Interval(24, 24, 24, 12)


def test_one_run_says_nothing_about_its_spread() -> None:
    found = mean_interval([3.0])
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_the_t_interval_covers_as_often_as_it_says() -> None:
    draws = Draws(7)
    hits = 0
    for turn in range(400):
        sample = [
            sum(draws.unit(turn, f"normal{part}", index) for part in range(12))
            for index in range(8)
        ]
        found = mean_interval(sample)
        hits += found.low <= 6 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(0, 20, 0, 16.11), (20, 20, 83.89, 100), (8, 24, 17.97, 53.29)],
)
def test_the_share_has_wilsons_interval(
    successes: int, trials: int, low: float, high: float
) -> None:
    found = share_interval([(successes, trials)])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_sockets_of_one_run_that_fail_together_count_as_one() -> None:
    together = [(8.0, 8.0), (0.0, 8.0)] * 10
    apart = [(4.0, 8.0)] * 20
    assert design_effect(np.array(together)) == pytest.approx(8 * 20 / 19)
    assert design_effect(np.array(apart)) == 1
    wide, narrow = share_interval(together), share_interval(apart)
    assert wide.value == narrow.value == 50
    assert wide.high - wide.low > 2.5 * (narrow.high - narrow.low)


def test_a_run_without_trials_does_not_count() -> None:
    assert share_interval([(0, 0), (3, 4)]).n == 4
    with pytest.raises(CompareError, match="no trials"):
        share_interval([(0, 0)])


def test_the_median_has_the_interval_of_order_statistics() -> None:
    found = median_interval(list(range(1, 21)))
    assert (found.value, found.low, found.high) == (10.5, 6, 15)


def test_a_run_that_never_got_there_counts_in_the_median() -> None:
    assert median_interval([1, 2, math.inf, math.inf, math.inf]).value == math.inf
    assert median_interval([1, 2, 3, math.inf]).value == 2.5
    with pytest.raises(CompareError, match="never"):
        mean_interval([1, math.inf])


def test_the_bootstrap_is_the_same_each_time_and_near_the_t_interval() -> None:
    rows = [[float(value)] for value in (3, 5, 4, 6, 5, 4, 7, 5, 4, 6, 5, 3)]
    first = bootstrap_interval(rows, lambda array: float(array.mean()))
    again = bootstrap_interval(rows, lambda array: float(array.mean()))
    t = mean_interval([row[0] for row in rows])
    assert first == again
    assert (first.low, first.high) == pytest.approx((t.low, t.high), abs=0.2)


def test_pairs_take_the_spread_of_the_world_out() -> None:
    before = [10.0, 20.0, 30.0, 40.0]
    found = paired_difference(before, [value - 2 for value in before])
    assert (found.value, found.low, found.high) == (-2, -2, -2)
    less = paired_reduction(before, [value / 2 for value in before])
    assert (less.value, less.low, less.high) == pytest.approx((50, 50, 50))
    with pytest.raises(CompareError, match="not pairs"):
        paired_difference([1.0], [1.0, 2.0])


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
    with pytest.raises(CompareError, match="a worker process ended"):
        list(replicate(broken, workers=2))


def test_a_job_is_named_by_scenario_and_seed() -> None:
    plain, strict = load_scenario("plain"), load_scenario("strictmode")
    keys = {Job(scenario, seed, digest).key for scenario in (plain, strict) for seed in (0, 1)}
    assert len(keys) == 4


def test_without_scipy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., Any] = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "scipy":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(CompareError, match=r"stormlab\[report\]"):
        mean_interval([1.0, 2.0])
