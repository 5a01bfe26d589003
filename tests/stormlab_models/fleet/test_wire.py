"""The path: round trips and retransmissions."""

from collections.abc import Callable

import pytest

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]


@pytest.mark.parametrize(
    ("tls", "resumed", "round_trips"),
    [("1.3", 0, 1), ("1.3", 1, 1), ("1.2", 0, 2), ("1.2", 1, 1), ("none", 0, 0)],
)
def test_tls_costs_round_trips(
    fleet: Fleet, tls: str, resumed: float, round_trips: int, at: At
) -> None:
    network = {"tls": tls, "resumed_share": resumed}
    trace = fleet(faults=[{"do": "crash", "at_s": 10, "for_s": 1}], network=network)
    connect, request = at(trace, Event.CONNECT)[0], at(trace, Event.REQUEST)[0]
    assert request - connect == pytest.approx(0.01 * (3 + 2 * round_trips))
    assert trace.count(Event.TLS) == (tls != "none")


def test_syns_into_silence_follow_the_kernels_lattice(fleet: Fleet, at: At) -> None:
    faults = [{"do": "crash", "at_s": 10, "for_s": 400}]
    trace = fleet(faults=faults, server={"down": "hang"}, duration_s=200)
    first = at(trace, Event.CONNECT)[0]
    retries = [round(time - first, 6) for time in at(trace, Event.SYN_RETRY)]
    assert retries[:10] == [1, 2, 3, 4, 5, 7, 11, 19, 35, 67]
    gave_up = at(trace, Event.CLOSE)[1]
    assert gave_up - first == pytest.approx(131)
