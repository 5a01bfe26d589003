"""A herd before a token bucket: its timers, and the fluid law in small."""

from typing import Any

import pytest

from stormlab.draws import Draws, exponential
from stormlab.vocabulary import Event


def test_the_first_request_comes_after_a_timer(simulate: Any) -> None:
    trace = simulate("token-bucket-herd", clients=1, seed=4)
    (row,) = trace.rows
    timer_ns = Draws(4).duration_ns(exponential(10.0), 0, "timer", 0)
    assert (row["time_ns"], row["attempt"]) == (timer_ns, 1)
    assert trace.count(Event.ACCEPTED) == 1


def test_a_large_bucket_admits_everybody_at_once(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("token-bucket-herd", clients=50, burst=50))
    assert figures["requests"] == figures["admitted"] == 50


def test_a_saturated_bucket_admits_at_its_rate(simulate: Any, figures_of: Any) -> None:
    """1,000 clients that retry every second on average, 20 tokens a second: t50 = 25 s."""
    figures = figures_of(
        simulate(
            "token-bucket-herd", clients=1000, retries_per_s=1.0, admitted_per_s=20.0, burst=10
        )
    )
    assert figures["t50_s"] == pytest.approx(25, rel=0.03)
    assert figures["requests"] == pytest.approx(1.0 * (1000**2 - 20**2) / 40 + 20, rel=0.03)
