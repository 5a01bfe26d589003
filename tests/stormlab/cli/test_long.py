"""Long commands: errors in one line, Ctrl-C that says what is kept, progress that passes on."""

import io
import sys
from dataclasses import dataclass

import pytest

from stormlab.cli.long import GO_ON, NOTHING_KEPT, Count, one_line, stoppable, watched
from stormlab.console import BAD_INPUT, STOPPED
from stormlab.store import StoreError


@dataclass
class State:
    done: int
    expected: int | None = 10


class OwnError(Exception):
    pass


@pytest.mark.parametrize("error", [OwnError("the key is wrong"), StoreError("the disk is full")])
def test_what_is_for_people_is_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, one_line(OwnError):
        raise error
    assert end.value.code == BAD_INPUT
    assert capsys.readouterr().err == f"stormlab: {error}\n"


def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="a defect"), one_line(OwnError):
        raise ValueError("a defect")


def test_ctrl_c_says_what_is_kept_then(capsys: pytest.CaptureFixture[str]) -> None:
    count = Count(somewhere=True)

    def work() -> None:
        count(State(1234))
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end, stoppable(count.told):
        work()
    assert end.value.code == STOPPED
    assert capsys.readouterr().err == f"stormlab: stopped; 1,234 runs are kept; {GO_ON}\n"


def test_without_a_folder_nothing_is_kept() -> None:
    count = Count(somewhere=False)
    count(State(5))
    assert count.told() == NOTHING_KEPT


@pytest.mark.parametrize("quiet", [False, True])
def test_progress_passes_every_state_on(
    quiet: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    seen: list[int] = []
    with watched(
        lambda state: seen.append(state.done), lambda _: "widest: none", quiet=quiet
    ) as watch:
        for done in range(11):
            watch(State(done))
    assert seen == list(range(11))
    assert ("10/10" in terminal.getvalue()) != quiet
    assert ("widest: none" in terminal.getvalue()) != quiet
