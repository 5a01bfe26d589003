"""A reading joins both sides of a run and looks at the last document only."""

from collections.abc import Callable

from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab_models.tac_webbuilder.reproduce.reading import Reading


def test_a_socket_keeps_its_first_and_last_time(small_trace: Trace) -> None:
    reading = Reading(small_trace)
    opened = reading.first_ns(reading.events(Event.OPEN))
    assert opened[0, 0] == 1_000_000_000
    assert reading.last_ns(reading.events(Event.CLOSE))[1, 1] == 8_000_000_000
    assert reading.live == {(1, 0)}
    assert reading.opened_s[0, 0] == (0.5, 1.0)


def test_only_the_last_document_counts(reading: Callable[..., Reading]) -> None:
    found = reading("reload")
    assert len(found.events(Event.NEW)) == 8
    assert len(found.trace.of(Event.NEW)) == 16
    assert found.pages == 1


def test_what_comes_after_the_window_is_not_seen(reading: Callable[..., Reading]) -> None:
    found = reading("plain")
    assert len(found.trace.of(Event.GONE)) == 1
    assert not len(found.events(Event.GONE))
    assert len(found.live) == 8


def test_failed_sends_are_exceptions_of_send(reading: Callable[..., Reading]) -> None:
    found = reading("slow-legacy")
    assert len(found.failed_sends) == len(found.exceptions) > 0
    assert {found.text(row) for row in found.failed_sends} == {"send"}
