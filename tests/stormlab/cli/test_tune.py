"""``stormlab tune`` as a person meets it."""

import importlib
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab import replications
from stormlab import tune as engine
from stormlab.policy.catalogue import find_policy
from stormlab.store import partial_folder
from stormlab.tune import State

module = importlib.import_module("stormlab.cli.tune")
Command = Callable[..., Any]

SMALL = """
title = "A short outage"
model = "fleet"
duration_s = 60
clients = { count = 8 }
[[faults]]
do = "crash"
at_s = 5
for_s = 10
"""
NAMES = ["policy.toml", "report.md", "trials.csv", "tune.json", "tune.svg"]
CAP, GOAL = ("--vary", "backoff.cap_s=1:20"), ("--goal", "reconnect_s_p99<40")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def call(stormlab: Command, small: Path) -> Command:
    """``call("--vary", ...)``: search in the small scenario, in this process, a few runs."""

    def run(*arguments: str | Path, policy: str = "aws-full-jitter") -> Any:
        few = ("--trials", 4, "--replications", 2, "--check", 3, "--jobs", 1)
        return stormlab("tune", policy, "--scenario", small, *map(str, few), *arguments)

    return run


def test_it_says_what_was_asked_tried_and_found(call: Command, small: Path) -> None:
    ended = call(*CAP, *GOAL)
    assert (ended.code, ended.err) == (0, "")
    asked, tried, checked, said, use, toml, *_ = ended.out.split("\n\n")
    assert asked.splitlines()[1] == f"scenario {small.stem}   A short outage"
    assert "goals reconnect_s_p99<40; then smallest reconnect_s_p99" in asked
    assert tried.split()[:5] == ["trial", "backoff.cap_s", "t99", "s", "goals"]
    assert len(tried.splitlines()) == 2 + 5 + 2
    assert checked.splitlines()[0].split() == ["checked", "t99", "s", "<", "40"]
    assert "98.75 % interval of the mean of 3 runs" in checked
    assert said.startswith("Yes: ")
    assert use.startswith("use it as: aws-full-jitter,backoff.cap_s=")
    assert toml.startswith("[policy]\nname = ")


def test_a_goal_that_is_missed_ends_with_one_and_is_named(call: Command) -> None:
    ended = call(*CAP, "--goal", "reconnect_s_p99<1", "--quiet")
    assert ended.code == 1
    assert ended.out.startswith("trial")
    assert "but reconnect_s_p99<1 is missed (" in " ".join(ended.out.split())


