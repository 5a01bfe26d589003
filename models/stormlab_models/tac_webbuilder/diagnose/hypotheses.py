"""The mechanisms that a log may show, and the unknowns of each as scenarios to simulate.

A mechanism is what is done to the sockets; how long the initial data takes, where it is made,
whether the page is under StrictMode and the like are its unknowns. Each combination that is tried
is a :class:`Variant`: settings of the model ``tac-webbuilder``. The mechanisms bear the names of
the calibration conditions.

Simplifications: one page and one tab; a slow endpoint stands at one of four places of the page's
order; a Fast Refresh of the hook's module counts as a remount, which is what it does. Backlogs of
clients without a browser and lost keep-alive pings are not among the mechanisms.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stormlab.model import make_scenario, run
from stormlab.scenario import Scenario
from stormlab.trace import Trace

Settings = dict[str, Any]
CONTENTIONS = (1.0, 4.0)  # a quiet machine, and a shared one
SEED_STRIDE = 1009


@dataclass(frozen=True)
class Mechanism:
    """A cause by its name, and in the words of the page's developer."""

    name: str
    cause: str
    group: str  # mechanisms of a group write the same failing lines for the same reason


@dataclass(frozen=True)
class Variant:
    """One combination of a mechanism's unknowns."""

    mechanism: str
    label: str
    settings: Settings = field(hash=False, compare=False)

    @property
    def implementation(self) -> str:
        """The server's WebSocket implementation."""
        return str(self.settings.get("server", {}).get("implementation", "legacy"))

    def trace(self, number: int, seed: int, *, production: bool = False) -> Trace:
        """Simulate it for the ``number``-th time, as found or as a production build."""
        return _trace(self, number, seed, production)


ABORT = "close() on a CONNECTING socket"
TIMER = "the server's own 10 s opening-handshake timer"
OPENED = "sockets closed after they had opened"
QUIET = "nothing fails"
READY = "the server waits for client_ready"
OUTAGE = "the server process was away"

MECHANISMS: dict[str, Mechanism] = {
    m.name: m
    for m in (
        Mechanism("baseline", "a plain page load; nothing goes wrong", QUIET),
        Mechanism(
            "blocking_event_loop",
            "making the initial data blocks the server's event loop, so connections wait for each"
            " other; none fails",
            QUIET,
        ),
        Mechanism(
            "strictmode",
            "React StrictMode (development build) mounts, cleans up and mounts again: the cleanup"
            " closes sockets that are still connecting, and their onclose brings duplicates 2 s"
            " later",
            ABORT,
        ),
        Mechanism(
            "strictmode_fixes",
            "StrictMode with a hook that ignores sockets it no longer owns, or that connects only"
            " after the first mount (deferred, staggered)",
            ABORT,
        ),
        Mechanism(
            "reload_navigation",
            "the page was reloaded or left while sockets were connecting or open",
            ABORT,
        ),
        Mechanism(
            "ready_handshake",
            "client_ready is in use: the server waits for it before it sends, or the page sends"
            " it to a server that does not care",
            READY,
        ),
        Mechanism(
            "remount_after_open",
            "the component with the sockets was unmounted or mounted anew (changed key, Fast"
            " Refresh) in a living page; onclose reconnects sockets nobody owns any more",
            OPENED,
        ),
        Mechanism(
            "slow_handshake_over_10s",
            "one endpoint (or all) needs about 10 s or more before accept; uvicorn's legacy"
            " implementation then drops the connection by its own timer",
            TIMER,
        ),
        Mechanism(
            "current_stack",
            "a server on websockets-sansio or wsproto instead of the legacy implementation",
            ABORT,
        ),
        Mechanism(
            "unified_manager",
            "the proposed WebSocketManager, with client_ready on both sides",
            READY,
        ),
        Mechanism(
            "idle_cut_proxy", "something on the path closes connections that are silent", OPENED
        ),
        Mechanism("server_down", "the server process went away and came back", OUTAGE),
    )
}


def _data(seconds: float, kind: str = "async", placement: str = "before_accept") -> Settings:
    return {
        "initial_data_s": seconds,
        "initial_data_kind": kind,
        "initial_data_placement": placement,
    }


