"""Every built-in scenario is valid and says which question it answers."""

import pytest

from stormlab.model import built_in_scenarios, load_scenario

each_scenario = pytest.mark.parametrize("name", sorted(built_in_scenarios()))


@each_scenario
def test_a_scenario_is_valid_and_described(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.title
    assert not scenario.title.endswith(".")
    assert scenario.description.endswith(".")


@each_scenario
def test_a_window_fits_into_its_run(name: str) -> None:
    scenario = load_scenario(name)
    observe = getattr(scenario.parameters, "observe", None)
    assert observe is None or observe.for_s < scenario.duration_s


def test_no_two_scenarios_are_the_same_run() -> None:
    hashes = [load_scenario(name).hash for name in built_in_scenarios()]
    assert len(set(hashes)) == len(hashes)
