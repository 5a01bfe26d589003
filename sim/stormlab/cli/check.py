"""``stormlab check``: hold a policy to its promises, in one command."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from stormlab.cli.policies import complete_policy
from stormlab.cli.run import seed_of
from stormlab.console import BAD_INPUT, fail, note, print_json, printable, progress, say, table

if TYPE_CHECKING:
    from stormlab.check import Judged, Verdict

FOLDER = "stormlab-replays"
CODES = {"holds": 0, "broken": 1, "undecided": BAD_INPUT}


@click.command(
    short_help="Check a reconnect policy: what it promises, and the smallest world that breaks it.",
    epilog="""\b
Examples:
  stormlab check ours.py:Policy
  stormlab check phoenix --budget ci --junit check.xml
  stormlab check mine.toml --promise converges --promise calm-when-fooled
  stormlab check npm:reconnecting-websocket@4.4.0
  stormlab check ./client.ts
  stormlab check page.hook=manager
  stormlab check --list

\b
TARGET is code of your own (file.py:NAME or module:NAME), a TOML file with a
table [policy], a name of the catalogue (stormlab policies), page.KEY=VALUE for
the code of the analysed page, or real code: npm:NAME@VERSION, a .ts or .js
file, recipe:FILE.py. Exit codes: 0 every promise that applies
holds; 1 one is broken; 2 undecided, or bad input. See docs/check.md.""",
)
@click.argument("target", required=False, shell_complete=complete_policy)
@click.option(
    "--budget",
    metavar="B",
    default="dev",
    show_default=True,
    help="dev (seconds), ci, or nightly (new worlds each time).",
)
@click.option(
    "--promise",
    "promises",
    metavar="NAME",
    multiple=True,
    help="Check this promise only; may be repeated.",
)
@click.option("--seed", metavar="N", default="0", show_default=True, callback=seed_of, help="Seed.")
@click.option("--list", "listed", is_flag=True, help="List the promises, and check nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--junit", metavar="FILE", help="Write a JUnit report for a CI into FILE.")
@click.option(
    "--out",
    metavar="DIR",
    default=FOLDER,
    show_default=True,
    help="Folder for counterexamples; made when there is one.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def check(  # noqa: PLR0913  one argument per option, all by keyword
    *,
    target: str | None,
    budget: str,
    promises: tuple[str, ...],
    seed: int,
    listed: bool,
    as_json: bool,
    junit: str | None,
    out: str,
    quiet: bool,
) -> int:
    """Try TARGET in many small worlds, and hold it to everything that a reconnect policy owes.

    A promise that is broken is shown in the smallest world that breaks it, and written into a file
    for stormlab replay.
    """
    if listed:
        _list(as_json=as_json)
        return 0
    if target is None:
        fail("TARGET: missing; allowed: file.py:NAME, module:NAME, file.toml, a catalogue's name")
    _can_be_written(junit, out)
    verdict = _checked(target, budget, promises or None, seed, out, quiet=quiet)
    if junit is not None:
        from stormlab.check.junit import write_junit  # noqa: PLC0415  when asked for

        write_junit(verdict, Path(junit))
    if as_json:
        print_json(verdict.document)
    else:
        show(verdict)
    return CODES[verdict.outcome.value]


def _can_be_written(junit: str | None, out: str) -> None:
    """Refuse before anything is run."""
    if junit is not None and (not junit or Path(junit).is_dir()):
        fail(f"--junit {junit}: found a folder; allowed: a file")
    if not out.strip() or (Path(out).exists() and not Path(out).is_dir()):
        fail(f"--out {out}: found a file; allowed: a folder")


def _checked(
    target: str,
    budget: str,
    promises: tuple[str, ...] | None,
    seed: int,
    out: str,
    *,
    quiet: bool,
) -> "Verdict":
    from stormlab.check import CheckError, check_policy  # noqa: PLC0415  heavy: when called

    with ends_stubborn_code(), progress("checking", quiet=quiet) as steps:
        try:
            return check_policy(
                target,
                promises=promises,
                budget=budget,
                seed=seed,
                folder=out,
                step=lambda tier, done, count: steps.reached(f"{tier} worlds", done, count),
            )
        except (CheckError, ValueError) as error:
            fail(str(error))


@contextmanager
def ends_stubborn_code() -> Iterator[None]:
    """In this block, code under test that cannot be stopped ends the process, with code 2."""
    from stormlab.check.guard import STUBBORN  # noqa: PLC0415  heavy: when called

    token = STUBBORN.set(_end)
    try:
        yield
    finally:
        STUBBORN.reset(token)


def _end(line: str) -> NoReturn:
    note(f"stormlab: {printable(line)}")
    sys.stderr.flush()
    os._exit(BAD_INPUT)


def _list(*, as_json: bool) -> None:
    from stormlab.properties.promises import PROMISES  # noqa: PLC0415  when called

    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "statement": each.statement,
                    "formula": each.formula,
                    "tiers": list(each.tiers),
                    "needs": [need.value for need in each.needs],
                }
                for each in PROMISES.values()
            ]
        )
        return
    rows = [[each.name, ", ".join(each.tiers), each.statement] for each in PROMISES.values()]
    table(["promise", "worlds", "statement"], rows)


def show(verdict: "Verdict") -> None:
    """Print the table of promises, then every breach."""
    rows = [[each.name, each.outcome.value, each.cases, _why(each)] for each in verdict]
    table(["promise", "outcome", "worlds", "bound, or why"], rows)
    for each in verdict.broken:
        say("")
        for line in each.lines:
            say(line)
    say("")
    say(verdict.headline + ".")
    for told in verdict.notes:
        say(f"note: {told}")


def _why(judged: "Judged") -> str:
    return judged.bound if judged.outcome.value == "holds" else judged.reason
