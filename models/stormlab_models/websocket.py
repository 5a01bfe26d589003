"""The life cycle of a browser's WebSocket as the page sees it: tables first, then code.

Theory of operation. A socket is CONNECTING from its constructor, OPEN from onopen, CLOSING from a
close() call on an open socket until its close event, CLOSED from the close event on. What the
page's own close() does depends on the state it is called in, and so does what goes on the wire:

* CONNECTING: the connection fails. ``onerror`` then ``onclose`` with 1006, unclean, both
  asynchronous. On the wire a FIN, or a close frame 1001 and FIN when the network process had
  finished the handshake but the page had not heard of it yet. No code given to close() is sent.
* OPEN: a closing handshake. ``onclose`` with 1005 (no code given), clean.
* CLOSING, CLOSED: nothing.

A connection that ends without a close frame gives ``onclose`` with 1006: after it was open without
``onerror`` (Chromium drops the channel, it does not fail it), before it was open with it.

When the document goes away, an OPEN socket sends 1001, the one in its handshake a FIN, and one
that waits for its turn nothing; the page hears of none of it.

Sources: WHATWG websockets (close(), "fail the WebSocket connection", "make disappear"), RFC 6455
section 7; Chromium 156 and Firefox 153 ESR measured.

Simplifications: no fragments, no compression beyond sizes, no bufferedAmount, no subprotocols.
"""

from dataclasses import dataclass

from stormlab.vocabulary import State

NORMAL, GOING_AWAY, NO_STATUS, ABNORMAL = 1000, 1001, 1005, 1006
INTERNAL_ERROR, SERVICE_RESTART, TRY_AGAIN_LATER = 1011, 1012, 1013


@dataclass(frozen=True)
class Transition:
    """What one input does in one state: the next state, and the page's events, in order."""

    after: State
    events: tuple[str, ...] = ()


# (state, input) -> what happens; an absent pair is not possible, and the code refuses it
TRANSITIONS: dict[tuple[State, str], Transition] = {
    (State.CONNECTING, "handshake done"): Transition(State.OPEN, ("open",)),
    (State.CONNECTING, "connection failed"): Transition(State.CLOSED, ("error", "close")),
    (State.CONNECTING, "close called"): Transition(State.CLOSING),
    (State.OPEN, "message"): Transition(State.OPEN, ("message",)),
    (State.OPEN, "close called"): Transition(State.CLOSING),
    (State.OPEN, "close frame"): Transition(State.CLOSED, ("close",)),
    (State.OPEN, "connection lost"): Transition(State.CLOSED, ("close",)),
    (State.CLOSING, "message"): Transition(State.CLOSING),
    (State.CLOSING, "handshake done"): Transition(State.CLOSING),
    (State.CLOSING, "close called"): Transition(State.CLOSING),
    (State.CLOSING, "close frame"): Transition(State.CLOSED, ("close",)),
    (State.CLOSING, "connection failed"): Transition(State.CLOSED, ("error", "close")),
    (State.CLOSING, "connection lost"): Transition(State.CLOSED, ("close",)),
    (State.CLOSED, "close called"): Transition(State.CLOSED),
    (State.CLOSED, "message"): Transition(State.CLOSED),
    (State.CLOSED, "handshake done"): Transition(State.CLOSED),
    (State.CLOSED, "close frame"): Transition(State.CLOSED),
    (State.CLOSED, "connection failed"): Transition(State.CLOSED),
    (State.CLOSED, "connection lost"): Transition(State.CLOSED),
}


def step(state: State, what: str) -> Transition:
    """What ``what`` does to a socket in ``state``.

    Raises:
        KeyError: if it cannot happen in that state; the model is wrong then.
    """
    return TRANSITIONS[state, what]


def mermaid() -> str:
    """The table as a Mermaid state diagram, inputs with one effect on one arrow.

    ``docs/socket-states.md`` holds it; a test fails when they differ.
    """
    arrows: dict[tuple[State, State], dict[tuple[str, ...], list[str]]] = {}
    for (state, what), transition in TRANSITIONS.items():
        labels = arrows.setdefault((state, transition.after), {})
        labels.setdefault(transition.events, []).append(what)
    lines = ["stateDiagram-v2", f"    [*] --> {State.CONNECTING.name}: new WebSocket"]
    for (state, after), labels in arrows.items():
        for events, inputs in labels.items():
            effect = " / " + ", ".join(f"on{event}" for event in events) if events else ""
            lines.append(f"    {state.name} --> {after.name}: {', '.join(inputs)}{effect}")
    return "\n".join(lines) + "\n"
