"""Bare subjects: a page that only opens sockets, and clients without a browser."""

from collections import Counter
from collections.abc import Callable

import pytest

from stormlab.metrics import page_and_server_figures, window
from stormlab.trace import Trace
from stormlab.vocabulary import Event, State

App = Callable[..., Trace]
RAW = {"hook": "raw_sockets"}


def test_a_bare_page_opens_what_it_is_told(app: App) -> None:
    trace = app(page=RAW, socket_groups=[{"sockets": 3}, {"sockets": 2, "server": 2}])
    assert trace.count(Event.NEW) == trace.count(Event.OPEN) == 5
    assert trace.header["addresses"] == 2


def test_number_256_of_a_page_is_limited(app: App) -> None:
    slow = {"accept_delay_s": 1.0}
    trace = app(duration_s=0.5, page=RAW, server=slow, socket_groups=[{"sockets": 300}])
    assert trace.count(Event.LIMITED) == 45


def test_sockets_are_opened_and_closed_on_demand(app: App) -> None:
    actions = [
        {"do": "open_sockets", "at_s": 2, "sockets": 4},
        {"do": "close_sockets", "at_s": 10, "sockets": 3},
    ]
    trace = app(page=RAW, socket_groups=[{"sockets": 2}], actions=actions)
    assert trace.count(Event.OPEN) == 6
    assert trace.of(Event.CLOSE_CALLED)["socket"].tolist() == [0, 1, 2]  # the oldest first


def test_groups_choose_tab_and_profile(app: App) -> None:
    """Two tabs of one profile share a gate; the same two in two profiles do not."""
    first: dict[bool, float] = {}
    for apart in (False, True):
        groups = [{"sockets": 7, "tab": tab, "profile": tab if apart else 1} for tab in (1, 2)]
        trace = app(
            page=RAW,
            browser={"tabs": 2, "tab_stagger_s": 0},
            socket_groups=groups,
            server={"accept_delay_s": 0.2},
        )
        opened = trace.of(Event.OPEN)["time_ns"]
        new = trace.of(Event.NEW)["time_ns"]
        first[apart] = float(opened.max() - new.min()) / 1e9
    assert first[True] < 0.75 * first[False]


# --- without a browser ----------------------------------------------------------------------------


def clients(**settings: object) -> dict[str, object]:
    return {"browser": {"name": "none"}, "client": settings}


def test_a_hundred_times_eight_in_parallel(app: App) -> None:
    trace = app(duration_s=30, **clients(clients=100))
    figures = page_and_server_figures(trace)
    assert figures["attempts"] == figures["opened"] == figures["server_sent_initial"] == 800
    assert isinstance(figures["in_flight_max"], int)
    assert figures["in_flight_max"] > 100  # no gate without a browser
    begin, end = trace.of(Event.NEW)["time_ns"].min(), trace.of(Event.MESSAGE)["time_ns"].max()
    assert 0.4 < (end - begin) / 1e9 < 1.5


def test_one_after_another_has_one_in_flight_per_client(app: App) -> None:
    trace = app(duration_s=30, **clients(clients=5, order="one_after_another"))
    figures = page_and_server_figures(trace)
    assert figures["attempts"] == 40
    assert figures["in_flight_max"] == 5
    per_endpoint = Counter(trace.of(Event.NEW)["endpoint"].tolist())
    assert set(per_endpoint.values()) == {5}


def test_handshakes_are_counted_over_all_clients(app: App) -> None:
    order = "each_client_one_after_another"
    trace = app(
        duration_s=30,
        **clients(clients=4, order=order, handshakes=50, closes_after_first_message=True),
    )
    assert trace.count(Event.NEW) == trace.count(Event.OPEN) == trace.count(Event.CLOSE) == 50
    assert set(trace.of(Event.CLOSE)["before"].tolist()) == {int(State.CLOSING)}


def test_a_dead_server_refuses_each_once(app: App) -> None:
    trace = app(faults=[{"do": "crash", "at_s": 0}], **clients(clients=3))
    assert trace.count(Event.CLOSE) == 24


def test_the_window_opens_when_all_are_done(app: App) -> None:
    trace = app(duration_s=60, observe={"since": "all_sockets_open", "for_s": 2}, **clients())
    done = trace.of(Event.MESSAGE)["time_ns"].max()
    assert (window(trace).start_ns - done) / 1e9 == pytest.approx(3, abs=0.1)
