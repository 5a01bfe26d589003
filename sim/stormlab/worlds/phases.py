"""What a bare world is made of: how the server behaves, and what is done to the client."""

from dataclasses import dataclass
from typing import Literal

What = Literal["serve", "refuse", "stop", "hang", "reject", "mute"]
Doing = Literal["offline", "online", "hide", "show", "by_hand", "close"]


@dataclass(frozen=True)
class Phase:
    """How the server behaves for a while; see the table of :mod:`stormlab.worlds.bare`.

    ``answers``: in a ``reject`` phase the application answers first, so that the connection is
    proved before it is closed.
    """

    what: What
    for_s: float
    code: int = 1012
    after_s: float = 0.05
    advice_s: float | None = None
    drop: bool = False
    answers: bool = False


@dataclass(frozen=True)
class Act:
    """Something that the device or the person does at a time."""

    do: Doing
    at_s: float
