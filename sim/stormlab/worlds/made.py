"""How small worlds are made: what happens is picked, piece by piece, from short lists.

A world is a function of a row of picks (:class:`Pick`), so that it can be drawn by address, the
same on every machine (:class:`Addressed`), or by Hypothesis (:mod:`stormlab.strategies`). A pick of
0 is the simplest choice, and the fewest things happen where all picks are 0.

Schedules are gaps and durations, faults are verbs with the time after which they are undone, and
what is done to a client (offline, hidden) is undone before the server is healed. All of it is over
``settle_s`` before the end, so that promises about coming back can be decided.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from stormlab.draws import Draws
from stormlab.worlds.bare import Act, BareWorld, Doing, Phase, What
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.simulated import FLEET, PAGE, Document, SimulatedWorld

T = TypeVar("T")

SEEDS = 1_000_000  # so many that each world has its own: what befalls one in a hundred is met
SHORT_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
LONG_S = (300.0,) * 8 + (600.0,) * 5 + (1800.0,) * 2 + (7200.0,)  # the longest cost most
# A server that accepts and closes: a minute to judge how often it is tried, and as long as a client
# takes that still backs off (``fooled_s``). A client that is fooled makes thousands of attempts,
# which is where the time of a check goes; fewer, if it is let in for half a second first.
FOOLED_S = (60.0,) * 9 + (90.0,) * 3 + (120.0,) * 3 + (300.0,)
FOOLED_TIMES = (1.0, 1.0, 1.5, 2.0)
FOOLED_S_USUAL = 600.0  # of a client that waits half a minute at most
LET_IN_S = (0.5, 0.5, 0.5, 0.5, 0.05, 0.0)
LET_IN_LONG_S = 0.9  # less than the second from which a connection may count as stable
AFTER_S = (0.05, 0.5, 0.5, 0.5, 0.5, 5.0, 5.0, 0.0)
DOWN_S = (20.0, 30.0, 60.0, 120.0, 300.0)  # for several failures
UP_S = (30.0, 60.0, 120.0, 300.0)  # for a connection that counts as stable
ABNORMAL = 1006
CODES = (1012, 1001, 1013, 1000, 1006, 1008, 1011, 4000, 4001)
FOOLED_CODES = (*CODES, 1000)  # a wanted end, which many clients treat on its own
PARTS = 20  # times of what a person does, as parts of the schedule


class Pick(Protocol):
    """Where a world's pieces are picked."""

    def below(self, limit: int) -> int:
        """A whole number from 0 to ``limit - 1``; 0 is the simplest."""


class Addressed:
    """Picks by address: a function of seed, case and place alone."""

    def __init__(self, seed: int, case: int) -> None:
        """Begin world number ``case`` of a seed."""
        self._draws, self._case, self._ordinal = Draws(seed), case, 0

    def below(self, limit: int) -> int:
        """The next pick."""
        self._ordinal += 1
        return int(self._draws.unit(self._case, "world", self._ordinal) * limit)


def maybe(pick: Pick, parts: int, of: int) -> bool:
    """Yes in ``parts`` of ``of`` cases."""
    return pick.below(of) >= of - parts


def one(pick: Pick, options: Sequence[T]) -> T:
    """One of them, the first is the simplest."""
    return options[pick.below(len(options))]


def several(pick: Pick, most: int, make: Callable[[], T], parts: int = 1, of: int = 2) -> list[T]:
    """Up to ``most`` of them; another one in ``parts`` of ``of`` cases."""
    made: list[T] = []
    while len(made) < most and maybe(pick, parts, of):
        made.append(make())
    return made


# --- one client alone ----------------------------------------------------------------------------


