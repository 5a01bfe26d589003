"""A page that stands alone."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from stormlab.report.page import FigureFile, ReportError, render_markdown, render_page, slug

TEXT = '# A & B\n\n## One `x`\n\n**better**\n\n![An "alt"](one.svg)\n\n*A caption.*\n'


@pytest.fixture
def figure(tmp_path: Path) -> FigureFile:
    path = tmp_path / "one.svg"
    path.write_text('<?xml version="1.0"?>\n<svg width="1"><path d="M0 0"/></svg>\n')
    return FigureFile(path, "One", "A caption.", 'An "alt"')


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"} and tag]


def test_pictures_are_inside_with_their_caption(figure: FigureFile) -> None:
    page = render_page(TEXT, [figure], "A & <B>", {"better": "yes"})
    found = Elements()
    found.feed(page)
    assert found.loads == []
    assert '<svg role="img" aria-label="An &quot;alt&quot;" width="1">' in page
    assert "<figcaption>A caption.</figcaption>" in page
    assert "<?xml" not in page
    assert "<title>A &amp; &lt;B&gt;</title>" in page


def test_words_get_their_colour_and_headings_their_name(figure: FigureFile) -> None:
    page = render_page(TEXT, [figure], "t", {"better": "yes"})
    assert '<strong class="better">better</strong>' in page
    assert ".better { color: var(--yes); }" in page
    assert '<h2 id="one-x">' in page
    assert slug("One <code>x</code>, two") == "one-x-two"


def test_it_is_for_light_dark_and_phones(figure: FigureFile) -> None:
    page = render_page(TEXT, [figure], "t", {})
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport" content="width=device-width' in page


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("markdown_it", "the report needs markdown-it-py: pip install 'stormlab[report]'"),
        ("jinja2", "the report needs jinja2: pip install 'stormlab[report]'"),
    ],
)
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: str, said: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ReportError) as error:
        render_page(TEXT.replace("![", "["), [], "t", {})
    assert str(error.value) == said


def test_blank_lines_are_never_two() -> None:
    text = render_markdown("stormlab.report", "page.html.jinja", title="t", body="", colours={})
    assert "\n\n\n" not in text
    assert text.endswith("</html>\n")
