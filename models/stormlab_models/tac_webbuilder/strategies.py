"""Hypothesis strategies for whole scenarios of the analysed application.

Everything that happens is drawn, not only a seed: hook, StrictMode, browser, server, where the
initial data is made, path, faults and what a person does. A drawn scenario is a document for
:func:`stormlab.model.make_scenario`, so a failing one can be saved as TOML or JSON and run alone.
Tables and keys that keep their default are left out, which is what shrinking aims at.

Needs Hypothesis (``pip install 'stormlab[test]'``): nothing else in the package imports this.
"""

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]

HOOKS = (
    "analysed",
    "fixed",
    "defer",
    "manager",
    "manager_repaired",
    "breaker",
    "repaired",
    "plain",
)
PAIRS = ("crash", "stop", "cut", "hold", "drain")
PAGE_ACTIONS = (
    "reload",
    "remount",
    "unmount",
    "navigate_away",
    "retry_manager",
    "retry_by_hand",
    "edit_module",
    "edit_entry",
)
DURATION_S_MAX = 120.0


def _table(optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Document]:
    """A table in which every key may be left out."""
    return st.fixed_dictionaries({}, optional=optional)


def seconds(low: float, high: float) -> st.SearchStrategy[float]:
    """Milliseconds in [low, high], as seconds: short numbers shrink and read well."""
    return st.integers(round(low * 1000), round(high * 1000)).map(lambda ms: ms / 1000)


def faults(duration_s: float) -> st.SearchStrategy[list[Document]]:
    """Up to three faults; each pair of verbs undoes itself within the run."""
    pair = st.fixed_dictionaries(
        {
            "do": st.sampled_from(PAIRS),
            "at_s": seconds(0, duration_s / 2),
            "for_s": seconds(0.001, duration_s / 3),
        },
    )
    flap = st.fixed_dictionaries(
        {
            "do": st.sampled_from(PAIRS),
            "at_s": seconds(0, duration_s / 4),
            "for_s": seconds(0.001, 2),
            "every_s": seconds(2.5, 8),
            "times": st.integers(2, 4),
        },
    )
    block = st.fixed_dictionaries(
        {
            "do": st.just("block"),
            "at_s": seconds(0, duration_s / 2),
            "for_s": seconds(0.001, 15),
        },
    )
    return st.lists(st.one_of(pair, block, flap), max_size=3)


def actions(duration_s: float) -> st.SearchStrategy[list[Document]]:
    """Up to three things that a person, a dev server or a test does."""
    in_page = st.fixed_dictionaries(
        {
            "do": st.sampled_from(PAGE_ACTIONS),
            "after_first_socket_s": st.one_of(seconds(0, 0.1), seconds(0, duration_s / 3)),
        },
        optional={
            "module_exports": st.sampled_from(("component_only", "component_and_hook")),
        },
    )
    on_clock = st.fixed_dictionaries(
        {"do": st.sampled_from(PAGE_ACTIONS), "at_s": seconds(0, duration_s / 2)},
        optional={"times": st.just(2), "every_s": seconds(0.01, 5)},
    )
    block = st.fixed_dictionaries(
        {
            "do": st.just("block_server"),
            "at_s": seconds(0, duration_s / 2),
            "for_s": seconds(0.001, 12),
        },
    )
    return st.lists(st.one_of(in_page, on_clock, block), max_size=3)


