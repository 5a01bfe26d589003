"""The alignment of a given log with simulated ones."""

import numpy as np
import pytest

from stormlab_models.tac_webbuilder.diagnose import align
from stormlab_models.tac_webbuilder.diagnose.features import encode
from stormlab_models.tac_webbuilder.diagnose.parse import (
    ACCEPTED,
    CLOSED,
    ERROR,
    OPEN,
    READY_TIMEOUT,
    Line,
)


def load(count: int = 8, *, gap_s: float = 0.02, late_s: float = 0.0) -> list[Line]:
    """The lines of a page load; the fifth connection and those after it come ``late_s`` later."""
    lines = []
    for index in range(count):
        time_s = index * gap_s + (late_s if index > 3 else 0.0)
        port = 40000 + index * 2
        lines.append(Line(ACCEPTED, index, port, time_s=time_s, connect_s=time_s))
        lines.append(Line(OPEN, time_s=time_s + 0.001))
    return lines


def value(given: list[Line], theirs: list[Line]) -> float:
    batch = align.Batch.of([encode(theirs)], 99)
    mine = encode(given)
    mine.gap_s.fill(np.nan)
    return float(align.whole(mine, batch, 1.0)[0])


def test_the_same_log_is_the_likeliest() -> None:
    same = value(load(), load())
    assert same > value(load(), load(7))
    assert same > value(load(7), load())
    assert same > value(load(), [*load(), Line(CLOSED, time_s=0.2)])


def test_one_odd_line_costs_some_evidence_and_no_more() -> None:
    odd = load()
    odd.insert(6, Line(READY_TIMEOUT, 3))
    lost = value(load(), load()) - value(odd, load())
    assert 2 < lost < 8


def test_the_lines_that_do_not_fit_are_named() -> None:
    odd = load()
    odd.insert(6, Line(READY_TIMEOUT, 3))
    odd.append(Line(ERROR, 2, sending=False))
    mine = encode(odd)
    mine.gap_s.fill(np.nan)
    assert align.unexplained(mine, encode(load()), 1.0, is_part=False) == [6, 17]
    assert align.unexplained(encode(load()), encode(load()), 1.0, is_part=False) == []


def test_neighbours_that_changed_places_are_not_odd() -> None:
    swapped = load()
    swapped[4], swapped[5] = swapped[5], swapped[4]
    mine = encode(swapped)
    mine.gap_s.fill(np.nan)
    assert align.unexplained(mine, encode(load()), 1.0, is_part=False) == []


def test_a_jump_of_the_port_speaks_for_time_between_the_connects() -> None:
    jumping = load()
    jumping[8:] = [
        Line(line.kind, line.endpoint, line.port + 9000 if line.port else 0) for line in jumping[8:]
    ]
    slow = load(late_s=9.0)
    assert value(jumping, slow) > value(jumping, load())
    assert value(load(), load()) > value(load(), slow)


def test_times_in_the_log_are_compared_when_it_has_them() -> None:
    batch = align.Batch.of([encode(load(gap_s=0.02)), encode(load(gap_s=2.0))], 99)
    fast, slow = align.whole(encode(load(gap_s=2.2)), batch, 0.01)
    assert slow > fast


def test_orders_of_endpoints_agree_by_neighbours_swaps() -> None:
    natural = tuple(range(8))
    assert align.order(natural, natural) == 0
    one = align.order((1, 0, *natural[2:]), natural)
    assert one == pytest.approx(-align.ORDER_PER_SWAP)
    shuffled = align.order(natural[::-1], natural)
    assert shuffled == pytest.approx(-align.ORDER_PER_SWAP * align.ORDER_SWAPS_MAX)


def test_a_kind_of_line_that_is_never_written_has_its_price() -> None:
    given = encode([*load(), Line(CLOSED)])
    assert align.kinds(given, encode(load())) == align.UNKNOWN_KIND
    assert align.kinds(encode(load()), given) == 0
