"""Planted faults are held to what they say of themselves."""

from dataclasses import replace

import pytest

from stormlab.check.guard import CheckError
from stormlab.policy import Constant, Delays, Reconnect
from stormlab.selftest import planted
from stormlab.selftest.planted import Planted, by_name, look, planted_faults
from stormlab.worlds.bare import BareWorld

RULE = Reconnect(Delays(Constant(1.0)))
FAULT = Planted("one", "wrong", "here", "hot-loop", "bare", RULE, RULE, BareWorld(settle_s=5.0))
GOOD = replace(FAULT, promise="attempts-bounded")


class Point:
    """An entry point that gives what it is told."""

    value = "somewhere:FAULTS"

    def __init__(self, found: object) -> None:
        self.found = found

    def load(self) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ((GOOD, GOOD), "planted fault one: found a second time"),
        ((FAULT,), "planted fault one: no promise 'hot-loop'"),
        (
            (replace(GOOD, tier="page"),),
            "attempts-bounded is tried in bare, fleet, code, not in page",
        ),
        ((3,), "a planted fault: found a int"),
    ],
)
def test_what_is_no_planted_fault_is_refused(faults: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        by_name(faults)


def test_faults_are_found_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "entry_points", lambda group: [Point((GOOD,))] if group else [])
    planted_faults.cache_clear()
    assert planted_faults() == {"one": GOOD}
    planted_faults.cache_clear()


def test_an_entry_point_that_fails_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planted, "entry_points", lambda **_: [Point(ImportError("gone"))])
    planted_faults.cache_clear()
    with pytest.raises(ValueError, match=r"somewhere:FAULTS cannot be loaded \(ImportError: gone"):
        planted_faults()
    planted_faults.cache_clear()


def test_code_needs_a_world() -> None:
    with pytest.raises(CheckError, match="one: a policy or a page needs a world"):
        look("one", RULE, None)
