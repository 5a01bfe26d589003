"""What a new connection needs behind the server."""

from collections import Counter
from collections.abc import Callable

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]


def test_a_dependency_that_fails_closes_with_1011(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    dependency = {"workers": 1, "service_s": 2, "timeout_s": 5, "tries": 1}
    trace = fleet(faults=[crash], clients={"count": 4}, dependency=dependency)
    outcomes = Counter(trace.text(row) for row in trace.of(Event.DEPENDENCY))
    assert outcomes["ok"] >= 2
    assert outcomes["failed"] >= 2  # the third would have waited 6 s
    assert 1011 in trace.of(Event.CLOSE)["code"]
