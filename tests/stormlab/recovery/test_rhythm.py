"""Waves on streams whose rhythm is known. Draws are addressed, as everywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.recovery import rhythm
from stormlab.recovery.rows import Ints

S = 1_000_000_000
Make = Callable[..., Any]


def uniform(n: int, seed: int = 0) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Give n numbers in [0, 1) without a pattern: the fractional parts of a bit mixer."""
    x = np.arange(1, n + 1, dtype=np.uint64) + np.uint64(seed << 32)
    for shift, factor in [(30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)]:
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return (x >> np.uint64(11)).astype(np.float64) / 2**53


def at(seconds: "np.ndarray[Any, np.dtype[np.float64]]") -> Ints:
    return np.sort((seconds.ravel() * S).astype(np.int64))


@pytest.mark.parametrize("run_s", [60, 300, 600])
@pytest.mark.parametrize("attempts", [60, 1000, 20_000])
def test_independent_attempts_have_no_waves(run_s: int, attempts: int) -> None:
    found = [rhythm.waves(at(uniform(attempts, seed) * run_s)) for seed in range(5)]
    strengths = [wave.strength for wave in found if wave]
    assert max(strengths) < 0.1
    assert np.mean([wave.fano for wave in found if wave]) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("run_s", [300, 600])
def test_a_thousand_clients_in_step_are_waves(run_s: int) -> None:
    found = rhythm.waves(at(np.repeat(np.arange(0, run_s, 10.0), 1000)))
    assert found is not None
    assert found.lag_s == 10
    assert 1 - 10 / run_s - 0.01 < found.strength <= 1


def test_a_shorter_run_shows_fewer_repetitions() -> None:
    found = rhythm.waves(at(np.repeat(np.arange(0, 60, 10.0), 1000)))
    assert found is not None
    assert found.strength == pytest.approx(1 - 10 / 60, abs=0.02)


def test_jitter_weakens_waves() -> None:
    gaps = 10 + 2 * uniform(30_000).reshape(1000, 30)
    jittered = rhythm.waves(at(np.cumsum(gaps, axis=1)))
    in_step = rhythm.waves(at(np.repeat(np.arange(0, 330, 11.0), 1000)))
    assert jittered is not None
    assert in_step is not None
    assert 0.2 < jittered.strength < in_step.strength - 0.2


def test_clients_with_one_period_but_spread_out_are_hardly_waves() -> None:
    """Their attempts do repeat every 10 s, but they are not bunched beyond chance."""
    starts = 10 * uniform(1000)
    found = rhythm.waves(at(starts[:, None] + np.arange(0, 300, 10)))
    assert found is not None
    assert found.strength < 0.35


def test_a_burst_that_decays_is_no_wave() -> None:
    found = rhythm.waves(at(-30 * np.log1p(-uniform(20_000))))
    assert found is not None
    assert found.strength == 0
    assert found.fano > 10


def test_without_attempts_there_is_no_rhythm() -> None:
    assert rhythm.waves(np.zeros(0, np.int64)) is None
    assert rhythm.waves(np.array([5 * S])) == rhythm.Waves(0.0, 0.0, 0.0)


@given(st.lists(st.integers(0, 40 * S), max_size=60))
def test_the_strength_is_a_share(times: list[int]) -> None:
    found = rhythm.waves(np.array(sorted(times), np.int64))
    assert found is None or (0 <= found.strength <= 1 and found.fano >= 0)


def test_late_delays_begin_with_the_sixth_in_a_row(fleet: Make) -> None:
    storm = fleet(clients=2)
    storm.settled(10)
    storm.fault(10, "cut")
    for n in range(8):
        storm.timer(11 + n, 0.1 * (n + 1))
    storm.timer(20, 0.5, client=1)
    delays = rhythm.late_delays_ns(storm.recovery())
    assert (delays / 1e8).round().tolist() == [6, 7, 8]


def test_a_lasting_connection_begins_a_new_row_and_a_short_one_does_not(fleet: Make) -> None:
    storm = fleet()
    storm.fault(1, "cut")
    for n in range(5):
        storm.timer(2 + n, 0.1)
    storm.socket(8, 8.5, 9)
    storm.timer(10, 0.6)
    assert (rhythm.late_delays_ns(storm.recovery()) / 1e8).tolist() == [6]
    storm.socket(12, 13, 30)
    for n in range(5):
        storm.timer(31 + n, 0.2)
    assert (rhythm.late_delays_ns(storm.recovery()) / 1e8).tolist() == [6]


def test_dispersion_of_late_delays(fleet: Make) -> None:
    storm = fleet(clients=4)
    storm.fault(1, "cut")
    for client, late_s in enumerate([5.0, 5.0, 5.0, 9.0]):
        for n in range(5):
            storm.timer(2 + n, 0.1, client=client)
        storm.timer(20, late_s, client=client)
    recovery = storm.recovery()
    assert rhythm.dispersion_atom_percent(recovery) == 75
    assert rhythm.dispersion_iqr_percent(recovery) == pytest.approx(20)
    assert rhythm.late_delay_s_median(recovery) == 5


def test_without_late_delays_there_is_no_dispersion(fleet: Make) -> None:
    recovery = fleet().recovery()
    assert rhythm.dispersion_atom_percent(recovery) is None
    assert rhythm.dispersion_iqr_percent(recovery) is None
    assert rhythm.late_delay_s_median(recovery) is None
    assert rhythm.resync_max(recovery) is None
    assert rhythm.resync_lag_s(recovery) is None
    assert rhythm.attempts_fano(recovery) is None
