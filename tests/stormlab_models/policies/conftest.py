"""What the catalogue's tests share: a client against a server that is played, in virtual time.

``play``: attempts, gaps and the end of a run against a server that behaves as told.
``drawn``: many clients' delay n. ``walk``: one client's delays while every attempt is refused.
``agrees``: whether draws have a mean and a standard deviation that are given.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.clock import to_ns, to_s
from stormlab.draws import Draws
from stormlab.policy import AddressedChance, Fact, Happened, Moment, Policy, Stop, delays, terms_of
from stormlab.policy.catalogue import Entry
from stormlab.policy.host import Host
from stormlab_models.policies import CATALOGUE

# What the measured runs took beside 50 ms of uptime where the client waits 0 ms: 8 to 12 ms.
HANDSHAKE_S = 0.008
ATTEMPTS_MAX = 100_000


@dataclass(frozen=True)
class End:
    """What becomes of an attempt: open for ``up_s`` and then closed, or refused (``up_s`` None).

    ``after_s``: how long the handshake or its refusal takes. ``proves``: the application answers,
    ``proof_s`` after the handshake. ``reaches``: an HTTP call before the handshake succeeds.
    """

    up_s: float | None = 0.05
    code: int = 1012
    reason: str = ""
    clean: bool = True
    status: int = 0
    retry_after_s: float | None = None
    after_s: float = HANDSHAKE_S
    proves: bool = True
    proof_s: float = 0.0
    reaches: bool = True


@dataclass
class Played:
    """A run, in seconds. ``gaps_s``: from each end to the attempt that followed it."""

    attempts_s: list[float] = field(default_factory=list)
    opened_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    stop: Stop | None = None

    @property
    def gaps_s(self) -> list[float]:
        """The delays as they were really waited."""
        return [a - e for a, e in zip(self.attempts_s[1:], self.ended_s, strict=False)]


class _Play:
    """A host whose server is a list of ends; the last one repeats."""

    def __init__(self, policy: Policy, seed: int, until_ns: int) -> None:
        self.policy = policy
        self.host = Host(policy, AddressedChance(Draws(seed), 1))
        self.until_ns = until_ns
        self.played = Played()

    def run(self, ends: list[End], said: list[tuple[int, Fact]]) -> Played:
        """Make every attempt that falls due; ``said``: times of what the device and page say."""
        self.host.start(0)
        for index in range(ATTEMPTS_MAX):
            due_ns = self._wait(said)
            if due_ns is None or due_ns >= self.until_ns:
                break
            number = self.host.begin(due_ns)
            if number is not None:
                self.played.attempts_s.append(to_s(due_ns))
                self._attempt(number, due_ns, ends[min(index, len(ends) - 1)], said)
        else:
            pytest.fail(f"more than {ATTEMPTS_MAX:,} attempts")
        self.played.stop = self.host.stopped
        return self.played

    def _wait(self, said: list[tuple[int, Fact]]) -> int | None:
        while said and (self.host.due_ns is None or said[0][0] <= self.host.due_ns):
            time_ns, fact = said.pop(0)
            self.host.tell(Happened(fact, time_ns))
        return self.host.due_ns

    def _attempt(self, number: int, time_ns: int, end: End, said: list[tuple[int, Fact]]) -> None:
        def tell(fact: Fact, **facts: Any) -> None:
            while said and said[0][0] <= time_ns:
                told_ns, of_device = said.pop(0)
                self.host.tell(Happened(of_device, told_ns))
            self.host.tell(Happened(fact, time_ns, **facts), number)

        time_ns += to_ns(end.after_s)
        if end.reaches and terms_of(self.policy).http_first:
            tell(Fact.REACHED)
        advice_ns = None if end.retry_after_s is None else to_ns(end.retry_after_s)
        how = {"reason": end.reason, "retry_after_ns": advice_ns}
        if end.up_s is None:
            tell(Fact.REFUSED, code=1006, status=end.status, **how)
        else:
            tell(Fact.OPENED)
            self.played.opened_s.append(to_s(time_ns))
            time_ns += to_ns(end.proof_s)
            if end.proves:
                tell(Fact.PROVED)
            time_ns += to_ns(end.up_s - end.proof_s)
            tell(Fact.DROPPED, code=end.code, clean=end.clean, **how)
        self.played.ended_s.append(to_s(time_ns))


Play = Callable[..., Played]


@pytest.fixture
def play() -> Play:
    """Run one client: ``play("phoenix", 12, code=1000)``: connects, is closed after 50 ms, again.

    ``ends``: what becomes of the first attempt, the second, ... as keywords of :class:`End`; the
    last one repeats. ``said``: (second, Fact) of device and page, in order of time.
    """

    def call(  # a policy may be given instead of a name
        policy: str | Policy,
        for_s: float,
        *,
        ends: Iterable[Mapping[str, Any]] = (),
        said: Iterable[tuple[float, Fact]] = (),
        seed: int = 1,
        **end: Any,
    ) -> Played:
        made = CATALOGUE[policy].make() if isinstance(policy, str) else policy
        each = [End(**{**end, **one}) for one in ends] or [End(**end)]
        run = _Play(made, seed, to_ns(for_s))
        return run.run(each, [(to_ns(second), fact) for second, fact in said])

    return call


Walk = Callable[..., list[float]]


@pytest.fixture
def walk() -> Walk:
    """One client's first ``count`` delays in seconds; ``dropped_first``: after a good connection.

    The list is shorter when the policy gives up.
    """

    def call(name: str, count: int, *, client: int = 1, **how: Any) -> list[float]:
        chance = AddressedChance(Draws(1), client)
        walked = delays(CATALOGUE[name].make(), count, chance, **how)
        return [to_s(delay_ns) for delay_ns in walked.delays_ns]

    return call


Drawn = Callable[..., NDArray[np.int64]]


@pytest.fixture
def drawn() -> Drawn:
    """``drawn("socket.io-client", 4)[client, n]``: delays in nanoseconds of ``clients`` clients.

    Delay n of the schedule, every attempt being refused; after the end of the schedule it is -1.
    """

    def call(name: str, count: int, *, clients: int = 4000) -> NDArray[np.int64]:
        found = np.full((clients, count), -1, dtype=np.int64)
        for client in range(clients):
            values = _delays(CATALOGUE[name], count, AddressedChance(Draws(1), client))
            found[client, : len(values)] = values
        return found

    return call


def _delays(entry: Entry, count: int, chance: AddressedChance) -> list[int]:
    if entry.reconnect is None:
        return delays(entry.make(), count, chance).delays_ns
    moment, found = Moment(chance), []
    for n in range(count):
        chance.ordinal += 1
        delay_ns = entry.reconnect.schedule.delay_ns(n, moment)
        if delay_ns is None:
            break
        found.append(delay_ns)
    return found


Agrees = Callable[[NDArray[np.int64], float, float], None]


@pytest.fixture
def agrees() -> Agrees:
    """Whether delays (ns) agree with a mean and a sd (ms) that come from 4,000 draws as well."""

    def call(delays_ns: NDArray[np.int64], mean_ms: float, sd_ms: float) -> None:
        drawn_ms = delays_ns / 1e6
        error_ms = sd_ms * (1 / 4000 + 1 / len(drawn_ms)) ** 0.5
        assert drawn_ms.mean() == pytest.approx(mean_ms, abs=3 * error_ms + 0.5)
        assert drawn_ms.std() == pytest.approx(sd_ms, abs=3 * error_ms + 0.5)

    return call
