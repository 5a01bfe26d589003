"""Each law notices what it is for: the test of the testers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.clock import to_ns
from stormlab.model import make_scenario, run
from stormlab.properties import LAW, LAWS, Outcome, check_all
from stormlab.properties.laws import broken
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import CAUSE_CODE, EVENT_CODE, Cause, Event, State

Rows = NDArray[np.void]
Mutation = Callable[[Rows], Rows]


@pytest.fixture(scope="module")
def lawful() -> Trace:
    """Strict mode, pings, a crash with restart, a reload: something of everything."""
    document: dict[str, Any] = {
        "model": "tac-webbuilder",
        "duration_s": 130.0,
        "react": {"strict_mode": True},
        "page": {"sends_ready": True, "ping_interval_s": 5.0},
        "faults": [{"do": "crash", "at_s": 20.0, "for_s": 3.0}],
        "actions": [{"do": "reload", "at_s": 40.0}],
    }
    return run(make_scenario(document, name="lawful"), 1)


def places(rows: Rows, event: Event) -> NDArray[np.int64]:
    return np.flatnonzero(rows["event"] == EVENT_CODE[event])


def drop(event: Event, nth: int = 0) -> Mutation:
    """Take out the n-th row of a kind."""
    return lambda rows: np.delete(rows, places(rows, event)[nth])


def repeat(event: Event, nth: int = 0) -> Mutation:
    """Put the n-th row of a kind in twice."""

    def mutate(rows: Rows) -> Rows:
        place = int(places(rows, event)[nth])
        return np.insert(rows, place, rows[place])

    return mutate


def change(event: Event, column: str, value: int, nth: int = 0) -> Mutation:
    """Write a value into the n-th row of a kind."""

    def mutate(rows: Rows) -> Rows:
        rows[column][places(rows, event)[nth]] = value
        return rows

    return mutate


def move(event: Event, other: Event, *, nth: int = 0, to: int = 0, after: bool = False) -> Mutation:
    """Move the n-th row of a kind before (or after) another's, and give it that one's time."""

    def mutate(rows: Rows) -> Rows:
        place, target = int(places(rows, event)[nth]), int(places(rows, other)[to])
        row = rows[place].copy()
        row["time_ns"] = rows[target]["time_ns"]
        without = np.delete(rows, place)
        target -= place < target
        return np.insert(without, target + after, row)

    return mutate


def swap_times(rows: Rows) -> Rows:
    middle = len(rows) // 2
    times = rows["time_ns"]
    later = int(np.flatnonzero(times > times[middle])[0])
    times[middle], times[later] = int(times[later]), int(times[middle])
    return rows


def speak_after_close(rows: Rows) -> Rows:
    """A message on a socket that was closed."""
    closed = places(rows, Event.CLOSE)
    message = rows[places(rows, Event.MESSAGE)[0]].copy()
    message["client"], message["socket"] = rows[closed[0]]["client"], rows[closed[0]]["socket"]
    message["time_ns"] = rows[closed[0]]["time_ns"]
    return np.insert(rows, closed[0] + 1, message)


def handshakes_overlap(rows: Rows) -> Rows:
    """An opened socket's request goes out before the one before it is answered."""
    opened = rows["socket"][places(rows, Event.OPEN)].tolist()
    first, second = [p for p in places(rows, Event.REQUEST) if rows["socket"][p] in opened][:2]
    row = rows[second].copy()
    row["time_ns"] = rows[first]["time_ns"]
    return np.insert(np.delete(rows, second), first + 1, row)


def never_sent(rows: Rows) -> Rows:
    """The frame of the first message is missing."""
    message = rows[places(rows, Event.MESSAGE)[0]]
    frames = places(rows, Event.SERVER_FRAME)
    mine = [place for place in frames if rows["socket"][place] == message["socket"]]
    return np.delete(rows, mine[0])


def dead_server_speaks(rows: Rows) -> Rows:
    killed = int(places(rows, Event.KILLED)[0])
    row = rows[places(rows, Event.LOG)[0]].copy()
    row["time_ns"] = rows[killed]["time_ns"]
    return np.insert(rows, killed + 1, row)


def forget_an_end(rows: Rows) -> Rows:
    """A handler that lost its connection at the reload never ends."""
    lost = rows["conn"][places(rows, Event.LOST)]
    ended = places(rows, Event.ENDED)
    mine = [place for place in ended if rows["conn"][place] in lost]
    return np.delete(rows, mine[-1])


