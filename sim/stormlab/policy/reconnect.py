"""The composition: parts of a reconnect policy put together, and the policy that they make.

:class:`Reconnect` holds the parameters; calling it, or :meth:`Reconnect.make`, gives one policy at
work (:class:`.reconnector.Reconnector`), :meth:`Reconnect.make_group` those of all sockets of one
client, which then share a breaker or a budget if ``shared`` says so.

How failures are counted. ``DROPPED`` and ``REFUSED`` are failures. The first delay after a
connection whose count was reset is ``first_after_drop``, if given; every other failure takes delay
n = 0, 1, 2, ... of the schedule. ``drop_counts`` says whether that first delay uses up n = 0.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from stormlab.policy.backoff import Backoff
from stormlab.policy.breaker import CircuitBreaker
from stormlab.policy.budget import BudgetRule
from stormlab.policy.codes import Advice, Rule
from stormlab.policy.contract import Policy, Terms
from stormlab.policy.reconnector import Reconnector
from stormlab.policy.reset import Reset
from stormlab.policy.rules.formulas import connect_timeout_s
from stormlab.policy.schedule import Delays, Schedule, Span
from stormlab.policy.support import Support

AT_ONCE = Span(0.0, 0.0)


@dataclass(frozen=True)
class Network:
    """What the device and the page have to say.

    ``online``: retry after this delay when the device comes online and no connection is there
    (None: take no notice). ``offline``: ``wait`` makes no attempt until it is online again.
    ``hidden``: ``skip`` leaves out an attempt that falls due in a hidden page and makes it when
    visible; ``longest`` waits ``hidden_s`` in a hidden page. ``visible``: retry after this delay
    when the page becomes visible while waiting. ``resets``: coming online sets the count back;
    ``visible_resets``: so does becoming visible without a connection.
    """

    online: Schedule | None = None
    offline: Literal["ignore", "wait"] = "ignore"
    hidden: Literal["ignore", "skip", "longest"] = "ignore"
    hidden_s: float = 0.0
    visible: Schedule | None = None
    resets: bool = False
    visible_resets: bool = False

    @property
    def words(self) -> str:
        """For people; empty when no notice is taken."""
        parts = [f"online: retry after {self.online.words}"] if self.online is not None else []
        parts += ["offline: wait"] if self.offline == "wait" else []
        parts += ["hidden: skip until visible"] if self.hidden == "skip" else []
        parts += [f"hidden: {self.hidden_s:g} s"] if self.hidden == "longest" else []
        parts += [f"visible: retry after {self.visible.words}"] if self.visible is not None else []
        return "; ".join(parts)


@dataclass(frozen=True)
class ConnectTimeout:
    """A connect timeout that changes with the attempts since the count was reset.

    ``at_least_delay``: never shorter than the delay before the attempt (gRPC: max(backoff, 20 s)).
    """

    growth: Backoff
    cap_s: float | None = None
    at_least_delay: bool = False

    def seconds(self, n: int, delay_s: float) -> float:
        """The timeout of attempt ``n`` (from 0) since the last reset, made after ``delay_s``."""
        cap_s = math.inf if self.cap_s is None else self.cap_s
        at_least_s = delay_s if self.at_least_delay else 0.0
        return connect_timeout_s(self.growth.base_ms(n) or 0.0, cap_s, at_least_s)


@dataclass(frozen=True)
class Reconnect:
    """All parts of a reconnect policy; a factory of policies.

    ``attempts_max``: retries since the last reset before it gives up (None: never); ``announced``:
    whether a person is told. ``give_up_after_s``: also gives up so long after the first failure.
    ``rules`` are asked before anything else, then ``advice``. ``late``: (seconds, schedule),
    another schedule so long after the first failure (ably: after 120 s). ``counted_from``: the
    delay runs from the end of the last attempt or from its beginning (gRPC, nats), but
    ``first_after_drop`` always from the drop. ``spacing_s``:
    at least so long between the beginnings of two attempts. ``success_on``: what a breaker or
    budget takes for success; ``drops_fail``: whether the loss of a good connection is a failure to
    the breaker. ``breaker_spread_s``: probes come up to so much later, by chance. ``recheck``: when
    to ask again if breaker or budget cannot say.
    """

    schedule: Schedule
    first_after_drop: Schedule | None = None
    drop_counts: bool = True
    first_connect: Schedule = AT_ONCE
    attempts_max: int | None = None
    give_up_after_s: float | None = None
    announced: bool = True
    reset: Reset = field(default_factory=Reset)
    rules: tuple[Rule, ...] = ()
    advice: Advice = field(default_factory=Advice)
    network: Network = field(default_factory=Network)
    terms: Terms = field(default_factory=Terms)
    connect_timeout: ConnectTimeout | None = None
    late: tuple[float, Schedule] | None = None
    counted_from: Literal["end", "attempt"] = "end"
    spacing_s: float = 0.0
    by_hand_resets: bool = True
    breaker: CircuitBreaker | None = None
    breaker_spread_s: float = 0.0
    budget: BudgetRule | None = None
    shared: Literal["socket", "client"] = "socket"
    success_on: Literal["open", "proof"] = "open"
    drops_fail: bool = False
    recheck: Schedule = field(default_factory=lambda: Span(0.5, 1.5, purpose="recheck"))

    def __call__(self) -> Reconnector:
        """One policy, for one socket."""
        return self.make()

    def make(self) -> Reconnector:
        """One policy, for one socket."""
        breaker = self.breaker.make() if self.breaker is not None else None
        budget = self.budget.make() if self.budget is not None else None
        return Reconnector(self, breaker, budget)

    def make_group(self, count: int) -> list[Policy]:
        """The policies of all ``count`` sockets of one client."""
        first = self.make()
        group: list[Policy] = [first]
        for _ in range(count - 1):
            shared = self.shared == "client"
            group.append(Reconnector(self, first.breaker, first.budget) if shared else self.make())
        return group

    def support(self, n: int) -> Support | None:
        """Every value that delay ``n`` of the schedule can take; None: there is no such attempt.

        Counted from where ``counted_from`` says; what rules, advice, breaker and budget add is not
        in it.
        """
        if self.attempts_max is not None and n >= self.attempts_max:
            return None
        return self.schedule.support(n)

    def support_after_drop(self) -> Support | None:
        """Every value that the first delay after a connection can take that was good and long.

        What is counted from the beginning of the last attempt has then long gone by.
        """
        if self.first_after_drop is not None:
            return self.first_after_drop.support(0)
        less = isinstance(self.schedule, Delays) and self.schedule.less_elapsed
        found = self.support(0)
        if found is not None and (less or self.counted_from == "attempt"):
            return Support.point(0)
        return found


def policies_for_client(make: Callable[[], Policy], count: int) -> list[Policy]:
    """The policies of the ``count`` sockets of one client; a shared breaker is really shared."""
    make_group: Callable[[int], list[Policy]] | None = getattr(make, "make_group", None)
    return make_group(count) if make_group is not None else [make() for _ in range(count)]
