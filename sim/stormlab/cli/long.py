"""Commands that work for long: errors in one line, progress, and Ctrl-C that says what is kept."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from stormlab.console import STOPPED, fail, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GO_ON = "run the same command to go on"
NOTHING_KEPT = "nothing is kept without --out"


class Progressed(Protocol):
    """How far work has come."""

    @property
    def done(self) -> int:
        """Runs that are finished."""

    @property
    def expected(self) -> int | None:
        """How many there will be, as far as that is known."""


S = TypeVar("S", bound=Progressed)


@contextmanager
def one_line(*kinds: type[Exception]) -> Iterator[None]:
    """Turn what was written for a person into one line and exit code 2; ``kinds``: more of them."""
    from stormlab.replications import ReplicationError  # noqa: PLC0415  heavy: when called
    from stormlab.sources import SourceError  # noqa: PLC0415
    from stormlab.statistics import StatisticsError  # noqa: PLC0415
    from stormlab.store import StoreError  # noqa: PLC0415

    found: tuple[type[Exception], ...]
    found = (*kinds, ReplicationError, SourceError, StatisticsError, StoreError)
    try:
        yield
    except found as error:
        fail(str(error))


@contextmanager
def stoppable(kept: Callable[[], str]) -> Iterator[None]:
    """Say at Ctrl-C what is kept, whatever the command was doing."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"stormlab: stopped; {kept()}")
        raise SystemExit(STOPPED) from None


class Count:
    """Remembers how many runs are kept, for :func:`stoppable`; ``somewhere``: with a folder."""

    def __init__(self, *, somewhere: bool) -> None:
        """Nothing yet."""
        self._somewhere = somewhere
        self.kept = 0

    def __call__(self, state: Progressed) -> None:
        """So many runs are done now."""
        self.kept = state.done

    def told(self) -> str:
        """What is kept, in words."""
        if not self._somewhere:
            return NOTHING_KEPT
        return f"{self.kept:,} runs are kept; {GO_ON}"


@contextmanager
def watched(
    count: Callable[[S], None], describe: Callable[[S], str], *, quiet: bool
) -> Iterator[Callable[[S], None]]:
    """Show on stderr how many runs are done, and ``describe``'s words; pass each state on."""
    if quiet or not sys.stderr.isatty():
        yield count
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()
    told = TextColumn("{task.description}")
    console = Console(stderr=True)
    with Progress(TextColumn("runs"), *columns, told, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def watch(state: S) -> None:
            count(state)
            said = describe(state)
            bar.update(task, completed=state.done, total=state.expected, description=said)

        yield watch
