"""Worlds for real code: those of a bare policy, and what only code can get wrong.

A person closes the client and opens it again, at moments that no policy is asked about; a server
that accepts and closes may answer first, as an application does that fails after its handshake.
"""

from dataclasses import replace

from stormlab.worlds.bare import Act, BareWorld, Doing, Phase
from stormlab.worlds.made import PARTS, Pick, bare_world, maybe, one

SEEDS = 4096
SOON_S = (0.5, 0.0, 1.0, 2.0, 4.0)
REOPENS_S = (5.0, 10.0, 2.0, 0.5, 0.001, 30.0)
PAIRS: tuple[tuple[Doing, Doing], ...] = (("offline", "online"), ("hide", "show"))


def code_world(pick: Pick, settle_s: float) -> BareWorld:
    """One client of real code, its server's behaviour, and what is done to the client."""
    world = bare_world(pick, settle_s)
    answers = maybe(pick, 1, 2)
    phases = tuple(
        replace(phase, answers=answers and phase.what == "reject") for phase in world.phases
    )
    acts = _acts(pick, phases) if maybe(pick, 1, 2) else ()
    return BareWorld(phases, acts, settle_s, 1, pick.below(SEEDS))


def _moment(pick: Pick, phases: tuple[Phase, ...], healed_s: float) -> float:
    """Any time of the schedule, or shortly after the server has changed: while a client waits."""
    if phases and maybe(pick, 1, 2):
        begun_s = sum(phase.for_s for phase in phases[: pick.below(len(phases) + 1)])
        at_s = begun_s + one(pick, SOON_S)
    else:
        at_s = healed_s * pick.below(PARTS) / PARTS
    return round(at_s + pick.below(1000) / 1000, 3)


def _acts(pick: Pick, phases: tuple[Phase, ...]) -> tuple[Act, ...]:
    healed_s = sum(phase.for_s for phase in phases)
    found: list[Act] = []
    for _ in range(1 + pick.below(3)):
        at_s = _moment(pick, phases, healed_s)
        kind = pick.below(8)
        if kind < 2:  # noqa: PLR2004  a quarter
            found += [Act("close", at_s), Act("by_hand", round(at_s + one(pick, REOPENS_S), 3))]
        elif kind == 2:  # noqa: PLR2004
            found.append(Act("close", at_s))
        elif kind == 3:  # noqa: PLR2004
            found.append(Act("by_hand", at_s))
        else:
            first, second = PAIRS[kind % 2]
            until_s = round(at_s + (healed_s - at_s) * (1 + pick.below(PARTS)) / PARTS, 3)
            found += [Act(first, at_s), Act(second, max(at_s, until_s))]
    return tuple(sorted(found, key=lambda act: act.at_s))
