"""Labels lie on nothing and always at the same places."""

from itertools import combinations

import pytest

from stormlab.plots_compare.labels import overlap, place, spread


def test_heights_that_fit_stay_where_they_are() -> None:
    assert spread([0.1, 0.9, 0.5], 0.1, 0, 1) == [0.1, 0.9, 0.5]


def test_equal_heights_are_moved_apart_in_their_order() -> None:
    found = spread([1.0, 1.0, 1.0, 0.2], 0.1, 0, 1)
    assert found == pytest.approx([0.8, 0.9, 1.0, 0.2])


def test_the_gap_shrinks_when_there_are_too_many() -> None:
    found = spread([0.5] * 11, 0.5, 0, 1)
    assert found == pytest.approx([k / 10 for k in range(11)])


def test_names_do_not_cover_each_other_nor_a_point_nor_the_frame() -> None:
    points = [(100.0 + 3 * k, 100.0 + 2 * k) for k in range(8)]
    obstacles = [(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    boxes = place(points, [(60.0, 10.0)] * 8, obstacles, (0, 0, 400, 300))
    assert all(overlap(a, b) == 0 for a, b in combinations(boxes, 2))
    assert all(overlap(box, other) == 0 for box in boxes for other in obstacles)
    assert all(x0 >= 0 and y0 >= 0 and x1 <= 400 and y1 <= 300 for x0, y0, x1, y1 in boxes)
    assert place(points, [(60.0, 10.0)] * 8, obstacles, (0, 0, 400, 300)) == boxes


def test_a_name_alone_stands_right_of_its_point() -> None:
    ((x0, y0, _, y1),) = place([(50.0, 50.0)], [(20.0, 10.0)], [], (0, 0, 200, 100))
    assert x0 > 50
    assert (y0 + y1) / 2 == 50