def test_out_gets_all_files_alike_for_any_number_of_processes(
    call: Command, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    ended = call(*CAP, *GOAL, "--out", one)
    assert ended.err == f"wrote {one}: {', '.join(NAMES)}\n"
    assert sorted(entry.name for entry in one.iterdir()) == NAMES
    assert call(*CAP, *GOAL, "--out", two, "--jobs", "2").code == 0
    for name in NAMES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    found = json.loads((one / "tune.json").read_text())
    best = find_policy(found["best"]["policy"])
    assert find_policy(str(one / "policy.toml")).digest == best.digest
    assert found["command"] in (one / "report.md").read_text()
    assert (one / "policy.toml").read_text().startswith(f"# {found['command']}\n")


def test_json_is_what_the_file_holds(call: Command, tmp_path: Path) -> None:
    ended = call(*CAP, *GOAL, "--json", "--out", tmp_path / "out", "--minimise", "attempts")
    document = json.loads(ended.out)
    assert document == json.loads((tmp_path / "out" / "tune.json").read_text())
    assert (
        "--minimise attempts --trials 4 --replications 2 --check 3 --seed 0"
        in (document["command"])
    )


def test_all_shows_every_trial(call: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOWN", 1)
    assert "3 more with --all" in call(*CAP, *GOAL).out
    assert "more with --all" not in call(*CAP, *GOAL, "--all").out


def test_a_stop_says_what_is_kept_and_the_same_command_goes_on(
    call: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, real, made = tmp_path / "out", replications.Job.__call__, list[int]()

    def counted(job: Any) -> Any:
        if len(made) == 5:
            made.append(-1)
            raise KeyboardInterrupt
        made.append(job.seed)
        return real(job)

    monkeypatch.setattr(replications.Job, "__call__", counted)
    ended = call(*CAP, *GOAL, "--out", place)
    assert (ended.code, ended.out) == (130, "")
    assert ended.err == "stormlab: stopped; 5 runs are kept; run the same command to go on\n"
    assert [entry.name for entry in place.iterdir()] == [partial_folder(place).name]
    assert call(*CAP, *GOAL, "--out", place).code == 0
    assert len(made) - 1 == 5 * 2 + 4 * 3
    assert not partial_folder(place).exists()


def test_a_stop_without_out_says_that_nothing_is_kept(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "tune", stopped)
    ended = call(*CAP, *GOAL)
    assert (ended.code, ended.err) == (
        130,
        "stormlab: stopped; nothing is kept without --out\n",
    )


def test_kept_units_serve_a_longer_search(
    call: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "out"
    call(*CAP, *GOAL, "--out", place, "--keep-units")
    assert partial_folder(place).is_dir()
    real, made = replications.Job.__call__, list[int]()

    def counted(job: Any) -> Any:
        made.append(job.seed)
        return real(job)

    monkeypatch.setattr(replications.Job, "__call__", counted)
    assert call(*CAP, *GOAL, "--out", place, "--check", "4").code == 0
    assert made == [5003] * 4


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (GOAL, "found nothing to vary; give --vary KEY=VALUES, as in backoff.cap_s=5:120"),
        (CAP, "found no goal; give --goal"),
        ((*CAP, "--goal", "t99<5"), "t99: no such figure (did you mean 'reconnect_s_p99'?)"),
        ((*CAP, "--goal", "t99=5"), "--goal 't99=5': allowed: FIGURE<NUMBER"),
        ((*CAP, *GOAL, "--minimise", "zz"), "zz: no such figure"),
        ((*CAP, *GOAL, "--minimise", "attempts", "--maximise", "attempts"), "allowed: one of the"),
        (("--vary", "backoff.cap_s=5", *GOAL), "--vary backoff.cap_s=5: found '5'; allowed: LOW"),
        (("--vary", "backoff.caps=1:5", *GOAL), "unknown key; did you mean 'cap_s'?"),
        ((*CAP, *CAP, *GOAL), "--vary backoff.cap_s: given twice"),
        ((*GOAL, "--vary", "scenario.a=1:2", "--set", "a=1"), "also given with --set"),
        ((*CAP, *GOAL, "--seed", "9007199254740991"), "--seed: found"),
    ],
)
def test_bad_input_is_one_line(call: Command, arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in call(*arguments).complaint


def test_bad_policies_scenarios_and_folders_are_one_line(call: Command, tmp_path: Path) -> None:
    assert "did you mean 'phoenix'" in call(*CAP, *GOAL, policy="phenix").complaint
    said = call(*CAP, *GOAL, "--scenario", "outage-6s").complaint
    assert said.startswith("outage-6s: no such file and no built-in scenario")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").touch()
    said = call(*CAP, *GOAL, "--out", tmp_path / "out").complaint
    assert said.endswith("holds 'letter.txt', of no search; allowed: a new folder")
    said = call(*CAP, *GOAL, "--out", tmp_path / "out" / "letter.txt").complaint
    assert said.endswith("is a file; allowed: a folder, new or of an earlier search")
    assert call(*CAP, *GOAL, "--out", " ").complaint.startswith("--out: found no name")


def test_without_scipy_it_says_so_before_anything_runs(
    call: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert call(*CAP, *GOAL).complaint.startswith("tuning needs scipy")


def test_progress_tells_how_many_trials_met_all_goals() -> None:
    assert module._meeting(State(3, 22, 1)) == "trials that met all goals: 1"


@pytest.mark.slow
def test_the_example_of_the_docs_is_what_it_prints(
    stormlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "tune.md").read_text("utf-8")
    command = page.split("```sh\n")[1].split("```")[0].replace("\\\n", " ")
    printed = page.split("<!-- printed -->\n```text\n")[1].split("\n```\n<!-- end -->")[0]
    monkeypatch.chdir(tmp_path)
    ended = stormlab(*shlex.split(command)[1:])
    assert ended.code == 0
    assert [line.rstrip() for line in ended.out.rstrip().splitlines()] == printed.splitlines()
    assert sorted(entry.name for entry in (tmp_path / "tuned").iterdir()) == NAMES
