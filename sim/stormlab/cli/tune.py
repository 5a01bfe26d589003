"""``stormlab tune``: search a policy's parameters against goals, and check what was found."""

from __future__ import annotations

import shlex
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stormlab.cli.completion import complete_scenario
from stormlab.cli.engine import engine_option, say_engines
from stormlab.cli.long import Count, one_line, stoppable, watched
from stormlab.cli.policies import complete_policy
from stormlab.cli.run import seed_of
from stormlab.console import fail, note, print_json, say, table, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stormlab.tune import Aim, State, Tuning

FILES = frozenset({"policy.toml", "trials.csv", "tune.json", "tune.svg", "report.md"})
SHOWN = 8
NOT_MET = 1


@click.command(
    short_help="Search a policy's parameters against goals.",
    epilog="""\b
Examples:
  stormlab tune aws-full-jitter --scenario outage-60s \\
      --vary backoff.cap_s=5:60 --vary backoff.base_s=log:0.5:20 \\
      --goal "reconnect_s_p99<80" --goal "attempts_per_s_peak<300" --out tuned
  stormlab compare aws-full-jitter tuned/policy.toml --scenario outage-60s --seed 1

\b
POLICY as for stormlab compare. VALUES: LOW:HIGH, log:LOW:HIGH,
whole:LOW:HIGH, or choices A,B,C. KEY is a key of the policy (stormlab policy
NAME), or scenario.KEY. Quote goals, or the shell takes < for a file.
Exit codes: 0 the best meets all goals beyond noise; 1 it does not; 2 bad
input. How to read the result: docs/tune.md. With --out, stopped or killed,
the same command goes on where it was.""",
)
@click.argument("policy", shell_complete=complete_policy)
@click.option(
    "--scenario",
    metavar="S",
    required=True,
    shell_complete=complete_scenario,
    help="Built-in scenario (see: stormlab scenarios) or TOML file; its policy is replaced.",
)
@click.option(
    "--vary", metavar="KEY=VALUES", multiple=True, help="What may be varied; may be repeated."
)
@click.option(
    "--goal",
    "goals",
    metavar="FIGURE<NUMBER",
    multiple=True,
    help="A limit of a figure (docs/metrics.md); may be repeated.",
)
@click.option(
    "--minimise", metavar="FIGURE", help="Once all goals are met.  [default: the first goal's]"
)
@click.option("--maximise", metavar="FIGURE", help="As --minimise, as large as can be.")
@click.option(
    "--trials",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=48,
    show_default=True,
    help="Sets of parameters to try.",
)
@click.option(
    "--replications",
    metavar="N",
    type=click.IntRange(1, 5_000),
    default=4,
    show_default=True,
    help="Runs of each trial, all under the same seeds.",
)
@click.option(
    "--check",
    metavar="N",
    type=click.IntRange(2, 5_000),
    default=20,
    show_default=True,
    help="Runs of the best three and of POLICY, under fresh seeds.",
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
@engine_option
@click.option("--out", metavar="DIR", help="Write policy.toml, all trials, picture and report.")
@click.option("--keep-units", is_flag=True, help="Keep the file of each run in DIR/.units.partial.")
@click.option("--all", "show_all", is_flag=True, help="Show all trials, not only the best.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: everything that was found.")
@click.option("--quiet", is_flag=True, help="No progress; tables and verdict only.")
def tune(  # noqa: PLR0913  one argument per option, all by keyword
    *,
    policy: str,
    scenario: str,
    vary: tuple[str, ...],
    goals: tuple[str, ...],
    minimise: str | None,
    maximise: str | None,
    trials: int,
    replications: int,
    check: int,
    seed: int,
    jobs: int | None,
    settings: tuple[str, ...],
    engine: str,
    out: str | None,
    keep_units: bool,
    show_all: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Search for parameters of POLICY that meet all goals in SCENARIO.

    What is found is checked under seeds that the search has not seen: the best of many noisy
    trials looks better than it is.
    """
    from stormlab.compare import CompareError, field  # noqa: PLC0415  heavy: when called
    from stormlab.tune import Aim, TuneError, axis, goal, target  # noqa: PLC0415

    with one_line(CompareError, TuneError):
        axes, wanted = tuple(map(axis, vary)), tuple(map(goal, goals))
        _check_asked(axes, wanted, settings, minimise, maximise, seed)
        then = target(wanted, minimise, maximise)
        amounts = (trials, replications, check, seed)
        aim = Aim(scenario, policy, axes, wanted, then, settings, *amounts)
        contenders = field(scenario, [policy], settings).contenders
        say_engines(engine, (each.scenario for each in contenders), quiet=quiet)
        place = _checked(out) if out is not None else None
        found = _carry_out(aim, jobs, place, quiet=quiet)
        command = _command(aim, minimise, maximise)
        lines = [] if place is None else _write(found, place, command, keep_units=keep_units)
    if as_json:
        from stormlab.tune.document import document  # noqa: PLC0415

        print_json(document(found, command))
    else:
        show(found, show_all=show_all, quiet=quiet)
    for line in lines if not quiet else []:
        note(line)
    return 0 if found.best.meets_all else NOT_MET


def _check_asked(
    axes: Sequence[object],
    goals: Sequence[object],
    settings: Sequence[str],
    minimise: str | None,
    maximise: str | None,
    seed: int,
) -> None:
    from stormlab.compare.engine import SEED_MAX  # noqa: PLC0415
    from stormlab.tune.space import SCENARIO, Axis  # noqa: PLC0415

    if find_spec("scipy") is None:  # said before the work, not after
        fail("tuning needs scipy for its intervals: pip install 'stormlab[report]'")
    if not axes:
        fail("found nothing to vary; give --vary KEY=VALUES, as in backoff.cap_s=5:120")
    if not goals:
        fail('found no goal; give --goal "FIGURE<NUMBER", as in "reconnect_s_p99<60"')
    if minimise is not None and maximise is not None:
        fail("--minimise and --maximise: found both; allowed: one of the two")
    if seed > SEED_MAX:
        fail(f"--seed: found '{seed}'; allowed in a search: 0 to {SEED_MAX}")
    keys = [axis.key for axis in axes if isinstance(axis, Axis)]
    fixed = {setting.partition("=")[0].strip() for setting in settings}
    for key in keys:
        if keys.count(key) > 1:
            fail(f"--vary {key}: given twice; allowed: each key once")
        if key.startswith(SCENARIO) and key.removeprefix(SCENARIO) in fixed:
            fail(f"--vary {key}: also given with --set; allowed: one of the two")


def _carry_out(aim: Aim, jobs: int | None, place: Path | None, *, quiet: bool) -> Tuning:
    from contextlib import nullcontext  # noqa: PLC0415

    from stormlab import tune as engine  # noqa: PLC0415
    from stormlab.store import Store, partial_folder  # noqa: PLC0415

    count = Count(somewhere=place is not None)
    keeping = nullcontext(None) if place is None else Store(partial_folder(place))
    with (
        stoppable(count.told),
        keeping as store,
        watched(count, _meeting, quiet=quiet) as watch,
    ):
        return engine.tune(aim, jobs=jobs, store=store, watch=watch)


def _meeting(state: State) -> str:
    """How good what was found is so far."""
    return f"trials that met all goals: {state.meeting}"


# what is shown -----------------------------------------------------------------------------------


def show(found: Tuning, *, show_all: bool = False, quiet: bool = False) -> None:
    """Print what was asked, tried and found."""
    from stormlab.compare.reading import KEY  # noqa: PLC0415
    from stormlab.tune import words  # noqa: PLC0415
    from stormlab.tune.document import policy_toml  # noqa: PLC0415

    if not quiet:
        for line in words.header(found):
            say(line)
        say("")
    best = found.ranked
    shown = best if show_all else best[:SHOWN]
    table(*words.tried(found, [*shown, found.trials[0]], KEY))
    rest = len(best) - len(shown)
    more = f"; {rest} more with --all" if rest else ""
    say(f"best first, means of {found.aim.replications} runs in the search{more}")
    if told := words.legend(found, KEY):
        _wrapped(told)
    say("")
    table(*words.checked(found, KEY))
    _wrapped(words.check_note(found))
    say("")
    _wrapped(words.verdict(found))
    for line in words.notes(found):
        _wrapped(line)
    say("")
    say(f"use it as: {words.to_use(found)}")
    toml = policy_toml(found)
    if toml is not None:
        say("")
        say(toml.rstrip())


def _wrapped(text: str) -> None:
    for line in textwrap.wrap(text, width(), break_long_words=False, break_on_hyphens=False):
        say(line)


# files -------------------------------------------------------------------------------------------


def _checked(out: str) -> Path:
    """The folder to write, before anything runs: new, empty, or of an earlier search."""
    from stormlab.store import PARTIAL  # noqa: PLC0415

    place = Path(out).absolute()
    if not out.strip():
        fail("--out: found no name; allowed: a folder")
    if place.exists() and not place.is_dir():
        fail(f"--out {out}: is a file; allowed: a folder, new or of an earlier search")
    if place.is_dir():
        own = {*FILES, PARTIAL}
        others = sorted(entry.name for entry in place.iterdir() if entry.name not in own)
        if others:
            fail(f"--out {out}: holds '{others[0]}', of no search; allowed: a new folder")
    return place


def _write(found: Tuning, place: Path, command: str, *, keep_units: bool) -> list[str]:
    """Put all files into ``place``, each whole; the kept runs go when everything is there."""
    import shutil  # noqa: PLC0415

    from stormlab.store import Store, partial_folder  # noqa: PLC0415

    with Store(partial_folder(place)) as store, store.workspace() as part:
        notes = _fill(found, part, command)
        names = sorted(entry.name for entry in part.iterdir())
        for name in names:
            (part / name).replace(place / name)
    for name in sorted(FILES - {*names}):
        (place / name).unlink(missing_ok=True)  # an earlier search's
    if not keep_units:
        shutil.rmtree(partial_folder(place), ignore_errors=True)
    return [f"wrote {place}: {', '.join(names)}", *notes]


def _fill(found: Tuning, folder: Path, command: str) -> list[str]:
    """Write all files into a folder; returns what has to be said of them."""
    import json  # noqa: PLC0415

    from stormlab.plots import PlotError  # noqa: PLC0415
    from stormlab.plots_tune import caption, picture  # noqa: PLC0415
    from stormlab.report.tuning import report  # noqa: PLC0415
    from stormlab.tune.document import document, policy_toml, trials_csv  # noqa: PLC0415

    notes: list[str] = []
    drawn: str | None = caption(found)
    try:
        picture(found)(folder / "tune.svg")
    except PlotError as error:
        drawn = None
        notes.append(f"no picture: {error}")
    toml = policy_toml(found)
    if toml is None:
        notes.append("no policy.toml: the policy is a class of its own, not made of parts")
    else:
        _text(folder / "policy.toml", f"# {command}\n{toml}")
    content = json.dumps(
        document(found, command), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False
    )
    _text(folder / "tune.json", content + "\n")
    _text(folder / "trials.csv", trials_csv(found))
    _text(folder / "report.md", report(found, command, picture=drawn, toml=toml))
    return notes


def _text(path: Path, content: str) -> None:
    path.write_bytes(content.encode())


def _command(aim: Aim, minimise: str | None, maximise: str | None) -> str:
    """The command that finds the same, without what does not decide it."""
    parts = ["stormlab", "tune", aim.policy, "--scenario", aim.scenario]
    for option, values in (
        ("--set", aim.settings),
        ("--vary", [axis.text for axis in aim.axes]),
        ("--goal", [goal.text for goal in aim.goals]),
        ("--minimise", [minimise] if minimise else []),
        ("--maximise", [maximise] if maximise else []),
    ):
        for value in values:
            parts += [option, value]
    amounts = ("--trials", aim.trials, "--replications", aim.replications)
    check = ("--check", aim.check_replications, "--seed", aim.seed)
    return shlex.join(map(str, (*parts, *amounts, *check)))
