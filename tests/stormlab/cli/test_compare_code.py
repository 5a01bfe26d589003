"""``stormlab compare`` on real code: what it prints, and what it refuses."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDS_NPM = pytest.mark.npm
PLAIN = """
export default (url) => {
  let socket, timer;
  const connect = () => {
    socket = new WebSocket(url);
    socket.onclose = () => { timer = setTimeout(connect, WAIT + 1000 * Math.random()); };
  };
  connect();
  return { close() { socket.onclose = null; clearTimeout(timer); socket.close(); } };
};
"""


def compare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stormlab", "compare", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, wait_ms in (("a", 1_000), ("b", 30_000)):
        text = PLAIN.replace("WAIT", str(wait_ms))
        (tmp_path / f"{name}.ts").write_text(text, encoding="utf-8")
    return tmp_path


@NEEDS_NPM
def test_figures_promises_and_verdicts_are_printed(folder: Path) -> None:
    ended = compare(folder, "a.ts", "b.ts", "--replications", "12", "--quiet")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert lines[0] == "12 drawn worlds, the same for all; means with 95 % intervals"
    assert lines[1].split() == ["figure", "a.ts", "b.ts"]
    for word in ("time connected, %", "converges", "worlds that break a promise"):
        assert word in ended.stdout
    assert "against a.ts" in ended.stdout
    assert "b.ts     uncaught errors" in ended.stdout
    assert max(map(len, lines)) <= 100


@NEEDS_NPM
def test_json_holds_the_same(folder: Path) -> None:
    ended = compare(folder, "a.ts", "b.ts", "--replications", "5", "--json", "--quiet")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert [each["name"] for each in found["clients"]] == ["a.ts", "b.ts"]
    assert found["worlds"] == 5
    assert {each["client"] for each in found["verdicts"]} == {"b.ts"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["a.ts", "phoenix"], "phoenix: a policy; allowed beside real code: npm:NAME@VERSION"),
        (["a.ts", "gone.ts"], "gone.ts: no such file"),
        (
            ["a.ts", "b.ts", "--scenario", "outage-60s"],
            "real code: allowed here: --replications (worlds), --seed, --json, --quiet",
        ),
        (["a.ts", "b.ts", "--jobs", "2"], "real code: allowed here: --replications"),
        (["a.ts", "b.ts", "--engine", "fleet"], "real code: allowed here: --replications"),
        (["a.ts"], "a comparison takes two different clients or more"),
        (["a.ts", "a.ts"], "a comparison takes two different clients or more"),
    ],
)
def test_what_cannot_be_compared_is_one_line(folder: Path, arguments: list[str], line: str) -> None:
    if "gone.ts" in arguments or len(set(arguments)) == 1:
        pytest.importorskip("quickjs")
        if shutil.which("npm") is None:
            pytest.skip("needs Node.js 18 or newer with npm on PATH: https://nodejs.org")
    ended = compare(folder, *arguments, "--quiet")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("stormlab: ")
    assert line in ended.stderr
    assert ended.stderr.count("\n") == 1
