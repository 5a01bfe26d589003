"""The planted faults of pages are switches of the analysed application."""

from stormlab.selftest.planted import look
from stormlab.vocabulary import Event
from stormlab_models.planted.pages import FAULTS


def test_the_analysis_counts_again() -> None:
    """StrictMode: 24 attempts, 16 sockets live; repaired: 8 and 8 (measured, Chromium)."""
    fault = FAULTS[0]
    attempts, live = [], []
    for code in (fault.faulty, fault.repaired):
        _, seen = look(fault.name, code, fault.world)
        attempts.append(sum(len(story.of(Event.NEW)) for story in seen.stories))
        ended = sum(len(story.of(Event.CLOSE)) for story in seen.stories)
        live.append(attempts[-1] - ended)
    assert attempts == [24, 8]
    assert live == [16, 8]


def test_each_is_one_switch_of_the_page() -> None:
    for fault in FAULTS:
        assert isinstance(fault.faulty, dict)
        assert isinstance(fault.repaired, dict)
        assert fault.faulty.keys() == fault.repaired.keys() == {"page"}
        assert fault.faulty["page"].keys() == {"hook"}
