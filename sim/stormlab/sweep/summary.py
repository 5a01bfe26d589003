"""What a sweep says of each cell: means with 95 % intervals, and how often a figure applied.

A mean is taken over the runs to which the figure applies, and says so when these are not all. A
figure that is ``inf`` in a run (something never happened) has no mean; its cell says in how many
runs that was.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stormlab.console import shown
from stormlab.statistics import mean_interval
from stormlab.sweep.grid import value_text
from stormlab.sweep.results import Results

FIGURES_SHOWN = 4


@dataclass(frozen=True)
class Summary:
    """One figure in one cell.

    ``mean``, ``low`` and ``high`` are None when the figure applies to no run or was ``inf`` in one;
    ``low`` and ``high`` also with a single run.
    """

    point: tuple[Any, ...]
    figure: str
    runs: int
    applies: int
    never: int  # runs in which it was inf
    mean: float | None
    low: float | None
    high: float | None

    @property
    def text(self) -> str:
        """The figure for people: mean, interval, and what is to be known about them."""
        if self.never:
            return f"never in {self.never} of {self.runs}"
        if self.mean is None:
            return shown(None)
        text = shown(self.mean)
        if self.low is not None and self.high is not None and self.low < self.high:
            text += f" [{shown(self.low)}, {shown(self.high)}]"
        return text if self.applies == self.runs else f"{text} ({self.applies} of {self.runs})"


def summarised(results: Results, runs_per_cell: int) -> list[Summary]:
    """Every figure in every cell, cell by cell in the order of the grid.

    Raises:
        StatisticsError: when scipy is not installed.
    """
    points = list(zip(*(results.columns[key] for key in results.keys), strict=True))
    found = []
    for start in range(0, len(points), runs_per_cell):
        for figure in results.figures:
            values = results.column(figure)[start : start + runs_per_cell]
            found.append(_summary(points[start], figure, values))
    return found


def _summary(point: tuple[Any, ...], figure: str, values: Sequence[float]) -> Summary:
    applies = [value for value in values if not math.isnan(value)]
    never = sum(math.isinf(value) for value in applies)
    mean = low = high = None
    if applies and not never:
        interval = mean_interval(applies)
        mean = interval.value
        if interval.n > 1:
            low, high = interval.low, interval.high
    return Summary(point, figure, len(values), len(applies), never, mean, low, high)


def telling(summaries: Sequence[Summary], figures: Sequence[str]) -> tuple[str, ...]:
    """The figures to show when none is asked for: the first few that differ between cells."""
    texts: dict[str, set[str]] = {name: set() for name in figures}
    for each in summaries:
        texts[each.figure].add(each.text)
    differing = [name for name in figures if len(texts[name]) > 1]
    return tuple((differing or list(figures))[:FIGURES_SHOWN])


def rows(
    results: Results, summaries: Sequence[Summary], figures: Sequence[str]
) -> tuple[list[str], list[list[Any]]]:
    """Headings and one row per cell, with the chosen figures as text."""
    by_cell: dict[tuple[Any, ...], dict[str, str]] = {}
    for each in summaries:
        by_cell.setdefault(each.point, {})[each.figure] = each.text
    nothing = shown(None)
    body = [
        [*map(value_text, point), *(texts.get(name, nothing) for name in figures)]
        for point, texts in by_cell.items()
    ]
    return [*results.keys, *figures], body


def as_csv(results: Results, summaries: Sequence[Summary]) -> str:
    """Every cell and figure as CSV; numbers exact, empty where there is none."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [*results.keys, "figure", "runs", "applies", "never", "mean", "ci95_low", "ci95_high"]
    )
    for each in summaries:
        point = [str(v).lower() if isinstance(v, bool) else v for v in each.point]
        head = [*point, each.figure, each.runs, each.applies, each.never]
        bounds = [repr(v) if v is not None else "" for v in (each.mean, each.low, each.high)]
        writer.writerow([*head, *bounds])
    return file.getvalue()


def as_markdown(
    results: Results, summaries: Sequence[Summary], figures: Sequence[str], file: str
) -> str:
    """The table of the chosen figures, and what made it; ``file`` holds every run."""
    headings, body = rows(results, summaries, figures)
    first, last = results.metadata["seeds"]
    count = last - first + 1
    made = (
        f"{len(body):,} cells, {count:,} runs each (seeds {first} to {last}),"
        f" stormlab {results.metadata['stormlab']}. Means with 95 % intervals."
    )
    lines = [
        f"# Sweep of {results.metadata['scenario']}",
        "",
        made,
        "",
        _line(headings),
        _line(["---"] * len(headings)),
        *(_line([shown(value) for value in row]) for row in body),
        "",
        f"Every figure of every cell: `summary.csv`; every run: `{file}`. Made by:",
        "",
        "```console",
        f"$ {results.metadata['command']}",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
