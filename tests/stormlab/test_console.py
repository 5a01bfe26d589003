"""What every command shares."""

import json
import sys

import pytest

from stormlab import console


def test_a_failure_is_one_line_and_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        console.fail("a.toml: page: found 3; allowed: a table")
    assert end.value.code == 2
    said = capsys.readouterr()
    assert said.err == "stormlab: a.toml: page: found 3; allowed: a table\n"
    assert said.out == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("red \x1b[31m", "red \\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("Grüße …", "Grüße …"),
        ("\u202e", "\\u202e"),
    ],
)
def test_nothing_acts_on_the_terminal(text: str, shown: str) -> None:
    assert console.printable(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, console.DASH),
        (True, "yes"),
        (False, "no"),
        (12345, "12345"),
        (0.123456, "0.1235"),
        (66.6667, "66.67"),
        (12345.6, "12,346"),
        (1e20, "1e+20"),
        (0.00001234, "1.234e-05"),
        ("text", "text"),
    ],
)
def test_a_figure_is_shown_for_people(value: object, shown: str) -> None:
    assert console.shown(value) == shown


def test_json_is_ordered_and_refuses_what_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"b": 1, "a": "ü"})
    out = capsys.readouterr().out
    assert list(json.loads(out)) == ["a", "b"]
    assert "ü" in out
    with pytest.raises(ValueError, match="JSON compliant"):
        console.print_json({"a": float("nan")})


def test_numbers_stand_right_and_words_left(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name", "value"], [["a", 1], ["long name", 22.5], ["none", None]])
    assert capsys.readouterr().out.splitlines() == [
        "name        value",
        "─────────────────",
        "a               1",
        "long name    22.5",
        "none            –",  # noqa: RUF001  the dash that is shown
    ]


def test_a_table_without_rows_has_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name", "value"], [])
    assert capsys.readouterr().out.split("\n")[0].split() == ["name", "value"]


@pytest.mark.parametrize("columns", [40, 100])
def test_a_table_keeps_to_the_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    console.table(["word"], [["long " * 50]], title="A title")
    lines = capsys.readouterr().out.splitlines()
    assert columns - 10 < max(map(len, lines)) <= columns
    rule = next(index for index, line in enumerate(lines) if line.startswith("──"))
    assert "".join(f"{line.strip()} " for line in lines[rule + 1 :]) == "long " * 50


def test_without_a_terminal_a_table_is_120_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "__stdout__", None)
    assert console.width() == 120


def test_markup_in_a_table_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(["name"], [["[red]a[/red]"]])
    assert "[red]a[/red]" in capsys.readouterr().out


@pytest.mark.parametrize("quiet", [True, False])
def test_progress_is_silent_without_a_terminal(
    capsys: pytest.CaptureFixture[str], *, quiet: bool
) -> None:
    with console.progress("running", quiet=quiet) as steps:
        assert list(steps.over([1, 2, 3])) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_progress_is_drawn_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress("running", quiet=False) as steps:
        assert list(steps.over([1, 2, 3], "title")) == [1, 2, 3]
    said = capsys.readouterr()
    assert said.out == ""
    assert "title" in said.err


def test_a_table_is_text_in_a_notebook_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as notebooks set it
    console.table(["policy", "t99 s"], [["phoenix", 1.5]])
    out = capsys.readouterr().out
    assert ["phoenix", "1.5"] in [line.split() for line in out.splitlines()]
    assert "\x1b" not in out
