import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.draws import Draws
from stormlab.faults import Fault
from stormlab.scenario import ScenarioError
from stormlab_models.fleet.parameters import Mix, Parameters, Rolling, Server
from stormlab_models.fleet.setting import faults_of_run, group_of, groups_of


@given(st.integers(0, 2**53), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_groups_of_many_are_those_of_each(seed: int, parts: list[int]) -> None:
    mix = [Mix(policy="phoenix", share=part / sum(parts)) for part in parts]
    draws = Draws(seed)
    found = groups_of(mix, draws, 50)
    assert found.tolist() == [group_of(mix, draws, number) for number in range(50)]


def test_without_a_mix_everybody_is_in_one_group() -> None:
    assert np.array_equal(groups_of([], Draws(1), 3), [0, 0, 0])


def test_a_rolling_restart_adds_a_turn_for_each_pod() -> None:
    parameters = Parameters(server=Server(pods=3), rolling=Rolling(at_s=1, every_s=10, down_s=2))
    found = faults_of_run(parameters, Draws(1), [])
    assert [(each.pod, each.at_s, each.for_s) for each in found] == [
        (0, 1.0, 2.0),
        (1, 11.0, 2.0),
        (2, 21.0, 2.0),
    ]


def test_lengths_differ_between_runs_within_their_spread() -> None:
    parameters = Parameters(fault_spread_s=4.0)
    given_fault = [Fault(do="crash", at_s=1, for_s=10)]
    found = {faults_of_run(parameters, Draws(seed), given_fault)[0].for_s for seed in range(20)}
    assert len(found) == 20
    assert all(each is not None and 6 <= each <= 14 for each in found)


def test_a_pod_that_is_not_there_is_named() -> None:
    with pytest.raises(ScenarioError, match=r"^faults.0.pod: found 7; allowed: 0 to 0$"):
        faults_of_run(Parameters(), Draws(1), [Fault(do="crash", at_s=1, pod=7)])
