"""``stormlab bench``: what the engines cost on this machine."""

import os
import platform
from typing import Any

import click

from stormlab import __version__
from stormlab.console import fail, note, print_json, progress, say, table
from stormlab_models.bench.clients import clients
from stormlab_models.bench.figure import figure
from stormlab_models.bench.measures import PARTS as OF_ENGINES
from stormlab_models.bench.measures import BenchError, Found, Sizes

RUNS, FIGURE = 5, "figure"
PARTS = {**OF_ENGINES, "clients": clients}
DIFFERENT = 1  # exit code: the engines do not agree


@click.command(
    short_help="Measure the engines on this machine.",
    epilog="""\b
Examples:
  stormlab bench                         everything; about half an hour
  stormlab bench speed memory
  stormlab bench --quick                 a first look, in about a minute
  stormlab bench figure --out reports/bench""",
)
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option(
    "--runs",
    type=click.IntRange(1, 99),
    default=RUNS,
    show_default=True,
    help="Medians of so many.",
)
@click.option("--quick", is_flag=True, help="Small fleets: a first look, no ground for a claim.")
@click.option("--out", metavar="DIR", help="Where the part 'figure' writes its picture and data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def bench(
    *,
    parts: tuple[str, ...],
    runs: int,
    quick: bool,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure exactness, speed, memory, scaling and start, side by side; and real client code.

    PART: exactness, speed, memory, scaling, start, clients; without one: all of them. figure: cost
    against the size of the fleet, as a picture and a table in DIR (with --out only). Exit code 1:
    the two engines gave different traces.
    """
    _check(parts, out)
    sizes = Sizes.of(runs, quick=quick)
    document: dict[str, Any] = {"stormlab": __version__, "runs": runs, "quick": quick}
    if not as_json:
        cores = os.cpu_count() or 1
        say(f"stormlab {__version__}, Python {platform.python_version()}, {cores} cores")
    try:
        with progress("measuring", quiet=quiet) as steps:
            for part in steps.over(list(parts) or list(PARTS)):
                found = figure(out or "", sizes) if part == FIGURE else list(PARTS[part](sizes))
                document[part] = [each.data for each in found]
                for each in found if not as_json else []:
                    _show(each)
    except BenchError as error:
        fail(f"bench: {error}")
    if as_json:
        print_json(document)
    if quick:
        note("quick: small fleets and no ground for a claim")
    if any(each.get("different") for each in document.get("exactness", [])):
        raise SystemExit(DIFFERENT)


def _check(parts: tuple[str, ...], out: str | None) -> None:
    """Refuse what there is not, before anything is measured."""
    allowed = [*PARTS, FIGURE]
    for part in parts:
        if part not in allowed:
            fail(f"bench: found '{part}'; allowed: {', '.join(allowed)}")
    if (FIGURE in parts) != (out is not None):
        fail("bench: 'figure' and --out go together: figure --out DIR")


def _show(found: Found) -> None:
    say("")
    say(found.title)
    if found.rows:
        table(found.headings, found.rows)
    for words in found.notes:
        say(f"  {words}")
