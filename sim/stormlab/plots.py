"""Pictures of traces: one style, colours that survive colour-blindness and grey, equal bytes.

Colours are Okabe and Ito's; no picture depends on colour alone: lines have markers, areas have
hatches. ``save`` writes SVG or PNG without dates and with fixed identifiers, so that the same
picture under the same matplotlib is the same file. Text becomes outlines, so that no font is
needed to read it. Needs matplotlib: ``pip install 'stormlab[plots]'``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stormlab.clock import NS_PER_S
from stormlab.metrics import pick
from stormlab.trace import Trace
from stormlab.vocabulary import EVENTS, Event, State

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY = "#222222", "#8a8a8a"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
HATCHES = ("", "///", "...", "xxx", "---", "\\\\\\")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "xtick.color": INK,
    "ytick.color": INK,
}


class PlotError(Exception):
    """A picture that cannot be made; the message is one line for a person."""


@contextmanager
def style() -> Iterator["type[Figure]"]:
    """Draw inside this block: it gives ``matplotlib.figure.Figure`` in the house's style.

    Raises:
        PlotError: when matplotlib is missing.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  heavy and optional
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise PlotError("pictures need matplotlib: pip install 'stormlab[plots]'") from None
    with mpl.rc_context({**dict(mpl.rcParamsDefault), **_STYLE, "backend": "agg"}):
        yield Figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as SVG or PNG; the same figure gives the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415  the caller has it

    kind = path.suffix.removeprefix(".")
    metadata: dict[str, str | None] = {"Creator": None, "Date": None}
    if kind == "png":
        metadata = {"Software": None}
    with mpl.rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(path, format=kind, dpi=150, metadata=metadata)


# what is drawn ---------------------------------------------------------------------------------


def attempts_per_bin(trace: Trace, bin_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Attempts in each bin from the start of the run to ``end_ns``."""
    times = trace.of(Event.NEW)["time_ns"]
    edges = np.arange(0, end_ns + bin_ns, bin_ns)
    counts: NDArray[np.int64] = np.histogram(times, edges)[0]
    return counts


def handshake_bytes_per_bin(trace: Trace, bin_ns: int, end_ns: int) -> NDArray[np.int64]:
    """HTTP bytes of handshakes, request and response, in each bin."""
    rows = pick(trace.rows, Event.REQUEST, Event.RESPONSE)
    edges = np.arange(0, end_ns + bin_ns, bin_ns)
    sizes = rows["up"].astype(np.int64) + rows["down"]
    return np.histogram(rows["time_ns"], edges, weights=sizes)[0].astype(np.int64)


@dataclass(frozen=True)
class Occupancy:
    """How many sockets (or endpoints without one) are in each state, from each time on."""

    time_s: NDArray[np.float64]
    counts: dict[str, NDArray[np.int64]]


OCCUPANCY = ("open", "connecting", "closing", "waiting for retry", "gave up")


def occupancy(trace: Trace) -> Occupancy:
    """Follow every socket of the pages through its states, and the endpoints between attempts."""
    keeper = _Keeper()
    times: list[int] = []
    seen: list[list[int]] = []
    for row in trace.rows:
        if keeper.follow(row):
            times.append(int(row["time_ns"]))
            seen.append(keeper.counts())
    table = np.array(seen, dtype=np.int64).reshape(-1, len(OCCUPANCY))
    columns = {name: table[:, index] for index, name in enumerate(OCCUPANCY)}
    return Occupancy(np.array(times, dtype=np.float64) / NS_PER_S, columns)


class _Keeper:
    """The state of every socket and endpoint while a trace goes by."""

    def __init__(self) -> None:
        self.sockets: dict[tuple[int, int], str] = {}
        self.waiting: dict[tuple[int, int], int] = {}
        self.gave_up: set[tuple[int, int]] = set()

    def counts(self) -> list[int]:
        states = list(self.sockets.values())
        return [
            *(states.count(name) for name in OCCUPANCY[:3]),
            sum(self.waiting.values()),
            len(self.gave_up),
        ]

    def follow(self, row: np.void) -> bool:
        """Take one event in; tell whether anything changed."""
        event = EVENTS[int(row["event"])]
        client = int(row["client"])
        socket, endpoint = (client, int(row["socket"])), (client, int(row["endpoint"]))
        if event is Event.NEW:
            self.sockets[socket] = "connecting"
            self.gave_up.discard(endpoint)
        elif event is Event.OPEN:
            self.sockets[socket] = "open"
        elif event is Event.CLOSE_CALLED and row["before"] in {State.CONNECTING, State.OPEN}:
            self.sockets[socket] = "closing"
        elif event is Event.CLOSE:
            self.sockets.pop(socket, None)
        elif event is Event.TIMER_SET:
            self.waiting[endpoint] = self.waiting.get(endpoint, 0) + 1
        elif event in {Event.TIMER_FIRED, Event.TIMER_CLEARED}:
            self.waiting[endpoint] = max(0, self.waiting.get(endpoint, 0) - 1)
        elif event in {Event.GAVE_UP, Event.BREAKER_OPENED}:
            self.gave_up.add(endpoint)
        elif event is Event.GONE:
            self._forget(client)
        else:
            return False
        return True

    def _forget(self, client: int) -> None:
        for known in (self.sockets, self.waiting):
            for key in [key for key in known if key[0] == client]:
                del known[key]
        self.gave_up = {key for key in self.gave_up if key[0] != client}


# how it is drawn -------------------------------------------------------------------------------


def draw_occupancy(axes: "Axes", found: Occupancy, end_s: float) -> None:
    """Stack the states over time, lowest first; every state has its own hatch."""
    shown = int(np.searchsorted(found.time_s, end_s))
    time_s = np.append(found.time_s[:shown], end_s)
    floor = np.zeros(len(time_s))
    for index, name in enumerate(OCCUPANCY):
        counts = found.counts[name][:shown]
        top = floor + np.append(counts, counts[-1:] if len(counts) else [0])
        moved = np.diff(floor, prepend=-1) != 0
        kept = moved | (np.diff(top, prepend=-1) != 0)
        kept[-1:] = True
        axes.fill_between(
            time_s[kept],
            floor[kept],
            top[kept],
            step="post",
            facecolor=COLOURS[index],
            edgecolor="white",
            hatch=HATCHES[index],
            linewidth=0,
            label=name,
        )
        floor = top
    axes.set_xlim(0, end_s)
    axes.locator_params(axis="y", integer=True)


def draw_ecdf(axes: "Axes", values: Sequence[float], index: int, label: str) -> None:
    """Draw the share of runs at or below each value; runs that never got there keep it under 1."""
    array = np.sort(np.array(values, dtype=np.float64))
    finite = array[np.isfinite(array)]
    share = np.arange(1, len(finite) + 1) / max(1, len(array))
    axes.step(
        finite,
        share,
        where="post",
        color=COLOURS[index % len(COLOURS)],
        linestyle=DASHES[index % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)],
        markersize=3.5,
        markevery=max(1, len(finite) // 6),
        linewidth=1.4,
        label=label if len(finite) else f"{label} (never)",
    )
