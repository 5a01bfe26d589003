"""The planted faults of records differ from the sound record in one thing."""

from stormlab.properties.promises import Seen
from stormlab.vocabulary import Event
from stormlab_models.planted.records import FAULTS


def _events(record: object) -> list[Event]:
    assert isinstance(record, Seen)
    return [step.event for step in record.stories[0]]


def test_what_differs() -> None:
    early, twice, nowhere, heavy = FAULTS
    assert _events(nowhere.repaired)[1] is Event.STARTED
    assert Event.STARTED not in _events(nowhere.faulty)
    assert _events(early.faulty) == [Event.NEW, Event.SEND]
    assert _events(early.repaired) == [Event.NEW, Event.OPEN, Event.SEND]
    assert _events(twice.faulty) == [*_events(twice.repaired), Event.CLOSE]
    assert _events(heavy.faulty) == _events(heavy.repaired)
