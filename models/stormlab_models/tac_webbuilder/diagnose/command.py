"""``stormlab diagnose LOG``: which mechanism gives exactly these lines of a server's log."""

from pathlib import Path
from typing import Any

import click

from stormlab import __version__
from stormlab.console import BAD_INPUT, fail, print_json, progress, say, table
from stormlab.vocabulary import Cause
from stormlab_models.tac_webbuilder.diagnose.evidence import Evidence, gather
from stormlab_models.tac_webbuilder.diagnose.hypotheses import ABORT, MECHANISMS, TIMER
from stormlab_models.tac_webbuilder.diagnose.observe import Advice, advise, main_cause
from stormlab_models.tac_webbuilder.diagnose.parse import Log, LogError, read_log
from stormlab_models.tac_webbuilder.diagnose.rank import (
    EXPLAINED_MIN,
    LINES_MAX,
    TIE_RATIO,
    Candidate,
    Ranking,
    rank,
)

LINES_MIN = 2
TIE_MAX = len(MECHANISMS) - 2  # a tie of more says nothing
RATIO_SHOWN_MAX = 1e6
SMALLEST_SHOWN = 0.1

_CAUSE_WORDS: dict[str, str] = {
    Cause.TIMED_OUT: TIMER,
    Cause.ABORTED_CONNECTING: ABORT,
    Cause.PAGE_GONE: ABORT,
    Cause.CLOSED_BY_PAGE: "close() on an open socket",
    Cause.KILLED: "the server process died",
}


