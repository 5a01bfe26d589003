"""``stormlab judge``: the catalogue through every promise, as one matrix."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import click

from stormlab.cli.long import GO_ON, NOTHING_KEPT, stoppable
from stormlab.cli.policies import complete_policy
from stormlab.console import fail, note, print_json, progress, say, table

if TYPE_CHECKING:
    from pathlib import Path

    from stormlab.judging import Matrix, Plan, Row
    from stormlab.store import Store

PLAIN = {"\N{CHECK MARK}": "+", "\N{BALLOT X}": "x", "\N{MIDDLE DOT}": "."}


@click.command(
    short_help="Hold the whole catalogue to every promise: a matrix.",
    epilog="""\b
Examples:
  stormlab judge --out promises               all policies, about two minutes
  stormlab judge phoenix graphql-ws           these two
  stormlab judge --budget ci --out thorough   more than twice as many

\b
Stopped or killed, the same command with --out goes on. DIR gets index.html,
matrix.md, matrix.json and counterexamples/, a file for stormlab replay for each
broken cell. Exit codes: 0 judged, whatever the answers; 2 bad input.""",
)
@click.argument("names", nargs=-1, metavar="[POLICY]...", shell_complete=complete_policy)
@click.option(
    "--budget", metavar="B", default="dev", show_default=True, help="dev or ci, as of check."
)
@click.option(
    "--jobs", metavar="N", type=click.IntRange(1, 256), help="Processes; default: one per core."
)
@click.option("--out", metavar="DIR", help="Folder of the matrix and its counterexamples.")
@click.option("--json", "as_json", is_flag=True, help="Print the matrix as JSON.")
@click.option("--quiet", is_flag=True, help="No progress, no notes.")
def judge(
    *,
    names: tuple[str, ...],
    budget: str,
    jobs: int | None,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Try every policy of the catalogue in the same small worlds, and judge it by every promise.

    Worlds and answers are those of stormlab check with the same budget.
    """
    from stormlab.judging import JudgingError  # noqa: PLC0415  heavy: imported when called
    from stormlab.judging.folder import checked  # noqa: PLC0415
    from stormlab.replications import ReplicationError  # noqa: PLC0415
    from stormlab.sources import SourceError  # noqa: PLC0415
    from stormlab.store import StoreError  # noqa: PLC0415

    try:
        place = None if out is None else checked(out)
        matrix, notes = _carry_out(sorted(set(names)), budget, place, jobs, quiet=quiet)
    except (JudgingError, ReplicationError, SourceError, StoreError) as error:
        fail(str(error))
    if as_json:
        print_json(matrix.document)
    else:
        show(matrix)
    for line in notes if not quiet else []:
        note(line)


def _carry_out(
    names: list[str], budget: str, place: Path | None, jobs: int | None, *, quiet: bool
) -> tuple[Matrix, list[str]]:
    from stormlab.judging import plan  # noqa: PLC0415
    from stormlab.judging.folder import write  # noqa: PLC0415
    from stormlab.store import Store, partial_folder  # noqa: PLC0415

    command = _command(names, budget)
    if place is None:
        planned = plan(names, budget, command)
        with stoppable(lambda: NOTHING_KEPT):
            _work(planned, None, jobs, quiet=quiet)
        return planned.matrix, []
    with Store(partial_folder(place)) as store:
        planned = plan(names, budget, command, store)
        with stoppable(lambda: _kept(planned)):
            if planned.done and not quiet:
                note(f"{len(planned.done)} of {len(planned.keys)} policies are already judged")
            _work(planned, store, jobs, quiet=quiet)
            texts, notes = _texts(planned.matrix)
            written = write(planned.matrix, place, texts)
    return planned.matrix, [f"wrote {place}: {', '.join(written)}", *notes]


def _command(names: list[str], budget: str) -> str:
    """The command that makes the same matrix, without what does not decide it."""
    words = ["stormlab", "judge", *names]
    return shlex.join(words + (["--budget", budget] if budget != "dev" else []))


def _work(planned: Plan, store: Store | None, jobs: int | None, *, quiet: bool) -> None:
    missing = planned.missing
    with progress(f"{len(planned.keys)} policies", quiet=quiet) as steps:
        finished = planned.work(store, jobs)
        for _ in zip(finished, steps.over(range(len(missing))), strict=False):
            pass


def _kept(planned: Plan) -> str:
    """How much is kept, in words."""
    return f"{len(planned.done)} of {len(planned.keys)} policies are kept; {GO_ON}"


def _texts(matrix: Matrix) -> tuple[dict[str, str], list[str]]:
    from stormlab.report import ReportError  # noqa: PLC0415
    from stormlab.report.promises import markdown, page  # noqa: PLC0415

    texts = {"matrix.md": markdown(matrix)}
    try:
        texts["index.html"] = page(matrix)
    except ReportError as error:
        return texts, [f"no index.html: {error}"]
    return texts, []


def show(matrix: Matrix) -> None:
    """Print the matrix: a table for each kind, a column for each theme, a sign for each promise."""
    from stormlab.judging.matrix import SIGNS, Cell  # noqa: PLC0415

    themes: dict[str, list[str]] = {}
    for column in matrix.columns:
        themes.setdefault(column.theme, []).append(column.name)
    headings = ["policy", *themes, "broken"]

    def line(row: Row) -> list[str]:
        signs = ["".join(SIGNS[row.cells[name]] for name in names) for names in themes.values()]
        return [row.name, *signs, f"{row.count(Cell.BROKEN)} of {row.applying}"]

    plain = not _prints("".join(SIGNS.values()))
    for kind, rows in matrix.kinds:
        lines = [line(row) for row in rows]
        if plain:
            lines = [["".join(PLAIN.get(c, c) for c in each) for each in cells] for cells in lines]
        table(headings, lines, title=kind)
        say("")
    _legend(matrix, plain=plain)


def _legend(matrix: Matrix, *, plain: bool) -> None:
    from stormlab.judging.matrix import SIGNS  # noqa: PLC0415

    rows = []
    for column in matrix.columns:
        broken, decided = matrix.tally(column)
        rows.append([column.theme, column.code[1:], column.name, f"{broken} of {decided}"])
    table(["theme", "place", "promise", "broken by"], rows)
    told = ", ".join(
        f"{PLAIN.get(sign, sign) if plain else sign} {cell.value}" for cell, sign in SIGNS.items()
    )
    say("")
    say(told)
    say(f"{matrix.headline}.")


def _prints(signs: str) -> bool:
    """Whether the terminal has these signs."""
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
