"""Ways in which a library's code does something else than its policy: why, and how it is seen.

Each is a function of both stories and the number of the first attempt that differs (from 0); it is
True only where the difference is of its kind. Up to that attempt both stories are equal.
"""

from stormlab.clock import to_ns
from stormlab.hosts.wire import NORMAL
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.story import Step, Story

NEVER_NS = 1 << 62


def _when(story: Story, number: int) -> int:
    times_ns = story.times_ns(Event.NEW)
    return times_ns[number] if number < len(times_ns) else NEVER_NS


def _before(story: Story, time_ns: int, *events: Event) -> list[Step]:
    return [step for step in story.of(*events) if step.time_ns <= time_ns]


def _parts_ns(model: Story, code: Story, number: int) -> int:
    return min(_when(model, number), _when(code, number))


def _given_up(code: Story, number: int) -> Step | None:
    """The last close() of an open connection by the code itself, before its attempt ``number``."""
    own = [
        step
        for step in _before(code, _when(code, number), Event.CLOSE_CALLED)
        if step.attempt and step.detail == "OPEN"
    ]
    return own[-1] if own else None


def unanswered(model: Story, code: Story, number: int) -> bool:
    """The code closed a connection on which the application never answered."""
    del model
    own = _given_up(code, number)
    if own is None or own.attempt != number:
        return False
    proofs = _before(code, own.time_ns, Event.PROVED)
    return all(step.attempt != own.attempt for step in proofs)


def closed_itself(model: Story, code: Story, number: int) -> bool:
    """The last connection before this attempt was open, and the code closed it itself."""
    del model
    own = _given_up(code, number)
    return own is not None and own.attempt == number


def fell_silent(model: Story, code: Story, number: int) -> bool:
    """The last connection before this attempt fell silent: the server hung, or the device left."""
    if closed_itself(model, code, number):
        return True
    opened = [step for step in code.of(Event.OPEN) if step.attempt <= number]
    if not opened:
        return False
    last = opened[-1]
    ends = [step for step in code.of(Event.CLOSE) if step.attempt == last.attempt]
    end_ns = ends[0].time_ns if ends else NEVER_NS
    return any(
        last.time_ns <= step.time_ns <= end_ns
        and (step.event is Event.OFFLINE or step.detail == "hang")
        for step in code.of(Event.FAULT, Event.OFFLINE)
    )


def shown(model: Story, code: Story, number: int) -> bool:
    """The code made this attempt 0.2 s after the page was shown, or another 0.5 s later."""
    del model
    time_ns, shown_ns = _when(code, number), code.times_ns(Event.VISIBLE)
    return any(time_ns - to_ns(after_s) in shown_ns for after_s in (0.2, 0.7))


def confirmed(model: Story, code: Story, number: int) -> bool:
    """The last that the code heard was a round trip after an opening: no ping, but an answer."""
    time_ns = _parts_ns(model, code, number)
    opened, heard = _before(code, time_ns, Event.OPEN), _before(code, time_ns, Event.MESSAGE)
    if not opened or not heard:
        return False
    return heard[-1].time_ns - opened[-1].time_ns == to_ns(0.02)


def slow_end(model: Story, code: Story, number: int) -> bool:
    """The code closed a silent connection, and its end came while the code still waited for it."""
    own = _given_up(code, number)
    if own is None or not closed_itself(model, code, number):
        return False
    ends = [step for step in code.of(Event.CLOSE) if step.attempt == own.attempt]
    return any(own.time_ns < end.time_ns < own.time_ns + to_ns(1.5) for end in ends)


def before_hello(model: Story, code: Story, number: int) -> bool:
    """The last attempt before this one ended before the first packet, and the code did not act."""
    if number == 0 or _when(model, number) >= _when(code, number):
        return False
    last_ns = _when(code, number - 1)
    heard = [step for step in code.of(Event.MESSAGE) if step.attempt == number]
    ended = [step for step in code.of(Event.CLOSE) if step.attempt == number]
    waits = _when(code, number) >= last_ns + to_ns(20.0)
    return waits and bool(ended) and not heard and ended[0].cause is not Cause.REFUSED


