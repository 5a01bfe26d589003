"""Who is under test, and what is seen of it in a world of any kind.

A target is a policy, as a factory or by what a person writes, or the code of a page: keys of the
model ``tac-webbuilder`` such as ``page.hook=manager``, which are put over a world's own.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from stormlab.check.code import CodeSubject, Live, Watched, declared_of
from stormlab.check.guard import CheckError, WatchedFactory
from stormlab.clock import to_ns
from stormlab.hosts.aio.bare import run_aio
from stormlab.hosts.failure import HostError
from stormlab.hosts.finding import PROGRAM, find_program, find_recipe, is_code
from stormlab.hosts.javascript.bundle import SUFFIXES
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.recipe import Declares, Program, Recipe
from stormlab.hosts.wire import Peer, SilentPeer
from stormlab.policy.catalogue import FoundPolicy, find_policy, registered
from stormlab.policy.contract import Policy
from stormlab.policy.reconnect import Reconnect
from stormlab.policy.table import PolicyTable
from stormlab.properties.promises import PROMISES, Declared, Promise, Seen, Subject
from stormlab.properties.promises.promise import Tier
from stormlab.scenario import ScenarioError, override
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, run_bare
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.simulated import PAGE, SimulatedWorld
from stormlab.worlds.story import Story, stories
from stormlab.worlds.written import World

Keys = Mapping[str, Any]
Code = Callable[[], Policy] | FoundPolicy | Recipe | Program | str | Keys

_PAGE_KEYS = re.compile(r"(?:page|server|react)\.\w+=")
_PARTS = {"backoff", "schedule", "like", "name"}  # a table with one of these is a policy's
OF_POLICIES: tuple[Tier, ...] = ("bare", "herd", "fleet")
OF_PAGES: tuple[Tier, ...] = ("page",)
OF_CODE: tuple[Tier, ...] = ("code", "herd")
KINDS: dict[str, tuple[tuple[Tier, ...], str]] = {
    "policy": (OF_POLICIES, "policies"),
    "page": (OF_PAGES, "the code of a page"),
    "code": (OF_CODE, "real code"),
}
PAGE_DELAY_S_MAX = 30.0
FIRST_S = 65.0  # of the first, quiet life of real code: two of the usual heartbeats
UNANSWERED = (
    "it sends messages, and the server here answers none; where answers matter (a pong, a welcome),"
    " give it one that speaks: recipe:FILE.py with peer() (docs/check.md)"
)


@dataclass(frozen=True)
class Target:
    """What is under test.

    ``keys``: of a page's scenario; None for a policy. ``written``: how to ask for the same again, a
    text or a policy's table; None: it has no name outside this process. ``notes``: what a person
    should know who reads the outcome.
    """

    subject: Subject
    keys: Keys | None = None
    written: str | Keys | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it."""
        return self.subject.name

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The kinds of world in which it can be tried, the quickest first.

        A policy that never waits is shown to be one by a client alone; a fleet of them has no end.
        """
        if self.keys is not None:
            return OF_PAGES
        if self.is_code:
            return OF_CODE
        hot = self.subject.never_waits
        return tuple(tier for tier in OF_POLICIES if not (hot and tier == "fleet"))

    @property
    def is_code(self) -> bool:
        """Whether it is real code, and no model of a policy."""
        return isinstance(self.subject, CodeSubject)

    @property
    def kind(self) -> str:
        """``policy``, ``page`` or ``code``."""
        return "page" if self.keys is not None else "code" if self.is_code else "policy"

    def promises(self, names: Iterable[str] | None = None) -> list[Promise]:
        """The promises that it can be held to, or those of these names; see promises_for."""
        return promises_for(self.name, names, self.kind)


def promises_for(
    who: str, names: Iterable[str] | None = None, kind: str = "policy"
) -> list[Promise]:
    """The promises about a kind of target (:data:`KINDS`); all, or those of these names.

    Raises:
        CheckError: one line, when there is no such promise or it is not about such a target.
    """
    tiers = KINDS[kind][0]
    fitting = {name: each for name, each in PROMISES.items() if set(each.tiers) & set(tiers)}
    if names is None:
        return list(fitting.values())
    wanted = list(names)
    for name in wanted:
        if name not in PROMISES:
            close = get_close_matches(name, PROMISES, n=1)
            hint = f"did you mean '{close[0]}'? " if close else ""
            raise CheckError(f"promise '{name}': there is none; {hint}see: stormlab check --help")
        if name not in fitting:
            its = set(PROMISES[name].tiers)
            about = " or ".join(words for kinds, words in KINDS.values() if its & set(kinds))
            raise CheckError(f"promise '{name}' is about {about}, which {who} is not")
    return [fitting[name] for name in dict.fromkeys(wanted)]


def is_page(code: object) -> bool:
    """Whether this names the code of a page, and not a policy."""
    if isinstance(code, str):
        return _PAGE_KEYS.match(code) is not None
    return isinstance(code, Mapping) and not _PARTS & set(code)


def kind_of(code: object) -> str:
    """What kind of target this names: ``policy``, ``page`` or ``code``."""
    if is_page(code):
        return "page"
    real = isinstance(code, Recipe | Program) or (isinstance(code, str) and is_code(code))
    return "code" if real else "policy"


def target_of(code: Code, name: str | None = None) -> Target:
    """Take what a person gives: a factory, a found policy, a target's text, or a page's keys.

    Real code is named by a text (``npm:NAME@VERSION``, ``client.ts``, ``recipe:FILE.py``) or given
    as a :class:`stormlab.hosts.recipe.Recipe`.

    Raises:
        CheckError: one line, when there is no such policy or it cannot be made.
    """
    if isinstance(code, str) and is_page(code):
        return _page(_keys_of(code), name or code, code)
    if isinstance(code, Mapping) and is_page(code):
        return _page(code, name or _written_keys(code), code)
    if isinstance(code, Recipe | Program) or (isinstance(code, str) and is_code(code)):
        return _real(code, name)
    try:
        found = find_policy(code) if isinstance(code, str | Mapping) else code
    except ValueError as error:
        odd = isinstance(code, str) and Path(code).is_file()
        allowed = f"found a file; allowed: {', '.join(SUFFIXES)}, file.py:NAME, file.toml"
        raise CheckError(f"{code}: {allowed}" if odd else str(error)) from None
    if not _is_callable(found):
        msg = f"{found!r} is no policy; allowed: a class, a function, parts, or a target's text"
        raise CheckError(msg)
    plain = Subject.of(found, name)
    make = plain.make
    watched = make if isinstance(make, Reconnect) else WatchedFactory(make, plain.name)
    subject = Subject(plain.name, watched, plain.given)
    subject.make()
    written = code if isinstance(code, str | Mapping) else _written(found)
    return Target(subject, None, written)


def _real(code: Recipe | Program | str, name: str | None) -> Target:
    """Real code, tried once where nothing is wrong."""
    try:
        code_of.cache_clear()  # a file may have been edited since
        runs, declares, own_name, peer = _running(code)
    except HostError as error:
        raise CheckError(str(error)) from None
    label = name or (code if isinstance(code, str) else own_name)
    live = Watched(runs, label)
    declared = declared_of(declares)
    subject = CodeSubject(label, given=declared, live=live)
    first = live(BareWorld(settle_s=FIRST_S))
    stopped = first.of(Event.HALTED)
    if stopped:
        raise CheckError(f"{label}: {stopped[0].detail}")
    if not first.has(Event.NEW):
        raise CheckError(f"{label}: makes no WebSocket when it starts{_why_none(first)}")
    notes = (UNANSWERED,) if peer is SilentPeer and first.has(Event.RECEIVED) else ()
    return Target(subject, None, code if isinstance(code, str) else None, notes)


def _why_none(first: Story) -> str:
    """What a client did instead of connecting, as far as it is known."""
    asked, raised = first.of(Event.HTTP_REQUEST), first.of(Event.UNCAUGHT)
    if asked:
        return f": it asks for {asked[0].detail}, and HTTP is not hosted (docs/recipes.md)"
    return f": {raised[0].detail}" if raised else ""


def _running(code: Recipe | Program | str) -> tuple[Live, Declares, str, Callable[[], Peer]]:
    """What runs the code in a world, what it declares, its name, and who answers it.

    Raises:
        HostError: one line, when it cannot be had.
    """
    if isinstance(code, str):
        code = find_program(code) if code.startswith(PROGRAM) else find_recipe(code)
    if isinstance(code, Program):
        return partial(_run_program, code), code.declares, code.name, code.peer
    code_of(code)
    return partial(run_recipe, code), code.declares, code.name, code.peer


def _run_program(
    program: Program,
    world: BareWorld,
    *,
    client: int = 0,
    fixed: float | None = None,
    attempts_max: int | None = None,
) -> Story:
    """Let a client in Python live in a world; nobody can ask a coroutine to retry by hand."""
    acts = tuple(act for act in world.acts if act.do != "by_hand")
    return run_aio(
        replace(world, acts=acts),
        program.main,
        program.peer(),
        number=client,
        fixed=fixed,
        attempts_max=attempts_max,
    )[0]


def _is_callable(found: object) -> bool:
    return callable(found)


def _keys_of(text: str) -> Keys:
    try:
        return override({}, text.split(","), text)
    except ScenarioError as error:
        raise CheckError(str(error)) from None


def _written_keys(keys: Keys) -> str:
    flat = [
        f"{table}.{key}={value if isinstance(value, str) else json.dumps(value)}"
        for table, content in keys.items()
        if isinstance(content, Mapping)
        for key, value in content.items()
    ]
    return ",".join(flat) or "page"


def _page(keys: Keys, name: str, written: str | Keys) -> Target:
    """A page's code is no policy: promises about pages do not ask for one."""
    return Target(Subject(name, _none, Declared(delay_s_max=PAGE_DELAY_S_MAX)), keys, written)


