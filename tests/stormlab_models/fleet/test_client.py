"""A client and its policy, step by step, with sums done by hand."""

from collections.abc import Callable

import pytest

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
Story = Callable[..., list[tuple[float, str]]]
At = Callable[..., list[float]]

CRASH = {"do": "crash", "at_s": 10, "for_s": 7}


def test_a_crash_step_by_step(fleet: Fleet, story: Story) -> None:
    trace = fleet(faults=[CRASH], server={"handshake_s": 0.002})
    assert story(trace) == [
        (10.01, "page.close"),  # the reset needs 10 ms
        (10.01, "page.timer_set"),
        (15.01, "page.timer_fired"),
        (15.01, "page.new"),
        (15.01, "net.connect"),
        (15.02, "net.refused"),
        (15.03, "page.close"),
        (15.03, "page.timer_set"),
        (20.03, "page.timer_fired"),
        (20.03, "page.new"),
        (20.03, "net.connect"),
        (20.04, "net.established"),
        (20.06, "net.request"),  # the SYN-ACK and the request: two more ways
        (20.06, "srv.started"),
        (20.062, "srv.served"),
        (20.062, "srv.accepted"),
        (20.062, "net.response"),
        (20.072, "page.open"),
        (20.072, "page.proved"),
    ]


def test_giving_up_is_written_down_and_a_person_may_reload(fleet: Fleet, at: At) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 40}
    trace = fleet(faults=[crash], policy="Twice", duration_s=300)
    assert [trace.text(row) for row in trace.of(Event.GAVE_UP)] == ["two are enough"]
    assert at(trace, Event.NEW)[-1] < 50
    patient = fleet(faults=[crash], policy="Twice", duration_s=900, clients={"reload_after_s": 30})
    assert patient.count(Event.RETRY_BY_HAND) >= 1
    assert at(patient, Event.OPEN)[-1] > 50


def test_an_http_request_first_costs_a_round_trip_and_bytes(fleet: Fleet, at: At) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    trace = fleet(faults=[crash], policy="Negotiates")
    plain = fleet(faults=[crash])
    assert at(trace, Event.OPEN)[0] - at(plain, Event.OPEN)[0] == pytest.approx(0.02)
    assert trace.of(Event.HTTP_FIRST)["up"].sum() == 450
    elsewhere = fleet(
        faults=[{**CRASH, "for_s": 20}],
        policy="Negotiates",
        network={"http_first_elsewhere": True},
    )
    assert elsewhere.count(Event.HTTP_FIRST) > trace.count(Event.HTTP_FIRST)


def test_policies_meet_the_same_luck(fleet: Fleet) -> None:
    """Common random numbers: the n-th attempt of a client has the same latency whatever it is."""
    network = {"latency_sigma": 0.5}

    def ways(policy: str) -> dict[tuple[int, int], int]:
        trace = fleet(faults=[CRASH], policy=policy, network=network, clients={"count": 50})
        rows = trace.rows
        new = {(row["client"], row["attempt"]): row["time_ns"] for row in trace.of(Event.CONNECT)}
        end = trace.of(Event.REFUSED)
        assert len(rows)
        return {
            (int(row["client"]), int(row["attempt"])): int(
                row["time_ns"] - new[row["client"], row["attempt"]]
            )
            for row in end
        }

    one, other = ways("Every5"), ways("Twice")
    shared = one.keys() & other.keys()
    assert len(shared) >= 50
    assert all(one[key] == other[key] for key in shared)