def shown_while_connecting(model: Story, code: Story, number: int) -> bool:
    """The page was shown while an attempt was under way, and no connection was made since."""
    time_ns = _parts_ns(model, code, number)
    shown = _before(code, time_ns, Event.VISIBLE)
    if not shown:
        return False
    changes = [
        step
        for step in model.of(Event.NEW, Event.OPEN, Event.CLOSE)
        if step.time_ns < shown[-1].time_ns
    ]
    return (
        bool(changes)
        and changes[-1].event is Event.NEW
        and not any(shown[-1].time_ns < step.time_ns < time_ns for step in code.of(Event.OPEN))
    )


def offline_while_away(model: Story, code: Story, number: int) -> bool:
    """The device went offline while there was no connection: the code drew once more, for good."""
    for gone in _before(code, _parts_ns(model, code, number), Event.OFFLINE):
        changes = [
            step
            for step in code.of(Event.OPEN, Event.CLOSE, Event.CLOSE_CALLED)
            if step.order < gone.order
        ]
        if not changes or changes[-1].event is not Event.OPEN:
            return True
    return False


def made_offline(model: Story, code: Story, number: int) -> bool:
    """The code made this attempt while the device was offline; the policy waited."""
    time_ns = _when(code, number)
    if _when(model, number) <= time_ns:
        return False
    changes = _before(code, time_ns, Event.OFFLINE, Event.ONLINE)
    return bool(changes) and changes[-1].event is Event.OFFLINE


def deaf(model: Story, code: Story, number: int) -> bool:
    """The device changed after the 4 s of an attempt that did not open, and before the next one."""
    changes = _before(code, _parts_ns(model, code, number), Event.OFFLINE, Event.ONLINE)
    if not changes:
        return False
    opened = {step.attempt: step.time_ns for step in code.of(Event.OPEN)}
    began = _before(code, changes[-1].time_ns, Event.NEW)
    return any(
        began[-1].time_ns <= new.time_ns + to_ns(4.0) <= changes[-1].time_ns
        and opened.get(new.attempt, NEVER_NS) >= new.time_ns + to_ns(4.0)
        for new in began
    )


def revived(model: Story, code: Story, number: int) -> bool:
    """The policy had stopped; the code tries again as the device comes online."""
    time_ns = _when(code, number)
    stopped = _before(model, time_ns, Event.GAVE_UP)
    return bool(stopped) and time_ns in code.times_ns(Event.ONLINE)


def waits_online(model: Story, code: Story, number: int) -> bool:
    """The policy tries as the device comes online; the code waits."""
    return _when(model, number) in code.times_ns(Event.ONLINE) and _when(code, number) > _when(
        model, number
    )


def wanted_end(model: Story, code: Story, number: int) -> bool:
    """A close with 1000 on a connection not proved: the code waits, the policy does not."""
    if _when(model, number) >= _when(code, number):
        return False
    ends = [step for step in code.of(Event.CLOSE) if step.attempt == number]
    proved = [step for step in code.of(Event.PROVED) if step.attempt == number]
    return bool(ends) and ends[0].code == NORMAL and not proved


def end_of_an_old_one(model: Story, code: Story, number: int) -> bool:
    """A connection of before the last attempt has ended, and the code took it for the last one's.

    The code had closed it itself; this attempt comes at once, 3 s or 10 s after its end.
    """
    time_ns = _when(code, number)
    if _when(model, number) <= time_ns:
        return False
    called = {step.attempt for step in _before(code, time_ns, Event.CLOSE_CALLED)}
    for step in _before(code, time_ns, Event.CLOSE):
        newer = [
            new for new in _before(code, step.time_ns, Event.NEW) if new.attempt > step.attempt
        ]
        waited_ns = time_ns - step.time_ns
        if step.attempt in called and newer and waited_ns in {0, to_ns(3.0), to_ns(10.0)}:
            return True
    return False