def bare_world(pick: Pick, settle_s: float, fooled_s: float = FOOLED_S_USUAL) -> BareWorld:
    """One client, its server's behaviour as phases, and what is done to the client.

    ``fooled_s``: how long a server must accept and close to show whether a client still backs off.
    """
    phases = several(pick, 5, lambda: _phase(pick), 3, 4)
    if maybe(pick, 1, 6):
        phases += _flaps(pick)
    if maybe(pick, 1, 8):
        phases[:0] = _long(pick, fooled_s)  # before anything can have ended the client
    if maybe(pick, 3, 4):
        phases.insert(0, Phase("serve", one(pick, SHORT_S)))  # connected when it begins
    healed_s = sum(phase.for_s for phase in phases)
    acts = _acts(pick, healed_s, settle_s) if maybe(pick, 1, 3) else []
    sockets = one(pick, (1, 1, 1, 2, 3))
    return BareWorld(tuple(phases), tuple(acts), settle_s, sockets, pick.below(SEEDS))


_WHATS: tuple[What, ...] = ("refuse", "stop", "reject", "hang", "serve", "mute")


def _phase(pick: Pick) -> Phase:
    what = one(pick, _WHATS)
    fooled = what == "reject" and maybe(pick, 1, 4)
    if fooled:
        for_s = one(pick, FOOLED_S)
    elif what in {"refuse", "stop", "hang"} and maybe(pick, 1, 20):
        for_s = one(pick, LONG_S)
    else:
        for_s = one(pick, SHORT_S)
    if maybe(pick, 1, 4):
        for_s = round(for_s + pick.below(1000) / 1000, 3)
    return Phase(
        what,
        for_s,
        code=one(pick, FOOLED_CODES if fooled else CODES),
        after_s=one(pick, LET_IN_S if fooled else AFTER_S),
        advice_s=one(pick, (5.0, 1.0, 30.0, 120.0)) if maybe(pick, 1, 8 if fooled else 4) else None,
        drop=what == "serve" and maybe(pick, 1, 2),
    )


def _flaps(pick: Pick) -> list[Phase]:
    """The same thing several times: the server comes and goes, or drops what it has."""
    turns = one(pick, (2, 3, 5, 8))
    if maybe(pick, 1, 2):
        code, up_s = one(pick, CODES), one(pick, SHORT_S[:5])
        return [Phase("serve", up_s, code=code, drop=True)] * turns
    down_s, up_s = one(pick, SHORT_S[:5]), one(pick, SHORT_S[:5])
    return [Phase("refuse", down_s), Phase("serve", up_s)] * turns


def _long(pick: Pick, fooled_s: float) -> list[Phase]:
    """What some promises need to see, takes long, and is seldom put together by chance.

    A long outage; a server that accepts and closes for a long time; or a stable connection that
    follows several failures and is lost.
    """
    kind = pick.below(4)
    if kind == 0:
        return [Phase("refuse", one(pick, LONG_S[:12]))]
    if kind == 1:
        return [
            Phase(
                "reject",
                round(fooled_s * one(pick, FOOLED_TIMES), 3),
                code=one(pick, CODES),
                after_s=LET_IN_LONG_S,
                drop=True,  # or whoever is connected sees nothing of it
            )
        ]
    lost = Phase("serve", one(pick, SHORT_S), code=ABNORMAL, drop=True)
    return [Phase("refuse", one(pick, DOWN_S)), Phase("serve", one(pick, UP_S)), lost]


def _acts(pick: Pick, healed_s: float, settle_s: float) -> list[Act]:
    """What a person does, or the device; a pair is over when the server is healed."""
    found: list[Act] = []
    for _ in range(1 + pick.below(3)):
        part = pick.below(PARTS)
        at_s = round(healed_s * part / PARTS, 3)
        kind = pick.below(8)
        if kind < 6:  # noqa: PLR2004  three of four are a pair of verbs
            pair: tuple[Doing, Doing] = ("offline", "online") if kind % 2 else ("hide", "show")
            until_s = round(at_s + (healed_s - at_s) * (1 + pick.below(PARTS)) / PARTS, 3)
            until_s = min(until_s, healed_s)
            found += [Act(pair[0], at_s), Act(pair[1], until_s)]
        elif kind == 6:  # noqa: PLR2004
            found.append(Act("by_hand", at_s))
        else:
            late_s = settle_s / 2 if maybe(pick, 1, 4) else 0.0
            found.append(Act("close", round(at_s + late_s, 3)))
    return sorted(found, key=lambda act: act.at_s)


def herd_world(pick: Pick) -> HerdWorld:
    """The luck of many clients."""
    return HerdWorld(pick.below(SEEDS))


