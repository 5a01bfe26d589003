"""Where labels go so that none lies on another; the same input gives the same places."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]  # x0, y0, x1, y1

# directions from the point, best first: beside it, then above, below, then askew
_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_DISTANCES = (9.0, 18.0, 30.0, 46.0, 66.0, 90.0)
_OUTSIDE_COST = 200.0
_COVERED_COST = 5.0
_FAR_COST = 0.6


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move heights apart to ``gap`` or more between ``low`` and ``high``, as little as needed.

    The order is kept, that of equal heights too. When they do not fit, the gap becomes smaller.
    """
    count = len(wanted)
    gap = min(gap, (high - low) / max(1, count - 1))
    order = sorted(range(count), key=lambda i: (wanted[i], i))
    placed = [0.0] * count
    floor = low
    for i in order:
        placed[i] = max(wanted[i], floor)
        floor = placed[i] + gap
    ceiling = high
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - gap
    return placed


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    obstacles: Iterable[Box],
    frame: Box,
) -> list[Box]:
    """A box of each size near its point, clear of the others, of the obstacles and of the frame.

    Points are served from the most crowded to the least, each takes the cheapest of the places
    around it. All in pixels.
    """
    taken = list(obstacles)
    found: dict[int, Box] = {}
    for i in sorted(range(len(points)), key=lambda i: (-_crowd(points, i), i)):
        boxes = [
            (_beside(points[i], sizes[i], direction, distance), distance, rank)
            for distance in _DISTANCES
            for rank, direction in enumerate(_DIRECTIONS)
        ]
        best = min(boxes, key=lambda one: _cost(one, taken, frame))
        found[i] = best[0]
        taken.append(best[0])
    return [found[i] for i in range(len(points))]


def _crowd(points: Sequence[tuple[float, float]], index: int) -> float:
    x, y = points[index]
    return sum(1 / (1 + abs(a - x) + abs(b - y)) for a, b in points)


def _beside(
    point: tuple[float, float],
    size: tuple[float, float],
    direction: tuple[int, int],
    distance: float,
) -> Box:
    (x, y), (width, height), (right, up) = point, size, direction
    x0 = x + distance if right > 0 else x - distance - width if right < 0 else x - width / 2
    y0 = y + distance if up > 0 else y - distance - height if up < 0 else y - height / 2
    return x0, y0, x0 + width, y0 + height


def _cost(one: tuple[Box, float, int], taken: Iterable[Box], frame: Box) -> float:
    box, distance, rank = one
    outside = max(0.0, frame[0] - box[0], box[2] - frame[2], frame[1] - box[1], box[3] - frame[3])
    covered = sum(overlap(box, other) for other in taken)
    return _COVERED_COST * covered + _OUTSIDE_COST * outside + _FAR_COST * distance + rank


def overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
