"""Schedules of faults: pairs of verbs applied to whatever can suffer them.

A scenario states *when* something is done and for how long; a model offers the targets. Each pair
undoes itself: crash/restart, stop/restart, cut/heal, hold/release, drain/undrain. ``flap`` repeats
a pair.
"""

from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stormlab.clock import Clock, Rank, to_ns
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, le=1e7)]
Kind = Literal["crash", "stop", "cut", "hold", "drain", "block"]

_UNDO: dict[str, str] = {
    "crash": "restart",
    "stop": "restart",
    "cut": "heal",
    "hold": "release",
    "drain": "undrain",
    "block": "",
}


class Fault(BaseModel):
    """One entry of a schedule.

    ``crash`` kills the server process (no close frames), ``stop`` shuts it down in order
    (close code 1012), ``cut`` lets no packet pass, ``hold`` delays packets until released,
    ``drain`` refuses new connections, ``block`` stops the server's event loop.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Kind
    at_s: Seconds
    for_s: Seconds | None = None  # None: never undone
    every_s: Seconds | None = None  # flap: repeat at this interval
    times: Annotated[int, Field(ge=1, le=100_000)] = 1

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.do == "block" and not self.for_s:
            msg = "'block' needs 'for_s': how long the event loop is blocked"
            raise ValueError(msg)
        if self.times > 1 and not self.every_s:
            msg = "'times' needs 'every_s': the interval at which the fault is repeated"
            raise ValueError(msg)
        if self.times > 1 and self.for_s is not None and self.for_s > (self.every_s or 0):
            msg = f"'for_s' {self.for_s:g} overlaps the next turn; allowed: at most 'every_s'"
            raise ValueError(msg)
        return self


class FaultTarget(Protocol):
    """What a model offers to be broken. Each verb must be harmless when it does not apply."""

    def apply(self, verb: str, for_ns: int) -> None:
        """Do ``verb`` now: crash, stop, restart, cut, heal, hold, release, drain, undrain, block.

        ``for_ns`` is the planned length; only ``block`` needs it.
        """


def schedule(clock: Clock, recorder: Recorder, faults: list[Fault], target: FaultTarget) -> None:
    """Put every fault of the schedule, and its undoing, on the clock."""

    def act(verb: str, for_ns: int) -> None:
        recorder.add(clock.now_ns, Event.FAULT, detail=verb, value_ns=for_ns)
        target.apply(verb, for_ns)

    for order, fault in enumerate(faults):
        interval_ns = to_ns(fault.every_s or 0)
        for_ns = to_ns(fault.for_s or 0)
        for turn in range(fault.times):
            start_ns = to_ns(fault.at_s) + turn * interval_ns

            def begin(verb: str = fault.do, for_ns: int = for_ns) -> None:
                act(verb, for_ns)

            clock.at(start_ns, Rank.FAULT, begin, attempt=order)
            undo = _UNDO[fault.do]
            if undo and fault.for_s is not None:

                def end(verb: str = undo) -> None:
                    act(verb, 0)

                clock.at(start_ns + for_ns, Rank.FAULT, end, attempt=order)
