"""The worlds in which claims are tried, as settings on top of built-in scenarios.

The six mechanisms that every claim is run under are the built-in scenarios themselves. A fix
(:mod:`stormlab_models.tac_webbuilder.reproduce.fixes`) goes on top of a case, so that the same
seed meets the same world before and after.
"""

from dataclasses import dataclass
from functools import cache

from stormlab.model import load_scenario
from stormlab.scenario import Scenario
from stormlab_models.tac_webbuilder.reproduce.fixes import settings_of

MECHANISMS: dict[str, str] = {
    "plain": "plain page",
    "strictmode": "StrictMode",
    "reload": "reload",
    "slow-legacy": "slow handshake, legacy server",
    "idle-proxy": "idle-cutting proxy",
    "server-down": "server down",
}


@dataclass(frozen=True)
class Case:
    """A world: a built-in scenario, settings, and how often it is run (None: as asked)."""

    title: str
    base: str
    settings: tuple[str, ...] = ()
    replications_max: int | None = None


_BLOCK_500 = ("server.initial_data_s=0.5", 'server.initial_data_kind="block"')
_LATE_SEND = ("server.initial_data_s=0.5", 'server.initial_data_placement="after_accept"')
_DOWN = ("duration_s=400", "observe.for_s=320")
_STORM = (
    'browser.name="none"',
    "client.clients=100",
    'observe.since="all_sockets_open"',
    "observe.for_s=1",
    "duration_s=200",
)
_OLD_CLIENT = ("server.waits_for_ready=true", "observe.for_s=22")
_TWENTY = (
    "browser.tabs=20",
    "browser.shared_profile=false",
    "browser.tab_stagger_s=0.1",
    "faults=[{do='crash', at_s=12, for_s=5}]",
    "observe.since='first_tab'",
    "observe.for_s=45",
)

