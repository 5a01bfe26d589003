"""What a hosted client did and what became of it, step by step: its story, or rows of a trace."""

from stormlab.trace import Recorder
from stormlab.vocabulary import Cause, Event, State
from stormlab.worlds.story import Step, Story

STEPS_MAX = 20_000  # of one client; a longer life ends early


def _nothing() -> None:
    """Nobody wants to know."""


class Diary:
    """The steps of one client, in order."""

    def __init__(self, client: int = 0) -> None:
        """Begin empty."""
        self.client = client
        self.steps: list[Step] = []
        self.attempts = 0
        self.limit = STEPS_MAX  # of steps; who runs it may set it lower, and stops when it is met
        self.full = _nothing  # called when the limit is met

    def attempt(self, time_ns: int, url: str = "") -> int:
        """A ``new WebSocket``; gives its number, from 1."""
        self.attempts += 1
        self.note(time_ns, Event.NEW, self.attempts, detail=url)
        return self.attempts

    def note(  # noqa: PLR0913  one argument per column that a client's event can have
        self,
        time_ns: int,
        event: Event,
        attempt: int = 0,
        *,
        code: int = 0,
        clean: int = -1,
        cause: Cause = Cause.NONE,
        value_ns: int = 0,
        detail: str = "",
        conn: int = -1,
        advice_ns: int | None = None,
    ) -> None:
        """Write a step down."""
        self.steps.append(
            Step(
                time_ns,
                event,
                attempt,
                code,
                clean,
                cause,
                value_ns,
                detail,
                attempt or -1,
                conn,
                advice_ns,
                len(self.steps),
            )
        )
        if len(self.steps) >= self.limit:
            self.full()

    def story(self, end_ns: int, *, cut: bool = False) -> Story:
        """All of it, as promises read it."""
        return Story(tuple(self.steps), end_ns, self.client, 0, cut)


def record(diaries: list[Diary], recorder: Recorder) -> None:
    """Write the steps of several clients into a trace, in order of time, then of client."""
    every = [
        (step.time_ns, diary.client, index, step)
        for diary in diaries
        for index, step in enumerate(diary.steps)
    ]
    every.sort(key=lambda each: each[:3])
    for _, client, _, step in every:
        early = step.event is Event.SEND and step.detail == EARLY
        recorder.add(
            step.time_ns,
            step.event,
            client=client,
            endpoint=0,
            socket=step.attempt - 1 if step.attempt else -1,
            attempt=step.attempt,
            conn=step.conn,
            code=step.code,
            clean=step.clean,
            before=int(State.CONNECTING) if early else -1,
            cause=step.cause,
            value_ns=step.value_ns,
            detail=step.detail,
        )


EARLY = "CONNECTING"  # detail of a send() on a socket that is not open yet
