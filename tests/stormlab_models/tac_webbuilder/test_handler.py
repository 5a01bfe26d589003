"""The server's side of the application: the handler, its change, and the six watchers."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from stormlab.metrics import ClientView
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS

App = Callable[..., Trace]
View = Callable[[Trace], ClientView]
WATCHED = {"watchers": True}


def looks(trace: Trace) -> Counter[int]:
    """How often each endpoint's watcher looked."""
    return Counter(trace.of(Event.WATCHER)["endpoint"].tolist())


def test_six_watchers_look_at_their_intervals(app: App) -> None:
    trace = app(duration_s=3661, server=WATCHED)
    per_hour = looks(trace)
    assert set(per_hour) == {-1, 0, 3, 4, 5, 6}
    for endpoint, seconds in {0: 2, 3: 10, 4: 10, 5: 10, 6: 30, -1: 3600}.items():
        assert per_hour[endpoint] == pytest.approx(3661 / seconds, abs=1 + 0.01 * 3661 / seconds)


def test_nobody_connected_nobody_looks(app: App) -> None:
    away = {"do": "navigate_away", "at_s": 30}
    trace = app(duration_s=100, server=WATCHED, actions=[away])
    times = trace.of(Event.WATCHER)["time_ns"] / 1e9
    assert times.max() < 31
    assert looks(trace)[0] in {14, 15}


def test_watchers_broadcast_only_what_changed(app: App) -> None:
    trace = app(duration_s=600, server=WATCHED)
    looked = [(trace.text(row), int(row["endpoint"])) for row in trace.of(Event.WATCHER)]
    changed = Counter(endpoint for what, endpoint in looked if what == "changed")
    sent = Counter(trace.of(Event.BROADCAST)["endpoint"].tolist())
    assert sent == {endpoint: count for endpoint, count in changed.items() if endpoint >= 0}
    assert 0.15 < changed[0] / looks(trace)[0] < 0.25


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0), (1.0, 1)])
def test_the_share_of_changes_is_the_switch(app: App, probability: float, share: int) -> None:
    trace = app(duration_s=30, server={**WATCHED, "data_change_probability": probability})
    looked = sum(count for endpoint, count in looks(trace).items() if endpoint >= 0)
    assert trace.count(Event.BROADCAST) == share * looked


def test_a_broadcast_reaches_every_socket_of_its_endpoint_and_no_other(app: App) -> None:
    trace = app(
        duration_s=30,
        server={**WATCHED, "data_change_probability": 1.0},
        browser={"tabs": 3, "shared_profile": False},
    )
    last = trace.of(Event.BROADCAST)[-5:]
    assert set(last["code"].tolist()) == {3}
    for row in trace.of(Event.MESSAGE):
        if trace.text(row) == "update":
            assert ENDPOINTS[int(row["endpoint"])].watcher_s is not None


def test_a_restarted_server_has_its_watchers_again(app: App) -> None:
    trace = app(duration_s=60, server=WATCHED, faults=[{"do": "crash", "at_s": 20, "for_s": 1}])
    times = trace.of(Event.WATCHER)["time_ns"] / 1e9
    assert (times < 20).any()
    assert (times > 25).any()
    assert np.diff(times[(times > 30) & (trace.of(Event.WATCHER)["endpoint"] == 0)]).max() < 2.1


# --- the handler ----------------------------------------------------------------------------------


@pytest.mark.parametrize("placement", ["before_accept", "after_accept"])
@pytest.mark.parametrize("kind", ["async", "block"])
def test_initial_data_delays_the_first_message(app: App, placement: str, kind: str) -> None:
    data = {
        "initial_data_s": 0.05,
        "initial_data_kind": kind,
        "initial_data_placement": placement,
    }
    trace = app(duration_s=10, server=data)
    started = {int(row["conn"]): int(row["time_ns"]) for row in trace.of(Event.STARTED)}
    sent = {int(row["conn"]): int(row["time_ns"]) for row in trace.of(Event.SENT_INITIAL)}
    assert len(sent) == 8
    assert min(sent[conn] - started[conn] for conn in sent) >= 50_000_000


def test_one_endpoint_can_be_slow_alone(app: App) -> None:
    trace = app(duration_s=10, server={"per_endpoint_data_s": {"workflows": 2.0}})
    first = {int(row["endpoint"]): int(row["time_ns"]) / 1e9 for row in trace.of(Event.MESSAGE)}
    slow = first.pop(3)
    assert slow - min(first.values()) > 1.9


def test_a_ready_client_is_served_when_it_is_waited_for(app: App, view: View) -> None:
    trace = app(duration_s=20, page={"sends_ready": True}, server={"waits_for_ready": True})
    assert view(trace).got_all_data
    assert trace.count(Event.READY_TIMEOUT) == 0


def test_an_old_client_is_left_without_data_or_a_close(app: App, view: View) -> None:
    """The comment says that it closes; the code returns, and the legacy stack leaves it open."""
    trace = app(duration_s=20, server={"waits_for_ready": True})
    assert trace.count(Event.READY_TIMEOUT) == 8
    assert (view(trace).live, view(trace).got_all_data) == (8, False)
    assert view(trace).close_codes == {}


def test_an_old_client_is_closed_with_1008_when_repaired(app: App, view: View) -> None:
    repaired = {"waits_for_ready": True, "ready_timeout_closes": True}
    trace = app(duration_s=6, server=repaired)
    assert view(trace).close_codes == {"1008c/passive/opened": 8}


def test_pings_are_answered_unless_switched_off(app: App) -> None:
    page = {"ping_interval_s": 2}
    for answers, pongs in ((True, True), (False, False)):
        trace = app(duration_s=10, page=page, server={"answers_ping": answers})
        assert ("pong" in [trace.text(row) for row in trace.of(Event.MESSAGE)]) is pongs
