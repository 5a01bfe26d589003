"""Slots: what the windows are, what a collision is, and a batch of two by hand."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from stormlab.draws import Draws
from stormlab.vocabulary import Event
from stormlab_models.published.slotted import CONFLICT, OK, SIZES, Windows, chosen_slots


@pytest.mark.parametrize(
    ("windows", "sizes"),
    [
        ("fixed", [7, 7, 7]),
        ("binary", [1, 2, 4, 8, 16]),
        ("linear", [1, 2, 3, 4]),
        ("quadratic", [1, 4, 9, 16]),
        ("sawtooth", [1, 2, 1, 4, 2, 1, 8, 4, 2, 1, 16]),
        ("log-log", [1, 2, 4, 8, 14, 20, 30]),  # 8 (1 + 1/lg 3) = 13.05
    ],
)
def test_the_windows_are_those_that_are_told(windows: Windows, sizes: list[int]) -> None:
    assert list(islice(SIZES[windows](7), len(sizes))) == sizes


def test_slots_are_uniform() -> None:
    slots = chosen_slots(Draws(1), np.arange(100_000), 10, 3)
    counts = np.bincount(slots, minlength=10)
    assert len(counts) == 10
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9  # chi squared, 9 degrees, 0.1 %
    assert not np.array_equal(slots, chosen_slots(Draws(1), np.arange(100_000), 10, 4))


def test_one_packet_has_the_first_slot(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("slotted-contention", clients=1))
    assert figures == {"succeeded": 1, "slots_per_client": 1.0, "attempts_per_client": 1.0}


def test_packets_in_one_slot_fail_and_go_on_in_the_next_window(simulate: Any) -> None:
    trace = simulate("slotted-contention", clients=20, seed=2)
    rows = trace.of(Event.HTTP_RESPONSE)
    assert (np.diff(rows["time_ns"]) >= 0).all()
    slots, counts = np.unique(rows["time_ns"], return_counts=True)
    alone = dict(zip(slots.tolist(), (counts == 1).tolist(), strict=True))
    assert [row["code"] == OK for row in rows] == [alone[int(row["time_ns"])] for row in rows]
    for client in range(20):
        own = rows[rows["client"] == client]
        assert own["attempt"].tolist() == list(range(1, len(own) + 1))
        assert own["code"].tolist() == [CONFLICT] * (len(own) - 1) + [OK]
        windows = [2**attempt - 1 for attempt in own["attempt"].tolist()]  # their last slots
        times_s = (own["time_ns"] // 1_000_000_000).tolist()
        assert all(end // 2 < time <= end for time, end in zip(times_s, windows, strict=True))


def test_two_packets_as_by_hand(simulate: Any, figures_of: Any) -> None:
    """They fail together in a window of w with 1/w: 1 + 1 + 1/2 + 1/2 1/4 + 1/2 1/4 1/8 + ..."""
    expected, chance = 1.0, 1.0
    for place in range(12):
        chance /= 2**place
        expected += chance
    found = [
        figures_of(simulate("slotted-contention", clients=2, seed=seed))["attempts_per_client"]
        for seed in range(2000)
    ]
    error = np.std(found) / 2000**0.5
    assert np.mean(found) == pytest.approx(expected, abs=3 * error)
    assert error < 0.02


def test_a_run_that_ends_before_has_no_figures(simulate: Any, figures_of: Any) -> None:
    figures = figures_of(simulate("slotted-contention", 40, clients=32))
    assert 0 < figures["succeeded"] < 32
    assert figures["slots_per_client"] is None
