"""What a planted fault is, and how planted faults are found.

A fault is planted in the code of a policy, in the code of a page (keys of its scenario that switch
it on), or in a record of what happened; beside it stands the same thing repaired. It comes with a
small world in which it shows. Faults come from the entry-point group
``stormlab.planted``: each entry point is a sequence of :class:`Planted`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from stormlab.check.guard import CheckError
from stormlab.check.see import see, target_of
from stormlab.policy.contract import Policy
from stormlab.properties.promises import PROMISES, Declared, Finding, Promise, Seen, Subject
from stormlab.properties.promises.promise import Tier
from stormlab.worlds.written import World

PLANTED_GROUP = "stormlab.planted"

Keys = Mapping[str, Any]
Code = Callable[[], Policy] | Keys | Seen


@dataclass(frozen=True)
class Planted:
    """One fault, and the same code without it.

    ``wrong``: what is wrong, in one line. ``source``: where it was seen (repository and issue, or a
    place in shipped code). ``promise``: the one that must find it, in worlds of ``tier``.
    ``faulty`` and ``repaired``: a factory of policies, keys of a page's scenario, or a record
    written by hand. ``world``: a small one in which the fault shows;
    None where ``faulty`` is the record itself.
    """

    name: str
    wrong: str
    source: str
    promise: str
    tier: Tier
    faulty: Code
    repaired: Code
    world: World | None = None

    @property
    def judge(self) -> Promise:
        """The promise that must find it."""
        return PROMISES[self.promise]

    def shown(self, code: Code, world: World | None = None) -> Finding:
        """What the promise says of ``code`` in the fault's own world, or in another."""
        subject, seen = look(self.name, code, world or self.world)
        return self.judge.judge(subject, seen)


def look(name: str, code: Code, world: World | None) -> tuple[Subject, Seen]:
    """Run ``code`` in ``world``; gives what promises judge.

    Raises:
        CheckError: one line, when the code cannot run, or not in such a world.
    """
    if isinstance(code, Seen):
        return Subject(name, _no_policy, Declared(delay_s_max=0.0)), code
    if world is None:
        raise CheckError(f"{name}: a policy or a page needs a world")
    target = target_of(code, name)
    return target.subject, see(target, world)


def _no_policy() -> Policy:
    raise CheckError("the fault is in a record; there is no policy to make")


@cache
def planted_faults() -> Mapping[str, Planted]:
    """Every installed planted fault by name, in the order of their packages.

    Raises:
        ValueError: one line, when an entry point cannot be loaded or holds something else.
    """
    found: dict[str, Planted] = {}
    for point in entry_points(group=PLANTED_GROUP):
        try:
            faults = tuple(point.load())
        except Exception as error:
            kind = type(error).__name__
            msg = f"planted faults of {point.value} cannot be loaded ({kind}: {error})"
            raise ValueError(msg) from error
        found |= by_name(faults)
    return found


def by_name(faults: Iterable[object]) -> dict[str, Planted]:
    """The faults by name, each held to what it says.

    Raises:
        ValueError: one line, when two have one name, or a promise or tier does not exist.
    """
    found: dict[str, Planted] = {}
    for fault in faults:
        if not isinstance(fault, Planted):
            kind = type(fault).__name__
            raise ValueError(f"a planted fault: found a {kind}")  # noqa: TRY004  a plugin's data
        if fault.name in found:
            raise ValueError(f"planted fault {fault.name}: found a second time")
        if fault.promise not in PROMISES:
            raise ValueError(f"planted fault {fault.name}: no promise '{fault.promise}'")
        if fault.tier not in fault.judge.tiers:
            tiers = ", ".join(fault.judge.tiers)
            raise ValueError(
                f"planted fault {fault.name}: {fault.promise} is tried in {tiers}, "
                f"not in {fault.tier}"
            )
        found[fault.name] = fault
    return found
