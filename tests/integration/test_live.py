"""One policy object on the real wire: a uvicorn on loopback is stopped, killed and started again.

Each test keeps what the client recorded and puts the bare policy through the same facts: it must
decide the same, and the client must have done what it decides, when it decides it.
"""

import asyncio
import contextlib
import functools
import re
import signal
import statistics
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from stormlab.draws import Draws
from stormlab.live import GaveUp, Reconnecting
from stormlab.policy import (
    AddressedChance,
    Advice,
    Decision,
    Delays,
    Exponential,
    Fact,
    Full,
    Happened,
    Policy,
    Reconnect,
    Reset,
    RetryAt,
    due,
    first_attempt,
)
from stormlab.policy.host import NO_DRAW, Attempt, Host, Step, Told

APP = Path(__file__).with_name("live_app.py")
GUIDE = (Path(__file__).parents[2] / "docs" / "live.md").read_text(encoding="utf-8")
PATIENCE_S = 20.0
OUTAGE_S = 1.2
SEED = 7
NOISE_MS_MEDIAN, NOISE_MS_MAX = 60, 1500  # the second is for a host under load

QUICK = Reconnect(
    Delays(Exponential(base_s=0.08), Full(floor_s=0.04), cap_s=0.4),
    reset=Reset(on="proof"),
    advice=Advice(retry_after="at_least", limit_s=0.4),
    attempts_max=100,
)


