"""The page ``docs/published.md``: every case with its source, its traps, and the table as it is.

The page is written whole by ``stormlab published --markdown > docs/published.md``, so that a new
case in ``cases.toml`` is a new section and no figure is copied by hand.
"""

from collections.abc import Iterator, Sequence

from stormlab import __version__
from stormlab_models.published.cases import EVIDENCE
from stormlab_models.published.evaluate import CaseResult
from stormlab_models.published.judge import FAMILY_MIN
from stormlab_models.published.wording import HEADINGS, row, summary

INTRODUCTION = """\
# Published results

References that nobody in this project wrote, and what the lab makes of them. Each case is a small
model of its own (`models/stormlab_models/published`), or the model `fleet` itself, and rows of data
in `models/stormlab_models/published/cases.toml`; no parameter is fitted. Times are in seconds. Runs
of a fleet with the key `read` are made by the compiled engine without a trace, whatever `--engine`
says: a million clients take seconds. Without Numba they are left out, and a line says so.

**Evidence.** {evidence}.

**Tolerances** were stated before anything was run here. *a ± b*: our mean is allowed to differ by 3
combined standard errors; with *(n runs)* the reference is taken to spread as our runs do. *± x %*:
of the reference. A median or quantile has our 99 % interval of order statistics in brackets, which
must reach the reference. *less a to b*: a measured time must be so much later than ours. *95 % of
runs*: one measured run must be where 95 % of ours are. The margin is 100 % in the middle of the
allowed range and 0 % at its edge. With {family} or more comparisons by standard errors a case is a
family, and a difference counts only when it survives Holm's correction at 5 %.

**Undecided** means that our own noise is larger than the tolerance: more replications are needed.

**A case of your own** is a model file and a `[[case]]` in the data file; the schema, with all
rules, is `models/stormlab_models/published/cases.py`.

This page is written by `stormlab published --markdown > docs/published.md`.
"""


def page(results: Sequence[CaseResult], *, quick: bool, seed: int) -> str:
    """The whole page, without a line break at its end."""
    return "\n".join(_lines(results, quick=quick, seed=seed)).rstrip("\n")


def _lines(results: Sequence[CaseResult], *, quick: bool, seed: int) -> Iterator[str]:
    evidence = "; ".join(f"{name}: {words}" for name, words in EVIDENCE.items())
    yield INTRODUCTION.format(evidence=evidence, family=FAMILY_MIN)
    yield "## Summary"
    yield ""
    yield f"stormlab {__version__}, first seed {seed}{', quick' if quick else ''}."
    yield ""
    yield "| case | | evidence | verdict |"
    yield "|---|---|---|---|"
    for result in results:
        case = result.case
        link = f"[{case.id}](#{case.id.lower()})"
        yield f"| {link} | {case.title} | {case.evidence} | {summary(result)} |"
    for result in results:
        yield ""
        yield from _section(result)


def _section(result: CaseResult) -> Iterator[str]:
    case = result.case
    yield f"## {case.id}"
    yield ""
    yield f"**{case.title}.** {case.evidence}: {EVIDENCE[case.evidence]}. Source: {case.source}."
    yield ""
    if case.respected:
        yield "Respected:"
        yield from (f"- {trap}" for trap in case.respected)
        yield ""
    if case.remark:
        yield case.remark
        yield ""
    models = ", ".join(dict.fromkeys(f"`{run.model}`" for run in case.run))
    runs = sorted({run.replications for run in case.run})
    spread = f"{runs[0]:,}" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,}"
    family = f" {result.tested} of them by standard errors." if result.tested >= FAMILY_MIN else ""
    yield f"Model {models}, {spread} replications per run. {summary(result)}.{family}"
    yield ""
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|" + "---|" * len(HEADINGS)
    for outcome in result.outcomes:
        yield f"| {' | '.join(row(outcome))} |"
