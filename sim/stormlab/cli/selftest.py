"""``stormlab selftest``: plant faults in policies and pages, and see whether they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stormlab.console import fail, note, print_json, progress, say, table

if TYPE_CHECKING:
    from stormlab.selftest.planted import Planted

SEEDS, SEEDS_MAX = 10, 1_000


@click.command(
    short_help="Plant faults and see whether they are found.",
    epilog="""\b
Examples:
  stormlab selftest                            every planted fault, 10 seeds
  stormlab selftest --budget dev --seeds 3     quicker
  stormlab selftest --fault lock-held --fault hot-loop
  stormlab selftest --list                     what is planted

\b
Exit codes: 0 all found in nine of ten seeds, no repaired twin called broken,
worlds small; 1 not so; 2 bad input.""",
)
@click.option("--fault", "names", metavar="NAME", multiple=True, help="Only this; repeatable.")
@click.option(
    "--seeds",
    default=SEEDS,
    show_default=True,
    type=click.IntRange(1, SEEDS_MAX),
    help="How many seeds, from 0 on.",
)
@click.option(
    "--budget", default="ci", show_default=True, help="Of each search: dev, ci or nightly."
)
@click.option(
    "--twins", default="dev", show_default=True, help="Budget of each check of a repaired twin."
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default: one per core.")
@click.option("--list", "only_list", is_flag=True, help="List the planted faults, run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def selftest(
    *,
    names: tuple[str, ...],
    seeds: int,
    budget: str,
    twins: str,
    jobs: int | None,
    only_list: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Look for every planted fault as 'stormlab check' would, and check its repaired twin.

    A fault counts as found when its promise is found broken. Cases and seconds are the medians
    until then; the smallest world is what the counterexample shrinks to.
    """
    from stormlab.check.budget import BUDGETS  # noqa: PLC0415  heavy: imported when called
    from stormlab.selftest import hunt, words  # noqa: PLC0415

    faults = _chosen(names)
    if only_list:
        table(("planted fault", "what is wrong"), [(each.name, each.wrong) for each in faults])
        return
    for option, found in (("--budget", budget), ("--twins", twins)):
        if found not in BUDGETS:
            fail(f"{option}: found '{found}'; allowed: {', '.join(BUDGETS)}")
    todo = hunt.planned(faults, range(seeds), budget, twins)
    with progress("planted faults", quiet=quiet) as steps:
        coming = hunt.searched(todo, jobs)
        results = [next(coming) for _ in steps.over(todo)]
    discovered = hunt.discoveries(faults, results)
    if as_json:
        print_json(words.document(discovered, budget, range(seeds)))
    else:
        table(words.HEADINGS, [words.row(each) for each in discovered])
        say("")
        for line in words.summary(discovered):
            say(line)
        if not quiet:
            note(f"budget {budget}, twins {twins}, seeds 0 to {seeds - 1}")
    raise SystemExit(0 if words.passed(discovered) else 1)


def _chosen(names: tuple[str, ...]) -> list[Planted]:
    from difflib import get_close_matches  # noqa: PLC0415

    from stormlab.selftest.planted import planted_faults  # noqa: PLC0415

    try:
        known = planted_faults()
    except ValueError as error:
        fail(str(error))
    if not known:
        fail("no planted fault is installed (entry-point group stormlab.planted)")
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f", did you mean '{close[0]}'?" if close else ""
            fail(f"--fault: no planted fault '{name}'{hint}; see: stormlab selftest --list")
    return [fault for name, fault in known.items() if not names or name in names]
