"""Planted faults of a page's code: who owns a socket, who clears a timer, what an unmount ends.

The faulty ones are the application that was analysed, and the cures and classes that its analysis
proposes; the repaired ones are what an expert would ship (:mod:`..tac_webbuilder.hooks`).
"""

from typing import Any

from stormlab.selftest.planted import Planted
from stormlab.worlds.simulated import SimulatedWorld

DURATION_S = 90.0


def _world(**tables: Any) -> SimulatedWorld:  # noqa: ANN401  tables of a scenario
    observe = {"since": "first_socket", "for_s": DURATION_S - 10.0}
    plain = {"model": "tac-webbuilder", "duration_s": DURATION_S, "observe": observe}
    return SimulatedWorld(plain | tables)


def _hook(name: str) -> dict[str, Any]:
    return {"page": {"hook": name}}


def _act(what: str) -> list[dict[str, Any]]:
    return [{"do": what, "at_s": 5.0}]


STRICT = {"strict_mode": True}
CRASH = [{"do": "crash", "at_s": 10.0, "for_s": 5.0}]

FAULTS = (
    Planted(
        "retry-ignores-ownership",
        "The onclose of a socket that was cleaned up still schedules a reconnect: it comes back"
        " beside its successor.",
        "the analysed page, and the analysis' own retry",
        "one-live-socket",
        "page",
        _hook("analysed"),
        _hook("repaired"),
        _world(react=STRICT),
    ),
    Planted(
        "remount-adds-sockets",
        "Each remount by key adds eight sockets to those that are there.",
        "the analysed page",
        "one-live-socket",
        "page",
        _hook("analysed"),
        _hook("repaired"),
        _world(actions=_act("remount")),
    ),
    Planted(
        "deferred-connect-still-ignores-ownership",
        "connect in setTimeout(0) cures StrictMode, and a remount still doubles the sockets.",
        "a cure seen for the analysed page",
        "one-live-socket",
        "page",
        _hook("defer"),
        _hook("repaired"),
        _world(actions=_act("remount")),
    ),
    Planted(
        "manager-orphans",
        "connect() over a live socket forgets it; its onclose then schedules one more: the map"
        " knows eight, sixteen live.",
        "the analysis, Improvement 5: WebSocketManager",
        "one-connection-at-the-server",
        "page",
        _hook("manager"),
        _hook("manager_repaired"),
        _world(react=STRICT),
    ),
    Planted(
        "manager-doubles-by-hand",
        "A person's retry connects over live sockets, and each leaves an orphan.",
        "the analysis, Improvement 5: WebSocketManager",
        "one-live-socket",
        "page",
        _hook("manager"),
        _hook("manager_repaired"),
        _world(actions=_act("retry_manager")),
    ),
    Planted(
        "wrapper-without-cleanup",
        "The proposed wrapper around connect has no cleanup: StrictMode leaves two of each.",
        "the analysis, Improvement 4: connectWithCircuitBreaker",
        "one-live-socket",
        "page",
        _hook("breaker"),
        _hook("repaired"),
        _world(react=STRICT),
    ),
    Planted(
        "timers-stacked",
        "Two sockets of one endpoint close together, and each sets a timer; the slot keeps one.",
        "the analysis, LOW #10",
        "one-pending-timer",
        "page",
        _hook("analysed"),
        _hook("repaired"),
        _world(react=STRICT, faults=CRASH),
    ),
    Planted(
        "attempts-after-unmount",
        "The cleanup clears the timers and closes the sockets, whose onclose sets new timers.",
        "the analysed page",
        "quiet-after-the-end",
        "page",
        _hook("analysed"),
        _hook("repaired"),
        _world(actions=_act("unmount")),
    ),
    Planted(
        "deferred-connect-after-unmount",
        "connect in setTimeout(0): an unmount for good still brings all eight back.",
        "a cure seen for the analysed page",
        "quiet-after-the-end",
        "page",
        _hook("defer"),
        _hook("repaired"),
        _world(actions=_act("unmount")),
    ),
    Planted(
        "disconnect-is-not-final",
        "After disconnect() the sockets return within two seconds.",
        "the analysis, Improvement 5: WebSocketManager",
        "quiet-after-the-end",
        "page",
        _hook("manager"),
        _hook("manager_repaired"),
        _world(actions=_act("unmount")),
    ),
)
