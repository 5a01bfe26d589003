"""What all pictures of a comparison share: the look of a policy, the scene, scales and ticks."""

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stormlab.plots import COLOURS, DASHES, MARKERS, PlotError, save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
T = TypeVar("T")

POLICIES_MAX = 2 * len(COLOURS)
WIDTH_IN = 8.6
FEW_ROWS = 2  # which may be higher than those of many
BINS_MAX = 150  # more cannot be told apart across a panel
DOWN_COLOUR = "#e4e4e4"
LABEL_LENGTH = 34
TICKS_MAX = 8


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with the words that go with it; a notebook shows it as it is.

    ``name`` is a file name without ending; ``caption`` says how to read it, ``alt`` what is on it.
    """

    figure: "Figure"
    name: str
    title: str
    caption: str
    alt: str

    def save(self, path: Path) -> Path:
        """Write it as SVG or PNG, by the ending of ``path``."""
        with style():
            save(self.figure, path)
        return path

    def _repr_png_(self) -> bytes:
        """PNG with a palette: a third of the bytes, which a notebook stores."""
        from PIL import Image  # noqa: PLC0415  comes with matplotlib

        drawn, written = io.BytesIO(), io.BytesIO()
        with style():
            self.figure.savefig(drawn, format="png", dpi=110)
        with Image.open(drawn) as full:
            found = full.convert("RGB").quantize(
                256,
                Image.Quantize.MAXCOVERAGE,  # which loses no rare colour
                dither=Image.Dither.NONE,
            )
        found.save(written, format="png", optimize=True)
        return written.getvalue()

    def __repr__(self) -> str:
        return f"Picture({self.name!r})"


@dataclass(frozen=True)
class Scene:
    """What the panels over time have in common; all times in seconds on the axis shown.

    ``bin_s``: width of the bins of the arrays. ``start_s``: where the first bin begins, before 0
    when 0 is the fault. ``down_s``: stretches without service, shaded. ``capacity_per_s``: what
    the server can take. ``end_s``: how far is shown; None: as far as the arrays go. ``zero``: what
    0 stands for.
    """

    bin_s: float
    start_s: float = 0.0
    down_s: tuple[tuple[float, float], ...] = ()
    capacity_per_s: float | None = None
    end_s: float | None = None
    zero: str = "the fault"

    @property
    def x_label(self) -> str:
        """The name of the time axis."""
        return f"time since {self.zero}, s"


@dataclass(frozen=True)
class Binned:
    """Arrays whose last axis is time, in bins as wide as they are drawn."""

    edges_s: Floats
    bin_s: float
    values: dict[str, Floats]


def rebin(arrays: dict[str, Floats], scene: Scene, *, how: Callable[..., Any] = np.mean) -> Binned:
    """Cut at the end that is shown and join bins until at most BINS_MAX are left.

    Shorter arrays are filled with their last value; that of rates is 0 when nothing is going on.
    """
    length = max(array.shape[-1] for array in arrays.values())
    end_s = scene.start_s + length * scene.bin_s if scene.end_s is None else scene.end_s
    length = max(1, min(length, math.ceil((end_s - scene.start_s) / scene.bin_s - 1e-9)))
    joined = _joined(length, scene.bin_s)
    bins = math.ceil(length / joined)
    values = {}
    for name, array in arrays.items():
        missing = max(0, bins * joined - array.shape[-1])
        padded = np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)], mode="edge")
        cut = padded[..., : bins * joined]
        values[name] = how(cut.reshape(*cut.shape[:-1], bins, joined), axis=-1)
    edges = scene.start_s + scene.bin_s * joined * np.arange(bins + 1)
    return Binned(edges, scene.bin_s * joined, values)


def _joined(length: int, bin_s: float) -> int:
    """How many bins become one: few enough in all, and of a width that people use."""
    for width_s in (w * 10.0**k for k in range(-3, 6) for w in (1, 2, 3, 5)):
        joined = round(width_s / bin_s)
        if joined >= 1 and math.isclose(joined * bin_s, width_s) and length <= joined * BINS_MAX:
            return joined
    return max(1, math.ceil(length / BINS_MAX))


@dataclass(frozen=True)
class Look:
    """How a policy is drawn wherever policies share axes."""

    colour: str
    dash: Any
    marker: str
    face: str

    @property
    def line(self) -> dict[str, Any]:
        """Keywords for a line."""
        return {
            "color": self.colour,
            "linestyle": self.dash,
            "marker": self.marker,
            "markerfacecolor": self.face,
            "markersize": 4.5,
            "linewidth": 1.4,
        }


def look(index: int) -> Look:
    """The look of the n-th policy: the second six have other dashes and hollow markers."""
    turn, place = divmod(index, len(COLOURS))
    colour = COLOURS[place]
    dash, marker = DASHES[(place + 3 * turn) % len(DASHES)], MARKERS[(place + turn) % len(MARKERS)]
    return Look(colour, dash, marker, "white" if turn % 2 else colour)


def by_policy(given: Mapping[str, T], what: str) -> dict[str, T]:
    """The mapping as a dict, refused when empty or too large to stay readable.

    Raises:
        PlotError: says how many there are and how many may be.
    """
    found = dict(given)
    if not 1 <= len(found) <= POLICIES_MAX:
        raise PlotError(
            f"{what}: found {len(found)} policies; 1 to {POLICIES_MAX} can be told apart in a"
            " picture"
        )
    return found


def short(name: str) -> str:
    """A label that fits beside a line; the middle of a long one is left out.

    Dollar signs are escaped: matplotlib would read a formula between two of them.
    """
    if len(name) > LABEL_LENGTH:
        head = LABEL_LENGTH // 2
        name = f"{name[:head]}…{name[len(name) - head + 1 :]}"
    return name.replace("$", r"\$")


def small_multiples(
    new_figure: Callable[..., Any], names: Sequence[str], *, row_in: float, columns: int = 2
) -> "tuple[Figure, list[Axes]]":
    """One panel per name on common axes; what is left of the grid is taken away."""
    columns = min(columns, len(names))
    rows = math.ceil(len(names) / columns)
    row_in *= 1.3 if rows <= FEW_ROWS else 1
    figure = new_figure(figsize=(WIDTH_IN, 0.75 + row_in * rows), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    flat = list(axes.flat)
    for axis in flat[len(names) :]:
        axis.remove()
    for axis in flat[max(0, len(names) - columns) : len(names)]:
        axis.tick_params(labelbottom=True)  # the lowest of its column, also above a gap
    for axis, name in zip(flat, names, strict=False):
        axis.set_title(short(name))
    return figure, flat[: len(names)]


def shade(axes: "Axes", scene: Scene) -> None:
    """Mark the stretches without service."""
    for begin, end in scene.down_s:
        axes.axvspan(begin, end, facecolor=DOWN_COLOUR, edgecolor="none", zorder=0)


def steps(edges: Floats, *levels: Floats) -> tuple[Floats, ...]:
    """Corners of step functions over bins: edges first, then each level, equal stretches joined."""
    changed = np.ones(len(edges) - 1, dtype=bool)
    changed[1:] = np.any([np.diff(level) != 0 for level in levels], axis=0)
    kept = np.append(np.flatnonzero(changed), len(edges) - 1)
    return (edges[kept], *(np.append(level, level[-1])[kept] for level in levels))


def log_ticks(low: float, high: float, most: int = TICKS_MAX) -> tuple[list[float], list[str]]:
    """Round ticks of a log axis with plain labels, the more the fewer decades it has."""
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for heads in ((1, 1.5, 2, 3, 4, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        ticks = [head * 10.0**k for k in decades for head in heads]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    return ticks, [f"{tick:,.6g}" for tick in ticks]


def log_axis(axes: "Axes", which: str, low: float, high: float, most: int = TICKS_MAX) -> None:
    """Make one axis logarithmic from ``low`` to ``high`` with plain numbers."""
    ticks, labels = log_ticks(low, high, most)
    getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}ticks")(ticks, labels)
    getattr(axes, f"set_{which}ticks")([], minor=True)
    getattr(axes, f"set_{which}lim")(low, high)


def root_axis(axes: "Axes", top: float) -> None:
    """Make y a square-root scale from 0, so that small rates stay visible beside large ones."""
    axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    ticks = sorted({0.0, *(_round(top * part * part) for part in (0.25, 0.5, 0.75, 1))})
    axes.set_yticks(ticks, [f"{tick:,.0f}" if tick >= 1 else f"{tick:g}" for tick in ticks])
    axes.set_ylim(0, top * 1.1)


def _round(value: float) -> float:
    """The nearest smaller number of one digit out of 1, 2, 3, 5."""
    if value <= 0:
        return 0.0
    decade = 10.0 ** math.floor(math.log10(value))
    return max(head * decade for head in (1, 2, 3, 5) if head * decade <= value * (1 + 1e-9))


def amount(value: float) -> str:
    """A number in a title: three significant digits, thousands grouped."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004


def floats(values: ArrayLike, what: str, ndim: int) -> Floats:
    """The values as an array of so many dimensions with something in it.

    Raises:
        PlotError: says what was found.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != ndim or not array.size:
        raise PlotError(f"{what}: found an array of shape {array.shape}, not of {ndim} dimensions")
    return array
