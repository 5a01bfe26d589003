"""Numbers for people, and text that stays what it is in Markdown."""

import pytest
from markdown_it import MarkdownIt

from stormlab.report.words import cell, code, number, prose, with_interval

ODD = ["a|b", "<b>x</b>", "[x](y)", "*a* _b_ `c`", "# a", "~~x~~", "\\", "{{ x }}", "a & b"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8.0, "8"),
        (66.6666667, "66.7"),
        (100.0, "100"),
        (716.25, "716.2"),
        (0.0001649, "0.000165"),
        (12345.6, "12,346"),
        (0.0, "0"),
        (-2683.0, "-2,683"),
        (None, "never"),
    ],
)
def test_numbers_for_people(value: float | None, text: str) -> None:
    assert number(value) == text


def test_an_interval_without_width_is_one_number() -> None:
    assert with_interval(8.0, 8.0, 8.0) == "8"
    assert with_interval(8.0, 7.0, None) == "8 [7, never]"


def plain(html: str) -> str:
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        html = html.replace(entity, char)
    return html


@pytest.mark.parametrize("text", ODD)
def test_prose_shows_the_text_as_it_is(text: str) -> None:
    assert plain(MarkdownIt("commonmark").render(prose(text))) == f"<p>{text}</p>\n"


@pytest.mark.parametrize("text", [*ODD, "`", "``", "a `` b ` c", "@microsoft/signalr"])
def test_code_shows_the_text_as_it_is_also_in_a_table(text: str) -> None:
    page = MarkdownIt("commonmark").enable("table").render(f"|h|\n|---|\n|{cell(code(text))}|\n")
    assert f"<td><code>{text}</code></td>" in plain(page)


def test_nobody_is_called_to_a_pull_request() -> None:
    assert prose("see @microsoft/signalr and a@b.c") == "see `@microsoft/signalr` and a@b.c"
