import os
from collections.abc import Callable
from typing import Any

import click
from click.testing import CliRunner

from stormlab.cli.engine import engine_option
from stormlab.engines import VARIABLE, wanted

Command = Callable[..., Any]
SMALL = ("--set", "clients.count=20", "--set", "duration_s=80")


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_both_engines_print_the_same_trace(stormlab: Command) -> None:
    fleet = stormlab("run", "outage-60s", *SMALL, "--engine", "fleet")
    reference = stormlab("run", "outage-60s", *SMALL)
    assert last_line(fleet.out).startswith("trace ")
    assert last_line(fleet.out) == last_line(reference.out)
    assert "engine: fleet" in fleet.err
    assert "engine" not in reference.err


def test_auto_says_why_it_takes_the_reference(stormlab: Command) -> None:
    ended = stormlab("run", "hidden-tabs", *SMALL, "--engine", "auto")
    assert "engine: reference (faults.0.do = 'hide': the timers of hidden pages)" in ended.err


def test_what_the_fleet_engine_cannot_do_is_one_line_and_exit_2(stormlab: Command) -> None:
    for command in (["run", "hidden-tabs"], ["compare", "phoenix", "--scenario", "hidden-tabs"]):
        ended = stormlab(*command, "--engine", "fleet")
        assert ended.code == 2
        assert "hidden-tabs: engine: found 'fleet'; it cannot do this: faults.0.do" in ended.err
        assert len(ended.err.strip().splitlines()) == 1


def test_the_choice_ends_with_the_command() -> None:
    seen: list[str] = []

    @click.command()
    @engine_option
    def command(engine: str) -> None:
        seen.append(f"{engine} {wanted()}")

    before = os.environ.get(VARIABLE)
    assert CliRunner().invoke(command, ["--engine", "auto"]).exit_code == 0
    assert seen == ["auto auto"]
    assert os.environ.get(VARIABLE) == before
