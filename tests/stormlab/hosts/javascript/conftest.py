"""Small pieces of JavaScript in the lab's engine, without npm: what they say of themselves."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.clock import Clock, to_ns
from stormlab.draws import Draws
from stormlab.hosts.diary import Diary
from stormlab.hosts.javascript.client import CLOSING_NS, JavaScriptClient, Settings
from stormlab.hosts.javascript.engine import Code
from stormlab.hosts.javascript.npm import set_of_esbuild
from stormlab.hosts.line import Surroundings
from stormlab.hosts.wire import Caller, Data, Peer, SilentPeer
from stormlab.vocabulary import Event
from stormlab.worlds.phases import Phase

SAY = """
const say = (...words) => env.note("say", words.map(String).join(" "));
const attempt = (call) => { try { say("ok", call()); } catch (error) { say("threw", error.name);
  } };
"""


class Echo(SilentPeer):
    """A server that sends everything back."""

    def message(self, caller: Caller, data: Data) -> None:
        caller.send(data)


class Lab:
    """One client whose code is the body of a function of (lib, env), on a clock of its own."""

    def __init__(
        self,
        body: str,
        *,
        bundle: str = "const __lib = {};",
        peer: Peer | None = None,
        seed: int = 0,
        client: int = 0,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings(**settings)
        self.clock = clock or Clock()
        self.diary = Diary(client)
        closing_ns = CLOSING_NS[self.settings.profile]
        self.around = Surroundings(self.clock, peer or SilentPeer(), self.diary, closing_ns)
        start = f"(lib, env) => {{ {SAY} {body}\n}}"
        digest = hashlib.blake2b(f"{bundle} {start}".encode()).hexdigest()
        self.code = Code("a test", bundle, start, digest)
        self.client = JavaScriptClient(
            self.code, self.clock, self.around.dial, self.diary, Draws(seed), self.settings
        )

    def run(self, until_s: float = 60.0) -> "Lab":
        """Start the client's code now and let the clock run."""
        self.client.start()
        return self.go_on(until_s)

    def go_on(self, until_s: float) -> "Lab":
        """Let the clock run on."""
        self.clock.run(to_ns(until_s))
        return self

    def enter(self, what: Any, **rest: Any) -> "Lab":
        """Change how the server behaves."""
        self.around.enter(Phase(what, 0, **rest))
        return self

    def of(self, *events: Event) -> list[str]:
        """The details of such events."""
        return [step.detail for step in self.diary.steps if step.event in events]

    @property
    def said(self) -> list[str]:
        """What the code said, in order, without the times."""
        return [text.removeprefix("say ") for text in self.of(Event.NOTED)]

    @property
    def timed(self) -> list[tuple[float, str]]:
        """What the code said, with the time in milliseconds."""
        return [
            (step.time_ns / 1e6, step.detail.removeprefix("say "))
            for step in self.diary.steps
            if step.event is Event.NOTED
        ]

    @property
    def errors(self) -> list[str]:
        """Errors that the code did not catch."""
        return self.of(Event.UNCAUGHT)

    @property
    def halted(self) -> list[str]:
        """Why the code was stopped, if it was."""
        return self.of(Event.HALTED)


def played(script: str, folder: Path, timeout_s: float = 60) -> Any:
    """Run a program beside npm's ws; its summary."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    modules = set_of_esbuild().installation().install() / "node_modules"
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(modules)
    (folder / "replay.cjs").write_text(script, encoding="utf-8")
    ended = subprocess.run(
        [node, "replay.cjs"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout_s,
        check=True,
    )
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.fixture
def lab() -> Callable[..., Lab]:
    """Make a :class:`Lab`."""
    return Lab


@pytest.fixture
def echo() -> Echo:
    """Make a server that sends everything back."""
    return Echo()


def evaluated(expression: str, **settings: Any) -> Any:
    """Evaluate an expression in the engine; gives it through JSON."""
    ran = Lab(
        f"""const inAscii = (c) => "\\\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
        const text = JSON.stringify({expression}).replace(/[^ -~]/g, inAscii);
        for (let i = 0; i < text.length; i += 99) say(text.slice(i, i + 99), "|");""",
        **settings,
    )
    ran.client.start()
    assert not ran.errors, ran.errors
    return json.loads("".join(part.removesuffix(" |") for part in ran.said))


@pytest.fixture
def value() -> Callable[..., Any]:
    """Evaluate an expression in the engine."""
    return evaluated
