"""What every command shares: results to stdout, progress and errors to stderr, exit codes.

Exit codes: 0 the answer is yes (or there is nothing to judge), 1 the answer is no, 2 the input is
bad or the answer is undecided, 130 stopped by Ctrl-C. ``--json`` prints one JSON document to
stdout; ``--quiet`` silences progress, never results.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

BAD_INPUT = 2
STOPPED = 130

T = TypeVar("T")


def fail(message: str) -> NoReturn:
    """Write one line to stderr and leave with exit code 2."""
    print(f"stormlab: {message}", file=sys.stderr)  # noqa: T201  the command line's own output
    raise SystemExit(BAD_INPUT)


def say(text: str) -> None:
    """Write a line of the result to stdout."""
    print(text)  # noqa: T201  the command line's own output


def print_json(document: Any) -> None:
    """Write a result as JSON to stdout, keys in order, NaN refused."""
    say(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False))


def shown(value: Any) -> str:
    """A figure for people: four significant digits, a dash for what does not apply."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return str(value)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None
) -> None:
    """Print a table to stdout; plain and unwrapped when stdout is not a terminal."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  imported when a table is shown
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    built = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    lines = [[shown(value) for value in row] for row in rows]
    for index, heading in enumerate(headings):
        numeric = all(_numeric(line[index]) for line in lines) and bool(lines)
        built.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for line in lines:
        built.add_row(*line)
    terminal = sys.stdout.isatty()
    Console(width=None if terminal else 120, highlight=False, markup=False).print(built)


def _numeric(text: str) -> bool:
    return text == "–" or text[:1].isdigit() or text[:1] in "+-−" or text[:2] == "< "


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

    def __init__(self, bar: Any, title: str) -> None:
        """Remember the bar (None: silent)."""
        self._bar = bar
        self._title = title

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