_PAGE = {
    "sends_ready": st.booleans(),
    "ping_interval_s": seconds(0.5, 30),
    "ping_started": st.sampled_from(("in_onopen", "at_creation")),
    "pong_timeout_s": seconds(0.1, 10),
    "stagger": st.booleans(),
    "stagger_cleared": st.booleans(),
    "delay_base_s": seconds(0.05, 2),
    "first_exponent": st.sampled_from((0, 1)),
    "jitter_s": seconds(0, 2),
    "jitter": st.sampled_from(("added", "full")),
    "attempts_max": st.integers(1, 10),
    "stop_after_max_attempts": st.booleans(),
    "breaker": st.sampled_from(("none", "literal", "wired", "repaired")),
    "breaker_open_s": seconds(1, 30),
    "timer_cleanup": st.booleans(),
    "diff_check": st.booleans(),
    "http": st.sampled_from(("none", "parallel", "sequenced", "sequenced_repaired")),
    "error_details": st.booleans(),
    "malformed_share": st.sampled_from((0.0, 0.5)),
    "proved_after_s": seconds(0.1, 20),
}
_SERVER = {
    "implementation": st.sampled_from(("legacy", "sansio", "wsproto")),
    "initial_data_s": st.one_of(seconds(0, 0.3), seconds(0, 12)),
    "initial_data_kind": st.sampled_from(("async", "block")),
    "initial_data_placement": st.sampled_from(("before_accept", "after_accept")),
    "accept_delay_s": seconds(0, 1),
    "waits_for_ready": st.booleans(),
    "ready_timeout_closes": st.booleans(),
    "ping_interval_s": st.one_of(st.just("off"), seconds(0.5, 25)),
    "ping_timeout_s": seconds(0.2, 25),
    "backlog": st.sampled_from((1, 4, 2048)),
    "watchers": st.booleans(),
    "answers_ping": st.booleans(),
}
_NETWORK = {
    "latency_s": st.one_of(st.just(0.00005), seconds(0.001, 0.2)),
    "latency_sigma": st.sampled_from((0.0, 0.3, 1.0)),
    "loss": st.sampled_from((0.0, 0.1, 0.5)),
    "idle_cut_s": seconds(1, 30),
    "cut_with": st.sampled_from(("fin", "rst")),
}


def _browsers() -> st.SearchStrategy[Document]:
    return st.fixed_dictionaries(
        {"name": st.sampled_from(("chromium", "firefox"))},
        optional={
            "tabs": st.integers(1, 3),
            "tab_stagger_s": seconds(0, 1),
            "shared_profile": st.booleans(),
        },
    )


_CLIENT = {
    "clients": st.integers(1, 12),
    "sockets_per_client": st.integers(1, 12),
    "timeout_s": seconds(0.1, 60),
    "closes_after_first_message": st.booleans(),
}


@st.composite
def page_scenarios(draw: st.DrawFn, duration_s_max: float = DURATION_S_MAX) -> Document:
    """One to three tabs of a browser against the server."""
    duration_s = draw(st.sampled_from((3.0, 15.0, 45.0, DURATION_S_MAX)))
    duration_s = min(duration_s, duration_s_max)
    document: Document = {
        "model": "tac-webbuilder",
        "duration_s": duration_s,
        "browser": draw(_browsers()),
        "react": draw(
            st.sampled_from(({}, {"strict_mode": True}, {"strict_mode": True, "build": "dev"}))
        ),
        "page": draw(st.fixed_dictionaries({"hook": st.sampled_from(HOOKS)}, optional=_PAGE)),
        "server": draw(_table(_SERVER)),
        "network": draw(_table(_NETWORK)),
        "faults": draw(faults(duration_s)),
        "actions": draw(actions(duration_s)),
    }
    return document


@st.composite
def bare_scenarios(draw: st.DrawFn, duration_s_max: float = DURATION_S_MAX) -> Document:
    """Clients without a browser against the server."""
    duration_s = min(draw(st.sampled_from((5.0, 30.0))), duration_s_max)
    client = draw(_table(_CLIENT))
    order = draw(st.sampled_from(("parallel", "one_after_another")))
    client["order"] = order
    return {
        "model": "tac-webbuilder",
        "duration_s": duration_s,
        "browser": {"name": "none"},
        "client": client,
        "server": draw(_table(_SERVER)),
        "network": draw(_table(_NETWORK)),
        "faults": draw(faults(duration_s)),
    }


def scenarios(duration_s_max: float = DURATION_S_MAX) -> st.SearchStrategy[Document]:
    """Pages four times in five, bare clients else."""
    page = page_scenarios(duration_s_max)
    return st.one_of(page, page, page, page, bare_scenarios(duration_s_max))
