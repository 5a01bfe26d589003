"""The report: every claim is in it with its cells, and the page stands alone."""

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stormlab.report.page import FigureFile
from stormlab.statistics import Interval
from stormlab_models.tac_webbuilder.reproduce.document import make_document
from stormlab_models.tac_webbuilder.reproduce.evaluate import Cell, Result
from stormlab_models.tac_webbuilder.reproduce.register import Claim
from stormlab_models.tac_webbuilder.reproduce.report import (
    claimed_text,
    interval_text,
    render_html,
    render_markdown,
)


@pytest.fixture
def document(make_claim: Callable[..., Claim]) -> dict[str, Any]:
    claim = make_claim(judged=["plain", "strictmode"], quote="8 | sockets")
    cells = (
        Cell("plain", "", judged=True, interval=Interval(8, 8, 8, 12), outcome="holds"),
        Cell("strictmode", "", judged=True, interval=Interval(24, 23, 25, 12), outcome="fails"),
        Cell("reload", "", judged=False, interval=None, outcome="does not apply"),
    )
    return make_document([Result(claim, cells, "depends")], [], ["dates"], 12)


def test_an_interval_without_width_is_one_number() -> None:
    assert interval_text({"value": 8.0, "low": 8.0, "high": 8.0}) == "8"
    assert interval_text({"value": 8.0, "low": 7.0, "high": None}) == "8 [7, never]"
    assert interval_text({"value": None, "low": None, "high": None}) == "never"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(8, 8, "8 KB"), (16, 32, "16 to 32 KB"), (1, None, "1 KB or more"), (None, 5, "5 KB or less")],
)
def test_the_claimed_range_in_words(low: float | None, high: float | None, text: str) -> None:
    assert claimed_text({"claimed": {"low": low, "high": high}, "unit": "KB"}) == text


def test_every_claim_has_its_cells_reason_and_evidence(document: dict[str, Any]) -> None:
    text = render_markdown(document, [], "97 conditions agree.")
    assert "| plain page | ✓ 8 |" in text
    assert "| StrictMode | ✗ 24 [23, 25] |" in text
    assert "Reason: One mount." in text
    assert "Backed by: Measured." in text
    assert "97 conditions agree." in text
    assert "Claimed: 8 attempts per load." in text
    assert "\n\n\n" not in text
    assert render_markdown(document, [], "97 conditions agree.") == text


class Outside(HTMLParser):
    """Collects what a page would load from elsewhere, and its ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "src" or (name == "href" and tag == "link"):
                self.loads.append(value or "")
            if name == "id":
                self.ids.add(value or "")
            if tag == "a" and name == "href" and (value or "").startswith("#"):
                self.links.add((value or "").removeprefix("#"))


def test_the_page_loads_nothing_and_its_links_lead_somewhere(
    document: dict[str, Any], tmp_path: Path
) -> None:
    svg = tmp_path / "one.svg"
    svg.write_text('<?xml version="1.0"?>\n<svg width="1"><path d="M0 0"/></svg>\n')
    document["phases"] = []
    figure = FigureFile(svg, "One", "A caption.", 'An "alt" text')
    markdown = render_markdown(document, [figure], "")
    markdown += f"\n![{figure.alt}](one.svg)\n\n*{figure.caption}*\n"
    page = render_html(markdown, [figure])
    found = Outside()
    found.feed(page)
    assert found.loads == []
    assert "eight" in found.links <= found.ids
    assert '<svg role="img" aria-label="An &quot;alt&quot; text" width="1">' in page
    assert "<figcaption>A caption.</figcaption>" in page
    assert '<strong class="depends">depends</strong>' in page
    assert "<?xml" not in page
