from collections.abc import Callable
from typing import Any

from stormlab.recovery import FIGURES, Recovery, figures, series
from stormlab.recovery.registry import SECTIONS
from stormlab.trace import Recorder

Make = Callable[..., Any]


def test_no_two_figures_have_one_name() -> None:
    assert len(FIGURES) == sum(map(len, SECTIONS.values()))


def test_every_figure_is_defined_in_full() -> None:
    for name, figure in FIGURES.items():
        assert figure.name == name
        for text in (figure.title, figure.unit, figure.words, figure.formula, figure.limits):
            assert text
            assert not text.endswith("."), f"{name}: the document ends the sentence"


def test_an_empty_trace_has_figures_and_series() -> None:
    recovery = Recovery.of(Recorder().finish({"duration_ns": 0}))
    found = figures(recovery)
    assert found.keys() == FIGURES.keys()
    assert all(value is None or value == 0 for value in found.values())
    assert series(recovery).attempts.tolist() == [0]


def test_figures_are_plain_numbers(fleet: Make) -> None:
    storm = fleet(clients=2, workers=1, message_every_ns=10**9)
    storm.down(10, 20)
    storm.settled(10)
    storm.socket(30, 31)
    kinds = {type(value) for value in figures(storm.recovery()).values()}
    assert kinds == {int, float, type(None)}
