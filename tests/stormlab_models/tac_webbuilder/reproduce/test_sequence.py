"""The sequence of the race is told in the order in which it happened."""

from stormlab.clock import to_ns
from stormlab.model import run
from stormlab.plots import style
from stormlab_models.tac_webbuilder.reproduce.cases import fixed
from stormlab_models.tac_webbuilder.reproduce.sequence import (
    APP,
    BROWSER,
    LANES,
    LOOP,
    PAGE,
    draw_sequence,
    steps_of,
)


def test_the_legacy_timer_is_told_from_constructor_to_close() -> None:
    steps = steps_of(run(fixed("slow-legacy"), 0), 0, 1, to_ns(13))
    texts = [step.text for step in steps]
    told = [
        "new WebSocket #1",
        "GET, upgrade #1",
        "blocks the loop for 12 s #1",
        "log: accepted #1",
        "10 s timer: drops TCP #1",
        "log: connection closed #1",
        "send fails: 1006 #1",
        "log: error on send #1",
        "onclose 1006 #1",
    ]
    assert [text for text in texts if text in told] == told
    assert [step.time_ns for step in steps] == sorted(step.time_ns for step in steps)
    lanes = {step.text: (step.start, step.end) for step in steps}
    assert lanes["new WebSocket #1"] == (PAGE, BROWSER)
    assert lanes["send fails: 1006 #1"] == (LOOP, APP)


def test_only_the_chosen_sockets_are_told() -> None:
    trace = run(fixed("strictmode"), 0)
    one, two = (steps_of(trace, 0, number, to_ns(2)) for number in (1, 2))
    assert not any("#2" in step.text for step in one)
    assert sum(step.text.startswith("new") for step in two) == 2


def test_a_long_gap_becomes_a_break() -> None:
    steps = steps_of(run(fixed("slow-legacy"), 0), 0, 1, to_ns(13))
    with style() as new_figure:
        axes = new_figure().subplots()
        draw_sequence(axes, steps)
        texts = [text.get_text() for text in axes.texts]
    assert "12 s later" in texts
    assert set(LANES) <= set(texts)
