from itertools import pairwise

from stormlab.clock import to_ns
from stormlab.trace import Trace
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.story import Step, Story, stories


def test_a_step_is_told_in_one_line() -> None:
    step = Step(to_ns(2.5), Event.CLOSE, attempt=3, code=1006, cause=Cause.KILLED)
    assert step.text == "2.500 s close #3 code 1006 (killed)"
    timer = Step(to_ns(2.5), Event.TIMER_SET, attempt=3, value_ns=to_ns(1.25))
    assert timer.text == "2.500 s timer_set #3 in 1.250 s"
    assert Step(0, Event.FAULT, detail="hang").text == "0.000 s fault hang"


def test_a_story_finds_its_steps_by_kind_in_order() -> None:
    steps = (Step(1, Event.NEW), Step(2, Event.CLOSE), Step(3, Event.NEW), Step(4, Event.OPEN))
    story = Story(steps, 9)
    assert story.of(Event.NEW) == [steps[0], steps[2]]
    assert story.of(Event.OPEN, Event.NEW, Event.GONE) == [steps[0], steps[2], steps[3]]
    assert story.of(Event.GONE) == []
    assert story.times_ns(Event.CLOSE, Event.OPEN) == [2, 4]
    assert story.has(Event.GONE, Event.OPEN)
    assert not story.has(Event.GONE)
    assert list(story) == list(steps)


def test_a_story_says_whose_it_is() -> None:
    assert Story((), 0, client=3).who == "client 3"
    assert Story((), 0, client=3, endpoint=1).who == "client 3 socket 1"


def test_every_endpoint_of_a_trace_has_its_story(small_trace: Trace) -> None:
    told = stories(small_trace)
    assert [(story.client, story.endpoint) for story in told] == [(0, 0), (1, 1)]
    assert all(story.end_ns == small_trace.duration_ns for story in told)
    first, second = told
    assert first.times_ns(Event.NEW) == [to_ns(0.5), to_ns(6.9), to_ns(9)]
    assert second.times_ns(Event.GONE) == [to_ns(4)]  # of the whole client
    for story in told:
        assert all(a.time_ns <= b.time_ns for a, b in pairwise(story.steps))
    close = first.of(Event.CLOSE)[0]
    assert (close.code, close.cause, close.clean) == (1006, Cause.KILLED, 0)