def _none() -> Policy:
    raise CheckError("the code under test is that of a page; there is no policy to make")


def _written(found: object) -> str | Keys | None:
    """How a policy can be asked for again: by its place in a module, or as a table."""
    if isinstance(found, FoundPolicy):
        if found.table is not None:
            return found.table.document
        return found.entry.name if found.entry is not None else _written(found.factory)
    if isinstance(found, Reconnect):
        return PolicyTable(found).document
    module, name = getattr(found, "__module__", ""), getattr(found, "__qualname__", "")
    if module and name.isidentifier() and module != "__main__":
        return f"{module}:{name}"
    return None


def see(target: Target, world: World) -> Seen:
    """Let the target live in a world; gives what promises judge.

    Raises:
        CheckError: one line, when the world refuses the target or the target fails in it.
    """
    if isinstance(world, HerdWorld):
        return Seen((), 0, 0, world)
    if isinstance(world, BareWorld):
        if isinstance(target.subject, CodeSubject):
            return _lived(target.subject, world)
        return _bare(target.subject, world)
    played = world if target.keys is None else with_keys(world, target.keys)
    return _simulated(target, played, world)


def _bare(subject: Subject, world: BareWorld) -> Seen:
    def run() -> tuple[Story, ...]:
        return tuple(run_bare(subject.group, world))

    told = run()
    end_ns = min(story.end_ns for story in told)  # earlier, where there were too many events
    return Seen(told, to_ns(world.healed_s), end_ns, world, again=run)


