"""Time to recover against peak load: what a faster recovery costs the server."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from stormlab.plots import GREY, INK, style
from stormlab.plots_compare.labels import Box, place
from stormlab.plots_compare.picture import (
    DOWN_COLOUR,
    WIDTH_IN,
    Picture,
    by_policy,
    log_axis,
    look,
    short,
)
from stormlab.statistics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase
    from matplotlib.backends.backend_agg import FigureCanvasAgg

Point = tuple[Interval, Interval]
LEAST = 1e-3
MARGIN = 1.6  # the axes beyond the outermost point
NEVER_FACTOR = 1.45  # where "never" lies, beyond the last time


def draw_trade(
    points: Mapping[str, Point],
    *,
    x_label: str = "t99, s until 99 % are back",
    y_label: str = "peak attempts per s",
) -> Picture:
    """Each policy as a point with its intervals; lower left is better; log axes.

    ``points``: by policy the interval of the time to recover and that of the peak. A time of
    ``inf`` lies in a strip of its own at the right. No other policy has lower values of both than
    one on the line (not dominated); intervals play no part in that.

    Raises:
        PlotError: no matplotlib, no policy or more than twelve.
    """
    found: dict[str, Point] = by_policy(points, "recovery against peak")
    best = not_dominated(found)
    xs, ys = _extent([p[0] for p in found.values()]), _extent([p[1] for p in found.values()])
    never = any(math.isinf(x.value) for x, _ in found.values())
    never_at = xs[1] * NEVER_FACTOR if never else math.inf
    with style() as new_figure:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  heavy

        figure = new_figure(figsize=(WIDTH_IN, 4.8), layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.subplots()
        log_axis(axes, "x", xs[0], xs[1])
        log_axis(axes, "y", *ys)
        axes.grid(visible=True, axis="both")
        if never:
            axes.set_xlim(xs[0], xs[1] * NEVER_FACTOR**2)
            axes.axvspan(xs[1], xs[1] * NEVER_FACTOR**2, facecolor=DOWN_COLOUR, zorder=0)
            above = axes.get_xaxis_transform()
            axes.text(never_at, 1.01, "never", transform=above, ha="center", fontsize=8.5)
        _front(axes, [found[name] for name in best])
        for index, (name, point) in enumerate(found.items()):
            _cross(axes, point, index, never_at, bold=name in best)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.annotate(
            "↙ better",
            (0.012, 0.02),
            xycoords="axes fraction",
            fontsize=8,
            color=GREY,
            style="italic",
        )
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        _names(axes, canvas, found, never_at, best)
    crossed = any(_has_width(one) for point in found.values() for one in point)
    caption = (
        f"Across: {x_label}; up: {y_label}; log axes, lower left is better."
        f" {'Crosses: 95 % intervals over replications.' if crossed else 'One run: no intervals.'}"
        " In bold and on the line: no other policy has lower values of both."
    )
    if never:
        caption += " Grey strip: it did not get there in half of the runs or more."
    alt = "Time to recover against peak attempts per second. Not dominated: " + ", ".join(best)
    return Picture(
        figure, "recovery-against-peak", "Recovery against peak load", caption, alt + "."
    )


def not_dominated(points: Mapping[str, Point]) -> list[str]:
    """Of those that got there, the ones that no other beats; fastest first.

    One beats another when it is as low in both values and lower in one.
    """
    values = {name: (x.value, y.value) for name, (x, y) in points.items()}
    values = {name: value for name, value in values.items() if math.isfinite(value[0])}

    def beaten(name: str) -> bool:
        mine = values[name]
        return any(
            other != mine and other[0] <= mine[0] and other[1] <= mine[1]
            for other in values.values()
        )

    return sorted((name for name in values if not beaten(name)), key=lambda name: values[name])


def _extent(intervals: list[Interval]) -> tuple[float, float]:
    """The finite ends of the intervals with a margin; a lower end at 0 or below does not count."""
    numbers = [
        number
        for one in intervals
        for number in (one.low, one.value, one.high)
        if math.isfinite(number) and number > 0
    ] or [1.0]
    return max(LEAST, min(numbers) / MARGIN), max(*numbers, LEAST) * MARGIN


def _front(axes: "Axes", best: list[Point]) -> None:
    if len(best) > 1:
        x, y = zip(*((x.value, y.value) for x, y in best), strict=True)
        axes.step(x, y, where="post", color=GREY, linewidth=1, zorder=1)


def _at(axes: "Axes", point: Point, never_at: float) -> tuple[float, float]:
    """Where a point lies; a value of 0 has no place on a log axis and lies at its edge."""
    x, y = point[0].value, point[1].value
    return min(max(x, axes.get_xlim()[0]), never_at), max(y, axes.get_ylim()[0])


def _has_width(one: Interval) -> bool:
    """Whether it is worth a line: known to some side, and not of a time that never came."""
    return math.isfinite(one.value) and (math.isfinite(one.low) or math.isfinite(one.high))


def _ends(one: Interval, axis_range: tuple[float, float]) -> tuple[float, float]:
    """The interval inside the axis."""
    low, high = sorted(axis_range)
    return min(max(one.low, low), high), max(min(one.high, high), low)


def _cross(axes: "Axes", point: Point, index: int, never_at: float, *, bold: bool) -> None:
    shown = look(index)
    x, y = _at(axes, point, never_at)
    width = 1.6 if bold else 0.9
    if _has_width(point[0]):
        axes.plot(_ends(point[0], axes.get_xlim()), [y, y], color=shown.colour, linewidth=width)
    if _has_width(point[1]):
        axes.plot([x, x], _ends(point[1], axes.get_ylim()), color=shown.colour, linewidth=width)
    axes.plot(
        [x],
        [y],
        marker=shown.marker,
        markersize=7 if bold else 5.5,
        color=shown.colour,
        markerfacecolor=shown.face,
        linestyle="",
        clip_on=False,  # a point at the edge is seen whole
        zorder=3,
    )


def _names(
    axes: "Axes",
    canvas: "FigureCanvasAgg",
    found: Mapping[str, Point],
    never_at: float,
    best: list[str],
) -> None:
    """Write every name near its point, where it covers nothing."""
    renderer = cast("RendererBase", canvas.get_renderer())  # type: ignore[no-untyped-call]
    texts = [
        axes.text(0, 0, short(name), fontsize=8, weight="bold" if name in best else "normal")
        for name in found
    ]
    extents = [text.get_window_extent(renderer) for text in texts]
    sizes = [(extent.width, extent.height) for extent in extents]
    ends = [axes.transData.transform(_at(axes, point, never_at)) for point in found.values()]
    pixels = [(float(x), float(y)) for x, y in ends]
    points_of = dict(zip(found, pixels, strict=True))
    frame = axes.get_window_extent(renderer)
    front = [points_of[name] for name in best]
    obstacles = [*_obstacles(axes, found, pixels), *_along(front)]
    boxes = place(pixels, sizes, obstacles, (frame.x0, frame.y0, frame.x1, frame.y1))
    back = axes.transData.inverted()
    for text, point, box in zip(texts, pixels, boxes, strict=True):
        x, y = back.transform((box[0], box[1]))
        text.set_position((float(x), float(y)))
        text.set_verticalalignment("bottom")
        _leader(axes, point, box)


def _obstacles(
    axes: "Axes", found: Mapping[str, Point], pixels: list[tuple[float, float]]
) -> list[Box]:
    boxes = []
    for (x_range, y_range), (x, y) in zip(found.values(), pixels, strict=True):
        boxes.append((x - 6, y - 6, x + 6, y + 6))
        left, right = _ends(x_range, axes.get_xlim())
        low, high = _ends(y_range, axes.get_ylim())
        ends = axes.transData.transform([(left, low), (right, high)])
        if _has_width(x_range):
            boxes.append((float(ends[0][0]), y - 1.5, float(ends[1][0]), y + 1.5))
        if _has_width(y_range):
            boxes.append((x - 1.5, float(ends[0][1]), x + 1.5, float(ends[1][1])))
    return boxes


def _along(front: list[tuple[float, float]]) -> list[Box]:
    """The line that joins the best, as thin boxes."""
    boxes: list[Box] = []
    for (x, y), (right, below) in pairwise(front):
        boxes += [(x, y - 1.5, right, y + 1.5), (right - 1.5, below, right + 1.5, y)]
    return boxes


def _leader(axes: "Axes", point: tuple[float, float], box: Box) -> None:
    """A thin line from a point to a name that had to go far away."""
    near = min(max(point[0], box[0]), box[2]), min(max(point[1], box[1]), box[3])
    if math.dist(point, near) > 14:  # noqa: PLR2004  pixels: farther than beside it
        ends = axes.transData.inverted().transform([point, near])
        axes.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.5, zorder=2)
