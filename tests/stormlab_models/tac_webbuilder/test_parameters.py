"""The switches: defaults are the application as found, and nonsense is refused in one line."""

from typing import Any

import pytest

from stormlab.model import make_scenario
from stormlab.scenario import ScenarioError
from stormlab_models.tac_webbuilder.parameters import Parameters


def made(**tables: Any) -> Parameters:
    """Validate tables as a scenario does."""
    document = {"model": "tac-webbuilder", "duration_s": 1, **tables}
    parameters = make_scenario(document, name="given").parameters
    assert isinstance(parameters, Parameters)
    return parameters


def test_defaults_are_the_application_as_found_on_a_quiet_machine() -> None:
    found = made()
    assert found.page.hook == "analysed"
    assert (found.page.attempts_max, found.page.delay_base_s, found.page.delay_max_s) == (10, 1, 30)
    assert found.page.ping_interval_s is None
    assert found.page.jitter_s == 0
    assert found.machine.contention == 1
    assert not found.react.strict_mode
    assert (found.server.ping_interval_s, found.server.ping_timeout_s) == (20, 20)


def test_off_turns_a_figure_off() -> None:
    assert made(server={"ping_interval_s": "off"}).server.ping_interval_s is None
    assert made(network={"idle_cut_s": "off"}).network.idle_cut_s is None


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"page": {"hook": "magic"}}, ["page.hook", "'magic'", "analysed"]),
        ({"page": {"jiter_s": 1}}, ["page.jiter_s", "unknown key", "jitter_s"]),
        ({"page": {"proved_after_s": 0}}, ["page.proved_after_s", "0"]),
        ({"server": {"per_endpoint_data_s": {"nope": 1}}}, ["nope", "queue"]),
        ({"network": {"loss": 1.5}}, ["network.loss", "1.5"]),
        ({"client": {"handshakes": 5}}, ["handshakes", "each_client_one_after_another"]),
        ({"client": {"order": "each_client_one_after_another"}}, ["handshakes"]),
        ({"actions": [{"do": "reload"}]}, ["after_first_socket_s", "at_s"]),
        (
            {"actions": [{"do": "reload", "at_s": 1, "after_first_socket_s": 1}]},
            ["after_first_socket_s", "at_s"],
        ),
        ({"browser": {"tabs": 0}}, ["browser.tabs", "0"]),
        ({"network": {"latency_s": float("inf")}}, ["network.latency_s"]),
    ],
)
def test_nonsense_is_refused_in_one_line(tables: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        made(**tables)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("given: ")
    for word in words:
        assert word in message


def test_parameters_are_immutable_and_in_the_hash() -> None:
    document: dict[str, Any] = {"model": "tac-webbuilder", "duration_s": 1}
    plain = make_scenario(document, name="a")
    assert make_scenario({**document, "page": {}}, name="b").hash == plain.hash
    assert make_scenario({**document, "page": {"jitter_s": 1}}, name="a").hash != plain.hash
