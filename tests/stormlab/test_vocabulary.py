"""The closed vocabulary."""

from stormlab.vocabulary import CAUSE_CODE, CAUSES, EVENT_CODE, EVENTS, Cause, Event, State


def test_codes_are_positions() -> None:
    assert [EVENT_CODE[event] for event in EVENTS] == list(range(len(Event)))
    assert [CAUSE_CODE[cause] for cause in CAUSES] == list(range(len(Cause)))


def test_names_are_place_and_what() -> None:
    assert {event.value.partition(".")[0] for event in Event} == {"page", "net", "srv", "world"}
    assert all(event.value.partition(".")[2].replace("_", "").isalpha() for event in Event)


def test_codes_fit_their_columns() -> None:
    assert len(EVENTS) < 2**15
    assert len(CAUSES) < 2**7


def test_no_cause_is_the_empty_string() -> None:
    assert not Cause.NONE
    assert CAUSE_CODE[Cause.NONE] == 0


def test_states_are_those_of_the_standard() -> None:
    named = {state.name: int(state) for state in State}
    assert named == {"NONE": -1, "CONNECTING": 0, "OPEN": 1, "CLOSING": 2, "CLOSED": 3}