MUTATIONS: list[tuple[str, str, Mutation]] = [
    ("time-runs-forwards", "swapped times", swap_times),
    ("time-runs-forwards", "beyond the run", change(Event.MESSAGE, "time_ns", 1 << 60, -1)),
    ("time-runs-forwards", "before the start", change(Event.UP, "time_ns", -1)),
    ("attempts-add-up", "two constructors", repeat(Event.NEW)),
    ("attempts-add-up", "no constructor", drop(Event.NEW)),
    ("attempts-add-up", "two opens", repeat(Event.OPEN)),
    ("attempts-add-up", "two closes", repeat(Event.CLOSE)),
    ("attempts-add-up", "failed for nothing", change(Event.CLOSE, "cause", CAUSE_CODE[Cause.NONE])),
    ("ready-state-is-a-chain", "no open", drop(Event.OPEN)),
    ("ready-state-is-a-chain", "no call", drop(Event.CLOSE_CALLED)),
    ("ready-state-is-a-chain", "odd state", change(Event.OPEN, "before", int(State.CLOSED))),
    ("closed-is-final", "speaks after close", speak_after_close),
    ("no-message-before-open", "early message", move(Event.MESSAGE, Event.OPEN)),
    ("no-message-before-open", "no open", drop(Event.OPEN)),
    ("sent-only-when-open", "early send", move(Event.SEND, Event.NEW, after=True)),
    ("gone-is-gone", "a second ready", repeat(Event.READY)),
    ("gone-is-gone", "speaks when gone", move(Event.RENDER, Event.GONE, after=True)),
    ("gone-is-gone", "gone twice", repeat(Event.GONE)),
    ("timers-add-up", "fires unset", drop(Event.TIMER_SET)),
    ("timers-add-up", "fires twice", repeat(Event.TIMER_FIRED)),
    ("opened-went-over-the-wire", "no request", drop(Event.REQUEST, -1)),
    ("opened-went-over-the-wire", "no answer", drop(Event.RESPONSE, -1)),
    ("opened-went-over-the-wire", "HTTP 500", change(Event.RESPONSE, "code", 500, -1)),
    ("bytes-add-up", "a byte more", change(Event.RESPONSE, "down", 230)),
    ("bytes-add-up", "a byte less", change(Event.REQUEST, "up", 480)),
    ("bytes-add-up", "a large frame", change(Event.SERVER_FRAME, "down", 4000)),
    ("bytes-add-up", "the wrong way", change(Event.REQUEST, "down", 7)),
    ("bytes-add-up", "bytes off the wire", change(Event.OPEN, "up", 7)),
    ("bytes-add-up", "two requests", repeat(Event.REQUEST)),
    ("received-was-sent", "never sent", never_sent),
    ("received-was-sent", "got twice", repeat(Event.MESSAGE)),
    ("received-was-sent", "heard twice", repeat(Event.RECEIVED)),
    ("one-handshake-per-address", "overlap", handshakes_overlap),
    ("accepted-ends-or-lives", "accepted twice", repeat(Event.ACCEPTED)),
    ("accepted-ends-or-lives", "never started", drop(Event.STARTED)),
    ("accepted-ends-or-lives", "ended twice", repeat(Event.ENDED)),
    ("accepted-ends-or-lives", "not accepted", move(Event.SENT_INITIAL, Event.STARTED)),
    ("accepted-ends-or-lives", "never ends", forget_an_end),
    ("dead-server-is-silent", "speaks when killed", dead_server_speaks),
]


def test_a_lawful_run_obeys_every_law_and_leaves_none_undecided(lawful: Trace) -> None:
    verdicts = check_all(lawful)
    assert [verdict.law for verdict in verdicts] == [law.name for law in LAWS]
    assert {verdict.law: verdict.outcome.value for verdict in verdicts} == {
        law.name: "holds" for law in LAWS
    }


@pytest.mark.parametrize(
    ("law", "what", "mutate"), MUTATIONS, ids=[f"{law}: {what}" for law, what, _ in MUTATIONS]
)
def test_a_law_notices(lawful: Trace, law: str, what: str, mutate: Mutation) -> None:
    mutant = Trace(lawful.header, mutate(lawful.rows.copy()), lawful.details)
    verdict = LAW[law].check(mutant)
    assert verdict.outcome is Outcome.BROKEN, what
    assert verdict.rows
    assert f"row {verdict.rows[0]}:" in verdict.shown(mutant)


def test_every_law_has_a_mutation() -> None:
    assert {law for law, _, _ in MUTATIONS} == set(LAW)


def test_an_empty_trace_decides_nothing() -> None:
    empty = Recorder().finish({"duration_ns": 1})
    assert {verdict.outcome for verdict in check_all(empty)} == {Outcome.UNDECIDED}
    assert all(verdict.reason for verdict in check_all(empty))


@pytest.mark.parametrize(
    "header", [{"profiles": []}, {"profiles": [0], "addresses": 2}], ids=["profiles", "addresses"]
)
def test_what_the_trace_does_not_say_is_undecided(lawful: Trace, header: dict[str, Any]) -> None:
    unknown = Trace(lawful.header | header, lawful.rows, lawful.details)
    assert LAW["one-handshake-per-address"].check(unknown).outcome is Outcome.UNDECIDED


def test_laws_state_themselves() -> None:
    for law in LAWS:
        assert law.statement
        assert law.formula