@click.command("diagnose", short_help="From a server log to a cause.")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Seed of the simulations.")
@click.option(
    "--excerpt/--whole",
    default=None,
    help="Take the log as an excerpt, or as a page load from its first line. "
    "Default: an excerpt if fewer than eight endpoints were accepted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def diagnose(log: Path, *, seed: int, excerpt: bool | None, as_json: bool, quiet: bool) -> None:
    """Rank the mechanisms that may have written LOG, a log of uvicorn and the application.

    Each mechanism is simulated over its unknowns, and its logs are compared with LOG line by line.
    Mechanisms within a factor of ten of the best, beside the error of the simulations, cannot be
    told apart by this log; then one observation is named that would. Exit code 0: there is an
    answer; 2: bad input, or undecided.
    """
    try:
        given = read_log(log)
    except LogError as error:
        fail(str(error))
    if len(given.lines) < LINES_MIN:
        number = given.lines[0].number
        fail(f"{log}: undecided: one line to compare (line {number}), at least {LINES_MIN} needed")
    with progress("diagnosing", quiet=quiet) as steps:
        ranking = rank(given, seed=seed, excerpt=excerpt, over=steps.over)
        advice = advise(ranking.tie, failing=ranking.failing, seed=seed)
    reason = undecided(ranking)
    document = _document(given, ranking, advice, seed, reason)
    if as_json:
        print_json(document)
    else:
        _show(given, ranking, advice, document)
    if reason:
        raise SystemExit(BAD_INPUT)


def undecided(ranking: Ranking) -> str | None:
    """Why the ranking is no answer; None if it is one."""
    if ranking.explained < EXPLAINED_MIN:
        odd = len(ranking.candidates[0].odd_lines)
        return (
            f"no mechanism known here writes this log: the best does not produce {odd} of"
            f" {len(ranking.lines)} lines"
        )
    if len(ranking.tie) > TIE_MAX:
        return f"{len(ranking.tie)} mechanisms write these lines equally well: too little to go by"
    return None


def _document(
    given: Log, ranking: Ranking, advice: Advice | None, seed: int, reason: str | None
) -> dict[str, Any]:
    """Everything that is shown, for ``--json``."""
    tie = ranking.tie
    unused = dict(sorted(given.unused.items()))
    left = len(given.lines) - len(ranking.lines)
    if left:
        unused[f"WebSocket lines after the first {LINES_MAX}"] = left
    return {
        "stormlab": __version__,
        "seed": seed,
        "undecided": reason,
        "taken_as": "excerpt" if ranking.is_part else "page load",
        "lines_compared": len(ranking.lines),
        "accepted_lines_only": ranking.accepts_only,
        "tie": [candidate.mechanism for candidate in tie],
        "tie_evidence_ratio_max": TIE_RATIO,
        "mechanisms": [_candidate(candidate) for candidate in ranking.candidates],
        "causes_of_failing_lines": _causes(tie, seed) if ranking.failing else {},
        "evidence": [
            {"text": item.text, "lines": list(item.lines)} for item in _evidence(given, ranking)
        ],
        "observe_next": None
        if advice is None
        else {
            "what": advice.observation.name,
            "how": advice.observation.how,
            "information_bits": advice.bits,
            "predictions": {
                name: [{"outcome": text, "share": share} for text, share in outcomes]
                for name, outcomes in advice.predictions.items()
            },
        },
        "unused": unused,
        "notes": given.notes,
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "mechanism": candidate.mechanism,
        "cause": MECHANISMS[candidate.mechanism].cause,
        "share": candidate.share,
        "evidence_nats": candidate.evidence,
        "evidence_standard_error_nats": candidate.error,
        "evidence_ratio_to_best": candidate.ratio,
        "tied": candidate.tied,
        "lines_not_produced": candidate.odd_lines,
        "best_with": candidate.variant.label,
        "simulations": candidate.repeats,
    }


def _evidence(given: Log, ranking: Ranking) -> list[Evidence]:
    return gather(sorted(ranking.lines, key=lambda line: line.number), timed=given.timed)


def _causes(tie: list[Candidate], seed: int) -> dict[str, list[str]]:
    """What ends most failing connections, and the mechanisms of the tie that do it so."""
    result: dict[str, list[str]] = {ABORT: [], TIMER: []}
    for candidate in tie:
        cause = main_cause(candidate, seed=seed)
        if cause:
            result.setdefault(_CAUSE_WORDS.get(cause, cause), []).append(candidate.mechanism)
    return {cause: names for cause, names in result.items() if names}


# What people see --------------------------------------------------------------------------------


def _show(given: Log, ranking: Ranking, advice: Advice | None, document: dict[str, Any]) -> None:
    tie = ranking.tie
    if document["undecided"]:
        say(f"Undecided: {document['undecided']}.")
    elif len(tie) == 1:
        say(f"Most probable: {tie[0].mechanism}.")
    else:
        names = ", ".join(candidate.mechanism for candidate in tie)
        say(f"Cannot be told apart by this log ({len(tie)}): {names}.")
    for candidate in tie if not document["undecided"] else []:
        say(f"  {candidate.mechanism}: {MECHANISMS[candidate.mechanism].cause}.")
    if not ranking.failing:
        say("\nNo connection in this log fails or ends.")
    failing = document["causes_of_failing_lines"]
    if failing and not document["undecided"]:
        say("\nWhat ends the failing connections:")
        for letter, (cause, names) in zip("ABCDEFGH", failing.items(), strict=False):
            say(f"  ({letter}) {cause}: {', '.join(names)}")
    _show_table(ranking)
    say("What the lines say:")
    for item in _evidence(given, ranking):
        say(f"  {item.text} (line {item.where})")
    _show_advice(advice, tied=len(tie) > 1)
    _show_rest(ranking, document)


def _show_table(ranking: Ranking) -> None:
    count = len(ranking.lines)
    rows = [
        (
            candidate.mechanism,
            _rounded(100 * candidate.share),
            "yes" if candidate in ranking.tie else "",
            _rounded(candidate.ratio) if candidate.ratio < RATIO_SHOWN_MAX else "> 1,000,000",
            f"{count - len(candidate.odd_lines)} of {count}",
            candidate.variant.label,
        )
        for candidate in ranking.candidates
    ]
    headings = ("mechanism", "share %", "tie", "times less likely", "lines produced", "best with")
    say("")
    table(headings, rows)


def _rounded(value: float) -> str:
    """Two digits, and nothing smaller than a tenth: the simulations tell no more."""
    if value < SMALLEST_SHOWN:
        return f"< {SMALLEST_SHOWN}"
    return f"{float(f'{value:.2g}'):,.10g}"


def _show_advice(advice: Advice | None, *, tied: bool) -> None:
    if advice is None:
        if tied:
            say("\nNone of the observations known here would tell the tie apart.")
        return
    say(f"\nLook next at: {advice.observation.name} ({advice.observation.how}).")
    for name, outcomes in advice.predictions.items():
        shown = "; or ".join(
            text if share == 1 else f"{text} ({share:.0%})" for text, share in outcomes
        )
        say(f"  {name} predicts: {shown}")


def _show_rest(ranking: Ranking, document: dict[str, Any]) -> None:
    taken = "an excerpt" if ranking.is_part else "a page load from its beginning"
    say(f"\nTaken as {taken}; {len(ranking.lines)} lines compared; seed {document['seed']}.")
    if ranking.accepts_only:
        say("Only accepted lines were found, so only those were compared (filtered, or wsproto).")
    unused = "; ".join(f"{count} {kind}" for kind, count in document["unused"].items())
    say(f"Not used: {unused or 'nothing'}.")
    for note in document["notes"]:
        say(f"Note: {note}.")
