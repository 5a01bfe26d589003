"""Pictures of counterexamples: what is drawn, and that the same run gives the same bytes."""

from pathlib import Path
from typing import Any

import pytest

from stormlab.check import Replay, Replayed, replay
from stormlab.plots import PlotError
from stormlab.plots_replay import draw_replay
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Act, Phase

WORLD = BareWorld(
    (Phase("serve", 10.0), Phase("reject", 60.0), Phase("hang", 20.0)),
    (Act("offline", 5.0), Act("online", 8.0)),
    settle_s=40.0,
    sockets=2,
)


@pytest.fixture(scope="module")
def found() -> Replayed:
    return replay(Replay("phoenix", "phoenix", PROMISES["calm-when-fooled"], WORLD))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keep the figures instead of writing them."""
    figures: list[Any] = []
    monkeypatch.setattr("stormlab.plots_replay.save", lambda figure, _path: figures.append(figure))
    return figures


def test_faults_are_shaded_and_told_apart_without_colour(
    found: Replayed, drawn: list[Any], tmp_path: Path
) -> None:
    draw_replay(found, tmp_path / "a.svg")
    [figure] = drawn
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"fault: rejects", "fault: silent", "fault: offline", "attempt"} <= set(words)
    handles = dict(zip(words, figure.legends[0].legend_handles, strict=True))
    hatches = [handles[word].get_hatch() for word in words if word.startswith("fault")]
    assert len(set(hatches)) == len(hatches) == 3


def test_there_is_a_row_for_each_endpoint_and_a_rate_above(
    found: Replayed, drawn: list[Any], tmp_path: Path
) -> None:
    draw_replay(found, tmp_path / "a.svg")
    above, below = drawn[0].axes
    assert [label.get_text() for label in below.get_yticklabels()] == [
        "client 0",
        "client 0 socket 1",
    ]
    assert above.get_ylabel() == "attempts\nper 1 s"
    assert below.get_xlabel() == "time, s"
    assert above.get_title(loc="left").startswith("phoenix, calm-when-fooled: ")


def test_the_same_run_gives_the_same_bytes(found: Replayed, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        draw_replay(found, tmp_path / name / "x.svg")
    assert (tmp_path / "a" / "x.svg").read_bytes() == (tmp_path / "b" / "x.svg").read_bytes()


def test_what_was_judged_without_a_run_cannot_be_drawn(tmp_path: Path) -> None:
    herd = replay(Replay("phoenix", "phoenix", PROMISES["fleet-disperses"], HerdWorld(0)))
    with pytest.raises(PlotError, match="fleet-disperses: judged by delays alone"):
        draw_replay(herd, tmp_path / "x.svg")
