"""The catalogue of real policies: what an entry tells, and how entries are found.

Entries come from the entry-point group ``stormlab.policies``; each entry point is a mapping from
name to :class:`Entry`. :func:`find_policy` also takes what is in no catalogue: code and tables of
one's own.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from itertools import count
from pathlib import Path
from typing import Any, Literal

from stormlab import __version__
from stormlab.policy.contract import Policy, Terms, terms_of
from stormlab.policy.loading import load, said, source_digest
from stormlab.policy.reconnect import Reconnect, policies_for_client
from stormlab.policy.support import Support
from stormlab.policy.table import PolicyTable, read_table

POLICIES_GROUP = "stormlab.policies"

Kind = Literal[
    "client", "python", "breaker", "budget", "standard", "library", "browser", "analysed"
]


def _no_support(_n: int) -> Support | None:
    return None


@dataclass(frozen=True)
class Entry:
    """One real policy: under its library's name and version, with its source.

    ``make``: a factory of policies (a :class:`.Reconnect` or a class of its own). ``supports(n)``:
    every value that delay n can take, None when there is no such attempt. ``first_after_drop``: the
    first delay after a good connection was lost; None: it does not reconnect. ``cap_s`` and
    ``attempts_max``: None when there is none. ``wait_s_max``: as long may it wait however few its
    failures; None: no longer than ``supports`` says. ``gives_up``: it may end for another cause and
    says when; None: as ``attempts_max`` says. ``source``: ``package@version:path``. ``remarks``: by
    promise, what is to be known where it is broken: ``by design: ...`` with where the library says
    so, or ``as wired here: ...`` where it is not the library that breaks it.
    """

    name: str
    version: str
    kind: Kind
    source: str
    make: Callable[[], Policy]
    formula: str = ""
    jitter: str = ""
    notes: str = ""
    supports: Callable[[int], Support | None] = _no_support
    first_after_drop: Support | None = None
    cap_s: float | None = None
    wait_s_max: float | None = None
    attempts_max: int | None = None
    gives_up: bool | None = None
    reset: str = ""
    close_codes: str = ""
    network: str = ""
    terms: Terms = field(default_factory=Terms)
    remarks: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(  # noqa: PLR0913  one argument for each thing that parts cannot tell
        cls,
        reconnect: Reconnect,
        *,
        name: str,
        version: str,
        kind: Kind,
        source: str,
        formula: str = "",
        jitter: str = "",
        notes: str = "",
        reset: str = "",
        close_codes: str = "",
        network: str = "",
        first_after_drop: Support | None = None,
        remarks: Mapping[str, str] | None = None,
    ) -> "Entry":
        """An entry for a policy made of parts; what is not given is read off the parts."""
        rules = "; ".join(rule.words for rule in reconnect.rules)
        advice = reconnect.advice.words
        return cls(
            name=name,
            version=version,
            kind=kind,
            source=source,
            make=reconnect,
            formula=formula or reconnect.schedule.words,
            jitter=jitter or reconnect.schedule.jitter_words,
            notes=notes,
            supports=reconnect.support,
            first_after_drop=first_after_drop or reconnect.support_after_drop(),
            cap_s=reconnect.schedule.cap_s,
            attempts_max=reconnect.attempts_max,
            reset=reset or reconnect.reset.words,
            close_codes=close_codes or "; ".join(filter(None, (rules, advice))) or "all retried",
            network=network or reconnect.network.words or "none",
            terms=reconnect.make().terms,
            remarks=remarks or {},
        )

    @property
    def reconnect(self) -> Reconnect | None:
        """The parts it is made of; None when it is a class of its own."""
        return self.make if isinstance(self.make, Reconnect) else None

    @property
    def table(self) -> PolicyTable | None:
        """It as a table, to be varied; None when it is a class of its own."""
        return None if self.reconnect is None else PolicyTable(self.reconnect, self.name)

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """16 hex digits over what decides its behaviour: its table, or the source of its class."""
        if self.table is not None:
            return self.table.digest
        made = getattr(self.make, "func", self.make)  # of a functools.partial
        module = sys.modules.get(getattr(made, "__module__", ""))
        return self.label if module is None else source_digest(module, self.label)


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every installed entry by name, in order of name.

    Raises:
        ValueError: one line, when an entry point cannot be loaded or gives something else.
    """
    found: dict[str, Entry] = {}
    for point in entry_points(group=POLICIES_GROUP):
        try:
            entries = dict(point.load())
        except Exception as error:  # noqa: BLE001  a plugin may fail in any way
            msg = f"policies of {point.value} cannot be loaded ({said(error)})"
            raise ValueError(msg) from None
        for name, entry in entries.items():
            if not isinstance(entry, Entry):
                msg = f"policies of {point.value}: '{name}' is a {type(entry).__name__}, no Entry"
                raise ValueError(msg)  # noqa: TRY004  a plugin's data, not a type error
            found.setdefault(str(name), entry)
    return {name: found[name] for name in sorted(found)}


