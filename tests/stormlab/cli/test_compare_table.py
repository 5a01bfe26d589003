"""What ``stormlab compare`` prints."""

from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]


def test_the_table_has_a_row_for_each_policy_and_verdicts_below(comparing: Command) -> None:
    ended = comparing("phoenix", "aws-full-jitter", "--replications", "8")
    assert (ended.code, ended.err) == (0, "")
    head, table, rest = ended.out.split("\n\n", 2)
    assert head.splitlines()[1:] == [
        "scenario small   A short outage",
        "  60 s; done to it: crash at 5 s for 10 s",
        "  clients.count = 10",
        "  8 runs of each policy under the same seeds (as asked); ±: 95 % interval of the mean",
    ]
    lines = table.splitlines()
    assert lines[0].split("  ")[0] == "policy"
    assert all(
        word in lines[0] for word in ("t50 s", "t99 s", "mean s", "peak/s", "attempts", "bytes")
    )
    assert [line.split()[0] for line in lines[2:4]] == ["phoenix", "aws-full-jitter"]
    assert "*" in lines[2]
    assert "* better than every other policy beyond noise" in lines
    verdicts = rest.splitlines()
    assert verdicts[0].startswith("best first; > better beyond noise, ≈ no difference")
    assert verdicts[1].split(maxsplit=2) == ["t50", "s", "phoenix > aws-full-jitter"]
    assert any(line.startswith("collapse, each policy: never in 8 runs") for line in verdicts)


def test_a_narrow_terminal_gets_several_tables(
    comparing: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = comparing("phoenix", "aws-full-jitter")
    assert max(map(len, ended.out.splitlines())) <= 80
    heads = [line for line in ended.out.splitlines() if line.startswith("policy ")]
    assert len(heads) == 2
    assert "t50 s" in heads[0]
    assert "bytes" in heads[1]


def test_one_policy_gets_figures_and_no_verdicts(comparing: Command) -> None:
    out = comparing("phoenix").out
    assert "1 policy" in out
    assert "best first" not in out
