"""A counterexample as a picture: attempts over time and what became of them, the faults shaded.

Above: attempts of all endpoints together. Below: a row for each endpoint; a bar is a connection, a
tick an attempt, a cross its failure or end (left out where they would cover each other); sockets of
one endpoint at the same time lie beside each other. Faults are
shaded and hatched, each kind once in the legend, so that no picture depends on colour alone.
"""

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten, wrap
from typing import TYPE_CHECKING

from stormlab.check.replay import Replayed
from stormlab.check.timeline import Span, connections, spans
from stormlab.clock import to_s
from stormlab.plots import COLOURS, GREY, HATCHES, INK, PlotError, save, style
from stormlab.vocabulary import Event
from stormlab.worlds.story import Story

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS_MAX = 24
MARKS_MAX = 80  # of one kind in a row
BINS_MAX = 200
BINS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
TITLE_WIDTH = 90  # letters of a line; a reason has two of them
LANES_HEIGHT = 0.42


def draw_replay(found: Replayed, path: Path) -> None:
    """Draw a replayed counterexample into an SVG or PNG file; the same run gives the same bytes.

    Raises:
        stormlab.plots.PlotError: when matplotlib is missing, or there is nothing to draw: promises
            about whole fleets, and some about delays, are judged by delays alone, without a run.
    """
    stories = found.seen.stories[:ROWS_MAX]
    if not stories or found.replay.promise.walks or found.finding.walk_ns:
        raise PlotError(f"{found.replay.promise.name}: judged by delays alone; nothing to draw")
    with style() as figure_type:
        height = 2.9 + 0.3 * len(stories)
        figure = figure_type(figsize=(7.4, height), layout="constrained")
        above, below = figure.subplots(
            2, 1, sharex=True, height_ratios=[1.2, 0.4 + 0.3 * len(stories)]
        )
        end_s = max(to_s(story.end_ns) for story in found.seen.stories)
        for axes in (above, below):
            _shade(axes, spans(found.seen))
        _draw_rate(above, found.seen.stories, end_s)
        for row, story in enumerate(stories):
            _draw_story(below, row, story)
        below.set_xlim(0, max(end_s, 1e-3))
        below.set_ylim(len(stories) - 0.4, -0.6)
        below.set_yticks(range(len(stories)), [story.who for story in stories])
        below.grid(visible=False, axis="y")
        left = len(found.seen.stories) - len(stories)
        below.set_xlabel("time, s" + (f"; {left} more endpoints are not shown" if left else ""))
        above.set_title(_title(found))
        handles, labels = below.get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=5)
        save(figure, path)


def _draw_rate(axes: "Axes", stories: Sequence[Story], end_s: float) -> None:
    bin_s = next((each for each in BINS_S if end_s / each <= BINS_MAX), BINS_S[-1])
    times = [to_s(time_ns) for story in stories for time_ns in story.times_ns(Event.NEW)]
    counts = [0] * (int(end_s / bin_s) + 1)
    for time_s in times:
        counts[int(time_s / bin_s)] += 1
    edges = [index * bin_s for index in range(len(counts) + 1)]
    axes.stairs(counts, edges, fill=True, color=COLOURS[0])
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", integer=True, nbins=5)
    axes.set_ylabel(f"attempts\nper {bin_s:g} s")


def _title(found: Replayed) -> str:
    finding = found.finding
    text = f"{found.target.name}, {found.replay.promise.name}: {finding.outcome.value}"
    reason = finding.reason
    lines = shorten(reason, 2 * TITLE_WIDTH, placeholder=" …") if reason else ""
    return "\n".join([text, *wrap(lines, TITLE_WIDTH)])


def _shade(axes: "Axes", found: Sequence[Span]) -> None:
    kinds = list(dict.fromkeys(span.what for span in found))
    for span in found:
        index = kinds.index(span.what)
        axes.axvspan(
            span.start_s,
            span.end_s,
            facecolor="#eeeeee",
            edgecolor=GREY,
            hatch=HATCHES[index % len(HATCHES)],
            linewidth=0.5,
            zorder=0,
            label=f"fault: {span.what}",
        )


def _draw_story(axes: "Axes", row: int, story: Story) -> None:
    found = connections(story)
    lanes = 1 + max((each.lane for each in found), default=0)
    for each in found:
        axes.barh(
            row + LANES_HEIGHT * ((each.lane + 0.5) / lanes - 0.5),
            each.end_s - each.start_s,
            left=each.start_s,
            height=LANES_HEIGHT / lanes,
            facecolor=COLOURS[5],
            edgecolor=INK if lanes > 1 else "none",
            linewidth=0.5,
            label="connected",
        )
    marks = (
        ((Event.NEW,), "|", INK, "attempt", 11.0),
        ((Event.CLOSE,), "x", COLOURS[3], "failed or lost", 5.0),
        ((Event.CLOSE_CALLED,), ">", COLOURS[4], "close() called", 4.0),
        ((Event.GAVE_UP, Event.GONE), "s", COLOURS[1], "gave up, or page gone", 6.0),
    )
    for events, marker, colour, label, size in marks:
        times = [to_s(time_ns) for time_ns in story.times_ns(*events)]
        if times and (marker == "|" or len(times) <= MARKS_MAX):
            axes.plot(
                times,
                [row] * len(times),
                marker,
                color=colour,
                markersize=size,
                label=label,
                zorder=3,
                clip_on=False,
            )
