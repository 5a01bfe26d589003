"""A connection to a modelled server of a protocol, without a network between."""

from collections.abc import Callable

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.hosts.wire import NORMAL, Data, Peer


class Call:
    """A connection whose other end is the test."""

    def __init__(self, peer: Peer, number: int = 0, clock: Clock | None = None) -> None:
        self.clock, self.peer, self.number = clock or Clock(), peer, number
        self.url, self.protocol = "wss://server.example/", ""
        self.sent: list[tuple[float, Data]] = []
        self.proofs: list[float] = []
        self.closed: list[tuple[float, int]] = []
        peer.opened(self)

    @property
    def now_s(self) -> float:
        return round(to_s(self.clock.now_ns), 6)

    def send(self, data: Data) -> None:
        self.sent.append((self.now_s, data))

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        del reason
        self.closed.append((self.now_s, code))

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        def act() -> None:
            if not self.closed:
                action()

        self.clock.after(to_ns(delay_s), Rank.SERVER, act)

    def proved(self) -> None:
        self.proofs.append(self.now_s)

    def says(self, at_s: float, data: Data) -> None:
        """The client says something at a time."""
        self.clock.at(to_ns(at_s), Rank.NETWORK, lambda: self.peer.message(self, data))

    def until(self, time_s: float) -> list[tuple[float, Data]]:
        self.clock.run(to_ns(time_s))
        return self.sent
