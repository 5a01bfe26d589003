"""A run of a fleet as the comparison keeps it; the fleet is the lab's own, a small one."""

import pickle

import numpy as np
import pytest

from stormlab.compare import Reading, read_recovery, recovery_reader
from stormlab.compare.reading import _small, bin_s
from stormlab.model import make_scenario, run
from stormlab.recovery import Recovery, figures
from stormlab.scenario import Scenario
from stormlab.trace import Trace

CLIENTS = 12


def fleet(**keys: object) -> Scenario:
    document = {
        "model": "fleet",
        "duration_s": 90.0,
        "clients": {"count": CLIENTS},
        "faults": [{"do": "crash", "at_s": 10.0, "for_s": 20.0}],
    }
    return make_scenario(document | keys, name="small")


@pytest.fixture(scope="module")
def trace() -> Trace:
    return run(fleet(), 3)


@pytest.fixture(scope="module")
def reading(trace: Trace) -> Reading:
    return read_recovery(trace)


def test_the_figures_are_those_of_the_recovery(trace: Trace, reading: Reading) -> None:
    assert reading.figures == figures(Recovery.of(trace))
    assert reading.trace_hash == trace.hash


def test_the_samples_are_the_waits_of_all_sockets(reading: Reading) -> None:
    waits, watched = reading.arrays["waits_s"], reading.arrays["watched_s"]
    assert len(waits) == len(watched) == CLIENTS
    assert (waits == watched).all()
    assert np.sort(waits)[CLIENTS // 2 - 1] == reading.figures["reconnect_s_p50"]
    assert waits.min() > 20  # the outage itself


def test_who_is_not_back_waits_for_ever_and_was_watched_to_the_end() -> None:
    forever = fleet(faults=[{"do": "crash", "at_s": 10.0}])
    found = read_recovery(run(forever, 0))
    assert (found.arrays["waits_s"] == np.inf).all()
    assert found.arrays["watched_s"] == pytest.approx(80, abs=1)
    assert found.facts["down_s"] == [[10.0, 90.0]]


def test_the_curves_cover_the_run_and_add_up(reading: Reading) -> None:
    assert reading.facts["bin_s"] == 1
    assert reading.facts["fault_s"] == 10
    assert reading.facts["down_s"] == [[10.0, 30.0]]
    assert reading.facts["capacity_per_s"] == 2000
    curves = [reading.arrays[name] for name in ("attempts", "arrivals", "bytes_useful")]
    assert {len(curve) for curve in curves} == {90}
    assert curves[0].sum() == reading.figures["attempts"]
    standings = [array for name, array in reading.arrays.items() if name.startswith("standing ")]
    assert len(standings) == 6
    assert (np.sum(standings, axis=0) == CLIENTS).all()
    assert reading.arrays["standing open"][[9, 15, 89]].tolist() == [CLIENTS, 0, CLIENTS]


def test_little_is_kept_of_a_run(trace: Trace, reading: Reading) -> None:
    assert len(pickle.dumps(reading)) < 10_000 < trace.rows.nbytes


@pytest.mark.parametrize(
    ("duration_s", "width_s"), [(5, 0.1), (60, 0.1), (61, 1), (600, 1), (601, 2), (10_800, 20)]
)
def test_bins_are_as_narrow_as_600_of_them_allow(duration_s: float, width_s: float) -> None:
    assert bin_s(duration_s) == width_s


def test_an_endless_run_still_has_600_bins() -> None:
    assert 1e7 / bin_s(1e7) == pytest.approx(600)


@pytest.mark.parametrize("values", [[0, 255], [0, 256], [-1, 300], [0, 2**40]])
def test_whole_numbers_become_small_and_stay_equal(values: list[int]) -> None:
    small = _small(np.array(values))
    assert small.tolist() == values
    assert small.itemsize <= 8
    assert _small(np.array([0, 255])).dtype == np.uint8


def test_the_key_figures_are_figures_that_can_be_judged() -> None:
    reader = recovery_reader()
    assert len(reader.key) == 6
    assert {reader.measures[name].better for name in reader.key} == {"lower"}
    assert {reader.collapse, reader.lost} <= reader.measures.keys()
