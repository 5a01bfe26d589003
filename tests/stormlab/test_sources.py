"""Other code, other hash; the same code in another place, the same hash."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

import stormlab
from stormlab import sources
from stormlab.model import load_scenario
from stormlab.scenario import Scenario
from stormlab.sources import SourceError, SourceReader, policies_in

POLICY = """
class Mine:
    def on(self, happened, chance): ...
    def may_attempt(self, time_ns): return True
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(POLICY)
    return tmp_path / "mine.py"


def with_policy(name: str) -> Scenario:
    return load_scenario("plain", (f"page.policy={name}",))


def test_the_code_is_that_of_the_method_the_model_and_the_libraries() -> None:
    found = SourceReader().of(load_scenario("plain"))
    assert sorted(found.parts) == ["numpy", "simpy", "stormlab", "stormlab_models"]
    assert found.parts["numpy"] == np.__version__
    assert found.digest == SourceReader().of(load_scenario("kill-restart")).digest


def test_a_changed_line_is_another_code_and_a_copy_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "stormlab"
    shutil.copytree(Path(stormlab.__file__).parent, package)
    plain, source = load_scenario("plain"), sources._source
    before = SourceReader().of(plain)
    monkeypatch.setattr(sources, "_source", lambda n: package if n == "stormlab" else source(n))
    assert SourceReader().of(plain) == before
    reader = SourceReader()
    assert reader.of(plain) == before
    with (package / "clock.py").open("a") as file:
        file.write("# changed\n")
    assert reader.of(plain) == before, "read once"
    after = SourceReader().of(plain)
    assert after.digest != before.digest
    assert after.parts["stormlab_models"] == before.parts["stormlab_models"]
    (package / "clock.py").rename(package / "clocks.py")
    assert SourceReader().of(plain).digest not in {before.digest, after.digest}


def test_the_file_of_a_policy_is_part_of_the_code(policy: Path) -> None:
    scenario = with_policy("mine.py:Mine")
    before = SourceReader().of(scenario)
    assert "mine.py" in before.parts
    policy.write_text(POLICY + "# changed\n")
    assert SourceReader().of(scenario).digest != before.digest


def test_the_package_of_a_policy_is_part_of_the_code(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(policy.parent))
    scenario = with_policy("mine:Mine")
    before = SourceReader().of(scenario)
    assert "mine" in before.parts
    policy.write_text(POLICY + "# changed\n")
    assert SourceReader().of(scenario).digest != before.digest
    policy.unlink()
    sys.modules.pop("mine")
    with pytest.raises(SourceError, match="mine: its source cannot be found"):
        SourceReader().of(scenario)


def test_the_catalogues_packages_are_part_of_the_code_of_a_named_policy() -> None:
    class Parameters(BaseModel):
        policy: str = "some-name"

    plain = load_scenario("plain")
    named = Scenario("named", plain.model, plain.duration_s, Parameters())
    assert sorted(SourceReader().of(named).parts) == sorted(SourceReader().of(plain).parts)


def test_a_table_in_place_of_a_name_may_stand_on_the_catalogue() -> None:
    assert policies_in({"policy": {"like": "a", "cap_s": 3}}) == [""]


def test_policies_are_found_wherever_they_stand() -> None:
    document = {
        "policy": "a",
        "page": {"policy": "b:C", "name": "no"},
        "fleet": [{"policy": "a"}, {"policies": ["d", {"policy": "e"}]}],
        "other": {"policy": None},
    }
    assert policies_in(document) == ["a", "b:C", "d", "", "e"]
