"""Figures of the page against runs whose course is known."""

import math
from collections.abc import Callable

import pytest

from stormlab_models.tac_webbuilder.reproduce.figure import Value

Measure = Callable[..., Value]


@pytest.mark.parametrize(
    ("figure", "case", "fix", "value"),
    [
        ("attempts", "plain", "", 8),
        ("attempts", "strictmode", "", 24),
        ("attempts", "strictmode", "stagger", 8),
        ("attempts", "server-absent", "", 80),
        ("attempts_at_mount", "strictmode", "", 16),
        ("duplicate_endpoints", "strictmode", "", 8),
        ("duplicate_endpoints", "plain", "", 0),
        ("live_sockets", "remount", "", 16),
        ("live_sockets", "unmount", "manager", 8),
        ("endpoints_open", "server-down", "", 0),
        ("endpoints_open", "server-down", "patient", 8),
        ("closed_unasked", "idle", "", (0, 8)),
        ("closed_unasked", "idle-proxy", "ping_5s", (0, 8)),
        ("closed_unasked", "server-down", "", (0, 8)),
        ("idle_closings", "plain", "", 0),
        ("steady_attempts_per_minute", "plain", "", 0),
        ("wire_events_per_hour", "idle", "", 0),
        ("attempts_after_all_open", "plain", "", 0),
        ("attempts_after_all_open", "slow-legacy", "", None),
        ("attempts_late_in_outage", "server-gone", "", 0),
        ("attempts_late_in_outage", "plain", "", None),
        ("retries_per_endpoint", "server-gone", "", 9),
        ("retries_per_endpoint", "server-absent", "", 9),
        ("first_retry_delay_s", "server-down", "", 2),
        ("first_retry_delay_s", "plain", "", None),
        ("delay_ratio", "server-gone", "", 2),
        ("delay_max_s", "server-gone", "", 30),
        ("delay_growth_s", "server-gone", "", 28),
        ("failure_shown", "server-gone", "", 0),
        ("failure_shown", "server-gone", "stop_in_onclose", 1),
        ("failure_shown", "plain", "", None),
        ("breakers_opened", "server-gone", "breaker", 0),
        ("breakers_opened", "server-gone", "breaker_wired", 8),
        ("attempts_after_breaker_time", "server-back-breaker", "breaker_wired", 0),
        ("open_after_retry_by_hand", "retry-by-hand", "", (0, 8)),
        ("open_after_retry_by_hand", "retry-by-hand-late", "breaker_wired", (8, 8)),
        ("timers_pending_max", "strictmode-down", "", 2),
        ("timers_pending_max", "server-down", "", 1),
        ("timers_pending_at_end", "server-gone", "stop_in_onclose", 0),
        ("orphans", "strictmode", "manager", 8),
        ("orphans", "plain", "manager", 0),
        ("server_memory_growth_mb", "remount", "", 0.96),
        ("pages_without_live_data", "old-client", "", (1, 1)),
        ("pages_without_live_data", "plain", "", (0, 1)),
        ("server_rate_error", "plain", "", 0),
        ("server_rate_error", "idle-proxy", "", 100),
        ("slow_opens", "plain", "", (0, 8)),
        ("silent_60s", "idle", "", (8, 8)),
        ("silent_60s", "idle", "ping", (0, 8)),
        ("notices_dead_path_s", "half-open", "ping", math.inf),
        ("unasked_closes_per_hour", "day", "", 0),
    ],
)
def test_known_values(measure: Measure, figure: str, case: str, fix: str, value: Value) -> None:
    assert measure(figure, case, fix) == (
        pytest.approx(value) if isinstance(value, float) else value
    )


def test_a_dead_path_looks_excellent_to_the_end(measure: Measure) -> None:
    shown_s = measure("excellent_after_death_s", "half-open")
    assert isinstance(shown_s, float)
    assert shown_s > 290
    assert measure("excellent_after_death_s", "plain") is None
