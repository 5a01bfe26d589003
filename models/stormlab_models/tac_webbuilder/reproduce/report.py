"""The report: ``report.md`` and one self-contained ``index.html``, from the document of results.

The same document gives the same bytes: there are no dates, no times taken and nothing of the
machine in them.
"""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from stormlab.report.page import FigureFile, render_page, slug
from stormlab.report.page import render_markdown as render_template
from stormlab.report.words import NOTHING, cell, number, with_interval

TITLE = "The analysis of the eight WebSockets, claim by claim"
MARKS = {"holds": "✓", "fails": "✗", "open": "~", "does not apply": NOTHING}
COLOURS = {"reproduced": "yes", "refuted": "no", "depends": "maybe"}


def render_markdown(
    document: dict[str, Any], figures: Sequence[FigureFile], validation: str
) -> str:
    """The report as Markdown; figures are named by file name.

    Raises:
        ReportError: when jinja2 is missing.
    """
    problems = [
        {"title": title, "claims": list(claims)}
        for title, claims in groupby(document["claims"], key=lambda claim: claim["problem"])
    ]
    return render_template(
        __package__ or "",
        "report.md.jinja",
        document=document,
        problems=problems,
        figures=figures,
        validation=validation,
        filters={
            "interval": interval_text,
            "number": number,
            "claimed": claimed_text,
            "mark": lambda outcome: MARKS[outcome],
            "rows": case_rows,
            "cell": cell,
            "slug": slug,
        },
    )


def render_html(markdown: str, figures: Sequence[FigureFile]) -> str:
    """The same report as one file for a browser, with its figures inside.

    Raises:
        ReportError: when jinja2 or markdown-it-py is missing.
    """
    return render_page(markdown, figures, TITLE, COLOURS)


# words -----------------------------------------------------------------------------------------


def interval_text(interval: dict[str, Any] | None) -> str:
    """A value with its interval; without width only the value."""
    if interval is None:
        return NOTHING
    return with_interval(interval["value"], interval["low"], interval["high"])


def claimed_text(claim: dict[str, Any]) -> str:
    """The claimed range in words."""
    low, high = claim["claimed"]["low"], claim["claimed"]["high"]
    unit = claim["unit"]
    if low is None:
        return f"{number(high)} {unit} or less"
    if high is None:
        return f"{number(low)} {unit} or more"
    if math.isclose(low, high):
        return f"{number(low)} {unit}"
    return f"{number(low)} to {number(high)} {unit}"


def case_rows(claim: dict[str, Any]) -> list[dict[str, Any]]:
    """The claim's cells, one row per case, one cell per fix."""
    return [
        {"title": title, "judged": cells[0]["judged"], "cells": cells}
        for title, group in groupby(claim["cells"], key=lambda cell: cell["title"])
        for cells in [list(group)]
    ]
