"""Collapse: the fault is over, and the clients' own attempts keep the service from recovering.

A run has collapsed if, at its end, all of this holds:

1. the service has been there without a break for the last tenth of the run;
2. of the places that lost a connection, 5 % or more are *in vain*: they have none, still try, and
   an attempt that they began after the heal has ended without a lasting connection;
3. of the attempts that ended in the last tenth, less than 10 % had become a lasting connection
   (an attempt that did counts when it has lasted for ``stable_s``);
4. these lasting connections used less than 10 % of the handshakes that the server could have made
   in that time (left out when its capacity is not limited).

Clients that gave up are lost, not in vain. A run that ends while clients wait for their first
timer since the heal has none in vain: it is short, not collapsed. Where the server is busy with
handshakes that last, or where few try and succeed, the recovery is slow, not collapsed. A run that
collapses and frees itself before the last tenth is not found, nor is a collapse whose attempts all
rest during the last tenth.
"""

from typing import NamedTuple

import numpy as np

from stormlab.clock import to_s
from stormlab.recovery.rows import NEVER
from stormlab.recovery.run import Recovery
from stormlab.recovery.standings import Standing

TRYING = (Standing.CONNECTING, Standing.WAITING, Standing.PAUSED)
IN_VAIN_SHARE_MIN = 0.05
LASTING_SHARE_MAX = 0.10
CAPACITY_SHARE_MAX = 0.10
LAST_PART = 10  # the last tenth


class Signs(NamedTuple):
    """What the verdict rests on."""

    is_healed: bool  # for the whole last tenth
    in_vain: int  # places
    lost: int  # places
    ended: int  # attempts that turned out to last or ended without, in the last tenth
    lasting: int  # those that last
    could: float | None  # handshakes the server could make in the last tenth; None: no limit

    @property
    def collapsed(self) -> bool:
        """Whether the run has collapsed."""
        return (
            self.is_healed
            and self.lost > 0
            and self.in_vain >= IN_VAIN_SHARE_MIN * self.lost
            and self.lasting < LASTING_SHARE_MAX * self.ended
            and (self.could is None or self.lasting < CAPACITY_SHARE_MAX * self.could)
        )


def signs(recovery: Recovery) -> Signs:
    """Count what tells a collapse."""
    attempts, end_ns = recovery.attempts, recovery.end_ns
    heal_ns = recovery.outage.heal_ns
    begin_ns = end_ns - end_ns // LAST_PART
    failed = recovery.storm & ~recovery.lasted & (attempts.dead_ns < NEVER)
    tried = np.zeros(recovery.rows.places, bool)
    tried[attempts.place[failed & (attempts.new_ns >= heal_ns)]] = True
    in_vain = recovery.was_lost & np.isin(recovery.at_end, TRYING) & tried
    lasting = recovery.storm & recovery.lasted
    lasting &= attempts.open_ns >= begin_ns - recovery.stable_ns
    ended = failed & (attempts.dead_ns >= begin_ns)
    capacity = recovery.rows.trace.header.get("capacity_per_s")
    return Signs(
        is_healed=heal_ns <= begin_ns,
        in_vain=int(in_vain.sum()),
        lost=int(recovery.was_lost.sum()),
        ended=int(lasting.sum()) + int(ended.sum()),
        lasting=int(lasting.sum()),
        could=None if capacity is None else float(capacity) * to_s(end_ns - begin_ns),
    )


def collapsed(recovery: Recovery) -> int:
    """1 if the run has collapsed, else 0."""
    return int(signs(recovery).collapsed)
