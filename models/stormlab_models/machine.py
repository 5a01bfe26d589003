"""The host everything runs on: how late things happen when cores are shared.

Sources: per-handshake times of a Chromium page on a quiet and on a shared two-core machine (13 ms
from one handshake to the next when alone, of which 10 ms are Chromium's gap; 25 to 40 ms with four
browsers at work), and the CPU cost of a handshake (0.63-0.75 ms legacy, 0.42 ms sansio,
0.40-0.51 ms wsproto), both measured.

Simplifications: contention is one number for a run, and a run's own luck another; delays are
drawn independently of what the simulated processes do. A real scheduler would let a busy server
slow the browser. It changes absolute times under load, not counts, codes or orders.
"""

from dataclasses import dataclass

from stormlab.draws import Draws, lognormal

_WHOLE = 1 << 20


@dataclass(frozen=True)
class Delay:
    """A kind of delay: its median on a quiet machine, and the sd of its logarithm."""

    purpose: str
    median_s: float
    sigma: float
    scales: bool = True  # with the machine's contention


# renderer to network process, for all that one turn of the page's script sends
IPC_UP = Delay("ipc_up", 0.8e-3, 1.5, scales=False)
# network process to the page's script
IPC_DOWN = Delay("ipc_down", 0.6e-3, 0.7)
# resolve the name and send the first packet
SET_UP = Delay("set_up", 0.2e-3, 0.5, scales=False)
# from the TCP connection to the upgrade request
CONNECT = Delay("connect", 1.5e-3, 0.5)
# from a written upgrade request until the network process handles what pages asked meanwhile;
# mostly at once, but sometimes it does something else first
CATCH_UP = Delay("catch_up", 0.2e-3, 0.7, scales=False)
STALL = Delay("stall", 9e-3, 0.8, scales=False)
STALL_SHARE, STALL_SHARE_MAX = 0.05, 0.25  # per process group that competes for the cores
# the server process gets the processor after something arrived
SERVER_WAKE = Delay("server_wake", 0.06e-3, 0.6, scales=False)
# the network process handles what the server sent
NETWORK_WAKE = Delay("network_wake", 0.1e-3, 0.6, scales=False)
# from reload() or a link to the moment the old document is discarded
COMMIT = Delay("commit", 23e-3, 1.1, scales=False)
# from the start of a navigation to the first effect of the application
PAGE_START = Delay("page_start", 180e-3, 0.4)
# the same after a reload, when the browser has everything at hand
PAGE_RESTART = Delay("page_restart", 50e-3, 0.5)
# between the first mount and StrictMode's cleanup
STRICT_GAP = Delay("strict_gap", 1.6e-3, 0.6, scales=False)
# the rest of React's commit, in which no event reaches the page
COMMIT_REST = Delay("commit_rest", 5e-3, 0.5, scales=False)

CONTENTION_EXPONENT = 1.3
CPU_STRETCH = 0.3  # per further process group that competes for the cores
RUN_SIGMA = 0.35  # spread of the contention between runs of the same condition


class Machine:
    """Delays of one run. ``contention`` is how many browsers or runs compete; 1 means alone."""

    def __init__(self, draws: Draws, contention: float = 1.0) -> None:
        """Draw the run's own luck; it multiplies every delay that scales."""
        self._draws = draws
        luck = draws.duration_ns(lognormal(1e-3, RUN_SIGMA), 0, "machine_luck") / 1e6
        self._thousandths = round(1000 * contention**CONTENTION_EXPONENT * luck)
        self.stall_share = min(STALL_SHARE * contention, STALL_SHARE_MAX)
        self.cpu_stretch_thousandths = round(1000 * (1 + CPU_STRETCH * (contention - 1)))

    def delay_ns(self, delay: Delay, who: int, ordinal: int = 0) -> int:
        """One delay for ``who``; ``ordinal`` tells repeated ones apart."""
        table = lognormal(delay.median_s, delay.sigma)
        value_ns = self._draws.duration_ns(table, who, delay.purpose, ordinal)
        return value_ns * self._thousandths // 1000 if delay.scales else value_ns

    def catch_up_ns(self, ordinal: int) -> int:
        """How long the network process takes until it handles what waited."""
        if self._draws.chance(self.stall_share, 0, "stalls", ordinal):
            return self.delay_ns(STALL, 0, ordinal)
        return self.cpu_ns(self.delay_ns(CATCH_UP, 0, ordinal))

    def cpu_ns(self, cost_ns: int) -> int:
        """Processor time as it takes on this machine."""
        return cost_ns * self.cpu_stretch_thousandths // 1000


def address(client: int, item: int = 0) -> int:
    """The address of a client's n-th socket (or other item) for draws."""
    return client * _WHOLE + item
