"""The same page against the modelled server and against the real application.

What the page sees is compared to the nanosecond, the server's log line by line. Left aside are the
sizes of the server's frames, and rows that only one of the two can write.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stormlab.metrics import page_and_server_figures, server_view, window
from stormlab.model import load_scenario, make_scenario, run
from stormlab.properties import broken
from stormlab.scenario import ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.server_log import lines, timed_lines

HASHES = Path(__file__).resolve().parents[2] / "laws" / "hashes.py"
UVICORN = tuple(int(part) for part in version("uvicorn").split(".")[:2])
# what the locked uvicorn is described as; of a newer one only sansio is
IMPLEMENTATIONS = ("legacy", "sansio-0.38", "wsproto") if UVICORN < (0, 50) else ("sansio",)
FIRST = IMPLEMENTATIONS[0]
EXACT = UVICORN < (0, 50)  # 0.54 begins to count a ping's interval 60 us before the model
PLACES = ("page.", "net.")
OF_THE_SERVER = {Event.SERVER_FRAME, Event.RESPONSE}
Document = dict[str, Any]
STRICT = {"strict_mode": True}
of_0_38 = pytest.mark.skipif(UVICORN >= (0, 50), reason="the figures are those of uvicorn 0.38")


def traced(on: str, implementation: str, document: Document, seed: int = 1) -> Trace:
    """Run the application."""
    server = {**document.get("server", {}), "on": on, "implementation": implementation}
    whole = {"model": "tac-webbuilder", "duration_s": 40, **document, "server": server}
    return run(make_scenario(whole, name="test"), seed)


@cache
def _real(text: str, implementation: str, seed: int) -> Trace:
    return traced("uvicorn", implementation, json.loads(text), seed)


def real(document: Document, implementation: str = FIRST, seed: int = 1) -> Trace:
    """Run the real application on uvicorn; equal runs are made once."""
    return _real(json.dumps(document), implementation, seed)


def page_of(trace: Trace, *, times: bool = True) -> list[tuple[Any, ...]]:
    """What the page and its browser did and saw."""
    return [
        (
            row.time_ns if times else 0,
            row.event,
            *(row.client, row.endpoint, row.socket, row.attempt, row.code, row.clean, row.cause),
            row.detail if row.event.startswith("page.") else "",
        )
        for row in trace
        if row.event.startswith(PLACES) and row.event not in OF_THE_SERVER
    ]


def closes(trace: Trace) -> Counter[tuple[Any, ...]]:
    """Which sockets closed, with code and cause."""
    return Counter(
        (row.client, row.endpoint, row.code, row.clean, row.cause)
        for row in trace
        if row.event is Event.CLOSE
    )


def figures(trace: Trace) -> dict[str, Any]:
    """The figures of a run but for bytes."""
    found = page_and_server_figures(trace)
    return {name: value for name, value in found.items() if "bytes" not in name}


SCENARIOS: dict[str, Document] = {
    "a plain page": {},
    "a storm on mount": {"browser": {"tabs": 4, "tab_stagger_s": 0.0}},
    "bare clients": {
        "browser": {"name": "none"},
        "client": {"clients": 10},
        "server": {"initial_data_s": 0.005, "initial_data_kind": "block"},
    },
    "StrictMode": {"react": STRICT},
    "StrictMode, data awaited": {"react": STRICT, "server": {"initial_data_s": 0.05}},
    "StrictMode, data blocks": {
        "react": STRICT,
        "server": {"initial_data_s": 0.05, "initial_data_kind": "block"},
    },
    "StrictMode, data after accept": {
        "react": STRICT,
        "server": {"initial_data_s": 0.05, "initial_data_placement": "after_accept"},
    },
    "StrictMode in Firefox": {"react": STRICT, "browser": {"name": "firefox"}},
    "StrictMode, fixed": {"react": STRICT, "page": {"hook": "fixed"}},
    "StrictMode, deferred": {"react": STRICT, "page": {"hook": "defer"}},
    "the handler waits for ready": {"react": STRICT, "server": {"waits_for_ready": True}},
    "ready is sent": {
        "react": STRICT,
        "server": {"waits_for_ready": True},
        "page": {"sends_ready": True},
    },
    "the repaired handler closes": {
        "server": {"waits_for_ready": True, "ready_timeout_closes": True}
    },
    "unmount during connect": {"actions": [{"do": "unmount", "after_first_socket_s": 0.02}]},
    "remount": {"actions": [{"do": "remount", "after_first_socket_s": 5.0}]},
    "reload in mid-handshake": {
        "server": {"initial_data_s": 0.5, "initial_data_kind": "block"},
        "actions": [{"do": "reload", "after_first_socket_s": 0.02}],
    },
    "navigation": {
        "server": {"initial_data_s": 0.05},
        "actions": [{"do": "navigate_away", "after_first_socket_s": 0.03}],
    },
    "idle cut": {"network": {"idle_cut_s": 10.0}},
    "idle cut by RST": {"network": {"idle_cut_s": 10.0, "cut_with": "rst"}},
    "pings": {"page": {"ping_interval_s": 5.0, "pong_timeout_s": 4.0}},
    "SIGTERM": {"faults": [{"do": "stop", "at_s": 5, "for_s": 5}]},
    "SIGTERM in the handshake": {
        "server": {"initial_data_s": 2.0},
        "faults": [{"do": "stop", "at_s": 0.5, "for_s": 5}],
    },
    "SIGTERM while blocked": {
        "server": {"initial_data_s": 2.0, "initial_data_kind": "block"},
        "faults": [{"do": "stop", "at_s": 0.5, "for_s": 5}],
    },
    "SIGKILL": {"faults": [{"do": "crash", "at_s": 5, "for_s": 5}]},
    "an outage of the path": {
        "duration_s": 100,
        "faults": [{"do": "cut", "at_s": 5, "for_s": 50}],
    },
    "a drain": {"faults": [{"do": "drain", "at_s": 0.3, "for_s": 5}]},
    "a slow accept": {"server": {"accept_delay_s": 0.3}},
    "a handshake of over 10 s": {"server": {"initial_data_s": 11.0}},
    "work fails before accept": {
        "react": STRICT,
        "server": {"initial_data_s": 0.02, "initial_data_fails": True},
    },
    "work fails after accept": {
        "react": STRICT,
        "server": {
            "initial_data_s": 0.02,
            "initial_data_fails": True,
            "initial_data_placement": "after_accept",
        },
    },
}


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("title", SCENARIOS)
def test_the_page_sees_and_the_log_says_the_same(title: str, implementation: str) -> None:
    document = SCENARIOS[title]
    model = traced("model", implementation, document)
    ours = real(document, implementation)
    assert page_of(ours, times=EXACT) == page_of(model, times=EXACT)
    assert lines(ours) == lines(model)
    assert figures(ours) == figures(model)
    assert broken(ours) == []


# what Hypothesis may draw: acts of a person and of the world, and shapes of the handler
ACTS = ("reload", "unmount", "remount", "navigate_away", "edit_module")
FAULTS = ("crash", "cut", "hold", "drain")
acts = st.lists(
    st.fixed_dictionaries(
        {"do": st.sampled_from(ACTS), "at_s": st.integers(150, 15_000).map(lambda ms: ms / 1000)}
    ),
    max_size=3,
)
faults = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(FAULTS),
            "at_s": st.integers(150, 12_000).map(lambda ms: ms / 1000),
            "for_s": st.integers(2, 80).map(lambda tenths: tenths / 10),
        }
    ),
    max_size=1,
)
handlers = st.fixed_dictionaries(
    {
        "initial_data_s": st.sampled_from((0.0, 0.005, 0.05, 0.3)),
        "initial_data_placement": st.sampled_from(("before_accept", "after_accept")),
        "waits_for_ready": st.booleans(),
        "ready_timeout_closes": st.booleans(),
        "ready_timeout_s": st.sampled_from((1.0, 5.0)),
        "initial_data_fails": st.sampled_from((False, False, False, True)),
    }
)
documents = st.fixed_dictionaries(
    {
        "duration_s": st.just(25),
        "react": st.fixed_dictionaries({"strict_mode": st.booleans()}),
        "browser": st.fixed_dictionaries({"name": st.sampled_from(("chromium", "firefox"))}),
        "page": st.fixed_dictionaries(
            {
                "hook": st.sampled_from(("analysed", "fixed", "defer", "manager", "repaired")),
                "sends_ready": st.booleans(),
            }
        ),
        "server": handlers,
        "actions": acts,
        "faults": faults,
    }
)


def hold(document: Document, implementation: str) -> None:
    """Hold the real application against the model: who closed and why, and the log."""
    model = traced("model", implementation, document)
    ours = traced("uvicorn", implementation, document)
    assert closes(ours) == closes(model)
    assert Counter(lines(ours)) == Counter(lines(model))
    if EXACT:
        assert page_of(ours, times=False) == page_of(model, times=False)
    assert broken(ours) == []


HUNT = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(HUNT, max_examples=25)
@given(documents, st.sampled_from(IMPLEMENTATIONS))
def test_whatever_the_page_does(document: Document, implementation: str) -> None:
    hold(document, implementation)


@of_0_38
@pytest.mark.slow
def test_how_often_they_agree_to_the_nanosecond() -> None:
    """In the rest two things happen within 60 us, and the order inside of a loop decides."""
    count: Counter[str] = Counter()

    @settings(HUNT, max_examples=600, derandomize=True, database=None, phases=[Phase.generate])
    @given(documents, st.sampled_from(IMPLEMENTATIONS))
    def collect(document: Document, implementation: str) -> None:
        model = traced("model", implementation, document)
        ours = traced("uvicorn", implementation, document)
        assert closes(ours) == closes(model)
        assert broken(ours) == []
        count["all"] += 1
        count["page"] += page_of(ours) == page_of(model)
        count["log"] += lines(ours) == lines(model)

    collect()
    assert count["all"] == 600
    assert count["page"] >= 585
    assert count["log"] >= 585


# --- the figures of the measurements (ground truth, by its sections) -----------------------------


@of_0_38
def test_mechanism_2_a_strictmode_load() -> None:
    """24 attempts, 8 killed in CONNECTING, 16 live, 8 of 8 doubled; the server sees 17 or 18."""
    trace = real(SCENARIOS["StrictMode"])
    found = figures(trace)
    assert (found["attempts"], found["live_at_end"], found["duplicate_endpoints"]) == (24, 16, 8)
    assert found["page_close_codes"] == "1006u/called@CONNECTING:8"
    assert found["server_accepted"] in {17, 18}


@of_0_38
def test_mechanism_2_unmounted_for_good_all_come_back_after_2_s() -> None:
    trace = real({"actions": [{"do": "unmount", "at_s": 5.0}]})
    back = [row.time_ns / 1e9 for row in trace if row.event is Event.NEW and row.time_ns > 5e9]
    assert len(back) == 8
    assert all(time_s == pytest.approx(7, abs=0.2) for time_s in back)


@of_0_38
def test_mechanism_2_each_remount_adds_8() -> None:
    assert figures(real({"actions": [{"do": "remount", "at_s": 5.0}]}))["live_at_end"] == 16


@of_0_38
@pytest.mark.parametrize(("title", "attempts"), [("fixed", 16), ("deferred", 8)])
def test_mechanism_4_the_cures(title: str, attempts: int) -> None:
    found = figures(real(SCENARIOS[f"StrictMode, {title}"]))
    assert (found["attempts"], found["live_at_end"]) == (attempts, 8)
    assert found["duplicate_endpoints"] == 0


@of_0_38
def test_mechanism_8_the_timer_of_10_s_drops_what_is_late() -> None:
    """Accepted and "connection closed" without a close frame: all fail, on legacy only."""
    late = {"server": {"initial_data_s": 10.5}, "duration_s": 30}
    trace = real(late)
    assert not trace.count(Event.OPEN)
    assert {row.code for row in trace if row.event is Event.CLOSE} == {1006}
    first = [line for _, line in timed_lines(trace)][:2]
    assert first[0] == "INFO:     connection closed"  # async data: closed, then accepted
    assert first[1].endswith("[accepted]")
    assert real(late, "wsproto").count(Event.OPEN) >= 2  # one after the other


@of_0_38
@pytest.mark.parametrize(
    ("count", "block_s", "implementation", "opened"),
    [  # calibration points, four bursts each: 32 of 32, 73 of 96, 3 of 160; wsproto 32 of 32
        (8, 1.15, "legacy", {8}),
        (24, 0.5, "legacy", {1, 24}),  # all or nothing per batch: 24 + 24 + 24 + 1
        (40, 0.3, "legacy", {0, 1}),
        (8, 1.35, "wsproto", {8}),
    ],
)
def test_mechanism_8_the_timer_under_a_burst(
    count: int, block_s: float, implementation: str, opened: set[int]
) -> None:
    burst: Document = {
        "browser": {"name": "none"},
        "client": {"clients": 1, "sockets_per_client": count},
        "server": {"initial_data_s": block_s, "initial_data_kind": "block"},
    }
    for seed in range(4):
        ours = real(burst, implementation, seed)
        assert ours.count(Event.OPEN) in opened
        assert page_of(ours) == page_of(traced("model", implementation, burst, seed))


@of_0_38
def test_mechanism_9_the_order_of_the_lines() -> None:
    """Data awaited: accepted, error. Blocking: accepted, closed, error or accepted, open, error."""
    awaited, blocking = (
        server_view(trace, window(trace).rows).log_orders
        for trace in (
            real(SCENARIOS["StrictMode, data awaited"]),
            real(SCENARIOS["StrictMode, data blocks"]),
        )
    )
    assert set(awaited) <= {"accepted>closed>ERROR", "accepted>ERROR"}
    assert set(blocking) <= {"accepted>closed>ERROR", "accepted>open>ERROR"}
    assert awaited
    assert blocking


@of_0_38
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_mechanism_10_a_return_without_close_leaves_the_page_an_open_socket(
    implementation: str,
) -> None:
    """The proposals section has it too: 8 OPEN sockets, no data, no onclose."""
    trace = real({"server": {"waits_for_ready": True}}, implementation)
    assert (trace.count(Event.OPEN), trace.count(Event.MESSAGE), trace.count(Event.CLOSE)) == (
        *(8, 0),
        0,
    )


@of_0_38
@pytest.mark.parametrize(("fault", "code"), [("stop", 1012), ("crash", 1006)])
def test_mechanism_11_sigterm_is_1012_and_sigkill_1006(fault: str, code: int) -> None:
    trace = real({"duration_s": 6, "faults": [{"do": fault, "at_s": 5}]})
    assert [row.code for row in trace if row.event is Event.CLOSE] == [code] * 8


@of_0_38
def test_mechanism_12_a_block_of_45_s_closes_nothing() -> None:
    trace = real({"duration_s": 100, "faults": [{"do": "block", "at_s": 5, "for_s": 45}]})
    assert trace.count(Event.CLOSE) == 0


@of_0_38
@pytest.mark.parametrize(("ping_s", "cut"), [(30.0, True), (5.0, False)])
def test_keep_alive_helps_if_it_is_shorter_than_the_cut(ping_s: float, cut: bool) -> None:  # noqa: FBT001
    """Ground truth, the claim on keep-alive: cut 10 s, 30 s pings useless, 5 s pings hold."""
    trace = real({"network": {"idle_cut_s": 10.0}, "page": {"ping_interval_s": ping_s}})
    assert (trace.count(Event.CLOSE) > 0) is cut


# --- the application by itself -------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["a plain page", "StrictMode", "unmount during connect", "idle cut", "SIGKILL"]
)
def test_without_uvicorn_the_page_fares_alike(title: str) -> None:
    model = traced("model", FIRST, SCENARIOS[title])
    ours = traced("asgi", FIRST, SCENARIOS[title])
    assert closes(ours) == closes(model)
    assert ours.count(Event.NEW) == model.count(Event.NEW)
    assert not [line for line in lines(ours) if line.startswith("INFO")]  # those are uvicorn's


# --- the same again ------------------------------------------------------------------------------


@pytest.mark.parametrize("on", ["uvicorn", "asgi"])
def test_the_trace_is_the_same_in_every_process(on: str, tmp_path: Path) -> None:
    document = {
        "model": "tac-webbuilder",
        "duration_s": 30,
        "react": STRICT,
        "server": {"on": on, "initial_data_s": 0.05},
        "faults": [{"do": "crash", "at_s": 5, "for_s": 5}],
    }
    cases = [(document, seed) for seed in (0, 1)]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    first = [run(make_scenario(each, name="drawn"), seed).hash for each, seed in cases]
    assert first[0] != first[1]
    for hash_seed in ("0", "4711"):
        other = subprocess.run(
            [sys.executable, str(HASHES), str(file)],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert json.loads(other.stdout) == first


def test_who_serves_is_part_of_the_scenario_only_if_it_is_not_the_model() -> None:
    usual = load_scenario("strictmode")
    assert load_scenario("strictmode", ("server.on=model",)).hash == usual.hash
    assert load_scenario("strictmode", ("server.on=uvicorn",)).hash != usual.hash


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["fastapi", "uvicorn"])
def test_a_missing_library_is_one_line(
    stormlab: Any, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "stormlab.hosts.aio.uvicorn", raising=False)
    said = stormlab("run", "strictmode", "--set", "server.on=uvicorn").complaint
    assert said.startswith("server.on: found 'uvicorn'; allowed here: 'model'; ")
    assert "pip install" in said


def test_missing_wsproto_is_one_line(stormlab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormlab_models.real.server.find_spec", lambda _: None)
    settings = ("--set", "server.on=uvicorn", "--set", "server.implementation=wsproto")
    said = stormlab("run", "strictmode", *settings).complaint
    assert said.endswith("pip install wsproto")


@pytest.mark.parametrize(
    "setting",
    ["server.watchers=true", "server.workers=2", "page.http=parallel"],
)
def test_what_the_real_application_does_not_have_is_refused(setting: str) -> None:
    with pytest.raises(ScenarioError, match=r"found (server\.)?on = 'uvicorn'; allowed with"):
        load_scenario("strictmode", ("server.on=uvicorn", setting))


def test_a_second_server_is_refused() -> None:
    groups: Document = {
        "server": {"on": "asgi"},
        "page": {"hook": "raw_sockets"},
        "socket_groups": [{"sockets": 1}, {"sockets": 1, "server": 2}],
    }
    with pytest.raises(ScenarioError, match="two servers"):
        traced("asgi", FIRST, groups)
