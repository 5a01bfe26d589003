"""The catalogue of real policies: what an entry tells, and how entries are found.

Entries come from the entry-point group ``stormlab.policies``; each entry point is a mapping from
name to :class:`Entry`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Literal

from stormlab.policy.contract import Policy, Terms
from stormlab.policy.reconnect import Reconnect
from stormlab.policy.support import Support

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
    ``attempts_max``: None when there is none. ``source``: ``package@version:path``.
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
    attempts_max: int | None = None
    reset: str = ""
    close_codes: str = ""
    network: str = ""
    terms: Terms = field(default_factory=Terms)

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
            first_after_drop=reconnect.support_after_drop(),
            cap_s=reconnect.schedule.cap_s,
            attempts_max=reconnect.attempts_max,
            reset=reset or reconnect.reset.words,
            close_codes=close_codes or "; ".join(filter(None, (rules, advice))) or "all retried",
            network=network or reconnect.network.words or "none",
            terms=reconnect.make().terms,
        )

    @property
    def reconnect(self) -> Reconnect | None:
        """The parts it is made of; None when it is a class of its own."""
        return self.make if isinstance(self.make, Reconnect) else None

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"


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
            kind = type(error).__name__
            msg = f"policies of {point.value} cannot be loaded ({kind}: {error})"
            raise ValueError(msg) from None
        for name, entry in entries.items():
            if not isinstance(entry, Entry):
                msg = f"policies of {point.value}: '{name}' is a {type(entry).__name__}, no Entry"
                raise ValueError(msg)  # noqa: TRY004  a plugin's data, not a type error
            found.setdefault(str(name), entry)
    return {name: found[name] for name in sorted(found)}
