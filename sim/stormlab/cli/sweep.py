"""``stormlab sweep``: a scenario under every combination of some of its parameters, resumable."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from stormlab.cli.completion import complete_scenario
from stormlab.cli.engine import engine_option, say_engines
from stormlab.cli.long import GO_ON, one_line, stoppable
from stormlab.cli.run import SEED_MAX, seed_of
from stormlab.console import fail, note, print_json, progress, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from stormlab.store import Store
    from stormlab.sweep import Known, Plan, Results, Summary, Sweep
    from stormlab.sweep.publish import Writer

REPLICATIONS_MAX = 1_000_000


@click.command(
    short_help="Vary parameters over a grid; stop and go on at any time.",
    epilog="""\b
Examples:
  stormlab sweep plain --vary network.latency_s=0.01,0.05,0.2 --out latency
  stormlab sweep storm-100x8 --vary client.clients=20:100:20 --out clients
  stormlab sweep plain --vary network.latency_s=log:0.001:1:7 \\
      --vary server.implementation=legacy,sansio --replications 20 --out grid

\b
VALUES are parted by commas: values as for --set, LOW:HIGH:STEP (HIGH
included), log:LOW:HIGH:COUNT. Every cell runs under the same seeds.
Stopped or killed, the same command goes on; with more values or
replications it runs only what is new. DIR gets results.parquet (a row per
run), summary.csv and .md (means with 95 % intervals), sweep-FIGURE.svg.""",
)
@click.argument("scenario", shell_complete=complete_scenario)
@click.option(
    "--vary", metavar="KEY=VALUES", multiple=True, help="One key of the grid; may be repeated."
)
@click.option(
    "--policy",
    "policies",
    metavar="NAME",
    multiple=True,
    help="A policy to run every cell with (key 'policy'); may be repeated.",
)
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(1, REPLICATIONS_MAX),
    default=10,
    show_default=True,
    help="Runs of each cell, under seeds from --seed on.",
)
@click.option(
    "--seed",
    metavar="N",
    default="0",
    show_default=True,
    callback=seed_of,
    help="The first seed.",
)
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
    help="Change one key of the scenario in all cells; may be repeated.",
)
@click.option(
    "--figure",
    "figures",
    metavar="NAME",
    multiple=True,
    help="A figure to show and draw; may be repeated. Default: the first that differ.",
)
@engine_option
@click.option("--out", metavar="DIR", required=True, help="Folder of the results.")
@click.option("--keep-units", is_flag=True, help="Keep the file of each run in DIR/.units.partial.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: every figure of every cell.")
@click.option("--quiet", is_flag=True, help="No progress, no notes; the table only.")
def sweep(  # noqa: PLR0913  one argument per option, all by keyword
    *,
    scenario: str,
    vary: tuple[str, ...],
    policies: tuple[str, ...],
    replications: int,
    seed: int,
    jobs: int | None,
    settings: tuple[str, ...],
    figures: tuple[str, ...],
    engine: str,
    out: str,
    keep_units: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO under every combination of the values given, each under many seeds.

    SCENARIO is the name of a built-in scenario (see: stormlab scenarios) or a TOML file. Every run
    is kept in DIR the moment it is finished.
    """
    from stormlab.sweep import SweepError, checked, make_sweep  # noqa: PLC0415  heavy: imported when called

    if seed + replications - 1 > SEED_MAX:
        fail(f"--seed {seed}: too large for {replications:,} replications; at most {SEED_MAX}")
    with one_line(SweepError):
        place = checked(out)
        seeds = range(seed, seed + replications)
        made = make_sweep(scenario, vary, settings=settings, policies=policies, seeds=seeds)
        say_engines(engine, (each.scenario for each in made.cells), quiet=quiet)
        command = _command(made, vary, policies, settings)
        results, summaries, chosen, notes = _carry_out(
            made, place, command, jobs, figures, keep_units=keep_units, quiet=quiet
        )
    if as_json:
        print_json(_document(results, summaries))
    else:
        _show(results, summaries, chosen)
    for line in notes if not quiet else []:
        note(line)


def _carry_out(
    made: Sweep,
    place: Path,
    command: str,
    jobs: int | None,
    figures: tuple[str, ...],
    *,
    keep_units: bool,
    quiet: bool,
) -> tuple[Results, list[Summary], tuple[str, ...], list[str]]:
    """Run what is missing, and publish; returns what is to be said of it."""
    from stormlab.store import Store, partial_folder  # noqa: PLC0415
    from stormlab.sweep import Results, known_runs, plan, summarised  # noqa: PLC0415
    from stormlab.sweep.summary import telling  # noqa: PLC0415

    if find_spec("scipy") is None:  # said before hours of work, not after
        fail("a sweep needs scipy for its intervals: pip install 'stormlab[report]'")
    with Store(partial_folder(place)) as store:
        known = known_runs(place)
        planned = plan(made, store, known.runs)
        with stoppable(
            lambda: _how_to_go_on(planned)
        ):  # from the first word on: who reads it may press Ctrl-C at once
            if not quiet:
                note(_intention(planned))
            _work(planned, store, jobs, figures, quiet=quiet)
            results = Results.of(planned, command)
            _check_figures(figures, results.figures)
            summaries = summarised(results, len(made.seeds))
            chosen = figures or telling(summaries, results.figures)
            files, notes = _files(results, summaries, chosen)
            _publish(place, files, store, planned, known, notes, keep_units=keep_units)
    return results, summaries, chosen, notes


