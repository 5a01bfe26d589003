"""Lines in comparable form."""

import numpy as np
import pytest

from stormlab.model import make_scenario, run
from stormlab.vocabulary import Cause
from stormlab_models.tac_webbuilder.diagnose.features import (
    CLASSES,
    UNKNOWN,
    acts_at,
    encode,
    gathered,
    lines_of,
    linux_ports,
)
from stormlab_models.tac_webbuilder.diagnose.parse import ACCEPTED, CLOSED, ERROR, OPEN, Line

ACCEPT, OPENED, CLOSE = Line(ACCEPTED, 0, 40000), Line(OPEN), Line(CLOSED)


def test_an_accept_is_known_by_how_often_its_endpoint_was_accepted() -> None:
    found = encode([ACCEPT, Line(ACCEPTED, 1, 40002), ACCEPT, ACCEPT, ACCEPT])
    named = [CLASSES[index] for index in found.classes]
    assert named == ["accepted 1st", "accepted 1st", "accepted 2nd", *["accepted 3rd"] * 2]
    assert found.order == (0, 1)


def test_an_error_keeps_its_circumstances() -> None:
    error = Line(ERROR, 0, sending=True, opened=False, legacy=True)
    found = encode([ACCEPT, Line(ACCEPTED, 1, 40002), error])
    assert CLASSES[found.classes[2]] == "error on send"
    assert (found.opened[2], found.legacy[2], found.age[2]) == (0, 1, 1)
    assert found.age[0] == UNKNOWN


def test_closed_lines_of_one_event_are_brought_together() -> None:
    mixed = [OPENED, CLOSE, ACCEPT, OPENED, CLOSE, CLOSE, ACCEPT, OPENED, ACCEPT, OPENED, CLOSE]
    kinds = [line.kind for line in gathered(mixed)]
    assert kinds[1:4] == [CLOSED] * 3
    assert kinds[-1] == CLOSED, "two connections between are more than chance"
    assert len(kinds) == len(mixed)


@pytest.mark.parametrize(
    ("ports", "jumps"),
    [
        ((40000, 40012, 40014), [-1, 0, 0]),
        ((40000, 40012, 52000), [-1, 0, 1]),
        ((40000, 39990, 39992), [-1, 1, 0]),
        ((50714, 50715, 50716), [-1, -1, -1]),
        ((1024, 1026, 1028), [-1, -1, -1]),
    ],
)
def test_only_ports_that_look_like_linux_tell_of_time(
    ports: tuple[int, ...], jumps: list[int]
) -> None:
    lines = [Line(ACCEPTED, index, port) for index, port in enumerate(ports)]
    assert encode(lines).jump.tolist() == jumps
    assert linux_ports(lines) == (jumps != [-1, -1, -1])


def test_the_model_says_why_a_failing_connection_ended() -> None:
    strict = {"react": {"strict_mode": True}, "server": {"initial_data_s": 0.5}}
    slow = {
        "duration_s": 40,
        "server": {"initial_data_kind": "block", "per_endpoint_data_s": {"queue": 12.0}},
    }
    for settings, cause in ((strict, Cause.ABORTED_CONNECTING), (slow, Cause.TIMED_OUT)):
        document = {"model": "tac-webbuilder", "duration_s": 10, **settings}
        lines = lines_of(run(make_scenario(document, name="causes"), 3))
        assert {line.cause for line in lines if line.kind == ERROR} == {cause}


def test_a_mechanism_that_has_not_acted_yet_is_known() -> None:
    action = {"do": "reload", "after_first_socket_s": 1.0}
    document = {"model": "tac-webbuilder", "duration_s": 5, "actions": [action]}
    trace = run(make_scenario(document, name="reload"), 1)
    acts_s = acts_at(trace)
    assert acts_s is not None
    lines = lines_of(trace)
    before = encode(lines, acts_s).acts
    assert 0 < before < len(lines)
    assert np.all(np.isfinite(encode(lines).gap_s[1:]))
