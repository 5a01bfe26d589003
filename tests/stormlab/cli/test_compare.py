"""``stormlab compare``."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab import columns, compare
from stormlab.compare import State
from stormlab.store import Store, partial_folder

Command = Callable[..., Any]

SMALL = """
title = "A short outage"
model = "fleet"
duration_s = 60
clients = { count = 10 }
[[faults]]
do = "crash"
at_s = 5
for_s = 10
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def call(stormlab: Command, small: Path) -> Command:
    """``call("phoenix", ...)``: compare in the small scenario, in this process, four runs each."""

    def run(*arguments: str | Path) -> Any:
        given = [str(each) for each in arguments]
        more = [] if "--precision" in given or "--replications" in given else ["--replications", 4]
        return stormlab("compare", *given, "--scenario", small, "--jobs", 1, *more)

    return run


def test_the_table_has_a_row_for_each_policy_and_verdicts_below(call: Command) -> None:
    ended = call("phoenix", "aws-full-jitter", "--replications", "8")
    assert (ended.code, ended.err) == (0, "")
    head, table, rest = ended.out.split("\n\n", 2)
    assert head.splitlines()[1:] == [
        "scenario small   A short outage",
        "  60 s; done to it: crash at 5 s for 10 s",
        "  clients.count = 10",
        "  8 runs of each policy under the same seeds (as asked); ±: 95 % interval of the mean",
    ]
    lines = table.splitlines()
    assert lines[0].split("  ")[0] == "policy"
    assert all(
        word in lines[0] for word in ("t50 s", "t99 s", "mean s", "peak/s", "attempts", "bytes")
    )
    assert [line.split()[0] for line in lines[2:4]] == ["phoenix", "aws-full-jitter"]
    assert "*" in lines[2]
    assert "* better than every other policy beyond noise" in lines
    verdicts = rest.splitlines()
    assert verdicts[0].startswith("best first; > better beyond noise, ≈ no difference")
    assert verdicts[1].split(maxsplit=2) == ["t50", "s", "phoenix > aws-full-jitter"]
    assert any(line.startswith("collapse, each policy: never in 8 runs") for line in verdicts)


def test_a_narrow_terminal_gets_several_tables(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = call("phoenix", "aws-full-jitter")
    assert max(map(len, ended.out.splitlines())) <= 80
    heads = [line for line in ended.out.splitlines() if line.startswith("policy ")]
    assert len(heads) == 2
    assert "t50 s" in heads[0]
    assert "bytes" in heads[1]


def test_one_policy_gets_figures_and_no_verdicts(call: Command) -> None:
    out = call("phoenix").out
    assert "1 policy" in out
    assert "best first" not in out


def test_json_holds_policies_pairs_and_the_command(call: Command, small: Path) -> None:
    found = json.loads(call("phoenix", "phoenix", "--json", "--seed", "3").out)
    assert [policy["label"] for policy in found["policies"]] == ["phoenix", "phoenix #2"]
    assert found["policies"][0]["seeds"] == [30_000, 30_001, 30_002, 30_003]
    assert {pair["verdict_on_second"] for pair in found["pairs"]} == {
        "no difference beyond noise at this precision"
    }
    assert found["command"] == (
        f"stormlab compare phoenix phoenix --scenario {small} --replications 4 --seed 3"
    )


def test_figures_that_are_asked_for_take_the_place_of_the_usual(call: Command) -> None:
    out = call("phoenix", "aws-full-jitter", "--figure", "recovery_s_p50", "--quiet").out
    assert out.splitlines()[0].split() == ["policy", "recovery_s_p50"]
    assert "recovery_s_p50  phoenix" in out


def test_out_gets_report_pictures_and_every_run(call: Command, tmp_path: Path) -> None:
    place = tmp_path / "new" / "result"
    ended = call("phoenix", "aws-full-jitter", "--out", place)
    assert ended.code == 0
    names = {entry.name for entry in place.iterdir()}
    assert {"comparison.json", "results.parquet", "report.md", "index.html"} <= names
    assert any(name.endswith(".svg") for name in names)
    assert ended.err == f"wrote {place}: {', '.join(sorted(names))}\n"
    found, metadata = columns.read(place / "results.parquet")
    assert found["policy"] == ["phoenix"] * 4 + ["aws-full-jitter"] * 4
    assert metadata["command"] == json.loads((place / "comparison.json").read_text())["command"]
    assert not partial_folder(place).exists()


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures cannot be drawn, which also saves the time that they take."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.mark.usefixtures("without_matplotlib")
def test_without_matplotlib_the_results_are_written_and_that_is_said(
    call: Command, tmp_path: Path
) -> None:
    place = tmp_path / "out"
    ended = call("phoenix", "--out", place)
    assert ended.code == 0
    assert "no report: pictures need matplotlib" in ended.err
    results = ["comparison.json", "results.parquet"]
    assert sorted(entry.name for entry in place.iterdir()) == results


@pytest.mark.usefixtures("without_matplotlib")
def test_an_earlier_comparison_is_replaced_with_all_its_files(
    call: Command, tmp_path: Path
) -> None:
    place = tmp_path / "out"
    place.mkdir()
    for name in ("report.md", "socket-states.svg", "results.npz"):
        (place / name).touch()
    with Store(partial_folder(place)) as store:
        store.keep("0" * 32, {"of": "another comparison"})
    assert call("phoenix", "--out", place).code == 0
    results = ["comparison.json", "results.parquet"]
    assert sorted(entry.name for entry in place.iterdir()) == results


@pytest.mark.usefixtures("without_matplotlib")
def test_a_stop_with_out_says_what_is_kept_and_goes_on(
    call: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    ended = call("phoenix", "aws-full-jitter", "--out", place)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "stormlab: stopped; 3 runs are kept; run the same command to go on\n"
    assert [entry.name for entry in place.iterdir()] == [partial_folder(place).name]
    assert call("phoenix", "aws-full-jitter", "--out", place).code == 0
    assert counted == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not partial_folder(place).exists()


def test_a_stop_without_out_says_that_nothing_is_kept(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "compare", stopped)
    ended = call("phoenix")
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
def test_bad_input_is_one_line(call: Command, given: list[str], said: str) -> None:
    assert said in call(*given).complaint


def test_a_scenario_without_policies_is_refused(stormlab: Command) -> None:
    said = stormlab("compare", "phoenix", "--scenario", "plain").complaint
    assert said.startswith("plain: its model 'tac-webbuilder' has no key 'policy'")
    assert "allowed: a scenario of: " in said
    assert "fleet" in said.rpartition(":")[2]


def test_a_folder_of_something_else_is_left_alone(call: Command, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    (place / "thesis.tex").touch()
    assert "holds 'thesis.tex', of no comparison" in call("phoenix", "--out", place).complaint
    assert "is a file" in call("phoenix", "--out", place / "thesis.tex").complaint


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
