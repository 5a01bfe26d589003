"""``stormlab published``: hold the lab against results that others published."""

from typing import Any

import click

from stormlab import __version__
from stormlab.cli.engine import engine_option
from stormlab.console import fail, note, print_json, progress, say, table
from stormlab.replications import ReplicationError
from stormlab.scenario import ScenarioError
from stormlab.statistics.intervals import StatisticsError
from stormlab_models.published.cases import EVIDENCE, Case, CaseError, built_in_cases, chosen
from stormlab_models.published.evaluate import CaseResult, Outcome, evaluate, without
from stormlab_models.published.fleet_runs import missing

OUTSIDE, UNDECIDED = 1, 2
SEED_MAX = 2**53 - 1_000_001  # so that every replication's seed is exact in JSON


@click.command(
    short_help="Hold the lab against published results.",
    epilog="""\b
Examples:
  stormlab published                     everything, some minutes on two cores
  stormlab published --case V07 --case V13
  stormlab published --quick --json
  stormlab published --markdown > docs/published.md""",
)
@click.option("--case", "ids", metavar="ID", multiple=True, help="Only this case; repeatable.")
@click.option("--quick", is_flag=True, help="Fewer replications; some may stay undecided.")
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, SEED_MAX),
    help="Seed of the first replication.",
)
@engine_option
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default: one per core.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--markdown", is_flag=True, help="Print the page docs/published.md.")
@click.option("--quiet", is_flag=True, help="No progress.")
def published(
    *,
    ids: tuple[str, ...],
    quick: bool,
    seed: int,
    engine: str,  # noqa: ARG001  the option itself lets the process use it
    jobs: int | None,
    as_json: bool,
    markdown: bool,
    quiet: bool,
) -> None:
    """Run small models of published systems and compare with the published figures.

    The figures are measurements, simulations and closed forms of others, each with the tolerance
    that is stated for it. No parameter is fitted. Exit code 0: all inside their tolerance; 1: some
    outside; 2: some undecided (our own noise is larger than the tolerance), or bad input.
    """
    if as_json and markdown:
        fail("--json and --markdown: found both; allowed: one of them")
    try:
        cases, left_out = _possible(chosen(built_in_cases(), ids))
        with progress("published results", quiet=quiet) as steps:
            results = evaluate(cases, quick=quick, seed=seed, workers=jobs, over=steps.over)
    except (CaseError, ScenarioError, ReplicationError, StatisticsError) as error:
        fail(str(error))
    if as_json:
        print_json(document(results, quick=quick, seed=seed))
    elif markdown:
        from stormlab_models.published.page import page  # noqa: PLC0415  only when asked for

        say(page(results, quick=quick, seed=seed))
    else:
        _show(results)
    for line in left_out:
        note(line)
    if quick:
        note("quick: fewer replications than the tolerances were made for")
    raise SystemExit(exit_code(results))


def _possible(cases: list[Case]) -> tuple[list[Case], list[str]]:
    """The cases as far as they can be run here, and what is left out.

    Raises:
        CaseError: when nothing of them can.
    """
    reason = missing()
    if not reason:
        return cases, []
    kept, left_out = without(cases, reason)
    if not kept:
        raise CaseError(left_out[0])
    return kept, left_out


def exit_code(results: list[CaseResult]) -> int:
    """0 all inside, 1 some outside, 2 none outside but some undecided."""
    if any(result.count("outside") for result in results):
        return OUTSIDE
    return UNDECIDED if any(result.count("undecided") for result in results) else 0


def _show(results: list[CaseResult]) -> None:
    from stormlab_models.published.wording import HEADINGS, row, summary  # noqa: PLC0415

    for result in results:
        case = result.case
        say(f"{case.id}  {case.title}  ({case.evidence}: {EVIDENCE[case.evidence]})")
        table(HEADINGS, [row(outcome) for outcome in result.outcomes])
        say("")
    width = max(len(result.case.id) for result in results)
    for result in results:
        say(f"{result.case.id:<{width}}  {summary(result)}")


def document(results: list[CaseResult], *, quick: bool, seed: int) -> dict[str, Any]:
    """Everything that was compared, as one JSON document."""
    return {
        "stormlab": __version__,
        "quick": quick,
        "seed": seed,
        "exit_code": exit_code(results),
        "cases": [
            {
                "id": result.case.id,
                "title": result.case.title,
                "source": result.case.source,
                "evidence": result.case.evidence,
                "comparisons_by_errors": result.tested,
                "comparisons": [_comparison(outcome) for outcome in result.outcomes],
            }
            for result in results
        ],
    }


def _comparison(outcome: Outcome) -> dict[str, Any]:
    judgement, check = outcome.judgement, outcome.check
    found: dict[str, Any] = {
        "run": outcome.run,
        "figure": outcome.figure,
        "verdict": judgement.verdict,
        "allowed": [_plain(judgement.low), _plain(judgement.high)],
        "judged": _plain(judgement.point),
        "margin": judgement.margin,
        "p_value": judgement.p_value,
        "note": judgement.note,
    }
    if check is None:
        return found | {"rule": "order", "ours": [_plain(mean) for mean in outcome.means]}
    ours = judgement.ours
    return found | {
        "rule": check.tolerance.rule,
        "reference": check.reference,
        "tolerance": check.tolerance.model_dump(mode="json"),
        "replications": ours.n,
        "ours": _plain(ours.value),
        "ours_error": None if ours.error is None else _plain(ours.error),
        "ours_low": _plain(ours.low),
        "ours_high": _plain(ours.high),
    }


def _plain(value: float) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if abs(value) < float("inf") else None