class LiveServer:
    """A uvicorn process of our own that can be stopped and started again on the same port."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[str] = []
        self.process: asyncio.subprocess.Process | None = None

    @property
    def uri(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start, and wait until it listens."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(APP), str(self.port), stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        self.port = int(line.removeprefix("PORT "))
        self._reader = asyncio.create_task(self._read(self.process.stdout))

    async def end(self, how: signal.Signals) -> None:
        """End the process with a signal, and wait for that."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        await self.process.wait()
        await self._reader

    async def _read(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self.requests.append(line.decode().split()[1])


@contextlib.asynccontextmanager
async def live_server() -> AsyncIterator[LiveServer]:
    server = LiveServer()
    await server.start()
    try:
        yield server
    finally:
        await server.end(signal.SIGKILL)


@dataclass
class Run:
    """What a client did: its steps, the TCP connects that the event loop saw, the greetings."""

    steps: list[Step] = field(default_factory=list)
    connects_s: list[float] = field(default_factory=list)
    got: list[str] = field(default_factory=list)

    @property
    def attempts(self) -> list[Attempt]:
        return [step for step in self.steps if isinstance(step, Attempt) and step.made]

    @property
    def told(self) -> list[Told]:
        return [step for step in self.steps if isinstance(step, Told)]

    def facts(self, fact: Fact) -> list[Happened]:
        return [told.happened for told in self.told if told.happened.fact is fact]

    @contextlib.contextmanager
    def watched(self) -> Any:
        """Note each TCP connect of this event loop, independently of what the client says."""
        loop = asyncio.get_running_loop()
        given = loop.create_connection

        def connect(*arguments: Any, **named: Any) -> Any:
            self.connects_s.append(loop.time())
            return given(*arguments, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "create_connection", connect)
            yield

    async def follow(self, uri: str, policy: Policy, greetings: int = 1_000_000) -> None:
        """Take messages until there are so many greetings."""
        chance = AddressedChance(Draws(SEED), 0)
        with self.watched():
            async with Reconnecting(
                uri, policy, chance=chance, on_step=self.steps.append
            ) as client:
                async for connection in client:
                    async for message in connection:
                        self.got.append(message)
                        if len(self.got) == greetings:
                            return


def example(language: str, begins: str) -> str:
    """The guide's only block in ``language`` that begins so."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    (found,) = [text for kind, text in blocks if kind == language and text.startswith(begins)]
    return str(found)


def bounded(coroutine: Any) -> None:
    """Run within the time that a test has."""
    asyncio.run(asyncio.wait_for(coroutine, PATIENCE_S))


def judge(run: Run, bare: Policy) -> None:
    """Put the bare policy through the recorded facts; hold the client against what it decides."""
    chance = AddressedChance(Draws(SEED), 0, ordinal=1)
    start = next(step for step in run.steps if isinstance(step, Attempt))
    pending: Decision = first_attempt(bare, start.due_ns, chance)
    late_ms = []
    for step in run.steps:
        if isinstance(step, Attempt):
            assert pending == RetryAt(step.due_ns)
            chance.ordinal += 1
            assert due(bare, step.time_ns, chance) == RetryAt(step.time_ns)
            late_ms.append((step.time_ns - step.due_ns) / 1e6)
            continue
        chance.ordinal += step.happened.fact not in NO_DRAW
        decision = bare.on(step.happened, chance)
        assert decision == step.decision
        pending = decision or pending
    near(late_ms)
    assert len(run.connects_s) == len(run.attempts), "as many connects as the policy decided"
    origin_s = run.connects_s[0] - run.attempts[0].due_ns / 1e9
    near(
        [
            (connect_s - origin_s) * 1e3 - attempt.due_ns / 1e6
            for connect_s, attempt in zip(run.connects_s, run.attempts, strict=True)
        ]
    )


def near(late_ms: list[float]) -> None:
    """Hold lateness against the noise of scheduling."""
    assert statistics.median(map(abs, late_ms)) < NOISE_MS_MEDIAN, late_ms
    assert min(late_ms) > -NOISE_MS_MEDIAN, late_ms
    assert max(late_ms) < NOISE_MS_MAX, late_ms


def delays_ns(told: list[Told]) -> list[int]:
    """Each failure's delay."""
    return [
        step.decision.time_ns - step.happened.time_ns
        for step in told
        if isinstance(step.decision, RetryAt)
    ]


def simulated(policy: Policy, refusals: int) -> list[int]:
    """The delays of the same policy in virtual time: proved, dropped, so many times refused."""
    steps: list[Step] = []
    host = Host(policy, AddressedChance(Draws(SEED), 0), steps.append)
    host.start(0)
    number = host.begin(0)
    for fact in (Fact.OPENED, Fact.PROVED):
        host.tell(Happened(fact, 10_000_000), number)
    host.tell(Happened(Fact.DROPPED, 500_000_000, 1012, clean=True), number)
    for _ in range(refusals):
        assert host.due_ns is not None
        number = host.begin(host.due_ns)
        host.tell(Happened(Fact.REFUSED, host.due_ns or host.began_ns or 0), number)
    return delays_ns([step for step in steps if isinstance(step, Told)])


async def through_an_outage(
    run: Run, make: Callable[[], Policy], how: signal.Signals, outage_s: float = OUTAGE_S
) -> None:
    """Greet, end the server, start it again after a while, greet again."""
    async with live_server() as server, asyncio.TaskGroup() as group:
        client = group.create_task(run.follow(server.uri + "/feed", make(), greetings=2))
        while not run.got:  # noqa: ASYNC110  the greeting is what is waited for
            await asyncio.sleep(0.01)
        await server.end(how)
        await asyncio.sleep(outage_s)
        await server.start()
        await client


@functools.cache
def recorded(how: signal.Signals) -> Run:
    """One outage, for several tests."""
    run = Run()
    bounded(through_an_outage(run, QUICK, how))
    return run


@pytest.mark.parametrize(
    ("how", "code", "clean"), [(signal.SIGTERM, 1012, True), (signal.SIGKILL, 1006, False)]
)
def test_a_server_stopped_and_started_again(how: signal.Signals, code: int, *, clean: bool) -> None:
    run = recorded(how)
    drop, farewell = run.facts(Fact.DROPPED)
    assert (drop.code, drop.clean) == (code, clean)
    assert (farewell.code, farewell.clean) == (1000, True)
    assert len(run.facts(Fact.OPENED)) == len(run.facts(Fact.PROVED)) == 2
    refused = run.facts(Fact.REFUSED)
    assert len(refused) >= 3
    judge(run, QUICK())
    assert delays_ns(run.told)[:-1] == simulated(QUICK(), len(refused))


def test_other_facts_or_other_chance_are_not_let_through() -> None:
    """The judge can say no."""
    run = recorded(signal.SIGKILL)
    index = next(
        number
        for number, step in enumerate(run.steps)
        if isinstance(step, Told) and step.happened.fact is Fact.REFUSED
    )
    told = run.steps[index]
    assert isinstance(told, Told)
    later = replace(told.happened, time_ns=told.happened.time_ns + 1)
    changed = Run([*run.steps], run.connects_s)
    changed.steps[index] = told._replace(happened=later)
    with pytest.raises(AssertionError):
        judge(changed, QUICK())
    with pytest.raises(AssertionError):
        judge(run, replace(QUICK, schedule=Delays(Exponential(base_s=0.1)))())
    with pytest.raises(AssertionError):
        judge(Run(run.steps, run.connects_s[:-1]), QUICK())


def test_a_server_that_refuses_with_503_and_retry_after() -> None:
    run = Run()
    limited = replace(QUICK, attempts_max=3)

    async def refused() -> list[str]:
        async with live_server() as server:
            with pytest.raises(GaveUp, match="attempts used up"):
                await run.follow(server.uri + "/overloaded", limited())
            await server.end(signal.SIGTERM)
            return server.requests

    async def check() -> None:
        assert await refused() == ["/overloaded"] * 4

    bounded(check())
    advice = {(happened.status, happened.retry_after_ns) for happened in run.facts(Fact.REFUSED)}
    assert advice == {(503, 1_000_000_000)}
    assert delays_ns(run.told) == [400_000_000] * 3, "the advice, as far as the policy takes it"
    judge(run, limited())


def test_a_server_that_accepts_and_closes_with_1013() -> None:
    run = Run()
    obedient = replace(QUICK, attempts_max=3, advice=Advice(retry_after="exact"))

    async def check() -> None:
        async with live_server() as server:
            with pytest.raises(GaveUp, match="attempts used up"):
                await run.follow(server.uri + "/busy", obedient())
            await server.end(signal.SIGTERM)
            assert server.requests == ["/busy"] * 4

    bounded(check())
    drops = {(happened.code, happened.clean) for happened in run.facts(Fact.DROPPED)}
    assert drops == {(1013, True)}
    assert not run.facts(Fact.PROVED), "opening alone proves nothing"
    assert delays_ns(run.told) == [200_000_000] * 3, "what the close reason asks for"
    judge(run, obedient())


def test_the_table_of_the_guide_is_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours.toml").write_text(example("toml", "# ours.toml"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(example("python", "# table.py"), names)  # noqa: S102  our own page
    make = names["make"]
    run = Run()
    bounded(through_an_outage(run, make, signal.SIGKILL, outage_s=0.2))
    judge(run, make())


def test_the_example_of_the_guide_comes_back() -> None:
    names: dict[str, Any] = {}
    exec(example("python", "# feed.py"), names)  # noqa: S102  our own page
    got: list[str] = []

    async def check() -> None:
        async with live_server() as server, asyncio.TaskGroup() as group:
            task = group.create_task(names["follow"](server.uri + "/feed", got.append))
            for count in (1, 2):
                while len(got) < count:  # noqa: ASYNC110  the greeting is what is waited for
                    await asyncio.sleep(0.01)
                if count == 1:
                    await server.end(signal.SIGTERM)
                    await server.start()
            task.cancel()

    bounded(check())
    assert got == ["hello", "hello"]
