"""The table of discovery says what was found, and a miss is said, not hidden."""

from dataclasses import replace

from stormlab.policy import Constant, Delays, Reconnect
from stormlab.selftest.hunt import Discovery, Result, Search
from stormlab.selftest.planted import Planted
from stormlab.selftest.words import document, markdown, median_size, passed, row, summary
from stormlab.worlds.bare import BareWorld

RULE = Reconnect(Delays(Constant(1.0)))
FAULT = Planted("one", "a | b ** c", "here #1", "converges", "bare", RULE, RULE, BareWorld())


def _discovery(
    broken: list[bool], *, faults: int = 1, alarm: str = "", fault: Planted = FAULT
) -> Discovery:
    hunts = tuple(
        Result(Search(fault, seed, "ci"), ("converges",) * hit, 7, 0.25, 1, faults)
        for seed, hit in enumerate(broken)
    )
    twin = Result(Search(fault, 0, "ci", twin=True), (alarm,) if alarm else (), 600, 2.0)
    return Discovery(fault, hunts, (twin,))


def test_a_row() -> None:
    assert row(_discovery([True, True])) == (
        "one",
        "converges",
        "bare",
        "2 of 2",
        7,
        0.25,
        "1 client, 1 fault",
        "0 of 1",
    )


def test_what_was_not_found_has_no_figures_and_is_named() -> None:
    found = [_discovery([False, False])]
    assert row(found[0])[3:7] == ("0 of 2", None, None, "\N{EN DASH}")
    assert "missed: one by converges, found under 0 of 2 seeds" in summary(found)
    assert not passed(found)


def test_a_false_alarm_is_named() -> None:
    found = [_discovery([True], alarm="budget-kept")]
    assert "false alarm: one repaired, seed 0: budget-kept" in summary(found)
    assert not passed(found)


def test_large_worlds_do_not_pass() -> None:
    assert passed([_discovery([True], faults=2)])
    assert not passed([_discovery([True], faults=3)])


def test_fleets_do_not_count_for_the_size() -> None:
    large = _discovery([True], faults=9, fault=replace(FAULT, tier="fleet"))
    assert median_size([_discovery([True]), large]) == (1, 1)


def test_markdown_escapes_what_would_break_a_table() -> None:
    line = markdown([_discovery([True])]).splitlines()[2]
    assert line.startswith("| `one` | a \\| b \\*\\* c *here #1* | converges |")


def test_the_document_is_plain() -> None:
    told = document([_discovery([True])], "ci", range(1))
    assert told["passed"] is True
    assert told["faults"][0]["found"] == 1
    assert told["faults"][0]["alarms"] == []
