"""The report's figures: all of them, in order, and the same bytes each time."""

from pathlib import Path

from stormlab_models.tac_webbuilder.reproduce.evaluate import Runs, needs_of
from stormlab_models.tac_webbuilder.reproduce.plots import make_figures


def test_every_figure_is_made_with_words_and_is_the_same_twice(tmp_path: Path) -> None:
    runs = Runs(needs_of([], phases=True), 2)
    runs.run(2, lambda _key, _values: None)
    made = []
    for turn in ("a", "b"):
        (tmp_path / turn).mkdir()
        made.append(make_figures(tmp_path / turn, runs))
    first, second = made
    assert [figure.path.name for figure in first] == [
        "success.svg",
        "handshake-bytes.svg",
        "handshake-rate.svg",
        "attempts.svg",
        "socket-states.svg",
        "time-to-data.svg",
        "race-strictmode.svg",
        "race-reload.svg",
        "race-legacy-timer.svg",
    ]
    for one, other in zip(first, second, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes(), one.path.name
        assert all((one.title, one.caption, one.alt))
