"""``stormlab check``: what it prints, what it writes, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from stormlab.check import BUDGETS, Budget
from stormlab.properties import PROMISES

Stormlab = Callable[..., Any]
FLAPPER = """
from stormlab.policy import RetryAt, Fact

class Flapper:
    def on(self, happened, chance):
        if happened.fact in {Fact.DROPPED, Fact.REFUSED}:
            return RetryAt(happened.time_ns + int((1 + chance.unit("wait")) * 1e9))
        if happened.fact is Fact.RETRY_BY_HAND:
            return RetryAt(happened.time_ns)

    def may_attempt(self, time_ns):
        return True

class Forgets(Flapper):
    failures = 0
    def on(self, happened, chance):
        self.failures += happened.fact is Fact.REFUSED
        return super().on(happened, chance) if self.failures < 4 else None

class Loop(Flapper):
    def on(self, happened, chance):
        while True:
            pass

class Deaf(Flapper):
    def on(self, happened, chance):
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass

class Raises(Flapper):
    def __init__(self):
        raise RuntimeError("no luck")

class Wrong(Flapper):
    def on(self, happened):
        return None
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A budget for tests, in a folder of its own."""
    budget = Budget("dev", {"bare": 25, "herd": 1, "fleet": 1, "page": 2}, 40, 20_000)
    monkeypatch.setattr("stormlab.check.budget.BUDGETS", {**BUDGETS, "dev": budget})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FLAPPER, encoding="utf-8")


def test_a_policy_that_keeps_its_word_ends_with_0(stormlab: Stormlab, tmp_path: Path) -> None:
    ended = stormlab("check", "mine.py:Flapper", "--promise", "converges")
    assert ended.code == 0, ended
    lines = ended.out.splitlines()
    assert lines[0].split() == ["promise", "outcome", "worlds", "bound,", "or", "why"]
    assert lines[2].split()[:2] == ["converges", "holds"]
    assert lines[-1] == "Flapper keeps 1 promise."
    assert not (tmp_path / "stormlab-replays").exists()


def test_a_broken_promise_ends_with_1_and_a_file(stormlab: Stormlab) -> None:
    ended = stormlab("check", "mine.py:Forgets", "--promise", "converges")
    assert ended.code == 1, ended
    assert "converges: Once the fault is healed" in ended.out
    command = ended.out.splitlines()[-3].strip()
    assert command == "again: stormlab replay stormlab-replays/Forgets--converges.json"
    assert ended.out.splitlines()[-1] == "Forgets breaks 1 of 1 promises."
    again = stormlab(*command.split()[2:])
    assert again.code == 1
    assert again.out.splitlines()[-1].startswith("still broken: ")


def test_an_undecided_promise_that_was_asked_for_ends_with_2(stormlab: Stormlab) -> None:
    ended = stormlab("check", "mine.py:Flapper", "--promise", "budget-kept")
    assert ended.code == 2
    assert "it declares no retry budget" in ended.out


def test_json_and_junit_tell_the_same(stormlab: Stormlab, tmp_path: Path) -> None:
    arguments = ("--promise", "converges", "--promise", "one-live-socket", "--junit", "c.xml")
    ended = stormlab("check", "mine.py:Forgets", "--json", *arguments)
    document = json.loads(ended.out)
    outcomes = {each["promise"]: each["outcome"] for each in document["promises"]}
    assert outcomes == {"converges": "broken", "one-live-socket": "holds"}
    assert ended.code == 1
    [suite] = ET.parse(tmp_path / "c.xml").getroot()  # noqa: S314  written a line above
    assert {case.get("name"): len(case) for case in suite} == {"converges": 1, "one-live-socket": 0}


def test_another_folder_takes_the_counterexamples(stormlab: Stormlab, tmp_path: Path) -> None:
    stormlab("check", "mine.py:Forgets", "--promise", "converges", "--out", "a/b")
    assert (tmp_path / "a" / "b" / "Forgets--converges.json").is_file()


def test_the_promises_are_listed(stormlab: Stormlab) -> None:
    listed = json.loads(stormlab("check", "--list", "--json").out)
    assert [each["name"] for each in listed] == list(PROMISES)
    told = stormlab("check", "--list")
    assert told.code == 0
    assert all(name in told.out for name in PROMISES)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "TARGET: missing; allowed: file.py:NAME"),
        (("phoenicks",), "no policy 'phoenicks', did you mean 'phoenix'?"),
        (("nowhere:Policy",), "'nowhere:Policy' cannot be loaded: ModuleNotFoundError"),
        (("gone.py:Policy",), "'gone.py:Policy' cannot be loaded: No such file"),
        (("mine.py:Nobody",), "mine.py has no class or function 'Nobody'"),
        (("mine.py:Raises",), "cannot be made without arguments: RuntimeError: no luck"),
        (("mine.py:Wrong",), "Wrong: on() raised TypeError: "),
        (("phoenix", "--promise", "nice"), "promise 'nice': there is none"),
        (("phoenix", "--budget", "all"), "budget: found 'all'; allowed: dev, ci, nightly"),
        (("phoenix", "--out", "mine.py"), "--out mine.py: found a file; allowed: a folder"),
        (("phoenix", "--junit", "."), "--junit .: found a folder; allowed: a file"),
        (("page.hook=x",), "page.hook: found 'x'; allowed: 'analysed'"),
        (("page.hok=x",), "page.hok: unknown key; did you mean 'hook'?"),
    ],
)
def test_bad_targets_are_one_line(
    stormlab: Stormlab, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in stormlab("check", *arguments).complaint


def run_alone(folder: Path, *arguments: str, patience_s: float = 300.0) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "stormlab", "check", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=patience_s,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout == ""
    return run.returncode, run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("mine.py:Loop", "Loop: did not return within 10 s (at mine.py:"),
        ("mine.py:Deaf", "Deaf: did not return within 10 s"),
        ("endless.py:Policy", "endless.py:Policy: did not return within 10 s (at endless.py:1)"),
    ],
)
def test_code_that_never_returns_ends_within_thirty_seconds(
    tmp_path: Path, target: str, complaint: str
) -> None:
    """Thirty, and what a busy machine takes longer to start and to end a process."""
    (tmp_path / "endless.py").write_text("while True: pass\n", encoding="utf-8")
    began_s = os.times().elapsed
    assert run_alone(tmp_path, "mine.py:Wrong")[0] == 2  # it starts, and ends at once
    start_s = os.times().elapsed - began_s
    code, said = run_alone(tmp_path, target, patience_s=30.0 + 2 * start_s)
    assert code == 2
    assert said.startswith(f"stormlab: {complaint}"), said
    assert said.count("\n") == 1


def test_an_endless_loop_is_stopped(stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above with a shorter limit, so that it is tested every time."""
    from stormlab.check import guard  # noqa: PLC0415  beside its use

    monkeypatch.setattr(guard.limited.__wrapped__, "__defaults__", (0.5,))  # type: ignore[attr-defined]
    complaint = stormlab("check", "mine.py:Loop").complaint
    assert complaint.startswith("Loop: did not return within 0.5 s (at mine.py:")


