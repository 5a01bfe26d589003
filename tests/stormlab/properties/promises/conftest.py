"""What the tests of promises share: lives written by hand, and a careful policy."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from stormlab.clock import to_ns
from stormlab.policy import (
    Consecutive,
    Constant,
    Delays,
    Equal,
    Exponential,
    Reconnect,
    Reset,
    Terms,
)
from stormlab.policy.breaker import CircuitBreaker
from stormlab.properties import PROMISES, Finding, Seen, Subject
from stormlab.trace import Trace
from stormlab.vocabulary import Cause, Event
from stormlab.worlds.story import Step, Story

Line = tuple[Any, ...]
TIMES = {"value_s": "value_ns", "advice_s": "advice_ns"}


@dataclass(frozen=True)
class Hand:
    """What a test writes by hand and lets a promise judge."""

    careful: Reconnect

    def story(self, *lines: Line, end_s: float = 600.0, endpoint: int = 0, **more: Any) -> Story:
        """A life: ``(time in s, event, {what belongs to it})``; sockets are numbered by ``new``."""
        order, socket, steps = count(1), 0, []
        for time_s, name, *rest in lines:
            socket += name == "new"
            given = {"socket": socket, "attempt": socket, "order": next(order)}
            given |= rest[0] if rest else {}
            for seconds, ns in TIMES.items():
                if seconds in given:
                    given[ns] = to_ns(given.pop(seconds))
            event = Event[name.upper()]
            steps.append(Step(to_ns(time_s), event, **given))
        return Story(tuple(steps), to_ns(end_s), endpoint=endpoint, **more)

    def subject(self, policy: Any = None, **declares: Any) -> Subject:
        """A subject with a careful policy, or this one, that declares some things otherwise."""
        subject = Subject.of(policy if policy is not None else self.careful)
        return Subject(subject.name, subject.make, replace(subject.declared, **declares))

    def judge(
        self,
        promise: str,
        *stories: Story,
        subject: Subject | None = None,
        healed_s: float = 0.0,
        world: object = None,
        trace: Trace | None = None,
        opaque: bool = False,
        **declares: Any,
    ) -> Finding:
        """What a promise says of these lives."""
        end_ns = max((story.end_ns for story in stories), default=0)
        seen = Seen(stories, to_ns(healed_s), end_ns, world, trace, opaque=opaque)
        return PROMISES[promise].judge(subject or self.subject(**declares), seen)


@pytest.fixture
def hand() -> Hand:
    """Equal jitter up to 30 s, forgotten on proof, ten seconds for an attempt, pings."""
    schedule = Delays(Exponential(1.0), Equal(), cap_s=30.0)
    terms = Terms(connect_timeout_s=10.0, heartbeat_s=20.0, heartbeat_timeout_s=20.0)
    return Hand(Reconnect(schedule, reset=Reset(on="proof"), terms=terms))


@pytest.fixture
def refused() -> Callable[..., list[Line]]:
    """Attempts that are refused at once, each ``every_s`` after the one before."""

    def made(begin_s: float, times: int, every_s: float) -> list[Line]:
        lines: list[Line] = []
        for number in range(times):
            time_s = begin_s + number * every_s
            lines += [(time_s, "new"), (time_s + 0.02, "close", LOST)]
            lines += [(time_s + 0.02, "timer_set", {"value_s": every_s - 0.02})]
        return lines

    return made


LOST = {"code": 1006, "clean": 0, "cause": Cause.REFUSED}


@pytest.fixture
def lost() -> dict[str, Any]:
    """What belongs to the end of a refused attempt."""
    return LOST


@pytest.fixture
def breaker() -> CircuitBreaker:
    """Three failures in a row open it for 20 s."""
    return CircuitBreaker(Consecutive(3), open_for=Constant(20.0))
