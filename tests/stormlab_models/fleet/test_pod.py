"""Workers and their queue."""

from collections.abc import Callable

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]


def test_workers_and_queue(fleet: Fleet, at: At) -> None:
    """Ten clients, one worker of 100 ms: they open 100 ms apart, the first first."""
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 1, "handshake_s": 0.1}
    trace = fleet(faults=[crash], clients={"count": 10}, server=server)
    assert at(trace, Event.OPEN) == [round(15.06 - 0.01 + 0.1 * n, 6) for n in range(1, 11)]
    assert trace.of(Event.OPEN)["client"].tolist()[10:] == list(range(10))
    waiting = trace.of(Event.QUEUED_REQUEST)["code"].tolist()
    assert waiting == list(range(9))
    newest = fleet(faults=[crash], clients={"count": 10}, server={**server, "queue": "lifo"})
    assert newest.of(Event.OPEN)["client"].tolist()[10:] == [0, *range(9, 0, -1)]