@pytest.mark.slow
def test_every_process_says_the_same() -> None:
    """Whatever the order of hashes: the same target, budget and seed give the same document."""
    said = [
        subprocess.run(
            [sys.executable, "-m", "stormlab", "check", "phoenix", "--json"],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert [run.returncode for run in said] == [1, 1]
    assert said[0].stdout == said[1].stdout


# --- real code -----------------------------------------------------------------------------------

NEEDS_NPM = pytest.mark.npm
CLIENT = """
export default (url) => {
  let socket;
  const connect = () => {
    socket = new WebSocket(url);
    socket.onclose = () => { setTimeout(connect, 1000 + 4000 * Math.random()); };
    socket.onopen = () => { throw new Error("x".repeat(1000)); };
  };
  connect();
  return { close() { socket.close(); } };
};
"""


@NEEDS_NPM
def test_real_code_is_checked_and_replayed(
    stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    budget = Budget("dev", {"code": 40, "herd": 1}, 40, 20_000)
    monkeypatch.setattr("stormlab.check.budget.BUDGETS", {**BUDGETS, "dev": budget})
    (tmp_path / "client.ts").write_text(CLIENT, encoding="utf-8")
    names = ("--promise", "quiet-after-the-end", "--promise", "raises-nothing")
    ended = stormlab("check", "client.ts", *names, "--junit", "c.xml")
    assert ended.code == 1, ended
    assert ended.out.splitlines()[-1] == "client.ts breaks 2 of 2 promises."
    assert "client: closed by the application at 0 s" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 130
    [suite] = ET.parse(tmp_path / "c.xml").getroot()  # noqa: S314  written a line above
    assert len(suite) == 2
    document = json.loads(stormlab("check", "client.ts", *names, "--json").out)
    assert [each["outcome"] for each in document["promises"]] == ["broken", "broken"]
    file = "stormlab-replays/client.ts--quiet-after-the-end.json"
    again = stormlab("replay", file, "--figure", "found.svg")
    assert again.code == 1, again
    assert again.out.splitlines()[-1] == "still broken: an attempt after close() by the application"
    assert (tmp_path / "found.svg").stat().st_size > 1_000
    fixed = CLIENT.replace("socket.close();", "socket.onclose = null; socket.close();")
    (tmp_path / "client.ts").write_text(fixed, encoding="utf-8")
    again = stormlab("replay", file)
    assert (again.code, again.out.splitlines()[-1]) == (0, "fixed")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("gone.ts", "gone.ts: no such file"),
        ("client.css", "client.css: found a file; allowed: .js, .mjs"),
        ("npm:phoenix", "npm:phoenix: no version; allowed: one exact version"),
        ("npm:no-such-thing@1.0.0", "no recipe for 'no-such-thing'"),
        ("recipe:gone.py", "gone.py: no such file"),
        ("recipe:mine.py", "mine.py: no function package(); a recipe has"),
    ],
)
def test_bad_code_is_one_line(
    stormlab: Stormlab, tmp_path: Path, target: str, complaint: str
) -> None:
    (tmp_path / "client.css").write_text("a {}", encoding="utf-8")
    ended = stormlab("check", target, "--quiet")
    assert ended.code == 2
    assert complaint in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "stormlab-replays").exists()


def test_without_npm_it_says_what_to_install(
    stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("STORMLAB_CACHE", str(tmp_path / "empty"))
    (tmp_path / "client.ts").write_text(CLIENT, encoding="utf-8")
    ended = stormlab("check", "client.ts", "--quiet")
    assert ended.code == 2
    assert "npm, which is not on PATH: install Node.js 18 or newer" in ended.err


@NEEDS_NPM
def test_without_the_engine_it_says_what_to_install(
    stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from stormlab.hosts.javascript import engine  # noqa: PLC0415  beside its use

    monkeypatch.setattr(engine, "_engines", type(engine._engines)())
    monkeypatch.setitem(sys.modules, "quickjs", None)
    (tmp_path / "client.ts").write_text(CLIENT, encoding="utf-8")
    ended = stormlab("check", "client.ts", "--quiet")
    assert ended.code == 2
    assert "needs quickjs-ng: pip install 'stormlab[js]'" in ended.err
    assert ended.err.count("\n") == 1
