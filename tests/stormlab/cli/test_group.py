"""The command itself: subcommands, plugins, and every way to end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import click
import pytest

from stormlab import __version__
from stormlab.cli import group

Command = Callable[..., Any]

PYTHON = [sys.executable, "-m", "stormlab"]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"}


def test_help_teaches_with_examples(stormlab: Command) -> None:
    ended = stormlab("--help")
    assert ended.code == 0
    assert "stormlab run strictmode" in ended.out
    assert "Exit codes: 0 yes" in ended.out
    for name in group.BUILT_IN:
        assert f"\n  {name} " in ended.out


@pytest.mark.parametrize("name", [name for name in group.BUILT_IN if name != "completion"])
def test_every_command_has_help_with_examples(stormlab: Command, name: str) -> None:
    ended = stormlab(name, "--help")
    assert ended.code == 0
    assert "Examples:" in ended.out
    assert f"  stormlab {name}" in ended.out


def test_without_a_command_the_help_is_shown(stormlab: Command) -> None:
    ended = stormlab()
    assert ended.code == 2
    assert "Usage: stormlab" in ended.err
    assert ended.out == ""


def test_the_version_names_the_engines(stormlab: Command) -> None:
    ended = stormlab("--version")
    assert ended.code == 0
    assert ended.out.startswith(f"stormlab {__version__} (Python ")
    assert "numpy" in ended.out
    assert "simpy" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["runn"], "no such command 'runn', did you mean 'run'? (see: stormlab --help)"),
        (["zzzz"], "no such command 'zzzz' (see: stormlab --help)"),
        (["run"], "Missing argument 'SCENARIO' (see: stormlab run --help)"),
        (["run", "plain", "--zzz"], "No such option '--zzz'"),
        (["run", "plain", "strictmode"], "Got unexpected extra argument"),
        (["trace", "a", "--limit", "-1"], "Invalid value for '--limit'"),
        (["--zzz"], "No such option '--zzz'"),
    ],
)
def test_a_wrong_call_is_one_line(stormlab: Command, arguments: list[str], said: str) -> None:
    assert stormlab(*arguments).complaint.startswith(said)


# --- Plugins -------------------------------------------------------------------------------------


@click.command(short_help="Say hello.")
@click.option("--loud", is_flag=True)
def hello(*, loud: bool) -> None:
    """Say hello."""
    click.echo("HELLO" if loud else "hello")


@click.command()
@click.argument("how")
def ends(how: str) -> None:
    """End in one of many ways."""
    ways: dict[str, BaseException] = {
        "interrupt": KeyboardInterrupt(),
        "file": FileNotFoundError(2, "No such file or directory", "a.txt"),
        "bug": ZeroDivisionError("a bug"),
        "no": SystemExit(1),
    }
    raise ways[how]


NOT_A_COMMAND = 3


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five plugins: two that work, two that do not, and one that would replace ``run``."""
    monkeypatch.setitem(sys.modules, "plugin_of_the_test", sys.modules[__name__])
    values = {
        "hello": "plugin_of_the_test:hello",
        "ends": "plugin_of_the_test:ends",
        "missing": "no_such_module:command",
        "number": "plugin_of_the_test:NOT_A_COMMAND",
        "run": "plugin_of_the_test:hello",
    }
    points = EntryPoints(EntryPoint(n, v, group.COMMANDS_GROUP) for n, v in values.items())
    monkeypatch.setattr(group, "entry_points", lambda group: points.select(group=group))


@pytest.mark.usefixtures("plugins")
def test_a_plugin_is_a_command(stormlab: Command) -> None:
    assert stormlab("hello").out == "hello\n"
    assert stormlab("hello", "--loud").out == "HELLO\n"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("more", [[], ["--any", "thing"], ["--help"]])
def test_a_broken_plugin_is_one_line(stormlab: Command, more: list[str]) -> None:
    said = stormlab("missing", *more).complaint
    assert said.startswith("missing: no_such_module:command cannot be loaded (ModuleNotFoundError:")
    assert "repair or uninstall" in said
    assert "is not a click command but int" in stormlab("number").complaint


@pytest.mark.usefixtures("plugins")
def test_help_lists_plugins_and_survives_the_broken(stormlab: Command) -> None:
    ended = stormlab("--help")
    assert ended.code == 0
    assert "Say hello." in ended.out
    assert "(does not work: ModuleNotFoundError)" in ended.out
    assert "(does not work: not a click command)" in ended.out
    assert ended.out.count("\n  run ") == 1


@pytest.mark.usefixtures("plugins")
def test_a_built_in_command_cannot_be_replaced(stormlab: Command) -> None:
    assert "Simulate SCENARIO" in stormlab("run", "--help").out


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ("interrupt", 130, "stormlab: stopped\n"),
        ("file", 2, "stormlab: a.txt: No such file or directory\n"),
        ("no", 1, ""),
    ],
)
def test_every_end_has_its_code_and_one_line(
    stormlab: Command, how: str, code: int, said: str
) -> None:
    ended = stormlab("ends", how)
    assert (ended.code, ended.out, ended.err) == (code, "", said)


@pytest.mark.usefixtures("plugins")
def test_a_defect_is_not_taken_for_an_answer(stormlab: Command) -> None:
    ended = stormlab("ends", "bug")
    assert ended.code == 70
    assert "ZeroDivisionError: a bug" in ended.err
    assert ended.err.endswith("a defect in stormlab or one of its plugins, not in your input\n")


# --- In a process of its own ---------------------------------------------------------------------


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = [*PYTHON, "run", "server-down", "--quiet", "--out", str(tmp_path / "down")]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
    command = [*PYTHON, "trace", str(tmp_path / "down"), "--json"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(20) == 141
    assert said == b""


def test_ctrl_c_in_the_middle_of_a_run_is_one_line() -> None:
    """A day of traffic takes seconds; the signal comes once the simulation is under way."""
    code = (
        "import os, signal, stormlab.model as m\n"
        "from stormlab.cli import main\n"
        "run = m.run\n"
        "def interrupted(*args):\n"
        f"    os.kill(os.getpid(), {signal.SIGINT.value})\n"
        "    return run(*args)\n"
        "m.run = interrupted\n"
        "main(['run', 'plain'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "stormlab: stopped\n")


def test_a_terminal_without_the_signs_gets_question_marks(tmp_path: Path) -> None:
    run = [*PYTHON, "run", "plain", "--quiet", "--out", str(tmp_path / "plain")]
    environment = ENVIRONMENT | {"PYTHONIOENCODING": "ascii"}
    subprocess.run(run, env=environment, check=True, capture_output=True)
    trace = [*PYTHON, "trace", str(tmp_path / "plain"), "--sockets"]
    done = subprocess.run(trace, env=environment, check=True, capture_output=True, text=True)
    assert "0 queue #1" in done.stdout
    assert "????" in done.stdout


def test_a_run_imports_nothing_that_it_does_not_use() -> None:
    """What makes a start slow, by name: a test by the clock would fail on a busy machine."""
    code = (
        "import sys\n"
        "from stormlab.cli import main\n"
        "try:\n    main(['run', 'plain', '--json'])\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    heavy = {"matplotlib", "scipy", "pyarrow", "rich", "prometheus_client", "jinja2", "hypothesis"}
    assert heavy & {name.partition(".")[0] for name in done.stderr.split()} == set()
