"""How each place of the fleet stands at every moment, as its page sees it.

One of six, the first that applies:

========== =====================================================================================
open       a socket of it is open
connecting an attempt is under way
gave up    ``page.gave_up`` was the last word: nothing more without a person
paused     the device is offline, or the page hidden with no attempt in view
waiting    a timer for the next attempt is pending
silent     none of these: nothing will happen, and nobody said so
========== =====================================================================================

A socket that is dead on the server's side but not closed in the page counts as open here.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from stormlab.recovery.attempts import Attempts
from stormlab.recovery.rows import Bools, Ints, Rows
from stormlab.vocabulary import EVENT_CODE, EVENTS, Event


class Standing(IntEnum):
    """How a place stands; see the module's table."""

    OPEN = 0
    CONNECTING = 1
    GAVE_UP = 2
    PAUSED = 3
    WAITING = 4
    SILENT = 5


_TIMER = {Event.TIMER_SET: 1, Event.TIMER_FIRED: -1, Event.TIMER_CLEARED: -1}
_TIMER |= {Event.TIMER_IGNORED: -1}
# what a kind of event switches on (1) or off (0)
_SWITCHES: dict[str, dict[Event, int]] = {
    "gave_up": {Event.GAVE_UP: 1, Event.NEW: 0, Event.TIMER_SET: 0},
    "offline": {Event.OFFLINE: 1, Event.ONLINE: 0},
    "hidden": {Event.HIDDEN: 1, Event.VISIBLE: 0},
}
_TOLD = tuple(
    dict.fromkeys(
        [Event.NEW, Event.OPEN, Event.CLOSE, *_TIMER, *(e for s in _SWITCHES.values() for e in s)]
    )
)


@dataclass(frozen=True, eq=False)
class Standings:
    """Every change of standing, by place and then by time, and the standing at the end."""

    place: Ints
    time_ns: Ints
    before: Ints
    after: Ints
    at_end: Ints  # by place

    def occupancy(self, grid_ns: Ints, mine: Bools) -> dict[Standing, Ints]:
        """How many of the places ``mine`` stand how at each moment of an ascending grid."""
        chosen = mine[self.place]
        column = np.searchsorted(grid_ns, self.time_ns[chosen], side="left")
        size = len(grid_ns) + 1
        counts: dict[Standing, Ints] = {}
        for standing in Standing:
            come = np.bincount(column[self.after[chosen] == standing], minlength=size)
            gone = np.bincount(column[self.before[chosen] == standing], minlength=size)
            first = int(mine.sum()) if standing is Standing.SILENT else 0
            counts[standing] = first + np.cumsum(come - gone)[:-1]
        return counts


def standings(rows: Rows, attempts: Attempts) -> Standings:
    """The standings of all places; before its first event a place is silent."""
    row, place = _by_place(rows)
    event = rows.get("event", row)
    begins = np.ones(len(place), bool)
    begins[1:] = place[1:] != place[:-1]
    after = _standing(_counts(attempts, row, event, begins), _switched(event, begins))
    before = np.empty_like(after)
    before[1:] = after[:-1]
    before[begins] = Standing.SILENT
    changed = np.flatnonzero(before != after)
    at_end = np.full(rows.places, int(Standing.SILENT), np.int64)
    at_end[place] = after  # of equal indices NumPy keeps the last
    times = rows.get("time_ns", row[changed])
    return Standings(place[changed], times, before[changed], after[changed], at_end)


def _by_place(rows: Rows) -> tuple[Ints, Ints]:
    """Rows that tell of a place, by place and in order; one that tells of a client, once each."""
    row = rows.of(*_TOLD)
    client, endpoint = rows.get("client", row), rows.get("endpoint", row)
    named = client >= 0
    row, client, endpoint = row[named], client[named], endpoint[named]
    times = np.where(endpoint < 0, rows.sockets, 1)
    if (endpoint < 0).any():
        first = np.repeat(np.cumsum(times) - times, times)
        row, client = np.repeat(row, times), np.repeat(client, times)
        within = np.arange(len(row)) - first
        endpoint = np.where(np.repeat(endpoint, times) < 0, within, np.repeat(endpoint, times))
    place = client * rows.sockets + endpoint
    # NumPy sorts 16-bit numbers in linear time
    key = place.astype(np.uint16) if rows.places <= 1 << 16 else place
    order = np.argsort(key, kind="stable")
    return row[order], place[order]


def _counts(attempts: Attempts, row: Ints, event: Ints, begins: Bools) -> dict[str, Ints]:
    """How many sockets are open, attempts under way and timers pending after each event."""
    number = attempts.number(row)
    known = number < len(attempts)
    opened = np.append(attempts.opened, False)[number]
    is_open = known & (event == EVENT_CODE[Event.OPEN])
    is_close = known & (event == EVENT_CODE[Event.CLOSE])
    is_new = known & (event == EVENT_CODE[Event.NEW])
    steps = {
        "open": is_open.astype(np.int64) - (is_close & opened),
        "connecting": is_new.astype(np.int64) - is_open - (is_close & ~opened),
        "timers": _lookup(_TIMER, 0)[event],
    }
    return {name: _sum_within(step, begins) for name, step in steps.items()}


def _lookup(of: dict[Event, int], otherwise: int) -> Ints:
    table = np.full(len(EVENTS), otherwise, np.int64)
    for event, value in of.items():
        table[EVENT_CODE[event]] = value
    return table


def _sum_within(step: Ints, begins: Bools) -> Ints:
    """Running sums that start anew where ``begins``."""
    total = np.cumsum(step)
    start = np.flatnonzero(begins)
    lengths = np.diff(np.append(start, len(step)))
    within: Ints = total - np.repeat(total[start] - step[start], lengths)
    return within


def _switched(event: Ints, begins: Bools) -> dict[str, Bools]:
    """For each switch whether it is on after each event."""
    state: dict[str, Bools] = {}
    here = np.arange(len(event))
    for name, of in _SWITCHES.items():
        value = _lookup(of, -1)[event]
        value[begins & (value < 0)] = 0
        last = np.maximum.accumulate(np.where(value >= 0, here, 0))
        state[name] = value[last] == 1 if len(event) else np.zeros(0, bool)
    return state


def _standing(counts: dict[str, Ints], switch: dict[str, Bools]) -> Ints:
    waiting = counts["timers"] > 0
    which = np.select(
        [
            counts["open"] > 0,
            counts["connecting"] > 0,
            switch["gave_up"],
            switch["offline"] | (switch["hidden"] & ~waiting),
            waiting,
        ],
        [
            int(standing)
            for standing in (
                Standing.OPEN,
                Standing.CONNECTING,
                Standing.GAVE_UP,
                Standing.PAUSED,
                Standing.WAITING,
            )
        ],
        default=int(Standing.SILENT),
    )
    return which.astype(np.int64)