def _lived(subject: CodeSubject, world: BareWorld) -> Seen:
    def run() -> tuple[Story, ...]:
        return (subject.live(world),)

    told = run()
    return Seen(told, to_ns(world.healed_s), told[0].end_ns, world, again=run, opaque=True)


def _simulated(target: Target, world: SimulatedWorld, drawn: SimulatedWorld) -> Seen:
    def run() -> Trace:
        try:
            if target.keys is not None:
                return world.run()
            with registered(target.subject.make, target.name) as written:
                return world.run(written)
        except ScenarioError as error:
            raise CheckError(f"{target.name}: {error}") from None

    def again() -> tuple[Story, ...]:
        return tuple(stories(run()))

    trace = run()
    healed_s = world.healed_s if world.healed_s is not None else world.end_s
    told = tuple(stories(trace))
    return Seen(told, to_ns(healed_s), to_ns(world.end_s), drawn, trace, again)


def with_keys(world: SimulatedWorld, keys: Keys) -> SimulatedWorld:
    """The world with a page's keys put over those of its scenario, table by table.

    Raises:
        CheckError: when the world is not one of a page.
    """
    if world.model != PAGE:
        raise CheckError(f"keys of a page need a world of the model {PAGE}, not {world.model}")
    return SimulatedWorld(_over(world.document, keys), world.seed)


def _over(below: Keys, above: Keys) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _over(old, value) if both and old is not None else value
    return merged
