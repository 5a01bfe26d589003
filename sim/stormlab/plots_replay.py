"""A counterexample as a picture: what each endpoint did over time, the faults shaded behind it.

Rows are endpoints; a bar is a connection, a tick an attempt, a cross its failure or end. Faults are
shaded and hatched, each kind once in the legend, so that no picture depends on colour alone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stormlab.check.replay import Replayed
from stormlab.check.timeline import Span, open_spans, spans
from stormlab.clock import to_s
from stormlab.plots import COLOURS, GREY, HATCHES, INK, PlotError, save, style
from stormlab.vocabulary import Event
from stormlab.worlds.story import Story

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS_MAX = 24
TITLE_MAX = 96
_ENDS = (Event.GAVE_UP, Event.CLOSE_CALLED, Event.GONE)


def draw_replay(found: Replayed, path: Path) -> None:
    """Draw a replayed counterexample into an SVG or PNG file; the same run gives the same bytes.

    Raises:
        stormlab.plots.PlotError: when matplotlib is missing, or there is nothing to draw: promises
            about whole fleets are judged by delays alone, without a run.
    """
    stories = found.seen.stories[:ROWS_MAX]
    if not stories:
        raise PlotError(f"{found.replay.promise.name}: judged by delays alone; nothing to draw")
    with style() as figure_type:
        figure = figure_type(figsize=(7.4, 1.9 + 0.3 * len(stories)), layout="constrained")
        axes = figure.add_subplot()
        end_s = max(to_s(story.end_ns) for story in found.seen.stories)
        _shade(axes, spans(found.seen))
        for row, story in enumerate(stories):
            _draw_story(axes, row, story)
        axes.set_xlim(0, max(end_s, 1e-3))
        axes.set_ylim(len(stories) - 0.4, -0.6)
        axes.set_yticks(range(len(stories)), [story.who for story in stories])
        axes.grid(visible=False, axis="y")
        left = len(found.seen.stories) - len(stories)
        axes.set_xlabel("time, s" + (f"; {left} more endpoints are not shown" if left else ""))
        axes.set_title(_title(found))
        handles, labels = axes.get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=4)
        save(figure, path)


def _title(found: Replayed) -> str:
    finding = found.finding
    text = f"{found.target.name}, {found.replay.promise.name}: {finding.outcome.value}"
    reason = finding.reason
    if len(reason) > TITLE_MAX:
        reason = reason[: TITLE_MAX - 1] + "…"
    return f"{text}\n{reason}" if reason else text


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
    for start_s, end_s in open_spans(story):
        axes.barh(
            row, end_s - start_s, left=start_s, height=0.34, color=COLOURS[5], label="connected"
        )
    marks = (
        ((Event.NEW,), "|", INK, "attempt", 11.0),
        ((Event.CLOSE,), "x", COLOURS[3], "failed or lost", 5.0),
        (_ENDS, "s", COLOURS[1], "ended for good", 6.0),
    )
    for events, marker, colour, label, size in marks:
        times = [to_s(time_ns) for time_ns in story.times_ns(*events)]
        if times:
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
