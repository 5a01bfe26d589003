"""Hypothesis strategies: small worlds, and policies made of parts.

What happens is drawn (schedules as gaps and durations, faults, what a person does), and one integer
besides, from which all chance of the run follows. They shrink towards no faults, one client, round
numbers. The worlds are those of :mod:`stormlab.worlds.made`; a drawn one is run by
:func:`stormlab.worlds.bare.run_bare` or by its own ``run``, and judged by
:data:`stormlab.properties.PROMISES`::

    @given(bare_worlds())
    def test_ours_converges(world):
        subject = Subject.of(Ours)
        seen = see(target_of(Ours), world)
        assert PROMISES["converges"].judge(subject, seen).outcome is not Outcome.BROKEN

Needs Hypothesis (``pip install hypothesis``): nothing else in the package imports this at start.
"""

from hypothesis import strategies as st

from stormlab.policy.backoff import Backoff, Constant, Exponential, Linear
from stormlab.policy.breaker import (
    CircuitBreaker,
    Consecutive,
    RateInCount,
    RateInWindow,
    Trip,
)
from stormlab.policy.codes import Advice
from stormlab.policy.contract import Terms
from stormlab.policy.jitter import Equal, Full, Jitter, Multiplied, NoJitter
from stormlab.policy.reconnect import Reconnect
from stormlab.policy.reset import On, Reset
from stormlab.policy.schedule import Delays, Span
from stormlab.properties.promises.promise import Tier
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.made import (
    FOOLED_S_USUAL,
    bare_world,
    fleet_world,
    herd_world,
    page_world,
)
from stormlab.worlds.made_code import code_world
from stormlab.worlds.simulated import SimulatedWorld
from stormlab.worlds.written import World

SETTLE_S = 300.0  # enough for most; settle_s(subject) says what a policy needs


class _Drawn:
    """Picks drawn by Hypothesis."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def below(self, limit: int) -> int:
        return self._draw(st.integers(0, limit - 1))


@st.composite
def bare_worlds(
    draw: st.DrawFn, settle_s: float = SETTLE_S, fooled_s: float = FOOLED_S_USUAL
) -> BareWorld:
    """One client alone; it has ``settle_s`` from the healing to the end.

    ``fooled_s``: how long a server accepts and closes, in worlds that are about that.
    """
    return bare_world(_Drawn(draw), settle_s, fooled_s)


@st.composite
def herd_worlds(draw: st.DrawFn) -> HerdWorld:
    """The luck of a fleet that lost its server together."""
    return herd_world(_Drawn(draw))


@st.composite
def fleet_worlds(
    draw: st.DrawFn, clients_max: int = 8, sockets_max: int = 3, settle_s: float = SETTLE_S
) -> SimulatedWorld:
    """A small fleet of the model ``fleet``."""
    return fleet_world(_Drawn(draw), settle_s, clients_max, sockets_max)


@st.composite
def page_worlds(draw: st.DrawFn) -> SimulatedWorld:
    """One page of the analysed application."""
    return page_world(_Drawn(draw))


@st.composite
def code_worlds(draw: st.DrawFn, settle_s: float = SETTLE_S) -> BareWorld:
    """One client of real code; run by :func:`stormlab.hosts.javascript.code.run_recipe`."""
    return code_world(_Drawn(draw), settle_s)


def worlds(
    tier: Tier, settle_s: float = SETTLE_S, fooled_s: float = FOOLED_S_USUAL
) -> st.SearchStrategy[World]:
    """The worlds of a kind: ``bare``, ``herd``, ``fleet``, ``page`` or ``code``."""
    made: dict[Tier, st.SearchStrategy[World]] = {
        "bare": bare_worlds(settle_s, fooled_s),
        "herd": herd_worlds(),
        "fleet": fleet_worlds(settle_s=settle_s),
        "page": page_worlds(),
        "code": code_worlds(settle_s),
    }
    return made[tier]


def seconds(*options: float) -> st.SearchStrategy[float]:
    """One of these, or a whole number of milliseconds between the least and the greatest."""
    low, high = round(min(options) * 1000), round(max(options) * 1000)
    between = st.integers(low, high).map(lambda ms: ms / 1000)
    return st.sampled_from(options) | between


def backoffs() -> st.SearchStrategy[Backoff]:
    """Constant, linear or exponential."""
    base_s = seconds(1.0, 0.1, 5.0)
    return st.one_of(
        st.builds(Constant, base_s),
        st.builds(Linear, base_s, base_s),
        st.builds(Exponential, base_s, st.sampled_from((2.0, 1.5, 3.0))),
    )


def jitters() -> st.SearchStrategy[Jitter]:
    """None, full, equal, or a part on both sides."""
    return st.sampled_from((NoJitter(), Full(), Equal(), Multiplied(0.8, 1.2)))


def breakers() -> st.SearchStrategy[CircuitBreaker]:
    """Circuit breakers that open at failures in a row or at a share of failures."""
    trips: st.SearchStrategy[Trip] = st.one_of(
        st.builds(Consecutive, st.integers(1, 10)),
        st.builds(RateInWindow, window_s=seconds(10.0, 60.0), throughput_min=st.integers(1, 10)),
        st.builds(RateInCount, size=st.integers(5, 20), minimum=st.integers(1, 5)),
    )
    return st.builds(
        CircuitBreaker,
        trip=trips,
        open_for=st.builds(Constant, seconds(10.0, 1.0, 60.0)),
        probes=st.integers(1, 3),
        probe_again=st.booleans(),
    )


@st.composite
def policies(draw: st.DrawFn) -> Reconnect:
    """Policies made of parts: backoff, jitter, cap, reset, limit, advice, terms, breaker."""
    cap_s = draw(seconds(30.0, 5.0, 120.0))
    timeout_s = draw(st.none() | seconds(10.0, 5.0, 30.0))
    heartbeat_s = draw(st.none() | seconds(20.0, 5.0, 60.0))
    on: tuple[On, ...] = ("proof", "stable", "open", "never")
    return Reconnect(
        Delays(draw(backoffs()), draw(jitters()), cap_s=cap_s),
        first_after_drop=draw(st.none() | st.builds(Span, st.just(0.0), seconds(5.0, 1.0))),
        attempts_max=draw(st.none() | st.integers(1, 20)),
        reset=Reset(draw(st.sampled_from(on)), draw(seconds(10.0, 1.0, 30.0))),
        advice=Advice(draw(st.sampled_from(("ignore", "at_least", "exact")))),
        terms=Terms(timeout_s, heartbeat_s, heartbeat_s),
        breaker=draw(st.none() | breakers()),
        shared=draw(st.sampled_from(("socket", "client"))),
        success_on=draw(st.sampled_from(("open", "proof"))),
    )
