"""Small sweeps, done once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab.store import Store
from stormlab.sweep import Plan, Results, make_sweep, plan

Done = Callable[..., Plan]


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Do all runs of a sweep of the plain page load, one after the other; keeps them for later."""
    store = Store(tmp_path_factory.mktemp("units"))

    def work(*axes: str, replications: int = 2) -> Plan:
        sweep = make_sweep("plain", axes, seeds=range(replications))
        with store:
            planned = plan(sweep, store, {})
            for _ in planned.work(store, workers=1):
                pass
        return planned

    return work


@pytest.fixture
def results(done: Done) -> Results:
    """Two latencies, two seeds each."""
    return Results.of(done("network.latency_s=0.01,0.02"), "stormlab sweep ...")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder to write into."""
    return tmp_path / "out"
