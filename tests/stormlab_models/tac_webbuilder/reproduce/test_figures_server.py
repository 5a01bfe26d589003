"""Figures of connections against runs whose course is known."""

import math
from collections.abc import Callable

import pytest

from stormlab_models.tac_webbuilder.reproduce.figure import Value

Measure = Callable[..., Value]


@pytest.mark.parametrize(
    ("figure", "case", "value"),
    [
        ("page_success", "plain", (8, 8)),
        ("page_success", "strictmode", (16, 24)),
        ("page_success", "server-down", (8, 80)),
        ("server_success", "plain", (8, 8)),
        ("exceptions_1006", "plain", 0),
        ("connections_lost", "reload", 1),
        ("error_lines", "plain", 0),
        ("failed_after_open", "reload-late-send", (8, 8)),
        ("failed_by_close_of_open_socket", "reload", (0, 1)),
        ("opened_without_data", "old-client", (8, 8)),
        ("opened_without_data", "plain", (0, 8)),
        ("log_excerpt_seen", "slow-legacy", (1, 1)),
        ("log_excerpt_seen", "slow-sansio", (0, 1)),
        ("code_1006_after_clean_goodbye", "reload-late-send", (8, 8)),
        ("answered_before_accept", "accept-200", (0, 8)),
        ("closed_after_ready_timeout", "old-client", (0, 8)),
        ("closed_after_ready_timeout", "old-client-sansio", (24, 24)),
        ("handlers_waiting", "idle", (8, 8)),
        ("handshakes_parallel_max", "plain", 1),
        ("connecting_max", "plain", 8),
        ("sockets_open_max", "strictmode", 16),
        ("peak_100ms", "plain", 8),
        ("retry_peak_100ms", "plain", None),
        ("retry_peak_100ms", "server-down", 8),
        ("handshake_wasted_kb", "plain", 0),
        ("handshake_bytes_per_connection", "server-absent", None),
        ("all_established_s", "storm-50ms", math.inf),
        ("eighth_open_ms", "slow-legacy", math.inf),
        ("ready_timeouts", "plain", (0, 0)),
    ],
)
def test_known_values(measure: Measure, figure: str, case: str, value: Value) -> None:
    assert measure(figure, case) == value


@pytest.mark.parametrize(
    ("figure", "case", "low", "high"),
    [
        ("handshake_bytes_per_connection", "plain", 710, 770),
        ("handshake_kb", "plain", 5.6, 6.2),
        ("first_open_ms", "plain", 1, 30),
        ("eighth_open_ms", "accept-200", 1600, 1900),
        ("accept_span_ms", "plain", 70, 150),
        ("accept_to_send_ms", "late-send", 500, 501),
        ("server_cpu_percent", "storm", 45, 70),
        ("all_established_s", "storm", 0.5, 1.4),
    ],
)
def test_measured_ranges(measure: Measure, figure: str, case: str, low: float, high: float) -> None:
    value = measure(figure, case)
    assert isinstance(value, int | float)
    assert low <= value <= high


def test_every_failed_send_behind_the_timer_reports_1006(measure: Measure) -> None:
    value = measure("code_1006_of_failed_sends", "slow-legacy")
    assert isinstance(value, tuple)
    assert value[0] == value[1] > 0


def test_useful_and_wasted_make_the_whole(measure: Measure) -> None:
    parts = [measure(f"handshake_{part}_kb", "reload") for part in ("useful", "wasted", "")[:2]]
    whole = measure("handshake_kb", "reload")
    assert sum(part for part in parts if isinstance(part, int | float)) == pytest.approx(whole)
