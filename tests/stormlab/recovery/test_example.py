"""The documents tell the example in words; these are the words' moments."""

from stormlab.clock import to_s
from stormlab.recovery.example import example
from stormlab.vocabulary import Event


def test_the_example_is_what_the_documents_tell() -> None:
    trace = example()
    opened = trace.of(Event.OPEN)
    assert [(int(row["client"]), to_s(int(row["time_ns"]))) for row in opened[3:]] == [
        (0, 33),
        (1, 34),
        (1, 39),
    ]
    refused = trace.of(Event.REFUSED)
    assert [to_s(int(row["time_ns"])) for row in refused] == [11, 12, 14]
    assert trace.count(Event.GAVE_UP) == 1


def test_it_is_a_trace_in_order_of_time() -> None:
    times = example().rows["time_ns"]
    assert (times[1:] >= times[:-1]).all()
