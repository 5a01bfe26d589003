"""The path between a client and the service: latency, lost SYNs, retransmissions, TLS, bytes.

Simplifications, and what each would change:

- One latency is drawn per attempt and holds for every packet of the connection: no jitter inside
  a handshake, so no packet overtakes another.
- Only SYNs are lost; later packets arrive. With real loss of p, a handshake of five packets would
  take 200 ms to 1 s longer in about 5 p of the cases.
- A SYN is sent again only when nobody answered the one before; with a round trip of more than a
  second the kernel would also repeat SYNs whose answer is still on its way.
- Bytes are those of TCP's three packets, of TLS and of HTTP; headers of the packets that carry TLS
  and HTTP are not counted (about 52 bytes each).

Sources: retransmission times measured on Linux 6.18 and from the kernel's ip-sysctl
(tcp_syn_retries 6, tcp_syn_linear_timeouts 4); TLS bytes measured with OpenSSL 3.0 and one RSA-2048
certificate of 781 bytes (a real chain adds 2 to 4 KB to a full handshake).
"""

from dataclasses import dataclass

from stormlab.clock import to_ns
from stormlab.draws import Draws, Quantiles, exponential, lognormal
from stormlab_models.fleet.parameters import Network, Server

SYN_BYTES, SYN_ACK_BYTES, ACK_BYTES, RST_BYTES = 60, 60, 52, 40

# Seconds after the first SYN at which the kernel sends it again; the last: gives up.
SYN_RETRY_S: dict[str, tuple[float, ...]] = {
    "linux-6.5": (1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131),
    "linux-before": (1, 3, 7, 15, 31, 63, 127),
}


@dataclass(frozen=True)
class Tls:
    """One kind of TLS handshake: its name, bytes and round trips before the request."""

    name: str
    up: int
    down: int
    round_trips: int


TLS: dict[tuple[str, bool], Tls] = {  # by version and whether the session is resumed
    ("none", False): Tls("", 0, 0, 0),
    ("none", True): Tls("", 0, 0, 0),
    ("1.3", False): Tls("1.3 full", 323, 1847, 1),
    ("1.3", True): Tls("1.3 resumed", 599, 496, 1),
    ("1.2", False): Tls("1.2 full", 273, 1422, 2),
    ("1.2", True): Tls("1.2 resumed", 568, 141, 1),
}


class Luck:
    """All chance of the path and the server, by address: an endpoint and its n-th attempt.

    Whatever the policy, the n-th attempt of an endpoint meets the same latency, loss and work.
    """

    def __init__(self, draws: Draws, network: Network, server: Server) -> None:
        """Build the tables of durations."""
        self.draws = draws
        self._loss = network.loss
        self._resumed = network.resumed_share
        self._tls = TLS[network.tls, False], TLS[network.tls, True]
        self._latency_ns, self._latency = to_ns(network.latency_s), latency_table(network)
        self._work_ns, self._work = to_ns(server.handshake_s), work_table(server)

    def latency_ns(self, who: int, attempt: int) -> int:
        """One-way latency of an attempt."""
        if self._latency is None:
            return self._latency_ns
        return self.draws.duration_ns(self._latency, who, "latency", attempt)

    def work_ns(self, who: int, attempt: int) -> int:
        """How long a worker needs for the attempt's handshake."""
        if self._work is None:
            return self._work_ns
        return self.draws.duration_ns(self._work, who, "work", attempt)

    def syn_is_lost(self, who: int, attempt: int, syn: int) -> bool:
        """Whether the attempt's n-th SYN is lost."""
        return self._loss > 0 and self.draws.chance(self._loss, who, "syn loss", attempt * 16 + syn)

    def tls(self, who: int, attempt: int) -> Tls:
        """The TLS handshake of an attempt."""
        resumed = self.draws.chance(self._resumed, who, "tls resumed", attempt)
        return self._tls[resumed]

    def pick(self, count: int, who: int, attempt: int) -> int:
        """Which of ``count`` pods the balancer picks, from 0."""
        return self.draws.integer(0, count - 1, who, "pod", attempt) if count > 1 else 0


def latency_table(network: Network) -> Quantiles | None:
    """One-way latencies; None: always the same."""
    if network.latency_sigma and network.latency_s:
        return lognormal(network.latency_s, network.latency_sigma)
    return None


def work_table(server: Server) -> Quantiles | None:
    """The work of handshakes; None: always the same."""
    if server.handshake_shape == "exponential":
        return exponential(server.handshake_s)
    return lognormal(server.handshake_s, server.handshake_sigma) if server.handshake_sigma else None
