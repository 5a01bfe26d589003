"""The table of socket states, its diagram, and what no state allows."""

from pathlib import Path

import pytest

from stormlab.vocabulary import State
from stormlab_models.websocket import TRANSITIONS, mermaid, step

PAGE = Path(__file__).parents[2] / "docs" / "socket-states.md"
STATES = (State.CONNECTING, State.OPEN, State.CLOSING, State.CLOSED)
INPUTS = sorted({what for _, what in TRANSITIONS})


def test_the_diagram_in_the_docs_is_that_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    drawn = text.split("```mermaid\n")[1].split("```")[0]
    assert drawn == mermaid()


def test_every_pair_is_in_the_diagram() -> None:
    arrows = [line.strip() for line in mermaid().splitlines() if "-->" in line]
    for (state, what), transition in TRANSITIONS.items():
        start = f"{state.name} --> {transition.after.name}: "
        labels = [arrow.removeprefix(start) for arrow in arrows if arrow.startswith(start)]
        assert any(what in label.split(" / ")[0].split(", ") for label in labels), (state, what)


@pytest.mark.parametrize(
    ("state", "what"),
    [(state, what) for state in STATES for what in INPUTS if (state, what) not in TRANSITIONS],
)
def test_what_cannot_happen_is_refused(state: State, what: str) -> None:
    with pytest.raises(KeyError):
        step(state, what)


def test_closed_is_final_and_silent() -> None:
    for what in INPUTS:
        transition = step(State.CLOSED, what)
        assert (transition.after, transition.events) == (State.CLOSED, ())


def test_a_socket_never_goes_back() -> None:
    assert all(transition.after >= state for (state, _), transition in TRANSITIONS.items())


def test_close_is_heard_exactly_when_a_socket_becomes_closed() -> None:
    for (state, what), transition in TRANSITIONS.items():
        becomes = transition.after is State.CLOSED and state is not State.CLOSED
        assert ("close" in transition.events) == becomes, (state, what)


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.CONNECTING}
    for _ in STATES:
        reached |= {t.after for (state, _), t in TRANSITIONS.items() if state in reached}
    assert reached == set(STATES)
