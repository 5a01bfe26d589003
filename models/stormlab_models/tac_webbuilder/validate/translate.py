"""From a measured condition to a scenario: the same set-up in the model's own switches."""

from typing import Any

from stormlab.model import make_scenario
from stormlab.scenario import Scenario, ScenarioError
from stormlab_models.tac_webbuilder.validate.schema import Condition, MeasuredAction

S = 1000.0  # ms per second
SETTLE_S = 30.0  # a run ends by itself after its window; this is the bound beyond it
PROXY_CONNECT_S = 0.005  # what the measurements' proxy took to accept and connect, roughly
IMPLEMENTATION_PREFIX = "uvicorn-"


def to_scenario(condition: Condition) -> Scenario:
    """The scenario of one load, one run of tabs, or one run of bare clients."""
    document: dict[str, Any] = {
        "model": "tac-webbuilder",
        "duration_s": duration_s(condition),
        "machine": {"contention": float(condition.parallel_runs or 1)},
        "browser": _browser(condition),
        "server": _server(condition),
        "network": _network(condition),
        "actions": [_action(action) for action in condition.actions],
        "faults": _faults(condition),
    }
    if condition.react is not None:
        document["react"] = {
            "strict_mode": condition.react.strict_mode,
            "build": condition.react.build,
        }
    if condition.page is not None:
        document["page"] = _page(condition)
    if condition.client is not None:
        document["client"] = _client(condition)
    if condition.socket_groups:
        document["socket_groups"] = [group.model_dump() for group in condition.socket_groups]
    if condition.observe_ms is not None and condition.observe_from is not None:
        document["observe"] = {
            "since": condition.observe_from,
            "for_s": condition.observe_ms / S,
        }
    return make_scenario(document, name=condition.id, source=f"condition {condition.id}")


def tabs_open_s(condition: Condition) -> float:
    """When all tabs are open, on the run's clock."""
    tabs = condition.tabs or 1
    return tabs * (condition.tab_stagger_ms or 0) / S if tabs > 1 else 0.0


def outage_s(condition: Condition) -> tuple[float, float] | None:
    """When the server goes down and comes back, on the run's clock."""
    outage = condition.outage
    if outage is None:
        return None
    start_s = tabs_open_s(condition) if outage.since == "all_tabs_open" else 0.0
    if outage.how == "absent":
        return 0.0, start_s + outage.up_at_ms / S
    return start_s + outage.down_at_ms / S, start_s + outage.up_at_ms / S


def duration_s(condition: Condition) -> float:
    """A bound on the run; the observation ends it earlier."""
    data = condition.server.per_endpoint_data_ms
    slow_s = max([condition.server.initial_data_ms, *data.values()]) / S
    if condition.client is not None:
        sockets = condition.client.clients * (condition.client.sockets_per_client or 1)
        return condition.client.timeout_s + slow_s * min(sockets, 1000) + SETTLE_S
    window_s = (condition.observe_ms or 10_000) / S
    acts_s = sum(
        action.times * ((action.after_ms_from_first_socket or 0) + (action.every_ms or 0)) / S + 5
        for action in condition.actions
    )
    return tabs_open_s(condition) + window_s + acts_s + slow_s * 9 + SETTLE_S


def _browser(condition: Condition) -> dict[str, Any]:
    browser: dict[str, Any] = {"name": condition.browser.name, "tabs": condition.tabs or 1}
    if condition.tab_stagger_ms is not None:
        browser["tab_stagger_s"] = condition.tab_stagger_ms / S
    shared = condition.browser.profile_shared_tabs
    browser["shared_profile"] = (condition.tabs or 1) == 1 or shared is None or shared >= 1
    return browser


def _server(condition: Condition) -> dict[str, Any]:
    server = condition.server
    document: dict[str, Any] = {
        "implementation": server.implementation.removeprefix(IMPLEMENTATION_PREFIX),
        "initial_data_s": server.initial_data_ms / S,
        "initial_data_kind": server.initial_data_kind,
        "initial_data_placement": server.initial_data_placement,
        "per_endpoint_data_s": {
            name: data_ms / S for name, data_ms in server.per_endpoint_data_ms.items()
        },
        "accept_delay_s": server.accept_delay_ms / S,
        "waits_for_ready": server.waits_for_ready,
        "ping_interval_s": _or_off(server.ping_interval_s),
        "ping_timeout_s": _or_off(server.ping_timeout_s),
    }
    if server.ready_timeout_ms is not None:
        document["ready_timeout_s"] = server.ready_timeout_ms / S
    return document


def _page(condition: Condition) -> dict[str, Any]:
    page = condition.page
    if page is None:
        return {}
    interval_s = page.ping_interval_ms / S if page.ping_interval_ms is not None else None
    return {
        "hook": page.hook,
        "served_by": page.served_by,
        "sends_ready": page.sends_ready,
        "ping_interval_s": _or_off(interval_s),
        "stagger": page.stagger,
        "jitter_s": page.jitter_ms / S,
        "stop_after_max_attempts": page.stop_after_max_attempts or page.breaker == "literal",
        "breaker": page.breaker,
        "delay_scale": page.delay_scale,
    }


def _client(condition: Condition) -> dict[str, Any]:
    client = condition.client
    if client is None:
        return {}
    document = client.model_dump(exclude_none=True)
    if condition.server.initial_data_kind == "block":
        document["timeout_s"] = client.timeout_s
    return document


def _network(condition: Condition) -> dict[str, Any]:
    if condition.network is None:
        return {}
    return {
        "proxy_connect_s": PROXY_CONNECT_S,
        "idle_cut_s": _or_off(condition.network.idle_cut_s),
        "cut_with": condition.network.cut_with,
    }


def _action(action: MeasuredAction) -> dict[str, Any]:
    document: dict[str, Any] = {"do": action.do, "times": action.times, "since": action.since}
    if action.after_ms_from_first_socket is not None:
        document["after_first_socket_s"] = action.after_ms_from_first_socket / S
    if action.at_ms is not None:
        document["at_s"] = action.at_ms / S
    if action.every_ms is not None:
        document["every_s"] = action.every_ms / S
    if action.for_ms is not None:
        document["for_s"] = action.for_ms / S
    if action.sockets is not None:
        document["sockets"] = action.sockets
    if action.module_exports is not None:
        document["module_exports"] = action.module_exports
    return document


def _faults(condition: Condition) -> list[dict[str, Any]]:
    span = outage_s(condition)
    if span is None or condition.outage is None:
        return []
    if span[1] <= span[0]:
        msg = f"condition {condition.id}: outage: up_at_ms is not after down_at_ms"
        raise ScenarioError(msg)
    kind = "stop" if condition.outage.how == "term" else "crash"
    return [{"do": kind, "at_s": span[0], "for_s": span[1] - span[0]}]


def _or_off(value: float | None) -> float | str:
    return "off" if value is None else value
