"""The whole application: what one world is made of, and how fast it runs."""

import math
from collections.abc import Callable
from time import process_time  # noqa: TID251  the test measures the simulator itself

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.model import find_model, load_scenario, make_scenario, run
from stormlab.properties import broken
from stormlab.scenario import ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event

App = Callable[..., Trace]


def test_it_is_found_by_name_and_names_its_figures(app: App) -> None:
    model = find_model("tac-webbuilder")
    figures = model.figures(app(duration_s=5))
    assert (figures["attempts"], figures["opened"], figures["server_accepted"]) == (8, 8, 8)
    assert figures["page_success_percent"] == figures["server_success_percent"] == 100


def test_the_trace_says_who_shares_a_profile(app: App) -> None:
    for shared, profiles in ((True, [0, 0, 0]), (False, [0, 1, 2])):
        trace = app(duration_s=3, browser={"tabs": 3, "shared_profile": shared})
        assert trace.header["profiles"] == profiles


def test_tabs_of_a_profile_take_turns(app: App) -> None:
    slow = {"accept_delay_s": 0.1}
    together = app(duration_s=5, browser={"tabs": 3, "tab_stagger_s": 0}, server=slow)
    assert page_and_server_figures(together)["handshakes_in_flight_max"] == 1
    apart = app(
        duration_s=5, browser={"tabs": 3, "tab_stagger_s": 0, "shared_profile": False}, server=slow
    )
    deepest = page_and_server_figures(apart)["handshakes_in_flight_max"]
    assert isinstance(deepest, int)
    assert deepest > 1


@pytest.mark.parametrize(
    ("verb", "undo", "event"),
    [
        ("crash", "restart", Event.KILLED),
        ("stop", "restart", Event.SHUTDOWN),
        ("cut", "heal", Event.CUT),
        ("hold", "release", Event.CUT),
        ("drain", "undrain", None),
    ],
)
def test_each_fault_is_done_and_undone(app: App, verb: str, undo: str, event: Event | None) -> None:
    trace = app(faults=[{"do": verb, "at_s": 5, "for_s": 5}], page={"hook": "repaired"})
    assert [trace.text(row) for row in trace.of(Event.FAULT)] == [verb, undo]
    if event is not None:
        assert trace.count(event) == 1
    assert page_and_server_figures(trace)["live_at_end"] == 8


def test_a_shutdown_is_1012_and_a_kill_is_1006(app: App) -> None:
    for verb, codes in (("stop", "1012c/passive/opened:8"), ("crash", "1006u/passive/opened:8")):
        trace = app(duration_s=6, faults=[{"do": verb, "at_s": 5}])
        assert page_and_server_figures(trace)["page_close_codes"] == codes


@pytest.mark.slow
def test_a_day_of_one_page_is_simulated_in_seconds(app: App) -> None:
    begin = process_time()
    trace = app(duration_s=86_400, server={"watchers": True}, page={"ping_interval_s": 30})
    figures = page_and_server_figures(trace)
    assert process_time() - begin < 20
    assert (figures["live_at_end"], figures["server_exceptions"]) == (8, 0)
    assert not broken(trace)


def test_a_hundred_clients_are_simulated_in_seconds(app: App) -> None:
    begin = process_time()
    trace = app(duration_s=30, browser={"name": "none"}, client={"clients": 100})
    assert page_and_server_figures(trace)["opened"] == 800
    assert process_time() - begin < 5


@pytest.mark.parametrize("fault", ["none", "crash", "stop"])
def test_workers_share_the_work_and_keep_every_law(fault: str) -> None:
    """Four workers serve blocking handlers side by side; one serves them in a row."""

    def established_s(workers: int) -> float:
        document = {
            "model": "tac-webbuilder",
            "duration_s": 30,
            "browser": {"name": "none"},
            "client": {"clients": 5, "sockets_per_client": 8},
            "server": {
                "workers": workers,
                "initial_data_s": 0.05,
                "initial_data_kind": "block",
            },
            "faults": [] if fault == "none" else [{"do": fault, "at_s": 1, "for_s": 2}],
        }
        trace = run(make_scenario(document, name="workers"), 1)
        assert not broken(trace)
        messages = trace.of(Event.MESSAGE)["time_ns"]
        return float(messages.max()) / 1e9 if len(messages) == 40 else math.inf

    if fault == "none":
        assert 1.9 < established_s(1) < 2.4
        assert 0.45 < established_s(4) < 0.8
    else:
        established_s(1)
        established_s(4)


def test_watchers_go_with_one_worker() -> None:
    with pytest.raises(ScenarioError, match="watchers go with 'workers = 1'"):
        load_scenario("monitored", ("server.workers=2", "server.watchers=true"))
