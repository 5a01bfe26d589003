"""``stormlab compare``: policies under the same scenario and the same luck, with verdicts."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stormlab.cli.completion import complete_scenario, did_you_mean
from stormlab.cli.engine import engine_option, say_engines
from stormlab.cli.long import Count, one_line, stoppable, watched
from stormlab.cli.run import seed_of
from stormlab.console import fail, note, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stormlab.compare import Comparison, Field, Plan, Reader, State

PRECISION_MIN, PRECISION_MAX = 0.001, 0.5


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
  stormlab compare npm:partysocket@1.1.18 npm:partysocket@1.3.0

\b
POLICY is a name of the catalogue (stormlab policies), varied by
NAME,KEY=VALUE if wanted, or one's own: file.py:NAME, module:NAME, file.toml.
Real code (npm:NAME@VERSION, client.ts, recipe:FILE.py) is compared with real
code, in drawn worlds and without a scenario.
How to read the table: docs/compare.md. With --out, stopped or killed, the
same command goes on where it was.""",
)
@click.argument("policies", metavar="POLICY...", nargs=-1, required=True)
@click.option(
    "--scenario",
    metavar="S",
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
@engine_option
@click.option("--out", metavar="DIR", help="Write report, figures and every run into DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: everything that was found.")
@click.option("--quiet", is_flag=True, help="No progress; table and verdicts only.")
def compare(  # noqa: PLR0913  one argument per option, all by keyword
    *,
    policies: tuple[str, ...],
    scenario: str | None,
    precision: float | None,
    replications: int | None,
    replications_max: int | None,
    seed: int,
    jobs: int | None,
    settings: tuple[str, ...],
    figures: tuple[str, ...],
    engine: str,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO with each POLICY under the same seeds, and say what can be said.

    Runs are added until every figure of the table is as precise as asked for. A verdict needs
    more than a lower mean: it is given where chance is ruled out at 95 %, over the whole table.
    """
    from stormlab.cli.compare_code import compare_code, names_code  # noqa: PLC0415

    if names_code(policies):
        chosen = None if engine == "reference" else engine
        given = (scenario, precision, replications_max, jobs, *settings, *figures, chosen, out)
        if any(each is not None for each in given):
            fail("real code: allowed here: --replications (worlds), --seed, --json, --quiet")
        compare_code(policies, replications, seed, as_json=as_json, quiet=quiet)
        return
    if scenario is None:
        fail("--scenario: missing; see: stormlab scenarios")
    from stormlab.cli.compare_folder import checked, write  # noqa: PLC0415  heavy: when called
    from stormlab.cli.compare_table import show  # noqa: PLC0415
    from stormlab.compare import CompareError, field, recovery_reader  # noqa: PLC0415

    plan = _plan(precision, replications, replications_max, seed)
    with one_line(CompareError):
        what = field(scenario, policies, settings)
        say_engines(engine, (each.scenario for each in what.contenders), quiet=quiet)
        reader = _reading(recovery_reader(), figures)
        place = checked(out) if out is not None else None
        command = _command(scenario, policies, settings, figures, plan, seed)
        found = _carry_out(what, plan, seed, jobs, reader, place, quiet=quiet)
        written = write(found, place, command) if place is not None else []
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

    count = Count(somewhere=place is not None)
    keeping = nullcontext(None) if place is None else Store(partial_folder(place))
    with (
        stoppable(count.told),
        keeping as store,
        watched(count, _widest, quiet=quiet) as watch,
    ):
        return engine.compare(
            what, plan, seed=seed, jobs=jobs, store=store, watch=watch, reader=reader
        )


def _widest(state: State) -> str:
    """What is least precise so far."""
    worst = state.worst
    if worst is None:
        return ""
    return f"widest: {worst.policy} {worst.figure} +-{worst.half_width_percent:.2g} %"


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
