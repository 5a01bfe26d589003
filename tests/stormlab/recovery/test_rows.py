from collections.abc import Callable
from typing import Any

import numpy as np

from stormlab.recovery.rows import NEVER, Rows, first_of
from stormlab.trace import Recorder
from stormlab.vocabulary import Event

Make = Callable[..., Any]


def test_the_first_value_of_each_slot_counts() -> None:
    found = first_of(4, np.array([2, 0, 2]), np.array([7, 8, 9]))
    assert found.tolist() == [8, NEVER, 7, NEVER]


def test_rows_of_several_kinds_come_in_order(fleet: Make) -> None:
    storm = fleet()
    storm.socket(1, 2, 3)
    storm.socket(4, 5)
    rows = Rows(storm.trace())
    assert rows.of(Event.OPEN).tolist() == [1, 4]
    assert rows.of(Event.NEW, Event.OPEN).tolist() == [0, 1, 3, 4]
    assert rows.of(Event.GAVE_UP).tolist() == []


def test_the_fleet_is_as_large_as_the_header_says(fleet: Make) -> None:
    rows = Rows(fleet(clients=5, sockets=3).trace())
    assert (rows.clients, rows.sockets, rows.places) == (5, 3, 15)


def test_without_a_word_in_the_header_it_is_as_large_as_what_appears() -> None:
    recorder = Recorder()
    recorder.add(0, Event.NEW, client=3, endpoint=1, socket=0)
    rows = Rows(recorder.finish({"duration_ns": 1}))
    assert (rows.clients, rows.sockets, rows.place(rows.of(Event.NEW)).tolist()) == (4, 2, [7])


def test_an_empty_trace_has_no_clients() -> None:
    assert Rows(Recorder().finish({"duration_ns": 1})).places == 0
