"""The examples of docs/check.md, run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "check.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def block(language: str, marker: str) -> str:
    """The page's only block in a language that holds a text."""
    found = [text for kind, text in BLOCKS if kind == language and marker in text]
    assert len(found) == 1, marker
    return str(found[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one's own, with the page's files."""
    place = tmp_path_factory.mktemp("project")
    for name in ("ours.py", "repaired.py", "test_ours.py"):
        (place / name).write_text(block("python", f"# {name}"), encoding="utf-8")
    return place


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "100", "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def printed(folder: Path, marker: str, code: int) -> tuple[str, str]:
    """What a console block of the page prints, and what the command prints today."""
    command, _, shown = block("console", marker).partition("\n")
    ended = run(folder, "-m", *command.removeprefix("$ ").split())
    assert ended.returncode == code, ended.stderr
    return shown, ended.stdout


def test_the_command_and_its_counterexample(folder: Path) -> None:
    shown, said = printed(folder, "$ stormlab check ours.py:Ours", 1)
    assert said.startswith(shown)
    shown, said = printed(folder, "$ stormlab replay stormlab-replays/Ours", 1)
    assert said == shown


def test_the_function_raises_one_readable_error(folder: Path) -> None:
    ended = run(folder, "-c", block("python", "check_policy(Ours"))
    assert ended.returncode == 1
    assert ended.stdout.startswith("backoff-survives-flapping - after 8 such connections")
    assert "PromiseBrokenError: Ours breaks 1 of 2 promises:" in ended.stderr


def test_the_class_gives_named_tests(folder: Path) -> None:
    ended = run(folder, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "test_ours.py")
    assert ended.returncode == 0, ended.stdout
    assert "PASSED test_ours.py::TestOurs::test_converges" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("1 passed, 1 skipped, 2 xfailed")


def test_the_repaired_policy_keeps_its_promises(folder: Path) -> None:
    ended = run(folder, "-m", "stormlab", "check", "repaired.py:Ours")
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_strategies_find_no_policy_with_two_sockets(folder: Path) -> None:
    (folder / "test_parts.py").write_text(block("python", "bare_worlds, policies"), "utf-8")
    ended = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_parts.py")
    assert ended.returncode == 0, ended.stdout


NEEDS_NPM = pytest.mark.npm


@pytest.fixture(scope="module")
def web(folder: Path) -> Path:
    """The same project, with the page's files of a client."""
    for name in ("client.ts", "repaired.ts"):
        (folder / name).write_text(block("typescript", f"// {name}"), encoding="utf-8")
    for name in ("mine.py", "test_client.py"):
        (folder / name).write_text(block("python", f"# {name}"), encoding="utf-8")
    return folder


@NEEDS_NPM
def test_real_code_and_its_counterexample(web: Path) -> None:
    shown, said = printed(web, "$ stormlab check client.ts", 1)
    assert said.startswith(shown)
    shown, said = printed(web, "$ stormlab replay stormlab-replays/client", 1)
    assert said == shown


@NEEDS_NPM
def test_the_repaired_client_keeps_its_promises(web: Path) -> None:
    ended = run(web, "-m", "stormlab", "check", "repaired.ts")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@NEEDS_NPM
def test_the_recipe_is_one(web: Path) -> None:
    ended = run(web, "-m", "stormlab", "check", "recipe:mine.py", "--promise", "converges")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@NEEDS_NPM
def test_the_class_for_clients_gives_named_tests(web: Path) -> None:
    ended = run(web, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "test_client.py")
    assert ended.returncode == 0, ended.stdout
    assert "PASSED test_client.py::TestOurClient::test_converges" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("1 passed, 1 xfailed")


@NEEDS_NPM
def test_two_clients_are_compared(web: Path) -> None:
    command, _, _ = block("console", "$ stormlab compare").partition("\n")
    ended = run(web, "-m", *command.removeprefix("$ ").replace("40", "10").split())
    assert ended.returncode == 0, ended.stderr
    assert "quiet-after-the-end" in ended.stdout


def test_the_table_of_worlds_tells_the_budgets() -> None:
    from stormlab.check import BUDGETS  # noqa: PLC0415  beside its use

    for tier in ("bare", "herd", "fleet", "code", "page"):
        [row] = re.findall(rf"^\| {tier} \|.*$", PAGE, re.MULTILINE)
        shown = [int(cell.replace(",", "")) for cell in row.split("|")[3:6]]
        assert shown == [BUDGETS[name].cases[tier] for name in ("dev", "ci", "nightly")]