def _intention(planned: Plan) -> str:
    """What will run, and how much of it is already there."""
    made = planned.sweep
    sizes = " x ".join(f"{len(axis.texts)} {axis.key}" for axis in made.axes)
    seeds = f"seeds {made.seeds[0]} to {made.seeds[-1]}"
    done = f", {planned.kept:,} already there" if planned.kept else ""
    return (
        f"sweep of {made.name}: {sizes} = {len(made.cells):,} cells,"
        f" {len(made.seeds):,} replications ({seeds}): {len(planned.runs):,} runs{done}"
    )


def _work(
    planned: Plan, store: Store, jobs: int | None, figures: tuple[str, ...], *, quiet: bool
) -> None:
    from stormlab.replications import ReplicationError  # noqa: PLC0415
    from stormlab.store import StoreError  # noqa: PLC0415
    from stormlab.sweep import SweepError  # noqa: PLC0415

    missing, total = len(planned.missing), len(planned.runs)

    def check(found: dict[str, float | None]) -> None:
        _check_figures(figures, tuple(found))

    try:
        with progress(f"{total:,} runs", quiet=quiet) as steps:
            runs = planned.work(store, jobs, check)
            for _ in zip(runs, steps.over(range(missing)), strict=False):
                pass
    except (ReplicationError, StoreError, SweepError) as error:
        fail(f"{error}; {_how_to_go_on(planned)}")


def _how_to_go_on(planned: Plan) -> str:
    return f"{planned.kept:,} of {len(planned.runs):,} runs are kept; {GO_ON}"


def _check_figures(wanted: Sequence[str], there: Sequence[str]) -> None:
    from stormlab.cli.completion import did_you_mean  # noqa: PLC0415
    from stormlab.sweep import SweepError  # noqa: PLC0415

    for name in wanted:
        if name not in there:
            hint = did_you_mean(name, list(there))
            raise SweepError(
                f"--figure {name}: no figure of these runs{hint}; allowed: {', '.join(there)}"
            )


def _files(
    results: Results, summaries: list[Summary], chosen: Sequence[str]
) -> tuple[dict[str, Writer], list[str]]:
    """The files of the finished sweep by name, and what to say about them."""
    from stormlab.plots import PlotError  # noqa: PLC0415
    from stormlab.plots_sweep import picture  # noqa: PLC0415
    from stormlab.sweep import writer  # noqa: PLC0415
    from stormlab.sweep.summary import as_csv, as_markdown  # noqa: PLC0415

    name, write, remark = writer(results)
    files: dict[str, Writer] = {
        name: write,
        "summary.csv": _text(as_csv(results, summaries)),
        "summary.md": _text(as_markdown(results, summaries, chosen, name)),
    }
    notes = [remark] if remark else []
    try:
        for figure in chosen:
            files[f"sweep-{figure}.svg"] = picture(results, summaries, figure)
    except PlotError as error:
        notes.append(f"no picture: {error}")
    return files, notes


def _text(content: str) -> Writer:
    def write(path: Path) -> None:
        path.write_bytes(content.encode())

    return write


def _publish(
    place: Path,
    files: dict[str, Writer],
    store: Store,
    planned: Plan,
    known: Known,
    notes: list[str],
    *,
    keep_units: bool,
) -> None:
    from stormlab.sweep import publish  # noqa: PLC0415

    left = publish(place, files, store, planned, known, keep_units=keep_units)
    notes.insert(0, f"wrote {place}: {', '.join(sorted(files))}")
    if left and not keep_units:
        notes.append(
            f"{left:,} runs that this sweep does not ask for are kept in {store.folder};"
            " remove it if you do not need them"
        )
    if planned.code_changed():
        notes.append("the code changed while it ran: run the same command again to be sure")


def _command(
    made: Sweep, vary: Sequence[str], policies: Sequence[str], settings: Sequence[str]
) -> str:
    """The command that makes the same results, without what does not decide them."""
    words = ["stormlab", "sweep", made.name]
    for option, values in (("--set", settings), ("--vary", vary), ("--policy", policies)):
        for value in values:
            words += [option, value]
    words += ["--replications", str(len(made.seeds)), "--seed", str(made.seeds[0])]
    return shlex.join(words)


def _document(results: Results, summaries: Sequence[Summary]) -> dict[str, Any]:
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in summaries:
        cells.setdefault(each.point, {})[each.figure] = {
            "runs": each.runs,
            "applies": each.applies,
            "never": each.never,
            "mean": each.mean,
            "ci95": None if each.low is None else [each.low, each.high],
        }
    listed = [
        {"cell": dict(zip(results.keys, point, strict=True)), "figures": figures}
        for point, figures in cells.items()
    ]
    return {**results.metadata, "cells": listed}


def _show(results: Results, summaries: Sequence[Summary], chosen: Sequence[str]) -> None:
    from stormlab.sweep.summary import rows  # noqa: PLC0415

    headings, body = rows(results, summaries, chosen)
    first, last = results.metadata["seeds"]
    table(headings, body, title=f"means of {last - first + 1:,} runs with 95 % intervals")
    others = len(results.figures) - len(chosen)
    if others:
        say(f"{others} more figures: --figure NAME, or summary.csv")
