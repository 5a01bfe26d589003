"""``stormlab completion``."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from stormlab.cli.completion import complete_scenario, did_you_mean
from stormlab.cli.run import run

Command = Callable[..., Any]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed(stormlab: Command, shell: str) -> None:
    ended = stormlab("completion", shell)
    assert ended.code == 0
    assert f"_STORMLAB_COMPLETE={shell}_complete" in ended.out


def test_another_shell_is_refused(stormlab: Command) -> None:
    assert "'tcsh' is not one of" in stormlab("completion", "tcsh").complaint


def completed(line: str) -> list[str]:
    """What bash would offer at the end of a line."""
    words = line.split(" ")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "_STORMLAB_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from stormlab.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return [answer.partition(",")[2] for answer in done.stdout.splitlines()]


def test_commands_and_scenarios_are_completed() -> None:
    assert completed("stormlab sc") == ["scenarios"]
    assert completed("stormlab run strict")[0] == "strictmode"


def test_scenarios_come_first_then_files() -> None:
    context = click.Context(run)
    found = complete_scenario(context, run.params[0], "pl")
    assert [(item.value, item.type) for item in found] == [("plain", "plain"), ("pl", "file")]


@pytest.mark.parametrize(("found", "hint"), [("quue", " (did you mean 'queue'?)"), ("zzz", "")])
def test_a_hint_is_given_when_something_is_close(found: str, hint: str) -> None:
    assert did_you_mean(found, ["queue", "routes"]) == hint


def test_the_set_up_is_in_the_help(stormlab: Command) -> None:
    out = stormlab("completion", "--help").out
    for shell in ("bash", "zsh", "fish"):
        assert f"stormlab completion {shell} > {Path('~')}" in out
