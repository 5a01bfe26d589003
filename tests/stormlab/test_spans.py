"""What lasts in a trace."""

from stormlab.clock import to_ns
from stormlab.spans import Attempt, Block, Handler, attempts, blocks, end_ns, handlers, outages
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event


def test_an_attempt_has_its_moments(small_trace: Trace) -> None:
    assert attempts(small_trace)[0] == Attempt(
        client=0,
        socket=0,
        endpoint=0,
        attempt=1,
        new_ns=to_ns(0.5),
        open_ns=to_ns(1),
        end_ns=to_ns(5),
        code=1006,
        cause=Cause.KILLED,
        queued_ns=to_ns(0.5),
        connect_ns=to_ns(0.6),
        answered_ns=to_ns(0.9),
    )


def test_every_kind_of_end(small_trace: Trace) -> None:
    found = {(each.client, each.socket): each for each in attempts(small_trace)}
    ends = {key: (each.open_ns is not None, each.end_ns, each.cause) for key, each in found.items()}
    assert ends == {
        (0, 0): (True, to_ns(5), Cause.KILLED),
        (0, 1): (False, to_ns(7), Cause.REFUSED),
        (0, 2): (False, None, Cause.NONE),
        (1, 0): (True, to_ns(4), Cause.PAGE_GONE),
        (1, 1): (True, to_ns(8), Cause.SERVER_CLOSED),
    }
    assert found[1, 0].gone
    assert found[1, 1].clean


def test_a_kill_ends_the_handlers_that_are_left(small_trace: Trace) -> None:
    assert handlers(small_trace) == [
        Handler(0, 0, 0, 0, to_ns(0.8), to_ns(0.9), to_ns(5), killed=True),
        Handler(1, 1, 0, 1, to_ns(1.6), None, to_ns(4.1)),
    ]


def test_blocks_and_outages(small_trace: Trace) -> None:
    assert blocks(small_trace) == [Block(to_ns(2), to_ns(3), 1, 1)]
    assert outages(small_trace) == [(to_ns(5), to_ns(7.5))]
    assert end_ns(small_trace) == to_ns(10)


def made(*events: tuple[int, Event, int]) -> Trace:
    recorder = Recorder()
    for time_ns, event, value_ns in events:
        recorder.add(time_ns, event, value_ns=value_ns)
    return recorder.finish({"duration_ns": 100})


def test_a_kill_ends_a_block_and_so_does_the_end_of_the_record() -> None:
    killed = made((0, Event.UP, 0), (1, Event.BLOCKED, 50), (9, Event.KILLED, 0), (80, Event.UP, 0))
    assert [(each.start_ns, each.end_ns) for each in blocks(killed)] == [(1, 9)]
    ended = made((0, Event.UP, 0), (1, Event.BLOCKED, 50), (9, Event.ALERT, 0))
    assert [(each.start_ns, each.end_ns) for each in blocks(ended)] == [(1, 9)]


def test_a_server_that_starts_late_or_never_comes_back_is_down() -> None:
    late = made((5, Event.UP, 0), (7, Event.SHUTDOWN, 0), (9, Event.ALERT, 0))
    assert outages(late) == [(0, 5), (7, 9)]


def test_an_empty_trace_has_nothing_that_lasts() -> None:
    empty = made()
    assert [*attempts(empty), *handlers(empty), *blocks(empty), *outages(empty)] == []
    assert end_ns(empty) == 0


def test_a_second_kill_does_not_move_the_end_of_the_first_process_s_handlers() -> None:
    found = handlers(
        made(
            (0, Event.UP, 0),
            (1, Event.STARTED, 0),
            (5, Event.KILLED, 0),
            (6, Event.UP, 0),
            (9, Event.KILLED, 0),
        )
    )
    assert [(each.started_ns, each.ended_ns, each.killed) for each in found] == [(1, 5, True)]
