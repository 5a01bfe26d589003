"""``stormlab validate FILE``: hold the model against a file of measured conditions."""

from importlib.resources import files
from pathlib import Path

import click

from stormlab.console import fail, print_json, progress, say, table
from stormlab.scenario import ScenarioError
from stormlab_models.tac_webbuilder.validate.agreement import (
    COUNT_PERCENT_MIN,
    MAIN_TIME,
    REPLICATIONS,
    TIME_PERCENT_MIN,
    Agreement,
    Share,
    validate_conditions,
)
from stormlab_models.tac_webbuilder.validate.schema import Condition, read_conditions

BUILT_IN = "measured"


def built_in() -> list[Condition]:
    """The measured conditions that come with the project."""
    resource = files("stormlab_models.tac_webbuilder.validate") / "conditions.json"
    return read_conditions(Path(str(resource)))


@click.command(short_help="Hold the model against measured conditions.")
@click.argument("file", default=BUILT_IN)
@click.option(
    "--replications",
    default=REPLICATIONS,
    type=click.IntRange(1, 10_000),
    show_default=True,
    help="Least number of simulated loads per condition (more where more were measured).",
)
@click.option(
    "--seed",
    default=1,
    type=click.IntRange(0, 2**62),
    show_default=True,
    help="Number of the first replication.",
)
@click.option(
    "--count-percent-min",
    default=COUNT_PERCENT_MIN,
    show_default=True,
    type=click.FloatRange(0, 100),
    help="Agreement asked of counts.",
)
@click.option(
    "--time-percent-min",
    default=TIME_PERCENT_MIN,
    show_default=True,
    type=click.FloatRange(0, 100),
    help=f"Agreement asked of {MAIN_TIME}.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; default: one per core.")
@click.option("--all", "everything", is_flag=True, help="List every figure, not only the rest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def validate(  # noqa: PLR0913  one argument per option
    *,
    file: str,
    replications: int,
    seed: int,
    count_percent_min: float,
    time_percent_min: float,
    workers: int | None,
    everything: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Simulate measured conditions and compare every figure with the measurement.

    FILE is a JSON list of conditions; without it the measured conditions that come with the
    project are used. Exit code 0: counts and the main time agree at the level asked for; 1: they
    do not; 2: the file is bad.

    \b
    Examples:
      stormlab validate
      stormlab validate conditions.json --count-percent-min 90
      stormlab validate conditions.json --json > agreement.json
    """
    try:
        conditions = built_in() if file == BUILT_IN else read_conditions(Path(file))
        with progress("conditions", quiet=quiet) as steps:
            agreement = validate_conditions(
                conditions, least=replications, seed=seed, workers=workers, over=steps.over
            )
    except ScenarioError as error:
        fail(str(error))
    if as_json:
        print_json(agreement.document())
    else:
        _show(agreement, everything=everything)
    raise SystemExit(0 if agreement.holds(count_percent_min, time_percent_min) else 1)


def _show(agreement: Agreement, *, everything: bool) -> None:
    mechanisms = sorted({condition.mechanism for condition in agreement.conditions})
    rows = [
        (
            name,
            sum(condition.mechanism == name for condition in agreement.conditions),
            shown(agreement.share("count", mechanism=name)),
            shown(agreement.share("time", mechanism=name)),
        )
        for name in mechanisms
    ]
    rows.append(
        (
            "all",
            len(agreement.conditions),
            shown(agreement.share("count")),
            shown(agreement.share("time")),
        )
    )
    table(
        ["mechanism", "conditions", "counts that agree", "times that agree"],
        rows,
        title="Agreement, weak figures left out",
    )
    say(f"{MAIN_TIME}: {shown(agreement.share('time', figure=MAIN_TIME))} within a factor 1.5")
    say(
        f"weak figures, no vote: counts {shown(agreement.weak('count'))}, "
        f"times {shown(agreement.weak('time'))}"
    )
    if agreement.not_judged:
        table(
            ["figures", "not judged, because"],
            [(count, reason) for reason, count in agreement.not_judged.items()],
        )
    listed = agreement.judgements if everything else agreement.disagreements
    title = "Every figure" if everything else "Figures that disagree"
    table(
        ["condition", "figure", "rule", "measured", "interval", "predicted", "agrees, or cause"],
        [
            (
                j.condition,
                j.figure,
                j.rule,
                j.measured,
                "" if j.low is None else f"{j.low:.4g} to {j.high:.4g}",
                j.predicted,
                "yes" if j.agrees else agreement.causes.get((j.condition, j.figure), j.reason),
            )
            for j in listed
        ],
        title=title,
    )


def shown(share: Share) -> str:
    """A share for people: 95.3 % (41 of 43)."""
    if share.percent is None:
        return "-"
    return f"{share.percent:.1f} % ({share.agree} of {share.judged})"
