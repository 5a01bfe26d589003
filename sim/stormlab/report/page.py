"""Markdown into one self-contained page: its pictures inside, nothing loaded from elsewhere.

The same text and pictures give the same bytes: no dates, nothing of the machine.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

_FIGURE = re.compile(
    r'<p><img src="([^"]+)" alt="([^"]*)" ?/?></p>\n<p><em>(.*?)</em></p>', re.DOTALL
)


class ReportError(Exception):
    """A report that cannot be written; the message is one line for a person."""


@dataclass(frozen=True)
class FigureFile:
    """A picture of a report: an SVG file beside it."""

    path: Path
    title: str
    caption: str
    alt: str


def render_page(
    markdown: str, figures: Sequence[FigureFile], title: str, colours: Mapping[str, str]
) -> str:
    """A report as one file for a browser, its figures inside.

    A picture alone in a paragraph, followed by one in italics, becomes a figure with a caption.
    ``colours``: bold words that get one of the page's colours (``yes``, ``no``, ``maybe``).

    Raises:
        ReportError: when markdown-it-py or jinja2 is missing.
    """
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
        lambda m: f'<h{m[1]} id="{slug(m[2])}">{m[2]}</h{m[1]}>',
        body,
    )
    for word in colours:
        body = body.replace(f"<strong>{word}</strong>", f'<strong class="{word}">{word}</strong>')
    template = environment(__package__ or "").get_template("page.html.jinja")
    rendered: str = template.render(body=body, title=html.escape(title), colours=colours)
    return rendered.strip() + "\n"


def _picture(found: re.Match[str], pictures: Mapping[str, FigureFile]) -> str:
    figure = pictures[found[1]]
    alt = html.escape(figure.alt, quote=True)
    svg = figure.path.read_text(encoding="utf-8")
    svg = svg[svg.index("<svg") :]
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1).strip()
    return f"<figure>\n{svg}\n<figcaption>{found[3]}</figcaption>\n</figure>"


def slug(title: str) -> str:
    """The name by which a heading can be linked to."""
    plain = re.sub(r"<[^>]+>", "", title)
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def environment(package: str) -> "Environment":
    """Where templates of Markdown come from: the folder ``templates`` of a package.

    Raises:
        ReportError: when jinja2 is missing.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  an extra
    except ImportError:
        raise ReportError("the report needs jinja2: pip install 'stormlab[report]'") from None
    return Environment(
        loader=PackageLoader(package, "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  it writes Markdown, in which text is escaped by words.prose
    )


def render_markdown(package: str, template: str, /, **values: object) -> str:
    """A report as Markdown from a template; ``values`` may hold ``filters``, functions by name."""
    place = environment(package)
    filters = values.pop("filters", {})
    if isinstance(filters, Mapping):
        place.filters.update(filters)
    text: str = place.get_template(template).render(**values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
