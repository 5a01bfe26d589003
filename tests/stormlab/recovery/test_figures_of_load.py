"""Every figure of the load on the example storm, worked out by hand."""

import pytest

from stormlab.recovery import Recovery, Value, figures
from stormlab.recovery.example import example
from stormlab.recovery.figures_of_load import BYTES, COLLAPSE, LOAD, RHYTHM, SERVER, SUCCESS

# Attempts at 11, 12, 14, 32, 32.1, 38 s; the last three reach the server; those of 32, 38 s last.
BY_HAND: dict[str, Value] = {
    "attempts": 6,
    "attempts_per_client_mean": 2,
    "attempts_per_client_max": 3,
    "attempts_per_100ms_peak": 1,
    "attempts_per_s_peak": 2,
    "attempts_per_s_sliding_peak": 2,
    "arrivals_per_100ms_peak": 1,
    "arrivals_per_s_peak": 2,
    "handshake_bytes_per_client_mean": (3 * 100 + 3 * 872) / 3,
    "tcp_bytes_per_client_mean": (3 * 100 + 3 * 172) / 3,
    "tls_full_bytes_per_client_mean": 0,
    "tls_resumed_bytes_per_client_mean": 0,
    "http_bytes_per_client_mean": 700,
    "http_first_bytes_per_client_mean": 0,
    "useful_bytes_per_client_mean": 2 * 872 / 3,
    "wasted_bytes_percent": 100 * (300 + 872) / (300 + 3 * 872),
    "page_success_percent": 50,
    "lasting_percent": 100 / 3,
    "server_success_percent": 100,
    "rejected": 0,
    "wasted_work_percent": 0,
    # from 30 s until drained at 39 s the one worker is busy 3 times half a second
    "utilisation_percent": 100 * 1.5 / 9,
    "saturation_percent": 100 * 1.5 / 9,
    "queue_peak": 1,
    "drain_s": 9,
    "queue_drain_s": 2.5,
    "resync_max": 0,
    "resync_lag_s": None,
    # six of 271 bins hold one attempt each
    "attempts_fano": 1 - 6 / 271,
    "dispersion_atom_percent": None,
    "dispersion_iqr_percent": None,
    "late_delay_s_median": None,
    "collapsed": 0,
}
HERE = [*LOAD, *BYTES, *SUCCESS, *SERVER, *RHYTHM, *COLLAPSE]


@pytest.mark.parametrize("name", [figure.name for figure in HERE])
def test_the_figure_is_what_one_finds_by_hand(name: str) -> None:
    assert figures(Recovery.of(example()))[name] == pytest.approx(BY_HAND[name])
