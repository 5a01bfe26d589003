"""Schedules of faults: pairs of verbs applied to whatever can suffer them.

A scenario states *when* something is done and for how long; a model offers the targets. Each pair
undoes itself: crash/restart, stop/restart, hang/recover, cut/heal, hold/release, drain/undrain,
reject/admit, slow/restore, offline/online, hide/show. ``every_s`` and ``times`` repeat a pair.
"""

from collections.abc import Collection
from functools import partial
from typing import Annotated, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stormlab.clock import Clock, Rank, to_ns
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False, le=1e7)]
Kind = Literal[
    "crash",
    "stop",
    "cut",
    "hold",
    "drain",
    "block",
    "hang",
    "reject",
    "slow",
    "offline",
    "hide",
]

_UNDO: dict[str, str] = {
    "crash": "restart",
    "stop": "restart",
    "cut": "heal",
    "hold": "release",
    "drain": "undrain",
    "block": "",
    "hang": "recover",
    "reject": "admit",
    "slow": "restore",
    "offline": "online",
    "hide": "show",
}


class Fault(BaseModel):
    """One entry of a schedule.

    ``crash`` kills the server process (no close frames), ``stop`` shuts it down in order
    (close code 1012), ``cut`` lets no packet pass, ``hold`` delays packets until released,
    ``drain`` refuses new connections, ``block`` stops the server's event loop, ``hang`` lets the
    host vanish (nothing is answered, nothing refused), ``reject`` accepts and then closes with
    ``code``, ``slow`` multiplies the time a handshake takes by ``factor``; ``offline`` takes the
    network from clients, ``hide`` puts their pages into the background.

    ``share`` picks clients (cut, offline, hide) by a draw of their own, so that a larger share
    contains a smaller one; ``pod`` picks one server process, None means all. Not every model offers
    every kind; the others are refused (:func:`check_offered`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Kind
    at_s: Seconds
    for_s: Seconds | None = None  # None: never undone
    every_s: Seconds | None = None  # flap: repeat at this interval
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0
    pod: Annotated[int, Field(ge=0, le=10_000)] | None = None
    code: Annotated[int, Field(ge=1000, le=4999)] | None = None
    factor: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)] = 1.0

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


def undoing(verb: str) -> str:
    """The verb that undoes a kind of fault; empty: nothing does."""
    return _UNDO[verb]


class FaultTarget(Protocol):
    """What a model offers to be broken. Each verb must be harmless when it does not apply."""

    def apply(self, verb: str, fault: Fault) -> None:
        """Do ``verb`` now: a kind of fault, or what undoes it; ``fault`` says how and to whom."""


def check_offered(faults: Collection[Fault], offered: Collection[str], model: str) -> None:
    """Refuse what a model cannot do.

    Raises:
        ValueError: one line that names the first kind that is not offered.
    """
    for order, fault in enumerate(faults):
        if fault.do not in offered:
            allowed = ", ".join(sorted(offered))
            msg = f"faults.{order}.do: found '{fault.do}'; allowed in model {model}: {allowed}"
            raise ValueError(msg)


def schedule(clock: Clock, recorder: Recorder, faults: list[Fault], target: FaultTarget) -> None:
    """Put every fault of the schedule, and its undoing, on the clock."""

    def act(verb: str, fault: Fault, for_ns: int) -> None:
        pod = -1 if fault.pod is None else fault.pod
        recorder.add(clock.now_ns, Event.FAULT, conn=pod, detail=verb, value_ns=for_ns)
        target.apply(verb, fault)

    for order, fault in enumerate(faults):
        interval_ns = to_ns(fault.every_s or 0)
        for_ns = to_ns(fault.for_s or 0)
        for turn in range(fault.times):
            start_ns = to_ns(fault.at_s) + turn * interval_ns
            begin = partial(act, fault.do, fault, for_ns)
            clock.at(start_ns, Rank.FAULT, begin, attempt=order)
            undo = _UNDO[fault.do]
            if undo and fault.for_s is not None:
                end = partial(act, undo, fault, 0)
                clock.at(start_ns + for_ns, Rank.FAULT, end, attempt=order)
