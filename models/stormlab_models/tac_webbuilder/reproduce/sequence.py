"""Sequence diagrams from a trace: page, browser, wire, server loop, application, top to bottom.

Every event has its own line, with its time since the first one at the left. Time is not to scale:
where a gap is long, the axis is broken and the gap is written there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_MS
from stormlab.plots import COLOURS, GREY, INK
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Event

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LANES = ("page", "browser\nnetwork process", "wire", "server\nevent loop", "application")
PAGE, BROWSER, WIRE, LOOP, APP = range(5)
GAP_MS = 150.0  # longer ones are broken and named


@dataclass(frozen=True)
class Step:
    """One line of a diagram: from lane to lane (equal: something that happens there)."""

    time_ns: int
    start: int
    end: int
    text: str
    bad: bool = False


_PLAIN: dict[Event, tuple[int, int, str]] = {
    Event.NEW: (PAGE, BROWSER, "new WebSocket"),
    Event.CLOSE_CALLED: (PAGE, BROWSER, "close()"),
    Event.OPEN: (BROWSER, PAGE, "onopen"),
    Event.MESSAGE: (BROWSER, PAGE, "onmessage"),
    Event.QUEUED: (BROWSER, BROWSER, "queued"),
    Event.CONNECT: (BROWSER, WIRE, "connect"),
    Event.REQUEST: (BROWSER, LOOP, "GET, upgrade"),
    Event.RESPONSE: (LOOP, BROWSER, "101"),
    Event.CLIENT_FIN: (BROWSER, LOOP, "FIN"),
    Event.SERVER_FIN: (LOOP, BROWSER, "FIN"),
    Event.STARTED: (LOOP, APP, "handler starts"),
    Event.ACCEPTED: (APP, LOOP, "accept()"),
    Event.SENT_INITIAL: (APP, LOOP, "initial data sent"),
    Event.HANDSHAKE_TIMEOUT: (LOOP, LOOP, "10 s timer: drops TCP"),
    Event.LOST: (LOOP, LOOP, "end of stream"),
}
_TOLD: dict[Event, tuple[int, int, Callable[[Row], str]]] = {
    Event.CLOSE: (BROWSER, PAGE, lambda row: f"onclose {row.code}"),
    Event.CLIENT_FRAME: (
        BROWSER,
        LOOP,
        lambda row: "close frame 1001" if row.detail == "close" else "",
    ),
    Event.EXCEPTION: (LOOP, APP, lambda row: f"{row.detail} fails: {row.code}"),
    Event.BLOCKED: (APP, APP, lambda row: f"blocks the loop for {_length(row.value_ns)}"),
    Event.LOG: (LOOP, LOOP, lambda row: f"log: {row.detail}"),
    Event.TIMER_SET: (PAGE, PAGE, lambda row: f"retry in {_length(row.value_ns)}"),
    Event.MOUNT: (PAGE, PAGE, lambda row: f"effect ({row.detail})"),
    Event.CLEANUP: (PAGE, PAGE, lambda row: f"cleanup ({row.detail})"),
    Event.GONE: (PAGE, PAGE, lambda _: "document discarded"),
    Event.NAVIGATE: (PAGE, PAGE, lambda row: row.detail),
}
_BAD = {
    Event.CLOSE_CALLED,
    Event.CLOSE,
    Event.CLIENT_FIN,
    Event.CLIENT_FRAME,
    Event.HANDSHAKE_TIMEOUT,
    Event.EXCEPTION,
    Event.GONE,
}


def steps_of(trace: Trace, endpoint: int, sockets: int, end_ns: int) -> list[Step]:
    """The steps of an endpoint's first sockets, up to ``end_ns``."""
    chosen = [row for row in trace if row.endpoint in {endpoint, -1} and row.time_ns <= end_ns]
    first = [row.socket for row in chosen if row.event is Event.NEW][:sockets]
    steps = [
        step
        for row in chosen
        if row.client == 0 and (row.socket in first or row.socket == -1)
        for step in _step(row, first)
    ]
    start_ns = next((step.time_ns for step in steps if step.text.startswith("new")), 0)
    return [step for step in steps if step.time_ns >= start_ns]


def _step(row: Row, sockets: list[int]) -> Iterable[Step]:
    number = f" #{sockets.index(row.socket) + 1}" if row.socket in sockets else ""
    if row.event in _PLAIN:
        start, end, text = _PLAIN[row.event]
    elif row.event in _TOLD:
        start, end, words = _TOLD[row.event]
        text = words(row)
    else:
        return
    if text:
        yield Step(row.time_ns, start, end, text + number, row.event in _BAD)


def _length(ns: int) -> str:
    ms = ns / NS_PER_MS
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:g} s"  # noqa: PLR2004  ms in a second


def draw_sequence(axes: "Axes", steps: list[Step]) -> None:
    """Draw the lanes and one line per step; long gaps become breaks."""
    y = 0.0
    start_ns = previous_ns = steps[0].time_ns
    for step in steps:
        gap_ms = (step.time_ns - previous_ns) / NS_PER_MS
        if gap_ms > GAP_MS:
            y += 1
            _break(axes, y, _length(step.time_ns - previous_ns))
        y += 1
        previous_ns = step.time_ns
        _draw(axes, step, y, (step.time_ns - start_ns) / NS_PER_MS)
    for lane, name in enumerate(LANES):
        axes.plot([lane, lane], [0, y + 0.6], color=GREY, linewidth=0.8, zorder=0)
        axes.text(lane, -0.5, name, ha="center", va="bottom", weight="bold", fontsize=8.5)
    axes.set_xlim(-0.75, len(LANES) - 0.1)
    axes.set_ylim(y + 1, -2)
    axes.axis("off")


def _draw(axes: "Axes", step: Step, y: float, time_ms: float) -> None:
    colour = COLOURS[3] if step.bad else COLOURS[0]
    axes.text(-0.42, y, f"{time_ms:,.1f} ms", ha="right", va="center", fontsize=7, color=INK)
    frame = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    if step.start == step.end:
        axes.plot(step.start, y, marker="s" if step.bad else "o", color=colour, markersize=4)
        side = -1 if step.start == len(LANES) - 1 else 1
        axes.text(
            step.start + 0.07 * side,
            y,
            step.text,
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=7.5,
            color=INK,
            bbox=frame,
            style="italic" if step.text.startswith("log") else "normal",
        )
        return
    axes.annotate(
        "",
        (step.end, y),
        (step.start, y),
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "linewidth": 1.2,
            "linestyle": "--" if step.bad else "-",
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    middle = (step.start + step.end) / 2
    axes.text(middle, y - 0.07, step.text, ha="center", va="center", fontsize=7.5, bbox=frame)


def _break(axes: "Axes", y: float, length: str) -> None:
    axes.plot([-0.4, len(LANES) - 0.6], [y, y], color=GREY, linestyle=":", linewidth=1)
    axes.text(-0.42, y, f"{length} later", ha="right", va="center", fontsize=7, style="italic")
