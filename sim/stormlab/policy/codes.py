"""Close codes and HTTP statuses: what a client reads out of how a connection ended.

A list of rules; the first that fits decides. Codes: RFC 6455, section 7.4.1, and the IANA registry
(1012 service restart, 1013 try again later); what each library makes of them is in its catalogue
entry.
"""

from dataclasses import dataclass
from typing import Literal

from stormlab.policy.contract import Fact, Happened
from stormlab.policy.schedule import Schedule, Span

Range = tuple[int, int]
Action = Literal["stop", "retry", "now", "schedule"]

SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
NORMAL = 1000
ABNORMAL = 1006
RESTART_SPAN = Span(5.0, 30.0, purpose="restart")  # hybi mailing list, msg09649


@dataclass(frozen=True)
class Rule:
    """What to do when a connection ended in a certain way.

    It fits when every condition that is given does: ``codes`` (ranges, ends included), ``statuses``
    of a refused handshake, the beginning of the close ``reason``, and ``fact`` (DROPPED or
    REFUSED). ``action``: ``stop``; ``retry`` as usual; ``now``, at once; ``schedule``, by the
    other ``schedule`` given here. ``counts``: whether the retry counts for backoff and limit.
    """

    action: Action
    codes: tuple[Range, ...] = ()
    statuses: tuple[Range, ...] = ()
    reason: str = ""
    fact: Fact | None = None
    schedule: Schedule | None = None
    counts: bool = True
    announced: bool = True

    def __post_init__(self) -> None:
        """Refuse another schedule that is not given.

        Raises:
            ValueError: when ``action`` is ``schedule`` and there is none.
        """
        if (self.action == "schedule") != (self.schedule is not None):
            msg = "a rule has a schedule exactly when its action is 'schedule'"
            raise ValueError(msg)

    def fits(self, happened: Happened) -> bool:
        """Whether the rule is for this end of a connection."""
        return (
            (self.fact is None or happened.fact is self.fact)
            and (not self.codes or _within(happened.code, self.codes))
            and (not self.statuses or _within(happened.status, self.statuses))
            and happened.reason.startswith(self.reason)
        )

    @property
    def words(self) -> str:
        """For people: ``4400-4499: stop``."""
        parts = [ranges_text(self.codes)] if self.codes else []
        parts += [f"HTTP {ranges_text(self.statuses)}"] if self.statuses else []
        parts += [f"reason {self.reason}…"] if self.reason else []
        parts += [str(self.fact)] if self.fact is not None else []
        action = self.schedule.words if self.schedule is not None else self.action
        return f"{' '.join(parts) or 'any'}: {action}{'' if self.counts else ', not counted'}"


def _within(value: int, ranges: tuple[Range, ...]) -> bool:
    return any(low <= value <= high for low, high in ranges)


def ranges_text(ranges: tuple[Range, ...]) -> str:
    """``1000, 1002-1004``."""
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def codes(*values: int | Range) -> tuple[Range, ...]:
    """Single codes and ranges as ranges: ``codes(1000, (4000, 4099))``."""
    return tuple((value, value) if isinstance(value, int) else value for value in values)


def stop_on(*values: int | Range, announced: bool = True) -> Rule:
    """A rule that gives up after these close codes."""
    return Rule("stop", codes(*values), announced=announced)


def first_fit(rules: tuple[Rule, ...], happened: Happened) -> Rule | None:
    """The first rule that fits, or None."""
    return next((rule for rule in rules if rule.fits(happened)), None)


@dataclass(frozen=True)
class Advice:
    """What becomes of the server's advice on when to come back.

    ``retry_after``: ``ignore``; ``at_least``, the delay is no shorter; ``exact``, it replaces the
    delay; each at most ``limit_s``, plus U[0, ``spread_s``) so that those told the same do not come
    together. ``restart`` replaces the delay after 1012 (the hybi list: 5 to 30 s), ``later`` after
    1013.
    """

    retry_after: Literal["ignore", "at_least", "exact"] = "ignore"
    limit_s: float | None = None
    spread_s: float = 0.0
    restart: Schedule | None = None
    later: Schedule | None = None

    def schedule(self, happened: Happened) -> Schedule | None:
        """The schedule that the close code asks for."""
        if happened.code == SERVICE_RESTART:
            return self.restart
        return self.later if happened.code == TRY_AGAIN_LATER else None

    @property
    def words(self) -> str:
        """For people; empty when all advice is ignored."""
        parts = []
        if self.retry_after != "ignore":
            kind = "the exact delay" if self.retry_after == "exact" else "at least as long"
            parts.append(f"Retry-After: {kind}")
        parts += [f"1012: {self.restart.words}"] if self.restart is not None else []
        parts += [f"1013: {self.later.words}"] if self.later is not None else []
        return "; ".join(parts)
