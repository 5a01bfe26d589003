"""``stormlab compare``: policies under the same scenario and the same luck, with verdicts."""

from __future__ import annotations

import shlex
import sys
import textwrap
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stormlab.cli.completion import complete_scenario, did_you_mean
from stormlab.cli.run import seed_of
from stormlab.console import STOPPED, fail, note, print_json, say, table, width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from stormlab.compare import Comparison, Field, Plan, Reader, State

PRECISION_MIN, PRECISION_MAX = 0.001, 0.5
FILES = frozenset({"results.parquet", "results.npz", "comparison.json", "report.md", "index.html"})
PARQUET_MISSING = "but results.npz: pip install 'stormlab[parquet]'"
_PART = ".report.partial"
_GAP = 3  # between the columns of a table


def precision_of(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> float | None:
    """Turn ``5%``, ``5 %`` or ``0.05`` into a part of the mean."""
    if value is None:
        return None
    text, percent = value.strip(), value.strip().endswith("%")
    try:
        found = float(text.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        found = -1.0
    if not PRECISION_MIN <= found <= PRECISION_MAX:
        fail(f"--precision: found '{value}'; allowed: 0.1% to 50%, as in 5% or 0.05")
    return found


@click.command(
    short_help="Compare reconnect policies: a table with verdicts.",
    epilog="""\b
Examples:
  stormlab compare socket.io-client phoenix --scenario outage-60s
  stormlab compare phoenix mine.toml --scenario outage-60s --precision 2%
  stormlab compare phoenix phoenix,backoff.cap_s=30 --scenario outage-60s \\
      --set clients.count=200 --replications 20 --out result

\b
POLICY is a name of the catalogue (stormlab policies), varied by
NAME,KEY=VALUE if wanted, or one's own: file.py:NAME, module:NAME, file.toml.
How to read the table: docs/compare.md. With --out, stopped or killed, the
same command goes on where it was.""",
)
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True)
@click.option(
    "--scenario",
    metavar="S",
    required=True,
    shell_complete=complete_scenario,
    help="Built-in scenario (see: stormlab scenarios) or TOML file; its policy is replaced.",
)
@click.option(
    "--precision",
    metavar="P",
    callback=precision_of,
    help="Half width of the 95 % intervals, of the mean.  [default: 5%]",
)
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(2, 10_000),
    help="So many runs of each policy, whatever the precision.",
)
@click.option(
    "--replications-max",
    metavar="N",
    type=click.IntRange(2, 10_000),
    help="The most runs of each policy that --precision may take.  [default: 200]",
)
@click.option("--seed", metavar="N", default="0", show_default=True, callback=seed_of, help="Seed.")
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 1024),
    help="Processes; as many as there are cores if not given.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change one key of the scenario; may be repeated.",
)
@click.option(
    "--figure",
    "figures",
    metavar="NAME",
    multiple=True,
    help="Table and judge this figure instead of the usual; may be repeated.",
)
@click.option("--out", metavar="DIR", help="Write report, figures and every run into DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: everything that was found.")
@click.option("--quiet", is_flag=True, help="No progress; table and verdicts only.")
def compare(  # noqa: PLR0913  one argument per option, all by keyword
    *,
    policies: tuple[str, ...],
    scenario: str,
    precision: float | None,
    replications: int | None,
    replications_max: int | None,
    seed: int,
    jobs: int | None,
    settings: tuple[str, ...],
    figures: tuple[str, ...],
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO with each POLICY under the same seeds, and say what can be said.

    Runs are added until every figure of the table is as precise as asked for. A verdict needs
    more than a lower mean: it is given where chance is ruled out at 95 %, over the whole table.
    """
    from stormlab.compare import field, recovery_reader  # noqa: PLC0415  heavy: when called

    plan = _plan(precision, replications, replications_max, seed)
    with _one_line():
        what = field(scenario, policies, settings)
        reader = _reading(recovery_reader(), figures)
        place = _checked(out) if out is not None else None
        command = _command(scenario, policies, settings, figures, plan, seed)
        found = _carry_out(what, plan, seed, jobs, reader, place, quiet=quiet)
        written = _write(found, place, command) if place is not None else []
    if as_json:
        from stormlab.compare.document import document  # noqa: PLC0415

        print_json(document(found, command))
    else:
        show(found, quiet=quiet)
    for line in written if not quiet else []:
        note(line)


def _plan(
    precision: float | None, replications: int | None, ceiling: int | None, seed: int
) -> Plan:
    from stormlab.compare import Plan  # noqa: PLC0415
    from stormlab.compare.engine import CEILING, PRECISION, SEED_MAX  # noqa: PLC0415

    if replications is not None and precision is not None:
        fail("--precision and --replications: found both; allowed: one of the two")
    if replications is not None and ceiling is not None:
        fail("--replications and --replications-max: found both; allowed: one of the two")
    if seed > SEED_MAX:
        fail(f"--seed: found '{seed}'; allowed in a comparison: 0 to {SEED_MAX}")
    return Plan(replications, precision or PRECISION, ceiling or CEILING)


def _reading(reader: Reader, figures: Sequence[str]) -> Reader:
    """The reader with the figures that were asked for as its key figures."""
    from dataclasses import replace  # noqa: PLC0415

    for name in figures:
        if name not in reader.measures:
            hint = did_you_mean(name, list(reader.measures))
            fail(f"--figure {name}: no such figure{hint}; all of them: docs/metrics.md")
    if not figures:
        return reader
    return replace(reader, key={name: reader.key.get(name, name) for name in figures})


@contextmanager
def _one_line() -> Iterator[None]:
    """What was written for a person becomes one line and exit code 2."""
    from stormlab.compare import CompareError  # noqa: PLC0415
    from stormlab.replications import ReplicationError  # noqa: PLC0415
    from stormlab.sources import SourceError  # noqa: PLC0415
    from stormlab.statistics import StatisticsError  # noqa: PLC0415
    from stormlab.store import StoreError  # noqa: PLC0415

    try:
        yield
    except (CompareError, ReplicationError, SourceError, StatisticsError, StoreError) as error:
        fail(str(error))


def _carry_out(
    what: Field,
    plan: Plan,
    seed: int,
    jobs: int | None,
    reader: Reader,
    place: Path | None,
    *,
    quiet: bool,
) -> Comparison:
    from contextlib import nullcontext  # noqa: PLC0415

    from stormlab import compare as engine  # noqa: PLC0415
    from stormlab.store import Store, partial_folder  # noqa: PLC0415

    kept = 0

    def count(state: State) -> None:
        nonlocal kept
        kept = state.done

    keeping = nullcontext(None) if place is None else Store(partial_folder(place))
    try:
        with keeping as store, _progress(count, quiet=quiet) as watch:
            return engine.compare(
                what, plan, seed=seed, jobs=jobs, store=store, watch=watch, reader=reader
            )
    except KeyboardInterrupt:
        if place is None:
            note("stormlab: stopped; nothing is kept without --out")
        else:
            note(f"stormlab: stopped; {kept:,} runs are kept; run the same command to go on")
        raise SystemExit(STOPPED) from None


@contextmanager
def _progress(count: Callable[[State], None], *, quiet: bool) -> Iterator[Callable[[State], None]]:
    """Show on stderr how many runs are done and what is the least precise."""
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

    console = Console(stderr=True)
    columns = BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(
        TextColumn("runs"),
        *columns,
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None)

        def watch(state: State) -> None:
            count(state)
            worst = state.worst
            said = (
                f"widest: {worst.policy} {worst.figure} +-{worst.half_width_percent:.2g} %"
                if worst
                else ""
            )
            bar.update(task, completed=state.done, total=state.expected, description=said)

        yield watch


# what is shown -----------------------------------------------------------------------------------


def show(comparison: Comparison, *, quiet: bool = False) -> None:
    """Print header, table, verdicts and notes."""
    from stormlab.compare import words  # noqa: PLC0415

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
    from stormlab.compare import words  # noqa: PLC0415

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
    from stormlab.compare import words  # noqa: PLC0415

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


# files -------------------------------------------------------------------------------------------


def _checked(out: str) -> Path:
    """The folder to write, before anything runs: new, empty, or of an earlier comparison."""
    place = Path(out).absolute()
    if not out.strip():
        fail("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        fail(f"--out {out}: is a file; allowed: a folder, new or of an earlier comparison")
    if place.is_dir():
        others = sorted(entry.name for entry in place.iterdir() if not _own(entry.name))
        if others:
            fail(f"--out {out}: holds '{others[0]}', of no comparison; allowed: a new folder")
    return place


def _own(name: str) -> bool:
    from stormlab.store import PARTIAL  # noqa: PLC0415

    return name in {*FILES, PARTIAL, _PART} or name.endswith(".svg")


def _write(found: Comparison, place: Path, command: str) -> list[str]:
    """Put all files into ``place``, each whole; the kept runs go when everything is there.

    File by file, since the folder itself may be a mounted volume. If it is killed in between, the
    same command puts them all in place again, from the kept runs.
    """
    import shutil  # noqa: PLC0415

    from stormlab.compare.document import write_document, write_runs  # noqa: PLC0415
    from stormlab.store import partial_folder  # noqa: PLC0415

    part = place / _PART
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        write_runs(found, part, command)
        write_document(found, part, command)
        notes = _write_report(found, part, command)
        names = sorted(entry.name for entry in part.iterdir())
        for name in names:
            (part / name).replace(place / name)
        for entry in place.iterdir():
            if entry.is_file() and _own(entry.name) and entry.name not in names:
                entry.unlink()  # an earlier comparison's
    finally:
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(partial_folder(place), ignore_errors=True)
    if "results.parquet" not in names:
        notes.append(f"no results.parquet, {PARQUET_MISSING}")
    return [f"wrote {place}: {', '.join(names)}", *notes]


def _write_report(found: Comparison, folder: Path, command: str) -> list[str]:
    """Write report and pictures; without what they need, say so and keep what was found."""
    from stormlab.plots import PlotError  # noqa: PLC0415
    from stormlab.report import ReportError, write_report  # noqa: PLC0415

    try:
        write_report(found, folder, command)
    except (PlotError, ReportError) as error:
        return [f"no report: {error}"]
    return []


def _command(
    scenario: str,
    policies: Sequence[str],
    settings: Sequence[str],
    figures: Sequence[str],
    plan: Plan,
    seed: int,
) -> str:
    """The command that finds the same."""
    parts: list[Any] = ["stormlab", "compare", *policies, "--scenario", scenario]
    for option, values in (("--set", settings), ("--figure", figures)):
        for value in values:
            parts += [option, value]
    if plan.replications is None:
        parts += ["--precision", f"{100 * plan.precision:g}%", "--replications-max", plan.ceiling]
    else:
        parts += ["--replications", plan.replications]
    return shlex.join([*map(str, parts), "--seed", str(seed)])
