"""The whole report: complete, the same again, nothing of the machine in it."""

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stormlab.compare import Comparison
from stormlab.plots import PlotError
from stormlab.report import ReportError, write_report
from stormlab.report.comparison_text import figure_text

COMMAND = "stormlab compare quick calm lost --scenario outage --replications 14 --seed 0"


class Page(HTMLParser):
    """What a page would load from elsewhere, its ids and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: dict[str, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in attrs:
            inside = (value or "").startswith(("#", "data:"))
            if name in {"src", "href", "xlink:href"} and not inside:
                self.loads.append(value or "")


@pytest.fixture(scope="module")
def _once() -> dict[str, Path]:
    return {}


@pytest.fixture
def folder(
    comparison: Comparison, tmp_path_factory: pytest.TempPathFactory, _once: dict[str, Path]
) -> Path:
    """The report of the comparison; written once, since pictures take their time."""
    if not _once:
        _once["folder"] = tmp_path_factory.mktemp("report")
        write_report(comparison, _once["folder"], COMMAND)
    return _once["folder"]


def test_every_picture_is_there_and_named_in_the_text(folder: Path) -> None:
    text = (folder / "report.md").read_text("utf-8")
    named = re.findall(r"!\[[^\n]+\]\(([^)]+)\)", text)
    assert named == [
        "attempts-per-s.svg",
        "socket-states.svg",
        "handshake-bytes.svg",
        "time-to-reconnect.svg",
        "recovery-against-peak.svg",
        "differences.svg",
    ]
    assert {path.name for path in folder.iterdir()} == {*named, "report.md", "index.html"}


def test_every_key_figure_stands_in_the_table_with_its_interval(
    folder: Path, comparison: Comparison
) -> None:
    text = (folder / "report.md").read_text("utf-8")
    table = text.split("\n\n")[2]
    for policy in comparison.policies:
        (row,) = [line for line in table.splitlines() if line.startswith(f"| `{policy.label}` |")]
        for name in comparison.key:
            assert figure_text(policy.figures[name]) in row
    assert "10.136 [10.069, 10.202]" in text


def test_the_text_says_what_was_run_and_how_to_repeat_it(folder: Path) -> None:
    text = (folder / "report.md").read_text("utf-8")
    for said in (
        "```sh\n" + COMMAND.replace(" --", " \\\n    --") + "\n```",
        "crash at 5 s for 4 s",
        "clients.count = 20",
        "14 of each policy (as asked), seed 0",
        "results.parquet",
        "| `quick` | `0000000000000005` |",
    ):
        assert said in text


def test_the_page_stands_alone(folder: Path) -> None:
    page = (folder / "index.html").read_text("utf-8")
    found = Page()
    found.feed(page)
    assert found.loads == []
    assert found.tags["figure"] == found.tags["figcaption"] == 6
    assert "{{" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    used = set(re.findall(r'(?:xlink:href="|url\()#([^")]+)', page))
    assert used <= set(ids)
    shared = {name for name in used if ids.count(name) > 1}
    assert all(name.startswith("DejaVuSans-") for name in shared), "only letters are alike"


def test_nothing_of_the_machine_nor_of_the_day_is_in_it(folder: Path) -> None:
    for path in folder.iterdir():
        content = path.read_text("utf-8")
        assert str(folder) not in content
        assert not re.search(r"\b20[2-9]\d-[01]\d-[0-3]\d\b", content)


def test_the_same_comparison_gives_the_same_bytes(
    folder: Path, comparison: Comparison, tmp_path: Path
) -> None:
    for path in write_report(comparison, tmp_path, COMMAND):
        assert path.read_bytes() == (folder / path.name).read_bytes()


@pytest.mark.parametrize(("module", "error"), [("matplotlib", PlotError), ("jinja2", ReportError)])
def test_a_missing_extra_is_one_line(
    make_comparison: Callable[..., Comparison],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    error: type[Exception],
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    comparison = make_comparison({"a": [1.0, 2.0], "b": [2.0, 3.0]})
    with pytest.raises(error, match="pip install 'stormlab"):
        write_report(comparison, tmp_path)
    assert list(tmp_path.glob("*.html")) == []
