"""A herd before a fixed window: waits that double, less their jitter."""

from typing import Any

import pytest

from stormlab.clock import NS_PER_S


def test_without_jitter_waits_double(simulate: Any, figures_of: Any) -> None:
    """Three in step, one per second: refused at 0, 1, 3 s; each of these seconds lets one in."""
    trace = simulate("window-limiter", clients=3, limit=1, jitter_share=0.0)
    assert [(int(t) // NS_PER_S) for t in trace.rows["time_ns"]] == [0, 0, 0, 1, 1, 3]
    assert trace.rows["attempt"].tolist() == [1, 1, 1, 2, 2, 3]
    assert figures_of(trace)["completion_s"] == 3.0


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_jitter_takes_at_most_its_share(simulate: Any, share: float) -> None:
    trace = simulate("window-limiter", clients=40, limit=2, jitter_share=share)
    waits = []
    for client in range(40):
        times = trace.rows["time_ns"][trace.rows["client"] == client]
        for k, wait in enumerate((times[1:] - times[:-1]).tolist()):
            waits.append(wait / (2**k * NS_PER_S))
    assert 1 - share <= min(waits) < 1 - share + 0.1
    assert 0.9 < max(waits) <= 1


def test_everybody_gets_in_no_faster_than_the_limit(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("window-limiter", 10_000, clients=100, limit=10))
    assert figures["admitted"] == 100
    assert figures["completion_s"] >= 9
