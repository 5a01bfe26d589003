"""What is compared is checked before anything runs, and each policy has a label of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab.compare import CompareError, Field, field
from stormlab.compare.contenders import _labels, differences, done_to_it
from stormlab.model import load_scenario
from stormlab.scenario import ScenarioError

Make = Callable[..., Field]


def test_each_policy_has_the_scenario_with_nothing_else_changed(waits: Make) -> None:
    what = waits("20", "30~5", settings=("weather=1.5",))
    assert [each.label for each in what.contenders] == ["20", "30~5"]
    for each in what.contenders:
        expected = what.base.parameters.model_copy(update={"policy": each.target})
        assert each.scenario.parameters == expected
        assert each.scenario.duration_s == what.base.duration_s
    assert what.base.parameters.model_dump()["weather"] == 1.5


def test_a_policy_that_stands_twice_has_two_labels(waits: Make) -> None:
    what = waits("20", "30", "20", "20")
    assert [each.label for each in what.contenders] == ["20", "30", "20 #2", "20 #3"]


def test_a_policy_in_a_file_is_called_by_the_file_s_name() -> None:
    assert _labels(["mine/steady.toml", "mine/p.py:Steady"]) == ["steady.toml", "p.py:Steady"]
    assert _labels(["a/steady.toml", "b/steady.toml"]) == ["a/steady.toml", "b/steady.toml"]
    assert _labels(["phoenix", "m.n:Steady"]) == ["phoenix", "m.n:Steady"]


def test_quotes_and_accents_reach_the_scenario_as_they_are(waits: Make) -> None:
    odd = 'é "20" \\ x'
    with pytest.raises(ScenarioError) as found:
        waits(odd)
    assert f"found '{odd}'" in str(found.value)


def test_an_unknown_policy_is_refused_in_one_line(waits: Make) -> None:
    with pytest.raises(ScenarioError, match=r"waits.toml: policy: found 'soon'; allowed: MEAN"):
        waits("20", "soon")


def test_no_policy_is_refused(waits: Make) -> None:
    with pytest.raises(CompareError, match="found no policy to compare"):
        waits()


def test_a_model_without_policies_is_refused(waits: Make, tmp_path: Path) -> None:
    waits("20")
    path = tmp_path / "deaf.toml"
    path.write_text('model = "deaf"\nduration_s = 5\n')
    with pytest.raises(ScenarioError) as found:
        field(path, ["20"])
    assert str(found.value) == (
        f"{path}: its model 'deaf' has no key 'policy' that a comparison could set; allowed: a"
        " scenario of: waits"
    )


def test_a_scenario_that_mixes_policies_is_refused(waits: Make) -> None:
    with pytest.raises(ScenarioError, match="mix: found groups with policies of their own"):
        waits("20", settings=(f"mix={json.dumps(['20', '30'])}",))


def test_what_is_done_is_told_in_clauses(waits: Make, tmp_path: Path) -> None:
    waits("20")
    path = tmp_path / "faults.toml"
    path.write_text(
        'model = "waits"\nduration_s = 9\n[[faults]]\ndo = "crash"\nat_s = 1.5\nfor_s = 60\n'
        '[[faults]]\ndo = "crash"\nat_s = 3\npod = 2\n'
    )
    scenario = load_scenario(path)
    assert done_to_it(scenario) == ("crash at 1.5 s for 60 s", "crash at 3 s (pod 2)")


def test_differences_leave_the_policy_out(waits: Make) -> None:
    what = waits("30", settings=("weather=1", 'policy="50"'))
    assert differences(what.base) == (("weather", 1.0),)
