"""``stormlab run``: simulate one scenario once, print its figures, keep what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from stormlab import __version__
from stormlab.cli.completion import complete_scenario
from stormlab.cli.engine import engine_option, say_engines
from stormlab.console import fail, note, print_json, progress, say, shown, table
from stormlab.histogram import ERROR
from stormlab.summary import EVENTS_MAX, Summary

if TYPE_CHECKING:
    from stormlab.scenario import Scenario
    from stormlab.trace import Trace


SEED_MAX = 2**53 - 1  # what every reader of JSON keeps exactly
SEED_DIGITS = 16


def seed_of(_ctx: click.Context, _parameter: click.Parameter, value: str) -> int:
    """Turn the option's text into a seed, a whole number from 0 to :data:`SEED_MAX`."""
    text = value.strip()
    seed = int(text) if text.isdecimal() and text.isascii() and len(text) <= SEED_DIGITS else -1
    if not 0 <= seed <= SEED_MAX:
        fail(f"--seed: found '{value}'; allowed: a whole number from 0 to {SEED_MAX}")
    return seed


@click.command(
    short_help="Simulate a scenario once and print its figures.",
    epilog="""\b
Examples:
  stormlab run plain
  stormlab run strictmode --seed 7 --set page.hook=fixed
  stormlab run server-down --set faults.0.for_s=20 --set page.jitter_s=1
  stormlab run mine.toml --out result            trace, figures, OpenMetrics
  stormlab run plain --json | jq .figures.attempts
  stormlab run outage-60s --engine auto         the compiled engine, where it can

\b
What can be set: stormlab models MODEL""",
)
@click.argument("scenario", shell_complete=complete_scenario)
@click.option(
    "--seed",
    metavar="N",
    default="0",
    show_default=True,
    callback=seed_of,
    help="Seed of all chance.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change one key of the scenario; may be repeated.",
)
@engine_option
@click.option(
    "--events-max",
    metavar="N",
    type=click.IntRange(min=0),
    default=EVENTS_MAX,
    show_default=True,
    help="Longest trace of the compiled engine (60 bytes an event); beyond it, figures only.",
)
@click.option("--out", metavar="DIR", help="Write trace, figures.json and metrics.prom into DIR.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every parameter.")
@click.option("--quiet", is_flag=True, help="Print figures and trace hash only.")
def run(
    *,
    scenario: str,
    seed: int,
    settings: tuple[str, ...],
    engine: str,
    events_max: int,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate SCENARIO once, in virtual time, and print its figures.

    SCENARIO is the name of a built-in scenario (see: stormlab scenarios) or a TOML file. The trace
    hash at the end names the run: the same scenario, seed and version give the same hash.
    """
    from stormlab import model  # noqa: PLC0415  heavy: imported when called
    from stormlab.cli import output  # noqa: PLC0415

    loaded = model.load_scenario(scenario, settings)
    say_engines(engine, [loaded], quiet=quiet or as_json)
    place = output.checked(out) if out is not None else None
    with progress(f"simulating {loaded.name}", quiet=quiet) as steps:
        found = next(
            model.run_or_summary(loaded, each, events_max=events_max) for each in steps.over([seed])
        )
    figures: dict[str, Any]
    if isinstance(found, Summary):
        figures, trace = dict(found.figures), found.sample
        words = summary_words(found, events_max)
    else:
        figures, trace = model.find_model(loaded.model).figures(found), found
        words = [f"trace {trace.hash}   {len(trace):,} events"]
    result = document(loaded, seed, found, figures)
    written = output.write(place, trace, result) if place is not None else []
    if as_json:
        print_json(result)
        return
    if not quiet:
        for line in header(loaded, seed):
            say(line)
        say("")
    _show(figures)
    for line in words:
        say(line)
    for line in written:
        note(line)


def summary_words(summary: Summary, events_max: int) -> list[str]:
    """Lines that say what a run without a full trace is."""
    events, error_percent = sum(summary.events.values()), 100 * ERROR
    watched = summary.sample.header["clients"]
    return [
        f"summary {summary.hash}   {events:,} events, more than {events_max:,}: no full trace",
        f"counts are exact, durations within {error_percent:.1f} %",
        "return_s: from a socket's first failure until it is open again",
        f"the first {watched:,} clients have a full trace, kept with --out",
        f"not told: {summary.missing}",
    ]


def document(
    scenario: Scenario, seed: int, found: Trace | Summary, figures: dict[str, Any]
) -> dict[str, Any]:
    """Everything about a run as one JSON document: enough to repeat it."""
    if isinstance(found, Summary):
        end: dict[str, Any] = {
            "summary_hash": found.hash,
            "events": found.events,
            "bin_s": found.bin_s,
            "over_time": {name: each.tolist() for name, each in found.over_time.items()},
        }
    else:
        end = {"trace_hash": found.hash, "trace_events": len(found)}
    return {
        "stormlab": __version__,
        "model": scenario.model,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "title": scenario.title,
        "seed": seed,
        "duration_s": scenario.duration_s,
        "faults": [fault.model_dump(mode="json") for fault in scenario.faults],
        "parameters": scenario.parameters.model_dump(mode="json"),
        "figures": figures,
        **end,
    }


def header(scenario: Scenario, seed: int) -> list[str]:
    """Lines that say which run this is: version, scenario, seed, and what differs from defaults."""
    from stormlab.cli.parameters import differences, written  # noqa: PLC0415

    lines = [f"stormlab {__version__}   model {scenario.model}   seed {seed}"]
    lines.append(f"scenario {scenario.name} ({scenario.hash})   {scenario.title}".rstrip())
    lines.append(f"  duration_s = {scenario.duration_s:g}")
    for fault in scenario.faults:
        facts = fault.model_dump(exclude_defaults=True)
        lines.append("  fault: " + " ".join(f"{key}={value}" for key, value in facts.items()))
    for key, value, default in differences(scenario.parameters):
        was = "" if default is None or default == [] else f"   (default {written(default)})"
        lines.append(f"  {key} = {written(value)}{was}")
    lines.append("  everything else is at its default; all parameters: --json")
    return lines


def _show(figures: dict[str, Any]) -> None:
    """Numbers as a table; texts below it, since they would tear the column apart."""
    numbers = {name: value for name, value in figures.items() if not isinstance(value, str)}
    table(["figure", "value"], numbers.items())
    for name, value in figures.items():
        if isinstance(value, str):
            say(f"{name}: {shown(value)}")
