"""``stormlab run``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab import __version__
from stormlab.model import built_in_scenarios, load_scenario, run
from stormlab.trace import Trace
from stormlab.vocabulary import Event

Command = Callable[..., Any]
BASE = 'model = "tac-webbuilder"\nduration_s = 60\n'


def test_the_header_says_which_run_it_is(stormlab: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\n' + BASE + "[react]\nstrict_mode = true\n[observe]\nfor_s = 15\n"
    )
    ended = stormlab("run", path, "--seed", "3", "--set", "page.jitter_s=1")
    assert ended.code == 0
    assert ended.err == ""
    head, _, rest = ended.out.partition("\n\n")
    scenario = load_scenario(path, ("page.jitter_s=1",))
    assert head.splitlines() == [
        f"stormlab {__version__}   model tac-webbuilder   seed 3",
        f"scenario mine ({scenario.hash})   Mine",
        "  duration_s = 60",
        "  react.strict_mode = true   (default false)",
        "  page.jitter_s = 1.0   (default 0.0)",
        "  observe.since = first_socket",
        "  observe.for_s = 15.0",
        "  everything else is at its default; all parameters: --json",
    ]
    trace = run(scenario, 3)
    assert rest.splitlines()[-1] == f"trace {trace.hash}   {len(trace):,} events"
    attempts = next(line for line in rest.splitlines() if line.startswith("attempts "))
    assert attempts.split() == ["attempts", str(trace.count(Event.NEW))]


def test_faults_are_part_of_the_header(stormlab: Command) -> None:
    out = stormlab("run", "server-down").out
    assert "  fault: do=crash at_s=6.0 for_s=246.0\n" in out


def test_quiet_leaves_figures_and_hash(stormlab: Command) -> None:
    ended = stormlab("run", "plain", "--quiet")
    assert ended.out.startswith("figure ")
    assert ended.out.splitlines()[-1].startswith("trace ")
    assert ended.err == ""


def test_json_holds_everything_needed_to_repeat_the_run(stormlab: Command) -> None:
    found = json.loads(stormlab("run", "plain", "--json", "--seed", "5").out)
    assert found["figures"]["attempts"] == 8
    assert found["parameters"]["page"]["delay_base_s"] == 1.0
    assert (found["seed"], found["scenario"]) == (5, "plain")
    assert found["trace_hash"] == run(load_scenario("plain"), 5).hash


def test_the_same_call_prints_the_same(stormlab: Command) -> None:
    assert stormlab("run", "reload") == stormlab("run", "reload")


def test_a_file_runs_like_the_built_in_it_was_copied_from(
    stormlab: Command, tmp_path: Path
) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(built_in_scenarios()["plain"])
    assert stormlab("run", path) == stormlab("run", "plain")


def test_out_holds_trace_figures_and_metrics(stormlab: Command, tmp_path: Path) -> None:
    place = tmp_path / "new" / "result"
    ended = stormlab("run", "plain", "--out", place, "--quiet")
    assert ended.err == f"wrote {place}: figures.json, metrics.prom, trace.parquet\n"
    figures = json.loads((place / "figures.json").read_text("utf-8"))
    assert Trace.load(place / "trace.parquet").hash == figures["trace_hash"]
    assert figures["trace_hash"] in ended.out
    metrics = (place / "metrics.prom").read_text("utf-8")
    assert 'stormlab_attempts_total{model="tac-webbuilder",scenario="plain"' in metrics
    assert [entry.name for entry in place.parent.iterdir()] == ["result"]


CASES: dict[str, tuple[str, str]] = {
    "text for a number": (
        BASE + '[page]\njitter_s = "x"',
        "page.jitter_s: found 'x'; allowed: a nu",
    ),
    "unknown at the top": (BASE + "pagge = 1", "pagge: unknown key; did you mean 'page'?"),
    "unknown in a table": (BASE + "[page]\njiter_s = 1", "page.jiter_s: unknown key; did you mean"),
    "unknown in a list": (
        BASE + '[[actions]]\ndo = "reload"\nat_s = 1\nx = 1',
        "actions.0.x: unknown key; allowed in [actions]:",
    ),
    "negative time": (
        BASE + "[page]\njitter_s = -1",
        "page.jitter_s: found -1; allowed: at least 0",
    ),
    "unknown model": ('model = "x"\nduration_s = 1', "model: found 'x'; allowed: avalanche"),
    "no model": ("duration_s = 1", "model: missing; a scenario says which model it runs; allowed:"),
    "unknown value": (BASE + '[page]\nhook = "x"', "page.hook: found 'x'; allowed: 'analysed', "),
    "empty": ("", "empty; a scenario needs at least 'model' and 'duration_s'"),
    "nan": (BASE + "[page]\njitter_s = nan", "page.jitter_s: found nan; allowed: a finite number"),
    "infinite": (
        'model = "tac-webbuilder"\nduration_s = inf',
        "duration_s: found inf; allowed: a finite number",
    ),
    "deep": ("a = " + "[" * 9999, "nested more than 16 levels deep"),
    "not TOML": ("a = ", "not valid TOML: Invalid value"),
    "line break in a key": (BASE + '"a\\nb" = 1', "a\\nb: unknown key"),
    "escape code in a key": (BASE + '"a\\u001b[31m" = 1', "a\\x1b[31m: unknown key"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_is_one_line_and_nothing_is_written(
    stormlab: Command, tmp_path: Path, case: str
) -> None:
    content, said = CASES[case]
    path = tmp_path / "bad.toml"
    path.write_text(content)
    complaint = stormlab("run", path, "--out", tmp_path / "out").complaint
    assert complaint.startswith(f"{path}: {said}")
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_text_are_one_line(stormlab: Command, tmp_path: Path) -> None:
    binary, huge = tmp_path / "a.toml", tmp_path / "huge.toml"
    binary.write_bytes(bytes(range(256)))
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    assert "not a text file (byte 128 is not UTF-8)" in stormlab("run", binary).complaint
    assert "more than 1,000,000 bytes" in stormlab("run", huge).complaint
    assert stormlab("run", tmp_path).complaint == f"{tmp_path}: Is a directory"
    assert "No such file or directory" in stormlab("run", tmp_path / "none.toml").complaint


@pytest.mark.parametrize("seed", ["-1", "x", "1.5", "", "9007199254740992", "1e3", "9" * 99, "²"])
def test_a_seed_out_of_range_is_refused(stormlab: Command, seed: str) -> None:
    said = stormlab("run", "plain", f"--seed={seed}").complaint
    assert said == (f"--seed: found '{seed}'; allowed: a whole number from 0 to 9007199254740991")


def test_the_largest_seed_runs(stormlab: Command) -> None:
    assert "seed 9007199254740991" in stormlab("run", "plain", "--seed", "9007199254740991").out


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("page.jitter_s", "--set page.jitter_s: found no '='"),
        ("title.x=1", "plain: --set title.x: 'title' is 'A plain page load', not a table"),
        ("page.jiter_s=1", "plain: page.jiter_s: unknown key; did you mean 'jitter_s'?"),
        ("page.jitter_s=fast", "plain: page.jitter_s: found 'fast'; allowed: a number"),
    ],
)
def test_a_bad_setting_is_one_line(stormlab: Command, setting: str, said: str) -> None:
    assert stormlab("run", "plain", "--set", setting).complaint.startswith(said)
