"""What is put together of the readings."""

from collections.abc import Callable

import numpy as np
import pytest

from stormlab.compare import Comparison, Plan
from stormlab.compare.assembly import _told_of

Compared = Callable[..., Comparison]


def test_a_figure_that_applies_to_no_run_is_not_a_column(compared: Compared) -> None:
    found = compared("20", "30")
    assert list(found.key) == ["wait_s", "speed"]
    assert "nothing" in found.measures
    assert "nothing" not in found.policies[0].figures
    assert np.isnan(found.policies[0].runs.values["nothing"]).all()


def test_the_runs_of_a_policy_stand_in_the_order_of_their_seeds(compared: Compared) -> None:
    few, many = compared("20~5", plan=Plan(replications=4)), compared("20~5")
    for name in ("wait_s", "speed"):
        assert many.policies[0].runs.values[name][:4].tolist() == (
            few.policies[0].runs.values[name].tolist()
        )
    waits = [float(each[0]) for each in many.policies[0].runs.waits_s]
    assert waits == many.policies[0].runs.values["wait_s"].tolist()


def test_the_curves_are_runs_by_bins(compared: Compared) -> None:
    found = compared("20")
    runs, grid = found.policies[0].runs, found.grid
    assert grid is not None
    assert len(grid) == 10
    assert (grid.fault_s, grid.down_s, grid.capacity_per_s) == (0.0, ((0.0, 5.0),), None)
    assert runs.curves["attempts"].shape == runs.standings["open"].shape == (12, 10)
    assert list(runs.curves) == ["attempts"]


def test_losses_and_collapse_come_from_the_figures_that_are_named(compared: Compared) -> None:
    sure, half = compared("20", "20?50").policies
    assert sure.collapse is not None
    assert half.collapse is not None
    assert half.lost is not None
    assert sure.collapse.value == 0
    assert 0 < half.collapse.value < 1
    assert half.lost.interval.value == half.collapse.value
    assert half.ecdf is not None
    assert half.ecdf.censored == round(half.collapse.value * 12)


def test_a_policy_alone_has_figures_and_no_pairs(compared: Compared) -> None:
    found = compared("20")
    assert (found.pairs, dict(found.rankings)) == ((), {})
    assert found.policies[0].figures["wait_s"].interval.n == 12


def test_the_base_scenario_is_told(compared: Compared) -> None:
    found = compared("30", settings=("weather=2",))
    assert (found.scenario, found.model, found.duration_s) == ("waits", "waits", 100)
    assert found.settings == (("weather", 2.0),)
    assert found.policies[0].scenario_hash
    assert len(found.code) == 32


@pytest.mark.parametrize("target", ["phoenix", "phoenix,attempts_max=3"])
def test_the_catalogue_tells_version_and_terms(target: str) -> None:
    version, terms = _told_of(target)
    assert version is not None
    assert version[0].isdigit()
    assert "heartbeat_s" in terms


def test_of_what_the_catalogue_does_not_know_nothing_is_told() -> None:
    assert _told_of("20~5") == (None, {})
