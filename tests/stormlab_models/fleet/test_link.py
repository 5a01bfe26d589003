"""Every attempt ends once."""

from collections.abc import Callable

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]


def test_conservation(fleet: Fleet) -> None:
    """Every attempt ends once or is open at the end; every handshake begun by a worker ends."""
    faults = [
        {"do": "crash", "at_s": 10, "for_s": 20},
        {"do": "cut", "at_s": 40, "for_s": 30, "share": 0.5},
        {"do": "reject", "at_s": 90, "for_s": 10},
        {"do": "stop", "at_s": 120, "for_s": 5},
    ]
    trace = fleet(
        faults=faults, policy="Patient3", clients={"count": 60, "sockets": 3}, duration_s=300
    )
    new, closed = trace.of(Event.NEW), trace.of(Event.CLOSE)
    made = {(row["client"], row["socket"]) for row in new}
    ended = [(row["client"], row["socket"]) for row in closed]
    assert len(made) == len(new)
    assert len(set(ended)) == len(ended)
    assert set(ended) <= made
    assert len(made) - len(ended) == 180
    assert trace.count(Event.STARTED) == trace.count(Event.SERVED)
    assert trace.count(Event.TIMER_SET) == trace.count(Event.TIMER_FIRED, Event.TIMER_CLEARED)
