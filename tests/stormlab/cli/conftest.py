"""A small comparison on the command line, in this process."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
def comparing(stormlab: Command, small: Path) -> Command:
    """``comparing("phoenix", ...)``: four runs each in the small scenario, in this process."""

    def run(*arguments: str | Path) -> Any:
        given = [str(each) for each in arguments]
        more = [] if "--precision" in given or "--replications" in given else ["--replications", 4]
        return stormlab("compare", *given, "--scenario", small, "--jobs", 1, *more)

    return run


@pytest.fixture
def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures cannot be drawn, which also saves the time that they take."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
