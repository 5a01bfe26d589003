"""A herd at a gate: all clients ask, and who is refused asks again until admitted.

What the models of admission share: the gate (:mod:`stormlab_models.published.limits`) and the rule
of waiting differ. One row per request: ``srv.accepted``, or ``srv.rejected`` with status 429.

Simplifications: a request takes no time; the server does nothing but count; nobody gives up.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from stormlab.clock import Rank, to_s
from stormlab.model import World
from stormlab.trace import Trace
from stormlab.vocabulary import Event

TOO_MANY_REQUESTS = 429


class Gate(Protocol):
    """A limit on admissions."""

    def admit(self, now_ns: int) -> bool:
        """Whether a request at ``now_ns`` is admitted."""


class Herd:
    """``wait_ns(client, n)``: how long the client waits after its n-th refusal, n from 1."""

    def __init__(self, world: World, gate: Gate, wait_ns: Callable[[int, int], int]) -> None:
        """Put a herd before a gate; nobody asks yet."""
        self._clock, self._recorder = world.clock, world.recorder
        self._gate, self._wait_ns = gate, wait_ns

    def ask_at(self, time_ns: int, client: int, attempt: int = 1) -> None:
        """Let a client ask at ``time_ns``, and again after each refusal."""
        ask = partial(self._ask, client, attempt)
        self._clock.at(time_ns, Rank.TIMER, ask, client=client)

    def _ask(self, client: int, attempt: int) -> None:
        now_ns = self._clock.now_ns
        if self._gate.admit(now_ns):
            self._recorder.add(now_ns, Event.ACCEPTED, client=client, attempt=attempt)
            return
        self._recorder.add(
            now_ns, Event.REJECTED, client=client, attempt=attempt, code=TOO_MANY_REQUESTS
        )
        self.ask_at(now_ns + self._wait_ns(client, attempt), client, attempt + 1)


def herd_figures(trace: Trace, clients: int) -> dict[str, float | int | str | None]:
    """Requests, and when half, 99 % and all of the clients were admitted (None: not in the run)."""
    admitted = trace.of(Event.ACCEPTED)["time_ns"]

    def when_s(share: float) -> float | None:
        needed = int(np.ceil(share * clients))
        return to_s(int(admitted[needed - 1])) if len(admitted) >= needed else None

    return {
        "requests": trace.count(Event.ACCEPTED, Event.REJECTED),
        "admitted": len(admitted),
        "t50_s": when_s(0.5),
        "t99_s": when_s(0.99),
        "completion_s": when_s(1.0),
    }
