"""Every planted fault shows in its own small world, and its repaired twin does not.

Here the promises are held to what they must find, without the search: a promise that became too
weak, or so strict that it calls a repaired policy broken, fails in a second. Whether the search
finds the worlds is in test_discovery.py.
"""

from collections import Counter

import pytest

from stormlab.evidence import Outcome
from stormlab.properties.promises import PROMISES, Seen
from stormlab.selftest.planted import Planted, look
from stormlab_models.planted import PLANTED

ALL = pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
LIVING = [fault for fault in PLANTED if not isinstance(fault.repaired, Seen)]
PLANTED_MIN = 40

# The analysis' own proposals, the known bugs of other projects, and the classes of defects that
# were found in shipped clients: none of them may be missing.
REQUIRED = {
    "of the analysed application": {
        "retry-ignores-ownership",
        "breaker-never-trips",
        "breaker-never-tries-again",
        "manager-orphans",
        "never-reset",
        "timers-stacked",
        "gives-up-for-good",
        "attempts-after-unmount",
    },
    "known bugs": {
        "squares-for-powers",
        "random-without-minimum",
        "overflow-from-100-ms",
        "overflow-from-a-minute",
        "reset-on-open",
        "timers-double",
        "never-reset",
        "jitter-clamped-at-the-cap",
        "fixed-interval",
        "deterministic-exponential",
    },
    "classes of defects": {
        "infinity-minus-infinity",
        "first-retry-at-once",
        "silent-give-up",
        "impatient",
        "reset-by-http-answer",
        "half-open-admits-all",
        "half-open-leaks-its-probe",
    },
}


@ALL
def test_the_fault_shows_in_its_world(fault: Planted) -> None:
    finding = fault.shown(fault.faulty)
    assert finding.outcome is Outcome.BROKEN, finding
    assert finding.events, "a breach without anything that shows it"
    assert len(finding.events) <= 5


@ALL
def test_the_repaired_twin_keeps_the_promise(fault: Planted) -> None:
    finding = fault.shown(fault.repaired)
    assert finding.outcome is Outcome.HOLDS, finding


@pytest.mark.parametrize("fault", LIVING, ids=lambda fault: fault.name)
def test_the_repaired_twin_breaks_no_promise_in_that_world(fault: Planted) -> None:
    subject, seen = look(fault.name, fault.repaired, fault.world)
    fitting = (each for each in PROMISES.values() if fault.tier in each.tiers)
    findings = {each.name: each.judge(subject, seen) for each in fitting}
    broken = {name: each for name, each in findings.items() if each.outcome is Outcome.BROKEN}
    assert not broken


def test_there_are_enough_and_each_has_its_own_words() -> None:
    assert len(PLANTED) >= PLANTED_MIN
    assert len({fault.name for fault in PLANTED}) == len(PLANTED)
    assert len({fault.wrong for fault in PLANTED}) == len(PLANTED)
    assert all(fault.source for fault in PLANTED)


@pytest.mark.parametrize(("kind", "names"), REQUIRED.items(), ids=list(REQUIRED))
def test_none_of_those_that_must_be_there_is_missing(kind: str, names: set[str]) -> None:
    assert names <= {fault.name for fault in PLANTED}, kind


def test_no_promise_is_vacuous() -> None:
    """Each has a planted fault that breaks it and a repaired one that keeps it (see above)."""
    breaks = Counter(fault.promise for fault in PLANTED)
    of_code = {name for name, promise in PROMISES.items() if promise.tiers == ("code",)}
    assert set(breaks) == set(PROMISES) - of_code  # those: test_clients.py
