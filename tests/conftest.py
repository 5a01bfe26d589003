"""What the tests share: the command line as a person meets it, and traces made by hand."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from stormlab.cli import main
from stormlab.clock import to_ns
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Cause, Event

# The machines that run this differ widely; what is slow is found by --durations, not by a deadline.
settings.register_profile(
    "stormlab", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
# For `make mutation`, where it only matters whether a test fails: few examples, no shrinking.
settings.register_profile(
    "mutation",
    settings.get_profile("stormlab"),
    max_examples=40,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("stormlab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what runs npm packages where there is no npm."""
    if shutil.which("npm") is not None and shutil.which("node") is not None:
        return
    missing = pytest.mark.skip(reason="needs Node.js 18 or newer with npm: https://nodejs.org")
    for item in items:
        if item.get_closest_marker("npm") is not None:
            item.add_marker(missing)


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a refusal, without the program's name."""
        assert self.code == 2, self
        assert self.out == "", self.out
        assert self.err.startswith("stormlab: "), self.err
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.removeprefix("stormlab: ").rstrip("\n")


Command = Callable[..., Ended]


@pytest.fixture
def stormlab(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command line in this process: ``stormlab("run", "plain")``."""
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, said.out, said.err)

    return call


@pytest.fixture
def small_trace() -> Trace:
    """Two clients on one endpoint each, a kill, a refused attempt and a reload: every kind of end.

    Client 0 opens at 1 s, is killed at 5 s, is refused at 7 s. Client 1 opens, is reloaded at 4 s
    and closes its new socket clean at 8 s. A third attempt never opens. The server is down from
    5 s to 7.5 s and blocked from 2 s to 3 s.
    """
    recorder = Recorder()

    def add(time_s: float, event: Event, **columns: Any) -> None:
        recorder.add(to_ns(time_s), event, **columns)

    zero: dict[str, Any] = {"client": 0, "endpoint": 0, "socket": 0, "attempt": 1}
    retry: dict[str, Any] = {**zero, "socket": 1, "attempt": 2}
    one: dict[str, Any] = {"client": 1, "endpoint": 1, "socket": 0, "attempt": 1}
    again: dict[str, Any] = {**one, "socket": 1}
    add(0, Event.UP)
    add(0.5, Event.NEW, **zero)
    add(0.5, Event.QUEUED, **zero)
    add(0.6, Event.CONNECT, **zero)
    add(0.7, Event.REQUEST, **zero, up=490)
    add(0.8, Event.STARTED, **zero, conn=0)
    add(0.9, Event.ACCEPTED, **zero, conn=0)
    add(0.9, Event.RESPONSE, **zero, down=230)
    add(1, Event.OPEN, **zero, before=0, after=1)
    add(1.5, Event.NEW, **one)
    add(1.6, Event.STARTED, **one, conn=1)
    add(1.7, Event.OPEN, **one, before=0, after=1)
    add(2, Event.BLOCKED, endpoint=1, conn=1, value_ns=to_ns(1))
    add(4, Event.GONE, client=1)
    add(4.1, Event.ENDED, **one, conn=1)
    add(4.5, Event.NEW, **again)
    add(4.6, Event.OPEN, **again, before=0, after=1)
    add(5, Event.FAULT, detail="crash", value_ns=to_ns(2.5))
    add(5, Event.KILLED)
    add(5, Event.CLOSE, **zero, code=1006, clean=0, cause=Cause.KILLED, before=1, after=3)
    add(6.9, Event.NEW, **retry)
    add(7, Event.CLOSE, **retry, code=1006, clean=0, cause=Cause.REFUSED, detail="passive")
    add(7.5, Event.UP)
    add(8, Event.CLOSE, **again, code=1000, clean=1, cause=Cause.SERVER_CLOSED, before=1, after=3)
    add(9, Event.NEW, client=0, endpoint=0, socket=2, attempt=3)
    add(10, Event.OBSERVED, detail="page_end")
    header = {"endpoints": ["queue", "routes"], "duration_ns": to_ns(20), "seed": 7}
    return recorder.finish(header)
