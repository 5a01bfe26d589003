"""``stormlab selftest`` as a person meets it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from stormlab.policy import Constant, Delays, Equal, Reconnect, Reset, Terms
from stormlab.selftest import planted
from stormlab.selftest.planted import Planted
from stormlab.worlds.bare import BareWorld

TERMS = Terms(connect_timeout_s=10.0, heartbeat_s=20.0, heartbeat_timeout_s=20.0)
GOOD = Reconnect(Delays(Constant(5.0), Equal()), reset=Reset(on="proof"), terms=TERMS)
FAULT = Planted(
    "ends-silently",
    "it ends and tells nobody",
    "here",
    "gives-up-as-declared",
    "bare",
    replace(GOOD, attempts_max=1, announced=False),
    GOOD,
    BareWorld(),
)
MISSED = replace(FAULT, name="not-wrong", wrong="nothing", faulty=GOOD)
SEE = "see: stormlab selftest --list"
Stormlab = Callable[..., Any]


@pytest.fixture(autouse=True)
def two_faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Point:
        value = "here:FAULTS"

        def load(self) -> tuple[Planted, ...]:
            return FAULT, MISSED

    monkeypatch.setattr(planted, "entry_points", lambda **_: [Point()])
    planted.planted_faults.cache_clear()
    yield
    planted.planted_faults.cache_clear()


def test_found_and_passed(stormlab: Stormlab) -> None:
    ended = stormlab(
        "selftest", "--fault", "ends-silently", "--seeds", "1", "--budget", "dev", "--jobs", "1"
    )
    assert "1 of 1 planted faults found" in ended.out, ended
    assert "0 false alarms in 1 checks" in ended.out
    assert ended.code == 0


def test_a_miss_is_exit_code_one(stormlab: Stormlab) -> None:
    ended = stormlab(
        "selftest",
        "--fault=not-wrong",
        "--seeds=1",
        "--budget=dev",
        "--jobs=1",
        "--json",
    )
    told = json.loads(ended.out)
    assert ended.code == 1
    assert told["passed"] is False
    assert [each["found"] for each in told["faults"]] == [0]


def test_the_list_runs_nothing(stormlab: Stormlab) -> None:
    ended = stormlab("selftest", "--list")
    assert ended.code == 0
    assert "it ends and tells nobody" in ended.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("--fault", "ends-silent"),
            "--fault: no planted fault 'ends-silent', did you mean 'ends-silently'?; " + SEE,
        ),
        (("--budget", "huge"), "--budget: found 'huge'; allowed: dev, ci, nightly"),
    ],
)
def test_bad_input_is_one_line(
    stormlab: Stormlab, arguments: tuple[str, ...], complaint: str
) -> None:
    assert stormlab("selftest", *arguments).complaint == complaint


def test_nothing_planted_is_said(stormlab: Stormlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "entry_points", lambda **_: [])
    planted.planted_faults.cache_clear()
    assert "no planted fault is installed" in stormlab("selftest").complaint