AFTER = "after_accept"
ASYNC = (_data(0.0), _data(0.05), _data(0.5), _data(0.005, placement=AFTER))
ASYNC_AFTER = (_data(0.5, placement=AFTER),)
BLOCK = tuple(_data(s, "block", p) for s in (0.05, 0.5) for p in ("before_accept", AFTER))
ALL_DATA = (*ASYNC, *ASYNC_AFTER, *BLOCK)
SOME_DATA = (_data(0.0), _data(0.5), *ASYNC_AFTER, _data(0.5, "block"))
STRICT: Settings = {"react": {"strict_mode": True}}
FIREFOX: Settings = {"browser": {"name": "firefox"}}
SLOW_ENDPOINTS = ("queue", "adw-monitor", "workflows", "planned-features")


def _label(data: Settings) -> str:
    seconds = data.get("initial_data_s", 0.0)
    if not seconds:
        return "instant data"
    place = "before" if data["initial_data_placement"] == "before_accept" else "after"
    how = "blocking" if data["initial_data_kind"] == "block" else "async"
    return f"{seconds:g} s of {how} data {place} accept"


def _act(do: str, after_s: float, times: int = 1, every_s: float | None = None) -> Settings:
    action: Settings = {"do": do, "after_first_socket_s": after_s, "times": times}
    if every_s is not None:
        action["every_s"] = every_s
    return {"actions": [action]}


def _merged(*parts: Settings) -> Settings:
    result: Settings = {}
    for part in parts:
        for key, value in part.items():
            known = result.get(key)
            merged = isinstance(value, dict) and isinstance(known, dict)
            result[key] = {**known, **value} if merged and known is not None else value
    return result


def _plain() -> Iterator[tuple[str, str, Settings]]:
    for data in (*ASYNC, *ASYNC_AFTER):
        yield "baseline", _label(data), {"server": data}
    yield "baseline", "accept 0.2 s late", {"server": {"accept_delay_s": 0.2}}
    for data in (*BLOCK, _data(0.2, "block"), _data(1.0, "block")):
        yield "blocking_event_loop", _label(data), {"server": data}


def _strict() -> Iterator[tuple[str, str, Settings]]:
    for data in ALL_DATA:
        yield "strictmode", _label(data), _merged(STRICT, {"server": data})
    for data in SOME_DATA:
        settings = _merged(STRICT, FIREFOX, {"server": data})
        yield "strictmode", f"Firefox, {_label(data)}", settings
        settings = _merged(settings, {"page": {"hook": "fixed"}})
        yield "strictmode_fixes", f"fixed hook, Firefox, {_label(data)}", settings
    page: Settings
    for data in ALL_DATA:
        for name, page in (
            ("fixed hook", {"hook": "fixed"}),
            ("deferred connect", {"hook": "defer"}),
            ("stagger", {"stagger": True}),
        ):
            settings = _merged(STRICT, {"server": data, "page": page})
            yield "strictmode_fixes", f"{name}, {_label(data)}", settings


def _reloads() -> Iterator[tuple[str, str, Settings]]:
    for data in ALL_DATA:
        for after_s, times in ((0.02, 1), (0.1, 1), (1.0, 1), (0.1, 3)):
            label = f"{times} x reload after {after_s:g} s, {_label(data)}"
            settings = _merged({"server": data}, _act("reload", after_s, times))
            yield "reload_navigation", label, settings
        for after_s in (0.1, 1.0):
            label = f"left after {after_s:g} s, {_label(data)}"
            settings = _merged({"server": data}, _act("navigate_away", after_s))
            yield "reload_navigation", label, settings


def _remounts() -> Iterator[tuple[str, str, Settings]]:
    for data in SOME_DATA:
        for do in ("remount", "unmount", "edit_module"):
            for after_s in (0.02, 0.1, 1.0, 1.5):
                label = f"{do.replace('_', ' ')} after {after_s:g} s, {_label(data)}"
                yield "remount_after_open", label, _merged({"server": data}, _act(do, after_s))
    for hook in ("analysed", "fixed"):
        settings = _merged({"page": {"hook": hook}}, _act("remount", 2.0, 3, 5.0))
        yield "remount_after_open", f"3 remounts, {hook} hook", settings