# --- a small fleet -------------------------------------------------------------------------------

FLEET_FAULTS = ("crash", "stop", "hang", "reject", "cut", "offline", "hide", "drain", "slow")
OF_CLIENTS = frozenset({"cut", "offline", "hide"})
FORGETS_S = 45.0  # uvicorn's keep-alive needs 40 s to forget a client


def fleet_world(
    pick: Pick, settle_s: float, clients_max: int = 8, sockets_max: int = 3
) -> SimulatedWorld:
    """A few clients against the model ``fleet``."""
    clients: Document = {"count": 1 + pick.below(clients_max)}
    if sockets_max > 1 and maybe(pick, 1, 3):
        clients["sockets"] = 1 + pick.below(sockets_max)
    if maybe(pick, 1, 3):
        clients["start"] = "cold"
    if maybe(pick, 1, 4):
        clients["sees_status"] = True
    document: Document = {"model": FLEET, "clients": clients, "messages": {"every_s": "off"}}
    server = _keys(
        pick,
        {
            "down": ("hang",),
            "reject_after_s": (0.0, 1.0, 5.0),
            "reject_code": (1012, 1001, 1008, 4000),
            "retry_after_s": (5.0, 30.0),
            "proves": (False,),
        },
    )
    network = _keys(pick, {"latency_s": (0.005, 0.2), "idle_cut_s": (60.0, 30.0)}, 1, 8)
    if "idle_cut_s" in network and maybe(pick, 1, 2):
        server["ping_interval_s"] = "off"  # or its pings keep the proxy from ever cutting
    document |= {key: table for key, table in (("server", server), ("network", network)) if table}
    faults, at_s = [], 0.0
    for fault in [_fleet_fault(pick), *several(pick, 2, lambda: _fleet_fault(pick), 1, 3)]:
        at_s += one(pick, SHORT_S[:5])
        faults.append({**fault, "at_s": at_s})
        at_s += fault["for_s"]
    document["faults"] = faults
    document["duration_s"] = round(at_s + settle_s + FORGETS_S, 3)
    return SimulatedWorld(document, pick.below(SEEDS))


def _keys(pick: Pick, options: dict[str, tuple[Any, ...]], parts: int = 1, of: int = 5) -> Document:
    return {key: one(pick, values) for key, values in options.items() if maybe(pick, parts, of)}


def _fleet_fault(pick: Pick) -> Document:
    fault: Document = {"do": one(pick, FLEET_FAULTS), "for_s": one(pick, SHORT_S)}
    if fault["do"] == "slow":
        fault["factor"] = one(pick, (5.0, 50.0))
    if fault["do"] in OF_CLIENTS and maybe(pick, 1, 2):
        fault["share"] = 0.5
    return fault


# --- a page --------------------------------------------------------------------------------------

PAGE_FAULTS = ("crash", "stop", "cut", "drain")
PAGE_ACTS = ("remount", "unmount", "retry_by_hand", "retry_manager", "navigate_away", "reload")
PAGE_SETTLE_S = 60.0


def page_world(pick: Pick) -> SimulatedWorld:
    """One tab of the model ``tac-webbuilder``: StrictMode, faults, what a person does."""
    document: Document = {"model": PAGE}
    if maybe(pick, 1, 2):
        document["react"] = {"strict_mode": True}
    at_s = 0.0
    faults: list[Document] = []
    for verb in several(pick, 2, lambda: one(pick, PAGE_FAULTS)):
        at_s += one(pick, SHORT_S[:4])
        for_s = one(pick, SHORT_S[:5])
        faults.append({"do": verb, "at_s": at_s, "for_s": for_s})
        at_s += for_s
    acts = [
        {"do": verb, "at_s": round(1.0 + max(at_s, 10.0) * pick.below(PARTS) / PARTS, 3)}
        for verb in several(pick, 2, lambda: one(pick, PAGE_ACTS))
    ]
    document |= {key: made for key, made in (("faults", faults), ("actions", acts)) if made}
    document["duration_s"] = max(at_s, 15.0) + PAGE_SETTLE_S
    return SimulatedWorld(document, pick.below(SEEDS))
