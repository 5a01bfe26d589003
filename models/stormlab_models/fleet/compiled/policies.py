"""The policies of a compiled fleet: where they lie, and how the kernel asks them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.fleet import policy_code
from stormlab.fleet.memory import LINE_BYTES, compiled, lines_of
from stormlab.fleet.policy_layout import (
    BREAKER,
    BUDGET,
    HOT,
    ME,
    breaker_at,
    budget_at,
    end_at,
    rule_at,
)
from stormlab.fleet.policy_records import (
    THROTTLE_ROOM,
    NotCompiledError,
    policy_tables,
)
from stormlab.policy.catalogue import FoundPolicy
from stormlab.policy.contract import Terms
from stormlab.policy.rules import breaking, budgeting, numbers, reconnecting
from stormlab.policy.rules.numbers import LAST_STOP, NEVER, NOTHING
from stormlab_models.fleet.compiled.ends import FIRST_CODE, Ends
from stormlab_models.fleet.compiled.layout import GROUP, LINK, SOCKET, client_at, me_of
from stormlab_models.fleet.compiled.words import FIRST_REASON

BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN = (
    numbers.CLOSED,
    numbers.BROKEN,
    numbers.HALF_OPEN,
)
OFFLINE, ONLINE = numbers.IS_OFFLINE, numbers.IS_ONLINE
PLACE_MASK = (1 << 20) - 1


@dataclass
class Policies:
    """The policies of all groups in raw memory, and the state of every socket's."""

    rules: NDArray[np.void]
    groups: NDArray[np.void]
    state: dict[str, NDArray[Any]]
    shares: bool  # two sockets of a client may have one breaker or budget
    kept: list[NDArray[Any]]

    @classmethod
    def of(
        cls,
        policies: Sequence[FoundPolicy],
        ends: Ends,
        count: int,
        per_client: int,
        group_of: NDArray[np.int32],
        links: int,
    ) -> "Policies":
        """Lay the policies of ``count`` clients out, with room for ``links`` attempts.

        Raises:
            NotCompiledError: naming the policy that cannot be compiled, and why.
        """
        tables = []
        for found in policies:
            try:
                tables.append(policy_tables(parts_of(found), ends.happened))
            except NotCompiledError as error:
                raise NotCompiledError(f"policy {found.name}: {error}") from None
        rules = np.concatenate([each.rule for each in tables])
        sockets = count * per_client
        body = _bodies(links, any(each.remembers_more for each in tables))
        state: dict[str, NDArray[Any]] = {"body_p": body}
        kept = [array for each in tables for array in each.arrays]
        words = max(each.trip_room for each in tables)
        breakers = np.zeros(sockets if rules["has_breaker"].any() else 1, BREAKER)
        rings = np.zeros(max(1, words * len(breakers)), "<i8")
        breakers["ring"] = rings.ctypes.data + np.arange(len(breakers)) * words * 8
        rooms = np.array([each.trip_entries for each in tables])
        per_socket = np.repeat(group_of, per_client)[: len(breakers)]
        breakers["room"] = rooms[per_socket]
        pay_words = max(each.pay_room for each in tables)
        budgets = np.zeros(sockets if rules["has_budget"].any() else 1, BUDGET)
        pays = np.zeros(max(1, pay_words * len(budgets)), "<i8")
        budgets["ring"] = pays.ctypes.data + np.arange(len(budgets)) * pay_words * 8
        pay_rooms = np.array([each.pay_room // budgeting.WORDS for each in tables])
        per_socket = np.repeat(group_of, per_client)[: len(budgets)]
        budgets["room"] = pay_rooms[per_socket]
        budgets["full_at_ns"] = budgets["last_ns"] = NEVER
        for number, found in enumerate(policies):
            budget = parts_of(found).budget
            if budget is not None:
                budgets["left"][per_socket == number] = getattr(budget.make(), "left", 0)
        state |= {"breaker_p": breakers, "budget_p": budgets}
        shares = bool((rules["shares"] & (rules["has_breaker"] | rules["has_budget"])).any())
        groups = np.array([_terms(found) for found in policies], GROUP)
        return cls(rules, groups, state, shares, [*kept, rings, pays])

    def install(self, world: np.void) -> None:
        """Tell the world where everything lies."""
        world["policy_p"] = self.rules.ctypes.data
        for name, array in self.state.items():
            world[name] = array.ctypes.data
        body = self.state["body_p"].dtype
        assert body.fields is not None  # noqa: S101  see _bodies
        world["body_bytes"], world["link_offset"] = body.itemsize, body.fields["link"][1]
        world["remembers_more"] = body["me"].itemsize > HOT.itemsize
        world["one_group"] = len(self.rules) == 1

    @property
    def trouble(self) -> str:
        """What did not fit into the memory of policies; empty: everything did."""
        if (self.rules["beyond"] == 1).any():
            return "a delay beyond the table of a backoff that never stops growing"
        if (self.rules["beyond"] == 2).any():  # noqa: PLR2004  see policy_code.has_room
            return f"more than {THROTTLE_ROOM} attempts of one client in an adaptive throttle"
        return ""


def parts_of(found: FoundPolicy) -> Any:
    """The parts that a policy is made of, if it is."""
    factory = found.factory
    return getattr(factory, "__self__", factory) if _is_bound(factory) else factory


def _is_bound(factory: object) -> bool:
    return getattr(factory, "__name__", "") == "make" and hasattr(factory, "__self__")


def _terms(found: FoundPolicy) -> tuple[int, ...]:
    """What a policy asks of its host."""
    parts = parts_of(found)
    terms: Terms = parts.terms
    growing = parts.connect_timeout is not None
    times = (terms.connect_timeout_s, terms.heartbeat_s, terms.heartbeat_timeout_s)
    numbers_ns = [NEVER if each is None else to_ns(each) for each in times]
    has_breaker = parts.breaker is not None
    plain = not (growing or has_breaker or parts.budget is not None)
    return (*numbers_ns, growing, terms.closes_offline, terms.http_first, has_breaker, plain)


def _bodies(links: int, more: bool) -> NDArray[np.void]:
    """What is kept of each socket, by its policy, and of an attempt, in lines of the cache.

    Behind those of the sockets there are more for attempts only; memory that is never touched
    costs nothing.
    """
    kept = ME if more else HOT
    link_offset = -(-(SOCKET.itemsize + kept.itemsize) // LINE_BYTES) * LINE_BYTES
    layout = {
        "names": ["socket", "me", "link"],
        "formats": [SOCKET, kept, LINK],
        "offsets": [0, SOCKET.itemsize, link_offset],
        "itemsize": link_offset + LINE_BYTES,
    }
    return lines_of(links, np.dtype(layout))  # type: ignore[call-overload]


@compiled
def rule_of(w, socket):
    """The rule of a socket's policy."""
    if w.one_group:
        return rule_at(w.policy_p, 0)
    return rule_at(w.policy_p, client_at(w.client_p, socket.who >> 20).group)


@compiled
def guard_of(rule, owner, socket):
    """The number of the breaker and the budget of a socket: its own, or its client's first."""
    if not rule.has_breaker and not rule.has_budget:
        return np.int64(0)
    return owner - (socket.who & PLACE_MASK) if rule.shares else owner


@compiled
def breaker_of(w, rule, owner, socket):
    """The breaker of a socket; any, when it has none."""
    return breaker_at(w.breaker_p, guard_of(rule, owner, socket) if rule.has_breaker else 0)


@compiled
def budget_of(w, rule, owner, socket):
    """The budget of a socket; any, when it has none."""
    return budget_at(w.budget_p, guard_of(rule, owner, socket) if rule.has_budget else 0)


@compiled
def chance_of(w, socket, origin):
    """The chance of the decision that is being made; ``origin``: of the socket's draws."""
    return (origin, w.key, (socket.who >> 20) << 20, np.int64(socket.ordinal))


@compiled
def is_stop(decision):
    """Whether a decision ends it."""
    return NOTHING < decision <= LAST_STOP


@compiled
def reason(decision):
    """The detail of a decision that ends it."""
    return FIRST_REASON + (decision - NOTHING - 1)


@compiled
def opened(w, owner, socket, now_ns):
    """The handshake is complete."""
    rule = rule_of(w, socket)
    breaker, budget = breaker_of(w, rule, owner, socket), budget_of(w, rule, owner, socket)
    reconnecting.opened(rule, me_of(w, owner), breaker, budget, now_ns)


@compiled
def learn(w, owner, socket, what, now_ns):
    """The application, or the HTTP request before the handshake, has answered."""
    rule = rule_of(w, socket)
    breaker, budget = breaker_of(w, rule, owner, socket), budget_of(w, rule, owner, socket)
    reconnecting.learn(rule, me_of(w, owner), breaker, budget, what, now_ns)


@compiled
def proved(w, owner, socket, now_ns):
    """The application has answered."""
    learn(w, owner, socket, numbers.ON_PROOF, now_ns)


@compiled
def reached(w, owner, socket, now_ns):
    """The HTTP request before the handshake was answered."""
    learn(w, owner, socket, numbers.ON_HTTP, now_ns)


@compiled
def failed(w, owner, socket, origin, now_ns, dropped, end):
    """An attempt or a connection has ended."""
    rule = rule_of(w, socket)
    breaker, budget = breaker_of(w, rule, owner, socket), budget_of(w, rule, owner, socket)
    return np.int64(
        reconnecting.failed(
            rule,
            me_of(w, owner),
            breaker,
            budget,
            end_at(rule.end_p, end),
            dropped,
            now_ns,
            NEVER,  # the attempt began when the policy allowed it
            chance_of(w, socket, origin),
        )
    )


@compiled
def may_attempt(w, owner, socket, now_ns):
    """Whether an attempt that is due is made."""
    rule = rule_of(w, socket)
    breaker, budget = breaker_of(w, rule, owner, socket), budget_of(w, rule, owner, socket)
    return reconnecting.may_attempt(rule, me_of(w, owner), breaker, budget, now_ns)


@compiled
def due(w, owner, socket, origin, now_ns):
    """What becomes of an attempt that falls due; ``now_ns`` itself: it is made."""
    if may_attempt(w, owner, socket, now_ns):
        return now_ns
    rule = rule_of(w, socket)
    breaker, budget = breaker_of(w, rule, owner, socket), budget_of(w, rule, owner, socket)
    me, chance = me_of(w, owner), chance_of(w, socket, origin)
    return np.int64(reconnecting.postponed(rule, me, breaker, budget, now_ns, chance))


@compiled
def start(w, owner, socket, origin, now_ns):
    """When to make the first attempt of all."""
    rule = rule_of(w, socket)
    me, chance = me_of(w, owner), chance_of(w, socket, origin)
    return np.int64(reconnecting.start(rule, me, now_ns, chance))


@compiled
def surroundings(w, owner, socket, origin, fact, now_ns):
    """The device changed."""
    rule = rule_of(w, socket)
    me, chance = me_of(w, owner), chance_of(w, socket, origin)
    return np.int64(reconnecting.surroundings(rule, me, fact, now_ns, chance))


@compiled
def breaker_state(w, owner, socket, now_ns):
    """Where a socket's breaker stands."""
    rule = rule_of(w, socket)
    return breaking.state_at(rule, breaker_of(w, rule, owner, socket), now_ns)


@compiled
def connect_timeout_ns(w, owner, socket):
    """The connect time-out of the attempt that is being made, where it changes."""
    return policy_code.connect_timeout_ns(rule_of(w, socket), me_of(w, owner))


@compiled
def code_of(w, end):
    """The close code of an end."""
    return np.int64(end_at(rule_at(w.policy_p, 0).end_p, end).code)


@compiled
def clean_of(w, end):
    """Whether an end came with a close frame."""
    return np.int64(end_at(rule_at(w.policy_p, 0).end_p, end).clean)


@compiled
def end_of_code(w, code):
    """The end that a close frame with this code is."""
    end = np.int64(FIRST_CODE)
    while code_of(w, end) != code:
        end += 1
    return end