# small traces by hand ----------------------------------------------------------------------------

Line = tuple[float, Event, dict[str, Any]]


def judged(law: str, *lines: Line, **header: Any) -> Outcome:
    recorder = Recorder()
    for time_s, event, columns in lines:
        recorder.add(to_ns(time_s), event, **columns)
    trace = recorder.finish({"duration_ns": to_ns(1000), **header})
    return LAW[law].check(trace).outcome


def server(time_s: float, event: Event, conn: int = 0) -> Line:
    return time_s, event, {"conn": conn}


def page(time_s: float, event: Event, client: int = 0, socket: int = 0, **more: Any) -> Line:
    return time_s, event, {"client": client, "socket": socket, **more}


STARTED, ACCEPTED = server(1, Event.STARTED), server(1, Event.ACCEPTED)
ENDED = server(2, Event.ENDED)


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([STARTED, ACCEPTED, ENDED], Outcome.HOLDS),
        ([ACCEPTED, STARTED, ENDED], Outcome.BROKEN),
        ([STARTED, ENDED, server(2, Event.ACCEPTED)], Outcome.BROKEN),
        ([STARTED, ACCEPTED, server(1, Event.EXCEPTION), ENDED], Outcome.HOLDS),
        ([server(0, Event.EXCEPTION), STARTED, ACCEPTED, ENDED], Outcome.BROKEN),
        ([STARTED, ACCEPTED, ENDED, server(3, Event.DISCONNECT)], Outcome.BROKEN),
        ([STARTED, server(1, Event.SENT_INITIAL), ACCEPTED, ENDED], Outcome.BROKEN),
    ],
)
def test_what_a_handler_does_lies_between_its_start_and_its_end(
    lines: list[Line], outcome: Outcome
) -> None:
    assert judged("accepted-ends-or-lives", *lines) is outcome


@pytest.mark.parametrize(
    ("last_s", "more", "outcome"),
    [
        (61.5, [], Outcome.HOLDS),
        (62.5, [], Outcome.BROKEN),
        (62.5, [server(50, Event.ENDED)], Outcome.HOLDS),
        (62.5, [(50, Event.KILLED, {})], Outcome.HOLDS),
    ],
)
def test_a_handler_may_go_on_for_a_minute_after_its_connection(
    last_s: float, more: list[Line], outcome: Outcome
) -> None:
    lines = [STARTED, ACCEPTED, server(2, Event.LOST), *more, (last_s, Event.UP, {})]
    assert judged("accepted-ends-or-lives", *lines) is outcome


@pytest.mark.parametrize(("before", "outcome"), [(3, Outcome.HOLDS), (1, Outcome.BROKEN)])
def test_a_closed_socket_hears_only_calls_that_know_it_is_closed(
    before: int, outcome: Outcome
) -> None:
    lines = [page(1, Event.NEW), page(2, Event.OPEN), page(3, Event.CLOSE)]
    called = page(4, Event.CLOSE_CALLED, before=before)
    assert judged("closed-is-final", *lines, called) is outcome


def first(time_s: float) -> Line:
    return page(time_s, Event.REQUEST, client=0, socket=0)


def second(time_s: float) -> Line:
    return page(time_s, Event.REQUEST, client=1, socket=1)


def gone(time_s: float, client: int) -> Line:
    return time_s, Event.GONE, {"client": client}


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ([first(1), second(2)], Outcome.BROKEN),
        ([first(1), page(2, Event.RESPONSE, 0, 0), second(3)], Outcome.HOLDS),
        ([first(1), gone(2, client=0), second(3)], Outcome.HOLDS),
        ([first(1), gone(2, client=2), second(3)], Outcome.BROKEN),
        ([gone(0, client=0), first(1), second(2)], Outcome.BROKEN),
    ],
)
def test_a_handshake_ends_with_its_page_and_with_no_other(
    lines: list[Line], outcome: Outcome
) -> None:
    assert judged("one-handshake-per-address", *lines, profiles=[0, 0, 1]) is outcome


@pytest.mark.parametrize(
    ("event", "outcome"), [(Event.ENDED, Outcome.BROKEN), (Event.UP, Outcome.HOLDS)]
)
def test_a_killed_process_leaves_its_only_connection(event: Event, outcome: Outcome) -> None:
    began = [(0.0, Event.UP, {}), STARTED, ACCEPTED, (2.0, Event.KILLED, {})]
    after = (3.0, event, {"conn": 0} if event is Event.ENDED else {})
    assert judged("dead-server-is-silent", *began, after) is outcome
    assert judged("dead-server-is-silent", *began[1:], after) is outcome  # it was up before


def test_the_broken_laws_of_a_trace_are_those_that_do_not_hold(lawful: Trace) -> None:
    assert broken(lawful) == []
    mutant = Trace(lawful.header, swap_times(lawful.rows.copy()), lawful.details)
    assert [verdict.law for verdict in broken(mutant)] == ["time-runs-forwards"]
