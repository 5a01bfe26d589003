"""The results as one plain document: what ``--json`` prints, ``claims.json`` holds, reports read.

Numbers are rounded to nine significant digits, so that the last bits of a library's arithmetic do
not decide whether two reports are equal. An infinite value (never) is null with ``never`` true.
"""

import math
from collections import Counter
from typing import Any

from stormlab import __version__
from stormlab.statistics import CONFIDENCE, Interval
from stormlab_models.tac_webbuilder.reproduce.cases import CASES, MECHANISMS
from stormlab_models.tac_webbuilder.reproduce.evaluate import Cell, PhaseCell, Result
from stormlab_models.tac_webbuilder.reproduce.figures import FIGURES
from stormlab_models.tac_webbuilder.reproduce.fixes import PHASES, title_of
from stormlab_models.tac_webbuilder.reproduce.register import PROBLEMS

DIGITS = 9
RULE = (
    "A cell is a judged case with one of the claim's fixes. It holds when its whole 95 % interval"
    " lies in the claimed range, fails when no part of it does, and is open otherwise. All cells"
    " hold: reproduced. All fail: refuted. Anything else: depends. Where the figure does not apply"
    " nothing is judged."
)


def make_document(
    results: list[Result], phases: list[PhaseCell], left_out: list[str], replications: int
) -> dict[str, Any]:
    """Everything that the report says, as JSON."""
    counts = Counter(result.verdict for result in results)
    return {
        "stormlab": __version__,
        "replications": replications,
        "confidence": CONFIDENCE,
        "rule": RULE,
        "verdicts": {name: counts[name] for name in ("reproduced", "refuted", "depends")},
        "mechanisms": dict(MECHANISMS),
        "claims": [_claim(result) for result in results],
        "phases": _phases(phases),
        "left_out": left_out,
    }


def _claim(result: Result) -> dict[str, Any]:
    claim = result.claim
    return {
        "id": claim.id,
        "problem": PROBLEMS[claim.problem],
        "kind": claim.kind,
        "sections": claim.sections,
        "quote": claim.quote,
        "statement": claim.statement,
        "figure": claim.figure,
        "meaning": FIGURES[claim.figure].meaning,
        "statistic": FIGURES[claim.figure].kind,
        "unit": claim.unit,
        "stands_for": claim.stands_for or None,
        "compare": claim.compare,
        "claimed": {"low": claim.claimed.low, "high": claim.claimed.high},
        "fixes": {fix: title_of(fix) for fix in claim.fixes},
        "verdict": result.verdict,
        "reason": claim.reason,
        "evidence": claim.evidence,
        "cells": [_cell(cell) for cell in result.cells],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "case": cell.case,
        "title": CASES[cell.case].title,
        "fix": cell.fix,
        "judged": cell.judged,
        "outcome": cell.outcome,
        "interval": interval_document(cell.interval),
    }


def interval_document(interval: Interval | None) -> dict[str, Any] | None:
    """An interval as JSON; None stays None."""
    if interval is None:
        return None
    document: dict[str, Any] = {
        name: rounded(getattr(interval, name)) for name in ("value", "low", "high")
    }
    return {**document, "n": interval.n, "never": math.isinf(interval.value)}


def rounded(value: float) -> float | None:
    """Nine significant digits; None for infinity. Minus zero becomes zero."""
    if math.isinf(value):
        return None
    return float(f"{value:.{DIGITS}g}") + 0.0


def _phases(cells: list[PhaseCell]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        entry = found.setdefault(
            cell.phase,
            {"phase": cell.phase, "title": PHASES[cell.phase].title, "mechanisms": {}},
        )
        mechanism = entry["mechanisms"].setdefault(cell.case, {})
        mechanism[cell.figure] = interval_document(cell.interval)
    return list(found.values())
