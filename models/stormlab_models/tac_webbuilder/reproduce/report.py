"""The report: ``report.md`` and one self-contained ``index.html``, from the document of results.

The same document gives the same bytes: there are no dates, no times taken and nothing of the
machine in them.
"""

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

NOTHING = "–"  # noqa: RUF001  an en dash, as in every table of the command line
MARKS = {"holds": "✓", "fails": "✗", "open": "~", "does not apply": NOTHING}
_FIGURE = re.compile(
    r'<p><img src="([^"]+)" alt="([^"]*)" ?/?></p>\n<p><em>(.*?)</em></p>', re.DOTALL
)


class ReportError(Exception):
    """A report that cannot be written; the message is one line for a person."""


@dataclass(frozen=True)
class FigureFile:
    """A picture of the report: an SVG or PNG file beside it."""

    path: Path
    title: str
    caption: str
    alt: str


def render_markdown(
    document: dict[str, Any], figures: Sequence[FigureFile], validation: str
) -> str:
    """The report as Markdown; figures are named by file name."""
    problems = [
        {"title": title, "claims": list(claims)}
        for title, claims in groupby(document["claims"], key=lambda claim: claim["problem"])
    ]
    text: str = (
        _environment()
        .get_template("report.md.jinja")
        .render(document=document, problems=problems, figures=figures, validation=validation)
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def render_html(markdown: str, figures: Sequence[FigureFile]) -> str:
    """The same report as one file for a browser, with its figures inside."""
    try:
        from markdown_it import MarkdownIt  # noqa: PLC0415  an extra
    except ImportError:
        raise ReportError(
            "the report needs markdown-it-py: pip install 'stormlab[report]'"
        ) from None
    body = MarkdownIt("commonmark").enable("table").render(markdown)
    body = body.replace("<table>", '<div class="table"><table>').replace(
        "</table>", "</table></div>"
    )
    pictures = {figure.path.name: figure for figure in figures}
    body = _FIGURE.sub(lambda found: _picture(found, pictures), body)
    body = re.sub(
        r"<h([23])>(.*?)</h\1>",
        lambda m: f'<h{m[1]} id="{_slug(m[2])}">{m[2]}</h{m[1]}>',
        body,
    )
    for verdict in ("reproduced", "refuted", "depends"):
        body = body.replace(
            f"<strong>{verdict}</strong>", f'<strong class="{verdict}">{verdict}</strong>'
        )
    rendered: str = _environment().get_template("index.html.jinja").render(body=body)
    return rendered.strip() + "\n"


def _picture(found: re.Match[str], pictures: dict[str, FigureFile]) -> str:
    figure = pictures[found[1]]
    alt = html.escape(figure.alt, quote=True)
    svg = figure.path.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1).strip()
    return f"<figure>\n{svg}\n<figcaption>{found[3]}</figcaption>\n</figure>"


def _slug(title: str) -> str:
    plain = re.sub(r"<[^>]+>", "", title)
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _environment() -> "Environment":
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  an extra
    except ImportError:
        raise ReportError("the report needs jinja2: pip install 'stormlab[report]'") from None
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  it writes Markdown; the text is the project's own
    )
    environment.filters.update(
        interval=interval_text,
        number=number,
        claimed=claimed_text,
        mark=lambda outcome: MARKS[outcome],
        rows=case_rows,
        cell=_escape,
        slug=_slug,
    )
    return environment


# words -----------------------------------------------------------------------------------------


def number(value: float | None) -> str:
    """Up to four significant digits; whole thousands in full."""
    if value is None:
        return "never"
    if value and abs(value) >= 1000:  # noqa: PLR2004  no exponents
        return f"{value:,.0f}"
    digits = 3 if value == 0 or abs(value) < 100 else 4  # noqa: PLR2004  as in 98.8 and 716.3
    text = f"{value:.{digits}g}"
    return f"{float(text):f}".rstrip("0").rstrip(".") if "e" in text else text


def interval_text(interval: dict[str, Any] | None) -> str:
    """A value with its interval; without width only the value."""
    if interval is None:
        return NOTHING
    value, low, high = (interval[name] for name in ("value", "low", "high"))
    if value == low == high:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


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


def _escape(text: str) -> str:
    """Text that may stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")
