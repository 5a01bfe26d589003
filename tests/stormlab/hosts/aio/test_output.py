"""What code under test prints and logs is in its story, and nowhere else."""

# ruff: noqa: T201  printing is what is tested
import asyncio
import gc
import logging
import sys
import warnings

import pytest

from stormlab.hosts.aio import World
from stormlab.hosts.aio.bare import run_aio
from stormlab.hosts.aio.output import SAID_MAX, Stream, capturing_output, logging_to
from stormlab.trace import Trace
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

LOG = logging.getLogger("somebody's")
LOG.propagate = False


async def talkative(*_: str) -> None:
    """Prints and logs, as programs do."""
    print("hello")
    print("two", "words", end=" in pieces\n")
    sys.stderr.writelines(["a\n", "b\n"])
    await asyncio.sleep(1)
    LOG.handlers.clear()  # as where nobody has configured it: pytest adds its own
    LOG.warning("the %s is down", "server")
    LOG.info("nobody would see this")
    print("x" * 1000)
    print("no end", end="")


SAID = [
    "stdout hello",
    "stdout two words in pieces",
    "stderr a",
    "stderr b",
    "warning the server is down",
    f"stdout {'x' * 1000}"[:SAID_MAX],
]


def lines(trace: Trace, event: Event) -> list[str]:
    return [row.detail for row in trace if row.event is event]


def test_a_hosted_client_speaks_into_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    (story,) = run_aio(BareWorld((Phase("serve", 1.0),), settle_s=5.0), talkative)
    said = [step for step in story.steps if step.event is Event.CONSOLE]
    assert [step.detail for step in said] == SAID
    assert {step.time_ns for step in said} == {0, 1_000_000_000}
    assert capsys.readouterr() == ("", "")


def test_a_quiet_world_writes_it_into_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(quiet=True)
    world.client(talkative)
    server = world.process(talkative, name="server")
    world.at(0, server.start)
    trace = world.run(10)
    assert lines(trace, Event.CONSOLE) == lines(trace, Event.LOG) == SAID
    assert capsys.readouterr() == ("", "")


def test_a_world_of_ones_own_prints_as_it_always_did(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    world.client(talkative)
    assert lines(world.run(10), Event.CONSOLE) == []
    out, err = capsys.readouterr()
    assert out.splitlines() == ["hello", "two words in pieces", "x" * 1000, "no end"]
    assert err.splitlines() == ["a", "b", "the server is down"]


def test_who_is_not_under_test_is_not_listened_to(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)

    with capturing_output(lambda: None):
        print("from outside")
        kept = sys.stdout
    with capturing_output(lambda: hear):
        print("from inside")
    kept.write("later\n")  # a library keeps the stream that it found
    assert isinstance(kept, Stream)
    assert heard == ["stdout from inside"]
    assert capsys.readouterr().out == "from outside\nlater\n"
    assert kept.encoding == sys.stdout.encoding


def test_what_a_killed_program_leaves_disturbs_nobody() -> None:
    """A clean-up that begins something new is never told of, and nor is what was never closed."""

    class Leak:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            warnings.warn("never closed", ResourceWarning, stacklevel=1)

    async def farewell() -> None:
        await asyncio.sleep(1)

    async def program(*_: str) -> None:
        leak = Leak()
        try:
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    continue  # it does not end: it will be killed
        finally:
            asyncio.get_running_loop().create_task(farewell())
            del leak

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run_aio(BareWorld((Phase("serve", 1.0),), settle_s=5.0), program)
        gc.collect()
    assert [str(each.message) for each in caught] == []


def test_a_handler_hears_loggers_that_somebody_made_deaf(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own, below = logging.getLogger("theirs"), logging.getLogger("theirs.error")
    below.setLevel(logging.CRITICAL)
    below.propagate, below.disabled = False, True
    heard: list[str] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    with logging_to(Hearing(), "theirs"):
        own.info("one")
        below.info("two")
        own.debug("too quiet")
    own.error("too late")
    below.info("too late")
    assert heard == ["one", "two"]
    assert (below.level, below.propagate, below.disabled) == (logging.CRITICAL, False, True)
    assert (own.level, own.propagate, own.handlers) == (logging.NOTSET, True, [])
    assert "one" not in capsys.readouterr().err
