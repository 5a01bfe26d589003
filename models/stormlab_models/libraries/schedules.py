"""Schedules in which code and policies are compared, by what happens in them.

Each is made from picks (:mod:`stormlab.worlds.made`), so that a table can draw them by address and
a test by Hypothesis. All times are whole milliseconds. A server that lets clients in closes neither
5 nor 10 s after an opening, where libraries have timers of their own: when two things happen in one
moment, browsers promise no order.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab.worlds.made import CODES, LONG_S, Addressed, Pick, bare_world, maybe, one
from stormlab.worlds.phases import Doing, What

SHORT_S = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
LET_IN_S = (0.05, 0.5, 4.3, 7.1, 0.0)  # from the opening to the close of a server that accepts
ALL_CODES = (*CODES, 1002, 1009, 3000, 3500, 4400, 4401, 4429, 4500, 4999)
SETTLE_S = 120.0
PARTS = 21
AT_ONCE_STABLE_S, OUT_OF_STEP_S = 5.0, 5.003
BEGUN_S = 0.5  # what is done to a client is done once it has begun
FLAPS = (2, 3, 5, 8)
Made = tuple[list[Phase], list[Act]]


def _ms(pick: Pick) -> float:
    return pick.below(1000) / 1000


def _s(pick: Pick, options: Sequence[float] = SHORT_S) -> float:
    return one(pick, options) + _ms(pick)


def _down(pick: Pick) -> What:
    what: What = one(pick, ("refuse", "stop"))
    return what


def _connected(pick: Pick) -> list[Phase]:
    """In three of four the client is connected when it begins."""
    return [Phase("serve", _s(pick))] if maybe(pick, 3, 4) else []


def _perhaps_served(pick: Pick) -> list[Phase]:
    return [Phase("serve", _s(pick))] if maybe(pick, 1, 2) else []


def refused(pick: Pick) -> Made:
    """The server is away for a while, up to three times."""
    phases = _connected(pick)
    for _ in range(1 + pick.below(3)):
        phases.append(Phase(_down(pick), _s(pick), code=one(pick, CODES)))
        phases += _perhaps_served(pick)
    return phases, []


def hung(pick: Pick) -> Made:
    """The server answers nothing for a while: SYNs get lost, a connection falls silent."""
    phases = _connected(pick)
    if maybe(pick, 1, 2):
        phases.append(Phase("refuse", _s(pick)))
    for _ in range(1 + pick.below(2)):
        phases.append(Phase("hang", _s(pick)))
        phases += _perhaps_served(pick)
    return phases, []


def accepted_then_closed(pick: Pick) -> Made:
    """The server accepts and closes, sometimes after the application has answered."""
    phases = _connected(pick)
    for _ in range(1 + pick.below(2)):
        if phases:
            phases.append(Phase("stop", 0.05 + _ms(pick)))
        after_s, answers = one(pick, LET_IN_S), maybe(pick, 1, 3)
        code = one(pick, (1012, 1013, 1006, 1001))
        phases.append(Phase("reject", _s(pick), code=code, after_s=after_s, answers=answers))
        phases += _perhaps_served(pick)
    return phases, []


def close_codes(pick: Pick) -> Made:
    """The server drops what it has, with one code or another."""
    phases = [Phase("serve", _s(pick))]
    for _ in range(1 + pick.below(4)):
        code = one(pick, ALL_CODES)
        if maybe(pick, 1, 2):
            phases.append(Phase("serve", _s(pick), code=code, drop=True))
        else:
            phases.append(Phase("stop", _s(pick), code=code))
        phases += _perhaps_served(pick)
    return phases, []


def flapping(pick: Pick) -> Made:
    """The same thing several times: the server comes and goes, or drops what it has."""
    phases = _connected(pick)
    turns, up_s = one(pick, FLAPS), _s(pick, SHORT_S[:5])
    if maybe(pick, 1, 2):
        return [*phases, *[Phase("serve", up_s, code=1006, drop=True)] * turns], []
    return [*phases, *[Phase("refuse", _s(pick, SHORT_S[:5])), Phase("serve", up_s)] * turns], []


def _away(pick: Pick, gone: Doing, back: Doing) -> Made:
    phases = _connected(pick)
    for _ in range(pick.below(3)):
        what: What = one(pick, ("serve", "refuse", "stop"))
        phases.append(Phase(what, _s(pick)))
    phases.append(Phase("serve", _s(pick)))
    healed_s = sum(phase.for_s for phase in phases)
    acts: list[Act] = []
    at_s = BEGUN_S
    for _ in range(1 + pick.below(2)):
        left_s = max(1.0, healed_s - at_s)
        at_s = round(at_s + left_s * pick.below(PARTS) / PARTS + _ms(pick), 3)
        left_s = max(1.0, healed_s - at_s)
        until_s = round(at_s + left_s * (1 + pick.below(PARTS)) / PARTS, 3)
        acts += [Act(gone, at_s), Act(back, until_s)]
        at_s = until_s
    return phases, acts


def offline(pick: Pick) -> Made:
    """The device has no network for a while, once or twice."""
    return _away(pick, "offline", "online")


def hidden(pick: Pick) -> Made:
    """The page is hidden for a while, once or twice."""
    return _away(pick, "hide", "show")


def long_outage(pick: Pick) -> Made:
    """The server is away from five minutes to two hours."""
    return [*_connected(pick), Phase(_down(pick), _s(pick, LONG_S))], []


def mixed(pick: Pick) -> Made:
    """All of it, as promises are tried (:func:`stormlab.worlds.made.bare_world`); nobody's hand."""
    world = bare_world(pick, SETTLE_S)
    phases = [
        replace(phase, after_s=OUT_OF_STEP_S) if phase.after_s == AT_ONCE_STABLE_S else phase
        for phase in world.phases
    ]
    acts = [replace(act, at_s=max(act.at_s, BEGUN_S)) for act in world.acts if act.do != "by_hand"]
    return phases, acts


BEHAVIOURS: dict[str, Callable[[Pick], Made]] = {
    "refused": refused,
    "hung": hung,
    "accepted, then closed": accepted_then_closed,
    "close codes": close_codes,
    "flapping": flapping,
    "offline": offline,
    "hidden page": hidden,
    "long outage": long_outage,
    "mixed": mixed,
}


def schedule(behaviour: str, pick: Pick, *, served_first: bool = False) -> BareWorld:
    """A world in which something happens; ``served_first``: the first attempt succeeds."""
    phases, acts = BEHAVIOURS[behaviour](pick)
    if served_first and (not phases or phases[0].what != "serve"):
        phases.insert(0, Phase("serve", SHORT_S[2]))
    exact = tuple(_whole(phase) for phase in phases)
    return BareWorld(exact, tuple(acts), SETTLE_S, 1, pick.below(2**31))


def _whole(phase: Phase) -> Phase:
    return replace(phase, for_s=round(phase.for_s, 3))


def addressed(behaviour: str, case: int, seed: int = 0, *, served_first: bool = False) -> BareWorld:
    """Schedule number ``case`` of a behaviour: the same on every machine."""
    return schedule(behaviour, Addressed(seed, case), served_first=served_first)
