"""Clients cut off, offline and hidden."""

from collections.abc import Callable

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]


def test_half_of_the_clients_is_about_half(fleet: Fleet) -> None:
    cut = {"do": "cut", "at_s": 10, "for_s": 30, "share": 0.5}
    trace = fleet(faults=[cut], policy="Patient3", clients={"count": 400})
    lost = len(set(trace.of(Event.HEARTBEAT_LOST)["client"].tolist()))
    assert 160 < lost < 240


def test_offline_and_online_are_told(fleet: Fleet, at: At) -> None:
    offline = {"do": "offline", "at_s": 10, "for_s": 12}
    trace = fleet(faults=[offline], policy="AtOnceOnline")
    assert at(trace, Event.CLOSE) == [10, 15.001, 20.002]  # closed; refused at once while offline
    assert at(trace, Event.NEW) == [15, 20.001, 22]  # and at once when online


def test_hidden_pages_wake_on_a_grid_of_their_own(fleet: Fleet, at: At) -> None:
    hide = {"do": "hide", "at_s": 1, "for_s": 800}
    crash = {"do": "crash", "at_s": 400, "for_s": 100}
    trace = fleet(faults=[hide, crash], clients={"count": 50}, duration_s=900)
    rows = trace.of(Event.NEW)
    for client in range(50):
        times = rows["time_ns"][(rows["client"] == client) & (rows["time_ns"] > 0)]
        assert len(set((times % 60_000_000_000).tolist())) == 1
    shown = fleet(faults=[{**hide, "for_s": 405}, crash], clients={"count": 50}, duration_s=900)
    assert at(shown, Event.NEW).count(406) > 40  # overdue timers fire when the page is shown
