"""``stormlab compare``."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab import compare
from stormlab.compare import State
from stormlab.store import partial_folder

Command = Callable[..., Any]


def test_json_holds_policies_pairs_and_the_command(comparing: Command, small: Path) -> None:
    found = json.loads(comparing("phoenix", "phoenix", "--json", "--seed", "3").out)
    assert [policy["label"] for policy in found["policies"]] == ["phoenix", "phoenix #2"]
    assert found["policies"][0]["seeds"] == [30_000, 30_001, 30_002, 30_003]
    assert {pair["verdict_on_second"] for pair in found["pairs"]} == {
        "no difference beyond noise at this precision"
    }
    assert found["command"] == (
        f"stormlab compare phoenix phoenix --scenario {small} --replications 4 --seed 3"
    )


def test_figures_that_are_asked_for_take_the_place_of_the_usual(comparing: Command) -> None:
    out = comparing("phoenix", "aws-full-jitter", "--figure", "recovery_s_p50", "--quiet").out
    assert out.splitlines()[0].split() == ["policy", "recovery_s_p50"]
    assert "recovery_s_p50  phoenix" in out


@pytest.mark.usefixtures("without_matplotlib")
def test_a_stop_with_out_says_what_is_kept_and_goes_on(
    comparing: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, original, counted = tmp_path / "result", compare.compare, list[int]()

    def stopping(*given: Any, watch: Callable[[State], None], **options: Any) -> Any:
        def watched(state: State) -> None:
            watch(state)
            counted.append(state.done)
            if state.done == 3 and len(counted) == 3:
                raise KeyboardInterrupt

        return original(*given, watch=watched, **options)

    monkeypatch.setattr(compare, "compare", stopping)
    ended = comparing("phoenix", "aws-full-jitter", "--out", place)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "stormlab: stopped; 3 runs are kept; run the same command to go on\n"
    assert [entry.name for entry in place.iterdir()] == [partial_folder(place).name]
    assert comparing("phoenix", "aws-full-jitter", "--out", place).code == 0
    assert counted == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not partial_folder(place).exists()


def test_a_stop_without_out_says_that_nothing_is_kept(
    comparing: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "compare", stopped)
    ended = comparing("phoenix")
    assert (ended.code, ended.err) == (130, "stormlab: stopped; nothing is kept without --out\n")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["phenix"], "policy: no policy 'phenix', did you mean 'phoenix'?"),
        (["phoenix", "--precision", "80%"], "--precision: found '80%'; allowed: 0.1% to 50%"),
        (["phoenix", "--precision", "soon"], "--precision: found 'soon'; allowed: 0.1% to 50%"),
        (
            ["phoenix", "--precision", "5%", "--replications", "3"],
            "--precision and --replications: found both; allowed: one of the two",
        ),
        (
            ["phoenix", "--replications", "3", "--replications-max", "9"],
            "--replications and --replications-max: found both; allowed: one of the two",
        ),
        (["phoenix", "--replications", "1"], "Invalid value for '--replications'"),
        (["phoenix", "--figure", "reconect_s_p50"], "(did you mean 'reconnect_s_p50'?)"),
        (["phoenix", "--seed", "9007199254740991"], "allowed in a comparison: 0 to 900719925473"),
        (["phoenix", "--set", "clients.cont=3"], "unknown key; did you mean 'count'?"),
        ([], "Missing argument 'POLICY...'"),
    ],
)
def test_bad_input_is_one_line(comparing: Command, given: list[str], said: str) -> None:
    assert said in comparing(*given).complaint


def test_a_scenario_without_policies_is_refused(stormlab: Command) -> None:
    said = stormlab("compare", "phoenix", "--scenario", "plain").complaint
    assert said.startswith("plain: its model 'tac-webbuilder' has no key 'policy'")
    assert "allowed: a scenario of: " in said
    assert "fleet" in said.rpartition(":")[2]


@pytest.mark.slow
def test_the_example_of_the_docs_is_what_the_command_prints(
    stormlab: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "compare.md").read_text("utf-8")
    example = re.search(
        r"^```console\n\$ stormlab (.*?)\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    assert example is not None
    command, printed = example.groups()
    monkeypatch.setenv("COLUMNS", "100")
    assert stormlab(*shlex.split(command)).out == printed
