"""The analysed page against the modelled server and the real application, and how to read both.

What the page sees can be compared to the nanosecond, the server's log line by line. Left aside are
the sizes of the server's frames, and rows that only one of the two can write.
"""

import json
from collections import Counter
from functools import cache
from importlib.metadata import version
from typing import Any

import pytest

from stormlab.metrics import page_and_server_figures
from stormlab.model import make_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event

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
