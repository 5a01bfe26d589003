"""What a planted fault is, and how planted faults are found.

A fault is planted in the code of a policy, in the code of a page or a client (keys of a scenario
that switch it on), or in a record of what happened; beside it stands the same thing repaired. It
comes with a small world in which it shows. Faults come from the entry-point group
``stormlab.planted``: each entry point is a sequence of :class:`Planted`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from stormlab.clock import to_ns
from stormlab.policy.catalogue import registered
from stormlab.policy.contract import Policy
from stormlab.properties.promises import PROMISES, Declared, Finding, Promise, Seen, Subject
from stormlab.properties.promises.promise import Tier
from stormlab.worlds.bare import BareWorld, run_bare
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.story import Story, stories

PLANTED_GROUP = "stormlab.planted"

Making = Callable[[], Policy]
Keys = Mapping[str, Any]
Code = Making | Keys | Seen
World = BareWorld | SimulatedWorld


@dataclass(frozen=True)
class Planted:
    """One fault, and the same code without it.

    ``wrong``: what is wrong, in one line. ``source``: where it was seen (repository and issue, or a
    place in shipped code). ``promise``: the one that must find it, in worlds of ``tier``.
    ``faulty`` and ``repaired``: a factory of policies, keys that a scenario takes for code of a
    page or client, or a record written by hand. ``world``: a small one in which the fault shows;
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
        ValueError: when the code cannot run in such a world.
    """
    if isinstance(code, Seen):
        return _nobody(name), code
    if isinstance(code, Mapping):
        if not isinstance(world, SimulatedWorld):
            raise ValueError(f"{name}: keys of a scenario need a simulated world")  # noqa: TRY004
        return _nobody(name), _simulated(with_keys(world, code))
    subject = Subject.of(code, name)
    if isinstance(world, BareWorld):
        return subject, _bare(subject, world)
    if isinstance(world, SimulatedWorld):
        with registered(code, name) as target:
            return subject, _simulated(world, target)
    raise ValueError(f"{name}: a policy needs a world")


def _nobody(name: str) -> Subject:
    """A subject for code that is not a policy; promises about policies do not ask it."""
    return Subject(name, _no_policy, Declared(delay_s_max=30.0))


def _no_policy() -> Policy:
    raise ValueError("there is no policy to make: the code under test is that of a page")


def _bare(subject: Subject, world: BareWorld) -> Seen:
    def again() -> tuple[Story, ...]:
        return tuple(run_bare(subject.group, world))

    return Seen(again(), to_ns(world.healed_s), to_ns(world.end_s), world, again=again)


def _simulated(world: SimulatedWorld, policy: str | None = None) -> Seen:
    trace = world.run(policy)
    healed_s = world.healed_s if world.healed_s is not None else world.end_s
    told = tuple(stories(trace))
    return Seen(told, to_ns(healed_s), to_ns(world.end_s), world, trace)


def with_keys(world: SimulatedWorld, keys: Keys) -> SimulatedWorld:
    """The world with these keys put over those of its scenario, table by table."""
    return SimulatedWorld(_over(world.document, keys), world.seed)


def _over(below: Keys, above: Keys) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(old, value) if both and old is not None else value
    return merged


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