@dataclass(frozen=True)
class FoundPolicy:
    """A policy that was asked for: a factory, and what to call it.

    ``name``: a short label. ``digest``: 16 hex digits over what decides its behaviour, this
    version of stormlab included.
    """

    name: str
    factory: Callable[[], Policy]
    digest: str
    entry: Entry | None = None
    table: PolicyTable | None = None

    def __call__(self) -> Policy:
        """One policy, for one socket."""
        return self.make()

    def make(self) -> Policy:
        """One policy, for one socket."""
        return self.factory()

    def make_group(self, count: int) -> list[Policy]:
        """The policies of all sockets of one client."""
        return policies_for_client(self.factory, count)

    @property
    def terms(self) -> Terms:
        """What it asks of its host at the start."""
        return self.entry.terms if self.entry is not None else terms_of(self.make())


REGISTERED = "registered:"
_registered: dict[str, FoundPolicy] = {}
_numbers = count()


@contextmanager
def registered(make: Callable[[], Policy], name: str) -> Iterator[str]:
    """Let ``find_policy`` find a factory that has no name: what to write in a scenario.

    For the length of the block, and in this process only.
    """
    target = f"{REGISTERED}{name}#{next(_numbers)}"
    _registered[target] = FoundPolicy(name, make, _with_version(target))
    try:
        yield target
    finally:
        del _registered[target]


_SETTINGS = re.compile(r",(?=[A-Za-z_][\w.]*=)")


def find_policy(target: str | Mapping[str, Any]) -> FoundPolicy:
    """Find a policy by what a person writes.

    ``NAME`` or ``NAME@VERSION`` of the catalogue; ``module:attribute`` or ``file.py:attribute`` of
    one's own code; ``file.toml`` with a table ``[policy]``; or such a table itself. What is made of
    parts can be varied: ``NAME,backoff.cap_s=30,attempts_max=5``, or in a table ``like = "NAME"``
    and the keys that differ.

    Raises:
        ValueError: one line, when there is no such policy or it cannot be used.
    """
    if isinstance(target, Mapping):
        return _of_table(PolicyTable.validated(_like(target)))
    if target in _registered:
        return _registered[target]
    base, *settings = _SETTINGS.split(target)
    if base.endswith(".toml"):
        table, where = read_table(Path(base))
        own = PolicyTable.validated(_like(table), where)
        return _varied(_of_table(own), settings, target)
    if ":" in base:
        return _varied(_of_code(base), settings, target)
    entry = _entry(base)
    digest = _with_version(entry.digest)
    found = FoundPolicy(entry.name, entry.make, digest, entry, entry.table)
    return _varied(found, settings, target)


def _like(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the keys of a table over those of the policy that it is like."""
    if "like" not in table:
        return table
    rest = {key: value for key, value in table.items() if key != "like"}
    if not isinstance(table["like"], str):
        msg = f"policy.like: found {table['like']!r}; allowed: the name of a policy, in quotes"
        raise ValueError(msg)  # noqa: TRY004  a value of a scenario, not a type error
    model = find_policy(table["like"])
    if model.table is None:
        msg = f"policy.like: {model.name} is a class of its own, not made of parts: nothing to set"
        raise ValueError(msg)
    return _over(model.table.document, rest)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One table over another; a table of another kind replaces what was there."""
    result = dict(below)
    for key, value in above.items():
        old = below.get(key)
        if not isinstance(value, Mapping) or not isinstance(old, Mapping):
            result[key] = value
        elif value.get("kind", old.get("kind")) == old.get("kind"):
            result[key] = _over(old, value)
        else:
            result[key] = value
    return result


def _of_table(table: PolicyTable) -> FoundPolicy:
    return FoundPolicy(table.name, table.make(), _with_version(table.digest), None, table)


def _of_code(target: str) -> FoundPolicy:
    loaded = load(target)
    name = target.rpartition(":")[2]
    if isinstance(loaded.make, Reconnect):
        return _of_table(PolicyTable(loaded.make, name))
    return FoundPolicy(name, loaded.make, _with_version(loaded.digest))


def _varied(found: FoundPolicy, settings: list[str], target: str) -> FoundPolicy:
    if not settings:
        return found
    if found.table is None:
        msg = f"'{target}': {found.name} is a class of its own, not made of parts: nothing to set"
        raise ValueError(msg)
    table = found.table.with_settings(settings)
    name = ",".join([found.name, *settings])
    return FoundPolicy(name, table.make(), _with_version(table.digest), None, table)


def _with_version(digest: str) -> str:
    return hashlib.blake2b(f"{__version__} {digest}".encode(), digest_size=8).hexdigest()


def _entry(target: str) -> Entry:
    known = catalogue()
    if target in known:
        return known[target]
    name, _, version = target.rpartition("@")
    if name in known:
        entry = known[name]
        if version != entry.version:
            msg = f"'{target}': the catalogue has {name} in version {entry.version}"
            raise ValueError(msg)
        return entry
    close = [each for each in known if target and target.lower() in each.lower()]
    close += get_close_matches(name or target, known, n=1, cutoff=0.5)
    hint = f", did you mean '{close[0]}'?" if close else "; see: stormlab policies"
    msg = f"no policy '{target}'{hint} (one's own: file.py:NAME, module:NAME or file.toml)"
    raise ValueError(msg)
