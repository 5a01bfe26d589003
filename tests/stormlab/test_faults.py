"""Schedules of faults: what is done when, and that it is undone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stormlab.clock import NS_PER_S, Clock, to_ns
from stormlab.faults import Fault, Kind, check_offered, schedule
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

Act = tuple[float, str, float]


def acts(*faults: dict[str, Any], until_s: float = 100) -> list[Act]:
    """What a schedule does: second, verb, planned length in seconds."""
    clock, recorder, done = Clock(), Recorder(), list[Act]()

    class Target:
        """Writes down what it suffers."""

        def apply(self, verb: str, fault: Fault) -> None:
            for_s = to_ns(fault.for_s or 0) / NS_PER_S if verb == fault.do else 0
            done.append((clock.now_ns / NS_PER_S, verb, for_s))

    schedule(clock, recorder, [Fault(**fault) for fault in faults], Target())
    clock.run(to_ns(until_s))
    trace = recorder.finish({"duration_ns": to_ns(until_s)})
    recorded = [(row.time_ns / NS_PER_S, row.detail, row.value_ns / NS_PER_S) for row in trace]
    assert recorded == done
    assert trace.count(Event.FAULT) == len(done)
    return done


@pytest.mark.parametrize(
    ("verb", "undo"),
    [
        ("crash", "restart"),
        ("stop", "restart"),
        ("cut", "heal"),
        ("hold", "release"),
        ("drain", "undrain"),
        ("hang", "recover"),
        ("reject", "admit"),
        ("slow", "restore"),
        ("offline", "online"),
        ("hide", "show"),
    ],
)
def test_a_fault_is_undone(verb: Kind, undo: str) -> None:
    assert acts({"do": verb, "at_s": 2.0, "for_s": 3.0}) == [(2, verb, 3), (5, undo, 0)]


def test_a_block_ends_by_itself() -> None:
    assert acts({"do": "block", "at_s": 2.0, "for_s": 3.0}) == [(2, "block", 3)]


def test_without_a_length_it_stays() -> None:
    assert acts({"do": "crash", "at_s": 2.0}) == [(2, "crash", 0)]


def test_a_length_of_zero_is_undone_at_once() -> None:
    assert acts({"do": "cut", "at_s": 2.0, "for_s": 0.0}) == [(2, "cut", 0), (2, "heal", 0)]


def test_a_flap_repeats_the_pair() -> None:
    flap = {"do": "cut", "at_s": 1.0, "for_s": 2.0, "every_s": 5.0, "times": 3}
    assert acts(flap) == [
        (time_s, verb, for_s)
        for start_s in (1, 6, 11)
        for time_s, verb, for_s in ((start_s, "cut", 2), (start_s + 2, "heal", 0))
    ]


def test_a_flap_without_a_gap_heals_before_it_cuts_again() -> None:
    flap = {"do": "cut", "at_s": 0.0, "for_s": 1.0, "every_s": 1.0, "times": 2}
    assert [verb for _, verb, _ in acts(flap)] == ["cut", "heal", "cut", "heal"]


@given(st.floats(0, 50), st.floats(0.001, 10), st.floats(0, 1), st.integers(1, 20))
def test_a_flap_alternates_and_ends_healed(
    at_s: float, every_s: float, share: float, times: int
) -> None:
    flap = {"do": "cut", "at_s": at_s, "every_s": every_s, "for_s": every_s * share, "times": times}
    done = acts(flap, until_s=1000)
    assert [verb for _, verb, _ in done] == ["cut", "heal"] * times
    assert [time_s for time_s, _, _ in done] == sorted(time_s for time_s, _, _ in done)


def test_faults_of_one_moment_keep_the_order_of_the_file() -> None:
    both = [{"do": "cut", "at_s": 1.0}, {"do": "crash", "at_s": 1.0}]
    assert [verb for _, verb, _ in acts(*both)] == ["cut", "crash"]
    assert [verb for _, verb, _ in acts(*reversed(both))] == ["crash", "cut"]


def test_what_lies_behind_the_end_does_not_happen() -> None:
    assert acts({"do": "cut", "at_s": 101.0}) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"do": "block", "at_s": 1}, "'block' needs 'for_s'"),
        ({"do": "cut", "at_s": 1, "times": 2}, "'times' needs 'every_s'"),
        ({"do": "cut", "at_s": 1, "times": 2, "every_s": 0}, "'times' needs 'every_s'"),
        ({"do": "cut", "at_s": 1, "times": 2, "every_s": 1, "for_s": 2}, "overlaps"),
        ({"do": "cut", "at_s": -1}, "greater than or equal to 0"),
        ({"do": "cut", "at_s": float("nan")}, "finite"),
        ({"do": "cut"}, "required"),
        ({"do": "explode", "at_s": 1}, "'crash', 'stop'"),
        ({"do": "cut", "at_s": 1, "often": 3}, "not permitted"),
        ({"do": "cut", "at_s": 1, "times": 0}, "greater than or equal to 1"),
    ],
)
def test_a_schedule_without_sense_is_refused(fault: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Fault.model_validate(fault)


def test_what_a_model_does_not_offer_is_refused_by_name() -> None:
    faults = [Fault(do="crash", at_s=1), Fault(do="hide", at_s=2)]
    check_offered(faults, ["crash", "hide"], "m")
    with pytest.raises(ValueError, match=r"faults\.1\.do: found 'hide'; allowed in model m: crash"):
        check_offered(faults, ["crash"], "m")