def _ready() -> Iterator[tuple[str, str, Settings]]:
    sides = (
        ("both sides", True, True),
        ("the server only", True, False),
        ("the page only", False, True),
    )
    for name, waits, sends in sides:
        both: Settings = {"server": {"waits_for_ready": waits}, "page": {"sends_ready": sends}}
        for data in SOME_DATA:
            for strict in (False, True):
                mode = ", StrictMode" if strict else ""
                settings = _merged(both, {"server": data}, STRICT if strict else {})
                yield "ready_handshake", f"{name}{mode}, {_label(data)}", settings
            if waits:
                settings = _merged(both, {"server": data}, STRICT, FIREFOX)
                yield "ready_handshake", f"{name}, StrictMode, Firefox, {_label(data)}", settings
                settings = _merged(both, {"server": data}, _act("reload", 0.02))
                yield "ready_handshake", f"{name}, reload after 0.02 s, {_label(data)}", settings
    manager: Settings = {
        "server": {"waits_for_ready": True},
        "page": {"sends_ready": True, "hook": "manager"},
    }
    for data in SOME_DATA:
        for name, extra in (
            ("", {}),
            ("StrictMode, ", STRICT),
            ("StrictMode, Firefox, ", _merged(STRICT, FIREFOX)),
            ("unmount after 1 s, ", _act("unmount", 1.0)),
            ("connect() over live sockets after 1 s, ", _act("retry_manager", 1.0)),
        ):
            settings = _merged(manager, {"server": data}, extra)
            yield "unified_manager", f"{name}{_label(data)}", settings


def _slow() -> Iterator[tuple[str, str, Settings]]:
    name = "slow_handshake_over_10s"
    for kind in ("block", "async"):
        how = "blocking" if kind == "block" else "async"
        base: Settings = {"initial_data_kind": kind}
        for endpoint in SLOW_ENDPOINTS:
            for seconds in (8.0, 9.7, 12.0):
                settings: Settings = {
                    "duration_s": 60.0,
                    "server": {**base, "per_endpoint_data_s": {endpoint: seconds}},
                }
                label = f"{endpoint} {how} {seconds:g} s"
                yield name, label, settings
                if endpoint == "adw-monitor" and seconds > 10:  # noqa: PLR2004  over the timer
                    yield name, f"StrictMode, {label}", _merged(settings, STRICT)
                    ready: Settings = {
                        "server": {"waits_for_ready": True},
                        "page": {"sends_ready": True},
                    }
                    yield name, f"client_ready, {label}", _merged(settings, ready)
        for seconds in (9.0, 12.0):
            server = _data(seconds, kind)
            yield name, f"all {_label(server)}", {"duration_s": 120.0, "server": server}


def _stacks() -> Iterator[tuple[str, str, Settings]]:
    for implementation in ("sansio", "wsproto"):
        for data in (_data(0.0), _data(0.05), _data(0.5), *ASYNC_AFTER, *BLOCK[2:]):
            server = {**data, "implementation": implementation}
            for name, extra in (
                ("", {}),
                ("StrictMode, ", STRICT),
                ("reload after 0.02 s, ", _act("reload", 0.02)),
            ):
                label = f"{implementation}, {name}{_label(data)}"
                yield "current_stack", label, _merged({"server": server}, extra)
        settings: Settings = {
            "duration_s": 40.0,
            "server": {"implementation": implementation, "waits_for_ready": True},
        }
        yield "current_stack", f"{implementation}, server waits for client_ready", settings


def _outside() -> Iterator[tuple[str, str, Settings]]:
    for cut_with in ("fin", "rst"):
        settings: Settings = {
            "duration_s": 60.0,
            "server": {"ping_interval_s": "off"},
            "network": {"idle_cut_s": 10.0, "cut_with": cut_with},
        }
        yield "idle_cut_proxy", f"cut after 10 s with {cut_with}", settings
    for verb in ("crash", "stop"):
        for away_s in (2.0, 20.0):
            faults = [{"do": verb, "at_s": 5.0, "for_s": away_s}]
            label = f"{verb} for {away_s:g} s"
            yield "server_down", label, {"duration_s": 60.0, "faults": faults}


@functools.cache
def variants() -> tuple[Variant, ...]:
    """Every variant of every mechanism."""
    sources = (_plain, _strict, _reloads, _remounts, _ready, _slow, _stacks, _outside)
    return tuple(Variant(*item) for source in sources for item in source())


@functools.cache
def _trace(variant: Variant, number: int, seed: int, production: bool) -> Trace:  # noqa: FBT001
    contention = CONTENTIONS[number % len(CONTENTIONS)]
    return run(_scenario(variant, contention, production), seed * SEED_STRIDE + number)


@functools.cache
def _scenario(variant: Variant, contention: float, production: bool) -> Scenario:  # noqa: FBT001
    document = _merged(
        {"model": "tac-webbuilder", "duration_s": 15.0, "machine": {"contention": contention}},
        variant.settings,
        {"react": {"build": "production"}} if production else {},
    )
    return make_scenario(document, name=f"{variant.mechanism}: {variant.label}")
