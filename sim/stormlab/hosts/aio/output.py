"""What code under test prints or logs: into its story instead of onto the screen.

:func:`capturing_output` puts streams of our own in the place of ``sys.stdout`` and ``sys.stderr``,
and a handler in that of ``logging.lastResort``, which prints what is logged where nobody has
configured it. Each asks whose step it is; outside of one they do what they always did. A logger
that has a handler of its own, to a file or to the stream that was there before, keeps it.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO
from weakref import WeakKeyDictionary

Said = Callable[[str], None]
Whose = Callable[[], Said | None]  # who listens to the step that is being taken; None: no step

SAID_MAX = 300  # characters of a line that are kept


class Stream:
    """``sys.stdout`` or ``sys.stderr``, by ``name``; a library may keep it beyond the run."""

    def __init__(self, name: str, whose: Whose) -> None:
        self._name, self._whose = name, whose
        self._real: TextIO = getattr(sys, name)
        # by listener, lines that have no end yet
        self._begun: WeakKeyDictionary[Said, str] = WeakKeyDictionary()

    def write(self, text: str) -> int:
        """Write; of code under test, line by line into its story."""
        said = self._whose()
        if said is None:
            return self._there().write(text)
        *lines, self._begun[said] = (self._begun.get(said, "") + text).split("\n")
        for line in lines:
            if line.strip():
                said(f"{self._name} {line}"[:SAID_MAX])
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def _there(self) -> TextIO:
        """What is there now: the stream of the run's beginning may be closed."""
        now = getattr(sys, self._name)
        return self._real if isinstance(now, Stream) else now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._there(), name)


class LastResort(logging.Handler):
    """Writes down what Python prints of a log that nobody has configured."""

    def __init__(self, real: logging.Handler, whose: Whose) -> None:
        super().__init__(real.level)
        self._real, self._whose = real, whose

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the log."""
        said = self._whose()
        if said is None:
            self._real.handle(record)
        else:
            said(f"{record.levelname.lower()} {record.getMessage()}"[:SAID_MAX])


@contextmanager
def capturing_output(whose: Whose) -> Iterator[None]:
    """Have what code under test prints and logs go to who listens to it."""
    before = sys.stdout, sys.stderr, logging.lastResort
    sys.stdout, sys.stderr = Stream("stdout", whose), Stream("stderr", whose)
    if before[2] is not None:
        logging.lastResort = LastResort(before[2], whose)
    try:
        yield
    finally:
        sys.stdout, sys.stderr, logging.lastResort = before


@contextmanager
def logging_to(handler: logging.Handler, *names: str) -> Iterator[None]:
    """Let a handler hear loggers from INFO on, and nobody above them, while this lasts.

    Loggers below them are as new meanwhile: a uvicorn that ran before in this process may have made
    its own deaf.
    """
    known = logging.root.manager.loggerDict
    own = [logging.getLogger(name) for name in names]
    below = [
        each
        for key, each in list(known.items())
        if isinstance(each, logging.Logger) and key.startswith(tuple(f"{name}." for name in names))
    ]
    before = [(each, each.level, each.propagate, each.disabled) for each in (*own, *below)]
    for each in below:
        each.propagate, each.disabled = True, False
        each.setLevel(logging.NOTSET)
    for each in own:
        each.propagate, each.disabled = False, False
        each.setLevel(logging.INFO)
        each.addHandler(handler)
    try:
        yield
    finally:
        for each in own:
            each.removeHandler(handler)
        for each, level, propagates, disabled in before:
            each.propagate, each.disabled = propagates, disabled
            each.setLevel(level)
