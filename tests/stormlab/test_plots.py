"""Pictures: what is counted for them, and that the same picture is the same file."""

from pathlib import Path

import numpy as np
import pytest

from stormlab.clock import NS_PER_S
from stormlab.plots import (
    COLOURS,
    DASHES,
    HATCHES,
    MARKERS,
    attempts_per_bin,
    draw_ecdf,
    draw_occupancy,
    handshake_bytes_per_bin,
    occupancy,
    save,
    style,
)
from stormlab.trace import Trace


def test_attempts_fall_into_their_bins(small_trace: Trace) -> None:
    counts = attempts_per_bin(small_trace, NS_PER_S, 10 * NS_PER_S)
    assert counts.tolist() == [1, 1, 0, 0, 1, 0, 1, 0, 0, 1]


def test_handshake_bytes_are_those_of_request_and_response(small_trace: Trace) -> None:
    assert handshake_bytes_per_bin(small_trace, NS_PER_S, 3 * NS_PER_S).tolist() == [720, 0, 0]


def test_every_socket_is_in_one_state_and_a_discarded_page_has_none(small_trace: Trace) -> None:
    found = occupancy(small_trace)

    def at(time_s: float, state: str) -> int:
        index = int(np.searchsorted(found.time_s, time_s, side="right")) - 1
        return int(found.counts[state][index])

    assert at(0.6, "connecting") == 1
    assert at(1.2, "open") == 1
    assert at(2.0, "open") == 2
    assert at(4.2, "open") == 1
    assert at(6.0, "open") == 1
    assert at(9.5, "open") == 0
    assert at(9.5, "connecting") == 1


def test_colours_are_never_alone() -> None:
    assert len(COLOURS) == len(set(MARKERS)) == len(set(HATCHES)) == len(set(map(str, DASHES)))


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_the_same_picture_is_the_same_file(tmp_path: Path, small_trace: Trace, suffix: str) -> None:
    files = []
    for turn in ("a", "b"):
        (tmp_path / turn).mkdir()
        path = tmp_path / turn / f"picture.{suffix}"
        with style() as new_figure:
            figure = new_figure(figsize=(4, 3))
            left, right = figure.subplots(1, 2)
            draw_occupancy(left, occupancy(small_trace), 10)
            draw_ecdf(right, [1.0, 2.0, float("inf")], 0, "some")
            left.legend()
            save(figure, path)
        files.append(path.read_bytes())
    assert files[0] == files[1]
    assert b"Date" not in files[0]
    if suffix == "svg":
        assert b"<text" not in files[0], "text must be outlines"


def test_a_run_that_never_got_there_keeps_the_curve_below_one() -> None:
    with style() as new_figure:
        axes = new_figure().subplots()
        draw_ecdf(axes, [1.0, 2.0, float("inf"), float("inf")], 0, "half")
        draw_ecdf(axes, [float("inf")], 1, "none")
        half, none = axes.lines
    assert np.asarray(half.get_ydata()).max() == 0.5
    assert none.get_label() == "none (never)"
