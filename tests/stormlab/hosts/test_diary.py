from stormlab.clock import to_ns
from stormlab.hosts.diary import EARLY, Diary, record
from stormlab.trace import Recorder
from stormlab.vocabulary import Cause, Event, State


def test_attempts_are_numbered_from_one() -> None:
    diary = Diary()
    assert [diary.attempt(to_ns(at_s)) for at_s in (0, 1, 5)] == [1, 2, 3]
    story = diary.story(to_ns(9))
    assert story.times_ns(Event.NEW) == [0, to_ns(1), to_ns(5)]
    assert [step.attempt for step in story] == [1, 2, 3]
    assert (story.end_ns, story.client, story.cut) == (to_ns(9), 0, False)


def test_a_step_keeps_what_belongs_to_it_and_its_place() -> None:
    diary = Diary(client=7)
    diary.note(5, Event.OFFLINE)
    number = diary.attempt(10)
    diary.note(20, Event.CLOSE, number, code=1006, clean=0, cause=Cause.REFUSED, advice_ns=3)
    first, _, last = diary.steps
    assert (first.attempt, first.socket, first.order) == (0, -1, 0)
    assert (last.code, last.clean, last.cause, last.advice_ns) == (1006, 0, Cause.REFUSED, 3)
    assert (last.attempt, last.socket, last.order) == (1, 1, 2)
    assert diary.story(30, cut=True).client == 7
    assert diary.story(30, cut=True).cut


def test_a_full_diary_says_so_at_its_limit_and_not_before() -> None:
    diary, told = Diary(), list[int]()
    diary.limit = 3
    diary.full = lambda: told.append(len(diary.steps))
    for at_ns in range(4):
        diary.note(at_ns, Event.SEND)
    assert told == [3, 4]


def test_stories_become_rows_in_order_of_time_then_of_client() -> None:
    diaries = [Diary(0), Diary(1)]
    diaries[1].attempt(to_ns(1))
    diaries[0].attempt(to_ns(2))
    diaries[0].note(to_ns(2), Event.SEND, 1, detail=EARLY)
    diaries[1].note(to_ns(2), Event.CLOSE, 1, code=1006, clean=0, cause=Cause.REFUSED)
    recorder = Recorder()
    record(diaries, recorder)
    rows = list(recorder.finish({"duration_ns": to_ns(3)}))
    assert [(row.time_ns, row.client, row.event) for row in rows] == [
        (to_ns(1), 1, Event.NEW),
        (to_ns(2), 0, Event.NEW),
        (to_ns(2), 0, Event.SEND),
        (to_ns(2), 1, Event.CLOSE),
    ]
    early = rows[2]
    assert early.before == State.CONNECTING
    assert (rows[0].socket, rows[0].attempt) == (0, 1)
    assert rows[3].cause is Cause.REFUSED
