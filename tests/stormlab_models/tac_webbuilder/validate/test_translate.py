"""A measured condition becomes a scenario with the same set-up."""

from collections.abc import Callable

import pytest

from stormlab.scenario import ScenarioError
from stormlab_models.tac_webbuilder.parameters import Parameters
from stormlab_models.tac_webbuilder.validate.schema import Condition
from stormlab_models.tac_webbuilder.validate.translate import outage_s, tabs_open_s, to_scenario


def parameters(condition: Condition) -> Parameters:
    found = to_scenario(condition).parameters
    assert isinstance(found, Parameters)
    return found


def test_milliseconds_become_seconds(condition: Callable[..., Condition]) -> None:
    found = parameters(
        condition(
            server={"initial_data_ms": 500, "per_endpoint_data_ms": {"queue": 9700}},
            page={"ping_interval_ms": 30000, "jitter_ms": 250},
        )
    )
    assert found.server.initial_data_s == 0.5
    assert found.server.per_endpoint_data_s == {"queue": 9.7}
    assert found.page.ping_interval_s == 30
    assert found.page.jitter_s == 0.25


def test_null_means_off(condition: Callable[..., Condition]) -> None:
    assert parameters(condition(server={"ping_interval_s": None})).server.ping_interval_s is None


def test_an_outage_counts_from_its_clock(condition: Callable[..., Condition]) -> None:
    tabs = condition(
        n_unit="tabs",
        tabs=5,
        tab_stagger_ms=300,
        outage={"from": "all_tabs_open", "down_at_ms": 6000, "up_at_ms": 9000, "how": "kill"},
    )
    assert tabs_open_s(tabs) == 1.5
    assert outage_s(tabs) == (7.5, 10.5)
    fault = to_scenario(tabs).faults[0]
    assert (fault.do, fault.at_s, fault.for_s) == ("crash", 7.5, 3.0)


def test_an_absent_server_comes_up_later(condition: Callable[..., Condition]) -> None:
    absent = condition(
        outage={"from": "all_tabs_open", "down_at_ms": 0, "up_at_ms": 4000, "how": "absent"}
    )
    assert outage_s(absent) == (0.0, 4.0)


def test_an_outage_that_ends_before_it_begins_is_refused(
    condition: Callable[..., Condition],
) -> None:
    bad = condition(outage={"from": "first_tab", "down_at_ms": 5, "up_at_ms": 5, "how": "kill"})
    with pytest.raises(ScenarioError, match="up_at_ms is not after down_at_ms"):
        to_scenario(bad)


def test_actions_keep_their_clock(condition: Callable[..., Condition]) -> None:
    found = parameters(
        condition(
            actions=[
                {"do": "reload", "after_ms_from_first_socket": 20, "times": 3},
                {"do": "remount", "at_ms": 100, "from": "all_tabs_open", "every_ms": 50},
            ]
        )
    )
    assert found.actions[0].after_first_socket_s == 0.02
    assert found.actions[0].times == 3
    assert (found.actions[1].at_s, found.actions[1].since) == (0.1, "all_tabs_open")


def test_nothing_is_read_out_of_an_id(measured: list[Condition]) -> None:
    for condition in measured:
        renamed = condition.model_copy(update={"id": "x", "mechanism": "y"})
        assert to_scenario(renamed).hash == to_scenario(condition).hash
