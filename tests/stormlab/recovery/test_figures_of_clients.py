"""Every figure of clients on the example storm, worked out by hand."""

import math

import pytest

from stormlab.recovery import Recovery, Value, figures
from stormlab.recovery.example import example
from stormlab.recovery.figures_of_clients import BACK, LOSSES, USERS

# Client 0 is away 10-33 s, client 1 10-34 s and 36-39 s, client 2 from 10 s on. Back: 33, 39 s.
BY_HAND: dict[str, Value] = {
    "reconnect_s_p50": 29,
    "reconnect_s_p95": math.inf,
    "reconnect_s_p99": math.inf,
    "reconnect_s_mean": (23 + 29 + 90) / 3,
    "recovery_s_p50": 9,
    "recovery_s_p95": math.inf,
    "recovery_s_p99": math.inf,
    # S is 1 for 3 s, 2/3 to 9 s, then 1/3 up to e - f = 90 s
    "recovery_s_mean": 3 + 6 * 2 / 3 + 81 / 3,
    "client_reconnect_s_p50": 29,
    "client_reconnect_s_p95": math.inf,
    "client_reconnect_s_p99": math.inf,
    "away_s_mean": (23 + 24 + 3 + 90) / 3,
    "connections_lost": 3,
    "lost_percent": 100 / 3,
    "lost_clients": 1,
    "away_percent": 100 / 3,
    # of 18 messages from 10 s on: 10 to 30 s, the same, all
    "missed_messages_percent": 100 * (5 + 5 + 18) / (3 * 18),
    "missed_messages_per_client_mean": (5 + 5 + 18) / 3,
    # clients 0 and 1: age 5 to 30 s until the message at 35 s, then 13 times 0 to 5 s
    "staleness_s_mean": (2 * ((30**2 - 5**2) / 2 + 13 * 12.5) + (95**2 - 5**2) / 2) / 270,
    "staleness_s_p99": 95 - 2.7,
    "staleness_s_max": 95,
}


@pytest.mark.parametrize("name", [figure.name for figure in (*BACK, *LOSSES, *USERS)])
def test_the_figure_is_what_one_finds_by_hand(name: str) -> None:
    assert figures(Recovery.of(example()))[name] == pytest.approx(BY_HAND[name])
