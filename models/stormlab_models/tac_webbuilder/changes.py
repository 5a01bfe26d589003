"""The changes that the analysis proposes, each as switches: as written, and repaired.

``as_written`` does what the text does, with what is wrong in it. ``repaired`` is what an expert
would ship for the same purpose. Both are settings of a scenario by dotted key; :func:`settings`
turns them into the ``key=value`` form of ``load_scenario`` and of ``--set``. :data:`AS_FOUND` is
the application before any change, and the base to which a change is added.

Source: the analysis, "Recommended Architecture Improvements" and "Specific Code Changes Needed".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Setting = str | int | float | bool
Settings = Mapping[str, Setting]


def _fixed(**values: Setting) -> Settings:
    """Settings from keywords; a double underscore stands for the dot."""
    return MappingProxyType({key.replace("__", "."): value for key, value in values.items()})


@dataclass(frozen=True)
class Change:
    """One proposed change.

    ``wrong`` is what the written form gets wrong, ``figure`` the name of the figure
    (:mod:`stormlab_models.tac_webbuilder.figures`) that tells the two forms apart, and
    ``problem`` the number of the problem whose scenario shows it.
    """

    name: str
    title: str
    section: str
    as_written: Settings
    repaired: Settings
    wrong: str
    figure: str
    problem: int


# The page loads its data over HTTP beside the sockets, the server's handler answers no pings and
# its watchers run.
AS_FOUND: Settings = _fixed(
    page__http="parallel", server__answers_ping=False, server__watchers=True
)

_READY = _fixed(page__sends_ready=True, server__waits_for_ready=True)
_OWNED = _fixed(page__hook="repaired", page__jitter="full")
_STAGGER = _fixed(page__stagger=True, page__stagger_cleared=True)
_HEARTBEAT = _fixed(
    page__ping_interval_s=5,
    page__ping_started="in_onopen",
    page__pong_timeout_s=5,
    server__answers_ping=True,
)

CHANGES: tuple[Change, ...] = (
    Change(
        "improvement-1",
        "Ready signal between client and server",
        "Improvement 1: Implement WebSocket Handshake Protocol",
        _READY,
        {**_READY, "server.ready_timeout_closes": True, **_OWNED},
        "It answers a race that does not exist: the losses come from sockets that the page itself"
        " closes while they connect. The server returns from its timeout without closing.",
        "closes_1006_percent",
        1,
    ),
    Change(
        "improvement-2",
        "Client pings",
        "Improvement 2: Client-Side Ping/Pong Keep-Alive",
        _fixed(page__ping_interval_s=30, page__ping_started="in_onopen", server__answers_ping=True),
        _HEARTBEAT,
        "30 s is longer than some proxies wait, and a pong that never comes has no consequence.",
        "idle_cuts_per_h",
        2,
    ),
    Change(
        "improvement-3",
        "Staggered connections",
        "Improvement 3: Staggered Connection Initialization",
        _fixed(page__stagger=True, page__stagger_cleared=False),
        {**_STAGGER, "page.jitter": "full"},
        "Its timers outlive the cleanup, and retries after an outage are as synchronous as before.",
        "attempts_per_100ms_peak",
        3,
    ),
    Change(
        "improvement-4",
        "Circuit breaker around connect",
        "Improvement 4: Circuit Breaker Pattern",
        _fixed(page__breaker="literal"),
        {**_OWNED, "page.breaker": "repaired", "page.breaker_open_s": 30},
        "try/catch around an asynchronous connect never sees a failure; wired to onclose it opens,"
        " and nothing tries again when its time has passed.",
        "silent_endpoints",
        4,
    ),
    Change(
        "improvement-5",
        "One manager for all sockets",
        "Improvement 5: Unified WebSocket Manager",
        _fixed(
            page__hook="manager",
            page__sends_ready=True,
            page__ping_interval_s=30,
            page__ping_started="in_onopen",
        ),
        _fixed(
            page__hook="manager_repaired",
            page__sends_ready=True,
            page__ping_interval_s=5,
            page__pong_timeout_s=5,
            page__jitter="full",
            page__stagger=True,
            server__answers_ping=True,
        ),
        "The onclose of an old socket forgets the endpoint's newer one and reconnects beside it.",
        "sockets_after_unmount",
        10,
    ),
    Change(
        "improvement-6",
        "HTTP first, then WebSocket",
        "Improvement 6: HTTP Fallback Sequencing",
        _fixed(page__http="sequenced"),
        _fixed(page__http="fallback", page__diff_check=True),
        "The switch waits for a 2 s timer that restarts with the query's state, and the data is"
        " still loaded twice: the server sends it on every socket.",
        "duplicate_loads",
        5,
    ),
    Change(
        "client-change-1",
        "Ready signal in onopen",
        "Specific Code Changes, client, Change 1: Add Ready Signal",
        _fixed(page__sends_ready=True),
        {"page.sends_ready": True, **_OWNED},
        "No outcome depends on it.",
        "closes_1006_percent",
        1,
    ),
    Change(
        "client-change-2",
        "Pings, and quality from the pong",
        "Specific Code Changes, client, Change 2: Add Ping/Pong Keep-Alive",
        _fixed(
            page__ping_interval_s=30, page__ping_started="at_creation", server__answers_ping=True
        ),
        {**_HEARTBEAT, "page.error_details": True, "page.diff_check": True},
        "The interval starts before the socket is open and belongs to the endpoint, not to the"
        " socket; a dead connection keeps the quality of its last pong.",
        "time_to_notice_s",
        8,
    ),
    Change(
        "client-change-3",
        "Stop after ten attempts",
        "Specific Code Changes, client, Change 3: Fix Circuit Breaker in onclose",
        _fixed(page__stop_after_max_attempts=True),
        {
            **_OWNED,
            "page.breaker": "repaired",
            "page.breaker_open_s": 30,
            "page.timer_cleanup": True,
        },
        "It makes the silence explicit and keeps it: nine retries, then nothing until a reload.",
        "silent_endpoints",
        4,
    ),
    Change(
        "client-change-4",
        "Stagger with cleared timers",
        "Specific Code Changes, client, Change 4: Stagger Connection Initialization",
        _STAGGER,
        {**_STAGGER, **_OWNED},
        "The last of eight endpoints waits 0.7 s longer on every load; sockets that it closes"
        " still come back.",
        "attempts_per_100ms_peak",
        3,
    ),
    Change(
        "server-change-1",
        "Wait for the ready signal",
        "Specific Code Changes, server, Change 1: Wait for Client Ready Signal",
        _fixed(server__waits_for_ready=True, server__answers_ping=True),
        _fixed(
            server__waits_for_ready=True,
            server__ready_timeout_closes=True,
            server__answers_ping=True,
        ),
        "A client without the change keeps open sockets without data: the handler returns, and its"
        " comment says that this closes.",
        "open_without_data",
        1,
    ),
)


def change(name: str) -> Change:
    """The change of this name.

    Raises:
        KeyError: if there is none.
    """
    return {entry.name: entry for entry in CHANGES}[name]


def settings(*groups: Settings) -> tuple[str, ...]:
    """Settings as ``key=value`` in TOML, later groups over earlier ones, sorted by key."""
    merged: dict[str, Setting] = {}
    for group in groups:
        merged.update(group)
    return tuple(f"{key}={json.dumps(merged[key])}" for key in sorted(merged))
