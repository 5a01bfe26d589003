"""Clients of real code side by side: the figures of a life, and what is compared with what."""

import math
from pathlib import Path
from typing import Any

import pytest

from stormlab.check import CheckError
from stormlab.check.versions import FIGURES, Contender, figures, side_by_side
from stormlab.clock import to_ns
from stormlab.properties import Seen
from stormlab.vocabulary import Event
from stormlab.worlds.story import Step, Story

NEEDS_NPM = pytest.mark.npm
CLOSED = (Event.CLOSE_CALLED, {"detail": "by the application"})


def figures_of(*lines: Any, healed_s: float = 50.0, end_s: float = 100.0) -> dict[str, float]:
    steps, socket = [], 0
    for time_s, event, *rest in lines:
        socket += event is Event.NEW
        given = {"socket": socket} | (rest[0] if rest else {})
        steps.append(Step(to_ns(time_s), event, **given))
    story = Story(tuple(steps), to_ns(end_s))
    return figures(Seen((story,), to_ns(healed_s), to_ns(end_s), opaque=True))


def test_a_client_that_never_lost_its_connection_was_back_at_once() -> None:
    assert figures_of((0, Event.NEW), (10, Event.OPEN)) == {
        "attempts": 1.0,
        "connected": 90.0,
        "back_s": 0.0,
        "sockets": 1.0,
        "errors": 0.0,
    }


@pytest.mark.parametrize(
    ("lines", "back_s"),
    [
        ([(55, Event.NEW), (56, Event.OPEN)], 6.0),
        ([(40, Event.NEW), (45, Event.OPEN)], 0.0),
        ([(40, Event.NEW), (45, Event.OPEN), (60, Event.CLOSE)], 0.0),
        ([(55, Event.NEW)], math.inf),
        ([], math.inf),
    ],
    ids=["back", "back before", "lost later", "on its way", "never"],
)
def test_how_long_it_takes_to_be_back(lines: Any, back_s: float) -> None:
    lost = [(0, Event.NEW), (1, Event.OPEN), (30, Event.CLOSE)]
    assert figures_of(*lost, *lines)["back_s"] == back_s


def test_nobody_waits_for_a_client_that_was_closed() -> None:
    closed = (40, *CLOSED)
    lines = [(0, Event.NEW), (1, Event.OPEN), closed, (41, Event.CLOSE)]
    assert figures_of(*lines)["back_s"] == 0.0


def test_a_client_that_was_opened_again_is_late_from_then_on() -> None:
    lines = [(0, Event.NEW), (1, Event.OPEN), (40, *CLOSED), (41, Event.CLOSE)]
    lines += [(80, Event.RETRY_BY_HAND), (83, Event.NEW), (84, Event.OPEN)]
    assert figures_of(*lines)["back_s"] == 4.0


def test_two_sockets_are_counted_and_time_is_not_counted_twice() -> None:
    lines = [(0, Event.NEW), (10, Event.OPEN), (20, Event.NEW), (30, Event.OPEN)]
    found = figures_of(*lines, (40, Event.CLOSE, {"socket": 1}), (60, Event.CLOSE, {"socket": 2}))
    assert found["sockets"] == 2.0
    assert found["connected"] == 50.0


def test_a_socket_that_its_code_closes_is_over() -> None:
    called = (20, Event.CLOSE_CALLED, {"socket": 1, "detail": "OPEN"})
    lines = [(0, Event.NEW), (10, Event.OPEN), called, (30, Event.NEW), (40, Event.OPEN)]
    found = figures_of(*lines, (80, Event.CLOSE, {"socket": 1}))
    assert found["sockets"] == 1.0
    assert found["connected"] == 70.0


def test_errors_are_counted() -> None:
    lines = [(0, Event.UNCAUGHT), (1, Event.UNCAUGHT), (2, Event.HALTED), (3, Event.CONSOLE)]
    assert figures_of(*lines)["errors"] == 3.0


def test_what_never_happened_in_some_world_has_no_mean() -> None:
    values = {"back_s": (1.0, math.inf, math.inf), "attempts": (1.0, 2.0, 3.0)}
    contender = Contender("a", values, {}, {})
    assert contender.mean("back_s") is None
    assert contender.never("back_s") == 2
    mean = contender.mean("attempts")
    assert mean is not None
    assert mean.value == 2.0


@pytest.mark.parametrize(
    ("clients", "line"),
    [
        (["phoenix", "npm:phoenix@1.8.16"], r"^phoenix: not real code; allowed: npm:NAME@VERSION"),
        (["gone.ts", "./gone.js"], r"^gone\.ts: no such file$"),
        ([], "^a comparison takes two different clients or more$"),
    ],
)
def test_what_cannot_be_compared_is_one_line(clients: list[str], line: str) -> None:
    with pytest.raises(CheckError, match=line):
        side_by_side(clients)


PLAIN = """
export default (url) => {
  let socket, timer, closed = false;
  const connect = () => {
    socket = new WebSocket(url);
    socket.onclose = () => { if (!closed) timer = setTimeout(connect, WAIT * Math.random()); };
  };
  connect();
  return { close() { closed = true; clearTimeout(timer); socket.close(); } };
};
"""


@NEEDS_NPM
def test_two_files_in_the_same_worlds(tmp_path: Path) -> None:
    """The one that waits ten times as long makes fewer attempts and is back later."""
    names = []
    for name, wait_ms in (("eager", 3_000), ("patient", 30_000)):
        file = tmp_path / f"{name}.ts"
        file.write_text(PLAIN.replace("WAIT", str(wait_ms)), encoding="utf-8")
        names.append(str(file))
    steps: list[tuple[str, int, int]] = []
    found = side_by_side(names, worlds=20, step=lambda *each: steps.append(each))
    eager, patient = found.contenders
    for figure in FIGURES:
        assert len(eager.values[figure]) == len(patient.values[figure]) == 20
    assert sum(eager.values["attempts"]) > 2 * sum(patient.values["attempts"])
    assert sum(eager.values["connected"]) > sum(patient.values["connected"])
    assert {client for client, _ in found.verdicts} == {names[1]}
    assert "converges" in found.promises
    assert steps[-1] == (names[1], 20, 20)
    assert found.document["worlds"] == 20
    with pytest.raises(CheckError, match="two different clients"):
        side_by_side([names[0], names[0]])
