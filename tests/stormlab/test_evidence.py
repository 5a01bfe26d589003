"""What the laws share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stormlab.evidence import NEVER, Evidence, Outcome, PropertyBrokenError, Verdict, running
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event


@pytest.fixture
def trace() -> Trace:
    recorder = Recorder()
    recorder.add(0, Event.UP)
    recorder.add(1, Event.NEW, client=0, socket=0)
    recorder.add(2, Event.NEW, client=1, socket=0)
    recorder.add(3, Event.OPEN, client=1, socket=0)
    recorder.add(4, Event.MESSAGE, client=1, socket=0, detail="initial")
    recorder.add(5, Event.MESSAGE, client=1, socket=0, detail="update")
    return recorder.finish({"duration_ns": 10})


def test_sockets_are_told_apart_by_client_too(trace: Trace) -> None:
    evidence = Evidence(trace)
    assert evidence.sockets == 2
    assert evidence.socket.tolist() == [-1, 0, 1, 1, 1, 1]


def test_first_and_count_are_per_socket(trace: Trace) -> None:
    evidence = Evidence(trace)
    assert evidence.first(Event.OPEN).tolist() == [NEVER, 3]
    assert evidence.first(Event.MESSAGE).tolist() == [NEVER, 4]
    assert evidence.count(Event.MESSAGE).tolist() == [0, 2]
    assert evidence.of_socket(evidence.first(Event.OPEN)).tolist() == [NEVER, NEVER, 3, 3, 3, 3]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2))))
def test_running_totals_are_those_of_a_plain_loop(steps: list[tuple[int, int]]) -> None:
    totals: dict[int, int] = {}
    expected = []
    for key, step in steps:
        totals[key] = totals.get(key, 0) + step
        expected.append(totals[key])
    keys = np.array([key for key, _ in steps], np.int64)
    assert running(keys, np.array([step for _, step in steps], np.int64)).tolist() == expected


def test_a_broken_verdict_shows_its_rows(trace: Trace) -> None:
    verdict = Verdict("a-law", Outcome.BROKEN, "1 rows: so it is", (3,))
    with pytest.raises(
        PropertyBrokenError, match=r"a-law: broken.*\n  row 3: .*page\.open client 1"
    ):
        verdict.require(trace)


@pytest.mark.parametrize("outcome", [Outcome.HOLDS, Outcome.UNDECIDED])
def test_only_broken_raises(trace: Trace, outcome: Outcome) -> None:
    Verdict("a-law", outcome).require(trace)
