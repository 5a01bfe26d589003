"""What every command shares: results to stdout, progress and errors to stderr, exit codes.

Exit codes: 0 the answer is yes (or there is nothing to judge), 1 the answer is no, 2 the input is
bad or the answer is undecided, 70 a defect in the program, 130 stopped by Ctrl-C, 141 the reader
of the output went away. ``--json`` prints one JSON document to
stdout; ``--quiet`` silences progress, never results.
"""

import json
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BAD_INPUT = 2
DEFECT = 70
STOPPED = 130
READER_GONE = 141
WIDTH_WITHOUT_TERMINAL = 120

DASH = "\N{EN DASH}"  # what does not apply
_SIGNS = "+-\N{MINUS SIGN}"
_GROUPED_MIN, _GROUPED_MAX = 1e3, 1e15

T = TypeVar("T")


def fail(message: str) -> NoReturn:
    """Write one line to stderr and leave with exit code 2.

    What is not printable (a line break in a file's name, an escape code) is shown escaped.
    """
    note(f"stormlab: {printable(message)}")
    raise SystemExit(BAD_INPUT)


def note(text: str) -> None:
    """Write a line beside the result to stderr."""
    print(text, file=sys.stderr)  # noqa: T201  the command line's own output


def printable(text: str) -> str:
    """The text on one line, with everything that a terminal would act on escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def say(text: str) -> None:
    """Write a line of the result to stdout."""
    print(text)  # noqa: T201  the command line's own output


def print_json(document: object) -> None:
    """Write a result as JSON to stdout, keys in order, NaN refused."""
    say(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False))


def shown(value: object) -> str:
    """A figure for people: four significant digits, a dash for what does not apply."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if _GROUPED_MIN <= abs(value) < _GROUPED_MAX else f"{value:.4g}"
    return str(value)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str | None = None,
    unfolded: Collection[str] = (),
) -> None:
    """Print a table to stdout, as wide as the terminal or COLUMNS; without either, 120.

    ``unfolded``: the headings of columns that are to be copied, whose cells stay on one line.
    """
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  imported when a table is shown
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    built = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    lines = [[shown(value) for value in row] for row in rows]
    for index, heading in enumerate(headings):
        numeric = all(_numeric(line[index]) for line in lines) and bool(lines)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        built.add_column(heading, justify=justify, overflow="fold", no_wrap=heading in unfolded)
    for line in lines:
        built.add_row(*line)
    text = StringIO()
    terminal = Console(
        file=text,
        width=width(),
        highlight=False,
        markup=False,
        force_terminal=False,  # plain text, whatever the environment asks for,
        force_jupyter=False,  # in a notebook too
    )
    terminal.print(built)
    drawn = [row.rstrip().removeprefix(" ") for row in text.getvalue().splitlines()]
    for row in "\n".join(drawn).strip("\n").splitlines():
        say(row)


def width() -> int:
    """Columns to write into: COLUMNS, or the terminal's, or 120 when there is none."""
    return shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


def _numeric(text: str) -> bool:
    return text in {"", DASH} or text[0].isdigit() or text[0] in _SIGNS or text[:2] == "< "


@contextmanager
def progress(title: str, *, quiet: bool) -> Iterator["Steps"]:
    """Show progress on stderr while a block runs; nothing when quiet or not a terminal."""
    if quiet or not sys.stderr.isatty():
        yield Steps(None, title)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        yield Steps(bar, title)


class Steps:
    """Goes through items and moves a progress bar, if there is one."""

    def __init__(self, bar: "Progress | None", title: str) -> None:
        """Remember the bar (None: silent)."""
        self._bar = bar
        self._title = title
        self._tasks: dict[str, TaskID] = {}

    def over(self, items: Sequence[T], title: str | None = None) -> Iterator[T]:
        """Yield ``items`` one by one."""
        if self._bar is None:
            yield from items
            return
        task = self._bar.add_task(title or self._title, total=len(items))
        for item in items:
            yield item
            self._bar.advance(task)
        self._bar.remove_task(task)

    def reached(self, title: str, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` pieces of some work are finished, whoever goes through."""
        if self._bar is None:
            return
        if title not in self._tasks:
            self._tasks[title] = self._bar.add_task(title, total=total)
        self._bar.update(self._tasks[title], completed=done)
