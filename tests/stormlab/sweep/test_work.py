"""The runs of a sweep: found again when they are done, done again when they are not whole."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.model import load_scenario, run
from stormlab.replications import Job
from stormlab.scenario import ScenarioError
from stormlab.sources import SourceReader
from stormlab.store import Store
from stormlab.sweep import Plan, SweepError, make_sweep, plan
from stormlab.sweep import work as module
from stormlab.sweep.work import numbers
from stormlab.trace import Trace

AXIS = "network.latency_s=0.01,0.02"
SWEEP = make_sweep("plain", [AXIS], seeds=range(3))


def done_by(planned: Plan, store: Store) -> list[tuple[int, int]]:
    return [(each.cell, each.seed) for each in planned.work(store, workers=1)]


def test_numbers_are_kept_exactly_and_texts_are_not() -> None:
    trace = run(load_scenario("kill-restart"), 1)
    found = numbers("tac-webbuilder", trace)
    assert found["attempts"] == 80.0
    assert "page_close_codes" not in found


def test_all_runs_are_done_seed_by_seed_and_never_twice(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        planned = plan(SWEEP, store, {})
        assert (planned.kept, len(planned.runs)) == (0, 6)
        assert done_by(planned, store) == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
        again = plan(SWEEP, store, {})
        assert (again.kept, again.missing, again.done) == (6, [], planned.done)
        wider = plan(make_sweep("plain", [AXIS + ",0.03"], seeds=range(3)), store, {})
        assert [(each.cell, each.seed) for each in wider.missing] == [(2, 0), (2, 1), (2, 2)]
        known = plan(SWEEP, Store(tmp_path / "none"), planned.done)
        assert known.missing == []


def test_what_is_stopped_goes_on(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for _ in itertools.islice(plan(SWEEP, store, {}).work(store, 1), 2):
            pass
        rest = plan(SWEEP, store, {})
        assert rest.kept == 2
        assert done_by(rest, store) == [(0, 1), (1, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("written", [False, True])
def test_a_run_is_counted_if_it_was_kept_when_ctrl_c_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, written: bool
) -> None:
    real = Store.keep

    def interrupted(store: Store, *arguments: Any) -> None:
        if written:
            real(store, *arguments)
        raise KeyboardInterrupt

    with Store(tmp_path) as store:
        planned = plan(SWEEP, store, {})
        monkeypatch.setattr(Store, "keep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(planned.work(store, 1))
        assert planned.kept == plan(SWEEP, store, {}).kept == int(written)


def test_a_torn_unit_is_done_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = plan(SWEEP, store, {})
        done_by(first, store)
        path = tmp_path / f"{first.runs[4].key}.unit"
        path.write_bytes(path.read_bytes()[:-3])
        again = plan(SWEEP, store, {})
        assert done_by(again, store) == [(1, 1)]
        assert again.done == first.done


def test_other_code_is_never_taken_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        first = plan(SWEEP, store, {})
        done_by(first, store)
        assert not first.code_changed()
        monkeypatch.setattr(SourceReader, "_package", lambda _, name: f"changed {name}")
        assert first.code_changed()
        changed = plan(SWEEP, store, first.done)
        assert len(changed.missing) == 6
        monkeypatch.undo()
        monkeypatch.setattr(module, "READER", "figures/2")
        assert len(plan(SWEEP, store, first.done).missing) == 6


def test_cells_that_are_the_same_scenario_are_run_once(tmp_path: Path) -> None:
    same = make_sweep("plain", ["network.latency_s=1,1.0"], seeds=range(2))
    with Store(tmp_path) as store:
        planned = plan(same, store, {})
        assert len(planned.runs) == 4
        assert done_by(planned, store) == [(0, 0), (0, 1)]
        assert planned.kept == 4


def failing(error: Exception) -> Callable[[Job[object]], object]:
    def work(job: Job[object]) -> object:
        if job.seed == 1:
            raise error
        return job.read(run(job.scenario, job.seed))

    return work


def test_a_cell_that_cannot_be_run_is_named_and_the_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = r"plain with network.latency_s=0.01, seed 1"
    with Store(tmp_path) as store:
        refuse = failing(ScenarioError("no room"))
        monkeypatch.setattr("stormlab.replications.Job.__call__", refuse)
        planned = plan(SWEEP, store, {})
        with pytest.raises(SweepError, match=f"^{where}: no room$"):
            done_by(planned, store)
        assert planned.kept == plan(SWEEP, store, {}).kept == 2
        monkeypatch.setattr("stormlab.replications.Job.__call__", failing(ZeroDivisionError("x")))
        with pytest.raises(RuntimeError, match=f"the run failed: {where}") as error:
            done_by(planned, store)
        assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_what_checks_a_run_may_end_the_work_which_keeps_it(tmp_path: Path) -> None:
    def refuse(_: object) -> None:
        raise SweepError("enough")

    with Store(tmp_path) as store:
        planned = plan(SWEEP, store, {})
        with pytest.raises(SweepError, match="enough"):
            next(planned.work(store, 1, refuse))
        assert plan(SWEEP, store, {}).kept == 1


def test_a_trace_without_figures_is_no_error(small_trace: Trace) -> None:
    assert numbers("tac-webbuilder", small_trace)["clients"] == 2.0