CASES: dict[str, Case] = {
    **{name: Case(title, name) for name, title in MECHANISMS.items()},
    "strictmode-blocking": Case(
        "StrictMode, 50 ms blocking before accept",
        "strictmode",
        ("server.initial_data_s=0.05", 'server.initial_data_kind="block"'),
    ),
    "strictmode-slow-data": Case(
        "StrictMode, 500 ms awaited before accept", "strictmode", ("server.initial_data_s=0.5",)
    ),
    "strictmode-late-send": Case(
        "StrictMode, 500 ms awaited after accept", "strictmode", _LATE_SEND
    ),
    "strictmode-idle": Case(
        "StrictMode, watched for 125 s", "strictmode", ("duration_s=200", "observe.for_s=125")
    ),
    "strictmode-down": Case(
        "StrictMode, server killed at 8 s",
        "strictmode",
        (*_DOWN, "faults=[{do='crash', at_s=8}]"),
    ),
    "slow-data": Case("plain page, 500 ms blocking before accept", "plain", _BLOCK_500),
    "late-send": Case("plain page, 500 ms awaited after accept", "plain", _LATE_SEND),
    "accept-200": Case("plain page, accept 200 ms late", "plain", ("server.accept_delay_s=0.2",)),
    "left-early": Case(
        "page left in mid-handshake",
        "plain",
        (
            *_BLOCK_500,
            "actions=[{do='navigate_away', after_first_socket_s=0.1}]",
            "observe.since='navigation_away'",
        ),
    ),
    "reload-late-send": Case(
        "reload after open, before a late send",
        "plain",
        (*_LATE_SEND, "actions=[{do='reload', after_first_socket_s=0.15}]"),
    ),
    "remount": Case(
        "remount after 3 s",
        "plain",
        ("actions=[{do='remount', after_first_socket_s=3}]",),
    ),
    "unmount": Case(
        "unmount after 3 s",
        "plain",
        ("actions=[{do='unmount', after_first_socket_s=3}]",),
    ),
    "idle": Case(
        "idle for 125 s, no pings from either side",
        "plain",
        ("server.ping_interval_s='off'", "duration_s=200", "observe.for_s=125"),
    ),
    "idle-sansio": Case(
        "idle for 125 s, current server",
        "plain",
        ("server.implementation='sansio'", "duration_s=200", "observe.for_s=125"),
    ),
    "proxy-40": Case(
        "proxy cuts after 40 s, server pings off", "idle-proxy", ("network.idle_cut_s=40",)
    ),
    "proxy-25-pinged": Case(
        "proxy cuts after 25 s, server pings every 20 s",
        "idle-proxy",
        ("network.idle_cut_s=25", "server.ping_interval_s=20"),
    ),
    "server-absent": Case("server never there", "plain", (*_DOWN, "faults=[{do='crash', at_s=0}]")),
    "server-gone": Case(
        "server killed for good", "plain", (*_DOWN, "faults=[{do='crash', at_s=6}]")
    ),
    "server-back-breaker": Case(
        "server down for 200 s, watched for 10 min",
        "plain",
        (
            "duration_s=700",
            "observe.for_s=620",
            "faults=[{do='crash', at_s=6, for_s=200}]",
        ),
    ),
    "retry-by-hand": Case(
        "server back after 246 s, retry by hand 8 s later",
        "server-down",
        ("actions=[{do='retry_by_hand', at_s=260}]",),
    ),
    "retry-by-hand-late": Case(
        "server back after 246 s, retry by hand after 9 min",
        "server-down",
        (
            "duration_s=700",
            "observe.for_s=560",
            "actions=[{do='retry_by_hand', at_s=540}]",
        ),
    ),
    "flapping": Case(
        "server down for 5 s in every 30",
        "plain",
        (
            "duration_s=400",
            "observe.for_s=320",
            "faults=[{do='crash', at_s=10, for_s=5, every_s=30, times=10}]",
        ),
    ),
    "half-open": Case(
        "path swallows everything from 5 s on",
        "plain",
        ("duration_s=400", "observe.for_s=300", "faults=[{do='cut', at_s=5}]"),
    ),
    "slow-link": Case(
        "round trip of 150 ms",
        "plain",
        ("network.latency_s=0.075", "duration_s=100", "observe.for_s=70"),
    ),
    "blocked-server": Case(
        "event loop blocked for 12 s after the mount",
        "plain",
        (
            "duration_s=100",
            "observe.for_s=40",
            "actions=[{do='block_server', after_first_socket_s=0.06, for_s=12}]",
        ),
    ),
    "old-client": Case("page without client_ready, legacy server waits", "plain", _OLD_CLIENT),
    "old-client-sansio": Case(
        "page without client_ready, current server waits",
        "plain",
        (*_OLD_CLIENT, "server.implementation='sansio'"),
    ),
    "sansio": Case("plain page, current server", "plain", ("server.implementation='sansio'",)),
    "slow-sansio": Case(
        "slow handshake, current server", "slow-legacy", ("server.implementation='sansio'",)
    ),
    "many-sockets": Case(
        "300 sockets in one page",
        "plain",
        ("page.hook='raw_sockets'", "socket_groups=[{sockets=300}]"),
        5,
    ),
    "twenty-browsers": Case("20 browsers, server restarts", "plain", _TWENTY, 10),
    "storm": Case("100 clients x 8, instant data", "plain", _STORM, 5),
    "storm-5ms": Case(
        "100 clients x 8, 5 ms blocking",
        "plain",
        (*_STORM, "server.initial_data_s=0.005", 'server.initial_data_kind="block"'),
        5,
    ),
    "storm-50ms": Case(
        "100 clients x 8, 50 ms blocking",
        "plain",
        (*_STORM, "server.initial_data_s=0.05", 'server.initial_data_kind="block"'),
        5,
    ),
    "storm-sansio": Case(
        "100 clients x 8, current server", "plain", (*_STORM, "server.implementation='sansio'"), 5
    ),
    "broadcasts": Case(
        "watchers broadcast for 10 min",
        "plain",
        ("server.watchers=true", "duration_s=700", "observe.for_s=600"),
    ),
    "strictmode-broadcasts": Case(
        "StrictMode, watchers broadcast for 10 min",
        "strictmode",
        ("server.watchers=true", "duration_s=700", "observe.for_s=600"),
    ),
    "http": Case("HTTP and sockets at once, HTTP after 50 ms", "plain", ("page.http='parallel'",)),
    "http-slow": Case(
        "HTTP and sockets at once, HTTP after 3 s",
        "plain",
        ("page.http='parallel'", "server.http_query_s=3"),
    ),
    "http-hang": Case(
        "HTTP never answers",
        "plain",
        ("page.http='parallel'", "server.http_query_s=1000"),
    ),
    "day": Case(
        "24 h on a direct link",
        "plain",
        ("duration_s=86500", "observe.for_s=86400", "server.ping_interval_s='off'"),
    ),
    "day-restarts": Case(
        "24 h, one server restart of 5 s",
        "plain",
        (
            "duration_s=86500",
            "observe.for_s=86400",
            "server.ping_interval_s='off'",
            "faults=[{do='crash', at_s=3600, for_s=5}]",
        ),
    ),
    "day-remounts": Case(
        "24 h, a remount every 20 min",
        "plain",
        (
            "duration_s=86500",
            "observe.for_s=86400",
            "server.ping_interval_s='off'",
            "actions=[{do='remount', after_first_socket_s=1200, times=71, every_s=1200}]",
        ),
        3,
    ),
}


def fixed(case: str, fix: str = "") -> Scenario:
    """The scenario of a case with a fix (or a phase) on top; "" is the application as found."""
    return _scenario(case, settings_of(fix))


@cache
def _scenario(case: str, settings: tuple[str, ...]) -> Scenario:
    found = CASES[case]
    return load_scenario(found.base, (*found.settings, *settings))
