"""The model ``slotted-contention``: a batch of packets, slots, and no capture.

All packets are there at the start and know the same windows. In each window a packet that is left
picks one slot; a slot with one packet is a success, in a slot with more all fail. What counts is
how fast the windows grow: too fast wastes slots, too slowly wastes attempts.

Source: V28 of the validation dossier, two simulations of its author, after Bender, Farach-Colton,
He, Kuszmaul and Leiserson, "Adversarial contention resolution for simple channels" (SPAA 2005).

Not on the model ``fleet``: nothing there collides. A service refuses who comes while it is busy,
but it serves the first of them; two that come together are not both lost.

Respected: windows are the same for all at the same time; the first one has one slot (with two,
everybody makes exactly one attempt fewer).

Simplifications: none beside the model. A slot is one second of the clock. A slot of a window is
found from 53 bits, which favours none by more than one in 10**9.
"""

import math
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import NS_PER_S, to_ns, to_s
from stormlab.draws import UNIT_BITS, Draws
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event

OK, CONFLICT = 200, 409
Windows = Literal["fixed", "binary", "linear", "quadratic", "sawtooth", "log-log"]


class Parameters(BaseModel):
    """How many packets, and how the windows grow.

    ``fixed``: always as many slots as packets. ``binary``: 1, 2, 4, ... ``linear``: 1, 2, 3, ...
    ``quadratic``: 1, 4, 9, ... ``sawtooth``: 1; 2, 1; 4, 2, 1; 8, ... ``log-log``: the next of w is
    w (1 + 1/lg lg w), doubled below 4, where that is not defined.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    windows: Windows = "binary"


def _fixed(clients: int) -> Iterator[int]:
    while True:
        yield clients


def _binary(_clients: int) -> Iterator[int]:
    size = 1
    while True:
        yield size
        size *= 2


def _power(degree: int) -> Callable[[int], Iterator[int]]:
    def sizes(_clients: int) -> Iterator[int]:
        number = 1
        while True:
            yield number**degree
            number += 1

    return sizes


def _sawtooth(_clients: int) -> Iterator[int]:
    top = 0
    while True:
        yield from (2**place for place in range(top, -1, -1))
        top += 1


def _log_log(_clients: int) -> Iterator[int]:
    size = 1.0
    while True:
        yield math.ceil(size)
        size *= 1 + 1 / math.log2(max(2.0, math.log2(max(2.0, size))))


SIZES: dict[Windows, Callable[[int], Iterator[int]]] = {
    "fixed": _fixed,
    "binary": _binary,
    "linear": _power(1),
    "quadratic": _power(2),
    "sawtooth": _sawtooth,
    "log-log": _log_log,
}


def chosen_slots(
    draws: Draws, packets: NDArray[np.int64], size: int, turn: int
) -> NDArray[np.int64]:
    """The slot that each packet picks in its ``turn``-th window, from 0."""
    bits = draws.bits_array(packets.astype(np.uint64), "slot", turn)
    slots: NDArray[np.int64] = (bits * (size / 2**UNIT_BITS)).astype(np.int64)
    return np.minimum(slots, size - 1)


class SlottedContention:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "slotted-contention"
    summary = "a batch of packets that share slots: windows that grow, collisions"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Record every attempt, at the end of its slot: 200 alone, 409 with others."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        world.header["clients"] = p.clients
        left = np.arange(p.clients, dtype=np.int64)
        begin, until_ns = 0, to_ns(scenario.duration_s)
        for turn, size in enumerate(SIZES[p.windows](p.clients), start=1):
            if not len(left) or begin * NS_PER_S >= until_ns:
                return
            slots = chosen_slots(world.draws, left, size, turn)
            alone = np.bincount(slots, minlength=size)[slots] == 1
            times_ns = (begin + slots + 1) * NS_PER_S
            order = np.argsort(slots, kind="stable")  # clients are in order already
            order = order[times_ns[order] <= until_ns]
            world.recorder.add_many(
                times_ns[order],
                Event.HTTP_RESPONSE,
                client=left[order],
                attempt=turn,
                code=np.where(alone[order], OK, CONFLICT),
            )
            left = left[~alone]
            begin += size

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Slots until the last success, and attempts, by packet (None: not over in the run)."""
        rows, clients = trace.of(Event.HTTP_RESPONSE), int(trace.header["clients"])
        done = rows["time_ns"][rows["code"] == OK]
        over = len(done) == clients
        return {
            "succeeded": len(done),
            "slots_per_client": to_s(int(done[-1])) / clients if over else None,
            "attempts_per_client": len(rows) / clients if over else None,
        }


MODEL = SlottedContention()
