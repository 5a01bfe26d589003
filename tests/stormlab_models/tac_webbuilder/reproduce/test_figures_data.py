"""Figures of data against runs whose course is known."""

import math
from collections.abc import Callable

import pytest

from stormlab_models.tac_webbuilder.reproduce.figure import Value

Measure = Callable[..., Value]


@pytest.mark.parametrize(
    ("figure", "case", "fix", "value"),
    [
        ("time_to_data_s", "slow-legacy", "", math.inf),
        ("live_updates_possible_s", "slow-legacy", "", math.inf),
        ("data_within_1s", "plain", "", (1, 1)),
        ("data_within_1s", "slow-data", "", (0, 1)),
        ("endpoints_served_by_ws", "plain", "", 8),
        ("endpoints_served_by_ws", "slow-legacy", "", 0),
        ("initial_deliveries", "http", "", 2),
        ("initial_deliveries", "plain", "", 1),
        ("socket_later_than_rule_s", "plain", "", None),
        ("socket_later_than_rule_s", "http-hang", "http_sequencing", math.inf),
        ("identical_updates", "plain", "", (0, 8)),
        ("renders", "plain", "", 16),
        ("parse_errors", "strictmode", "", 0),
        ("pings_per_open_socket_min", "idle", "ping", 2),
        ("pings_per_open_socket_min", "plain", "ping", None),
        ("latency_shown_ms", "plain", "", math.inf),
        ("ready_before_open", "plain", "client_ready", 0),
    ],
)
def test_known_values(measure: Measure, figure: str, case: str, fix: str, value: Value) -> None:
    assert measure(figure, case, fix) == value


@pytest.mark.parametrize(
    ("figure", "case", "fix", "low", "high"),
    [
        ("time_to_data_s", "plain", "", 0.08, 0.15),
        ("time_to_data_s", "plain", "stagger", 0.68, 0.75),
        ("workflows_data_s", "plain", "stagger", 0.0, 0.03),
        ("queue_data_s", "plain", "stagger", 0.1, 0.13),
        ("any_data_s", "http-hang", "", 0.08, 0.15),
        ("socket_later_than_rule_s", "http-slow", "http_sequencing", 2.9, 3.1),
        ("latency_shown_ms", "slow-link", "ping", 135, 175),
    ],
)
def test_known_ranges(
    measure: Measure, figure: str, case: str, fix: str, low: float, high: float
) -> None:
    value = measure(figure, case, fix)
    assert isinstance(value, int | float)
    assert low <= value <= high


def test_a_page_that_lives_longer_renders_at_a_lower_rate(measure: Measure) -> None:
    short, long = (measure("renders_per_hour", case) for case in ("plain", "idle"))
    assert isinstance(short, float)
    assert isinstance(long, float)
    assert short > 10 * long > 0
