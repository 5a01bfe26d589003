"""What ``stormlab compare`` prints: the table, marked where that is justified, and verdicts."""

import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

from stormlab.compare import Comparison, words
from stormlab.console import say, table, width

_GAP = 3  # between the columns of a table


def show(comparison: Comparison, *, quiet: bool = False) -> None:
    """Print header, table, verdicts and notes."""
    if not quiet:
        for line in words.header(comparison):
            _wrapped(line, "    ")
        say("")
    _table(comparison)
    if told := words.headings(comparison):
        _wrapped(told, "")
    marks = {sign for row in _rows(comparison, comparison.key) for cell in row for sign in cell[:1]}
    for sign, meaning in words.LEGEND.items():
        if sign in marks:
            say(f"{sign} {meaning}")
    _verdicts(comparison)
    for line in words.notes(comparison):
        _wrapped(line, "")


def _verdicts(comparison: Comparison) -> None:
    if not comparison.rankings:
        return
    say("")
    legend = (
        f"best first; {words.APART} better beyond noise,"
        f" {words.ALIKE} no difference beyond noise at this precision"
    )
    _wrapped(legend, "")
    size = max(len(comparison.key[name]) for name in comparison.rankings)
    for name in comparison.rankings:
        heading = comparison.key[name].ljust(size)
        _wrapped(f"{heading}  {words.order(comparison, name)}", " " * (size + 2))
    say("")


def _wrapped(text: str, indent: str) -> None:
    lines = textwrap.wrap(
        text,
        width(),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )
    for line in lines:
        say(line)


def _rows(comparison: Comparison, names: Sequence[str] | Mapping[str, str]) -> list[list[str]]:
    rows = []
    for policy in comparison.policies:
        cells = []
        for name in names:
            sign = words.mark(comparison, name, policy.label)
            cells.append(sign + words.cell(policy.figures.get(name)))
        rows.append(cells)
    return rows


def _table(comparison: Comparison) -> None:
    """All columns beside each other if they fit; else in several tables of about equal width."""
    names = list(comparison.key)
    rows = _rows(comparison, names)
    headings = list(comparison.key.values())
    labels = [policy.label for policy in comparison.policies]
    sizes = [max(len(row[i]) for row in [headings, *rows]) + _GAP for i in range(len(names))]
    room = width() - max(len("policy"), *map(len, labels))
    count = next(n for n in range(1, len(names) + 1) if n == len(names) or _fit(sizes, n, room))
    for number, (start, end) in enumerate(_parts(len(names), count)):
        if number:
            say("")
        table(
            ["policy", *headings[start:end]],
            [[label, *row[start:end]] for label, row in zip(labels, rows, strict=True)],
        )


def _parts(columns: int, count: int) -> list[tuple[int, int]]:
    edges = [round(columns * part / count) for part in range(count + 1)]
    return list(pairwise(edges))


def _fit(sizes: Sequence[int], count: int, room: int) -> bool:
    return all(sum(sizes[start:end]) <= room for start, end in _parts(len(sizes), count))
