"""The analysed handler as a real FastAPI application on the real uvicorn, in virtual time.

It holds the conversations of ``test_conversations.py``; log lines in their order, the codes that
the handler was given and what the peer saw must be those of the model, which that file compares
with uvicorn on real sockets. The loop is in uvloop's order, as there; in asyncio's own, those that
``SELECTOR`` names come out as on a real process without uvloop.
"""

import asyncio
import functools
import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.legacy.server import WebSocketServerProtocol

from stormlab.hosts.aio import World
from stormlab.hosts.aio.uvicorn import UvicornServer
from stormlab_models.tac_webbuilder import parameters
from stormlab_models.tac_webbuilder.real_app import LOGGER, application

_spec = importlib.util.spec_from_file_location(
    "conversations", Path(__file__).with_name("test_conversations.py")
)
assert _spec is not None
assert _spec.loader is not None
conversations = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conversations)

OPEN_TIMEOUT_S = 0.8
STILL_OPEN_S = 0.15
WAY_S = 0.000_05
Query = dict[str, Any]


def settings_of(query: Query) -> parameters.Server:
    """The switches that a conversation asks for."""
    return parameters.Server(
        initial_data_s=query.get("data_s", 0.0),
        initial_data_kind="block" if query.get("kind") == "block" else "async",
        initial_data_placement=(
            "after_accept" if query.get("placement") == "after" else "before_accept"
        ),
        waits_for_ready="ready_s" in query,
        ready_timeout_s=query.get("ready_s", 5.0),
    )


class Peer:
    """A raw socket that does the steps of a conversation."""

    def __init__(self, server: UvicornServer, steps: str, tools: Any) -> None:
        self.seen: list[str] = []
        self._server, self._steps, self._tools = server, steps, tools

    async def __call__(self) -> None:
        try:
            for step in self._steps.split(", "):
                verb, _, argument = step.partition(" ")
                await getattr(self, verb)(*([argument] if argument else []))
            await asyncio.sleep(100)
        finally:
            self._writer.close()

    async def sleep(self, seconds: str) -> None:
        await asyncio.sleep(float(seconds))

    async def stop(self) -> None:
        """SIGSTOP until "cont", which comes 0.1 s later: to the peer, a loop that is held up."""
        self._server.block(0.15)

    async def cont(self) -> None:
        """The block ends by itself."""

    async def term(self) -> None:
        self._server.stop()

    async def request(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", 8000)
        self._writer.write(
            b"GET /api/v1/ws/queue HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        )

    async def head(self) -> None:
        head = await self._reader.readuntil(b"\r\n\r\n")
        self.seen.append(head.split()[1].decode())

    async def fin(self) -> None:
        self._writer.close()

    async def close(self, code: str) -> None:
        self._writer.write(self._tools.frame(8, int(code).to_bytes(2, "big")))

    async def ready(self) -> None:
        self._writer.write(self._tools.frame(1, b'{"type": "client_ready"}'))

    async def still_open(self) -> None:
        try:
            ended = await asyncio.wait_for(self._reader.read(1), STILL_OPEN_S) == b""
        except TimeoutError:
            ended = False
        self.seen.append("ended" if ended else "open")

    async def end(self) -> None:
        try:
            rest = await self._reader.read()
        except ConnectionError:
            rest = b""
        if rest.startswith(b"HTTP/"):
            self.seen.append(rest.split()[1].decode())
        elif code := self._tools.close_code(rest):
            self.seen.append(f"close {code}")
        self.seen.append("ended")


def chain(error: BaseException) -> list[str]:
    """An exception's chain, cause first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    kind = type(error)
    own = f"{kind.__module__}.{kind.__qualname__}: {error}"
    return [*(chain(before) if before is not None else []), own]


def lines_of(record: logging.LogRecord) -> list[str]:
    """What the real server's log shows of a record (served_app.py)."""
    error = record.exc_info[1] if record.exc_info else None
    bare = error is not None or record.name == LOGGER
    prefix = "" if bare else f"{record.levelname}:".ljust(10)
    told = prefix + record.getMessage().rstrip()
    return [told, *(chain(error) if error is not None else [])]


def converse(ws: str, steps: str, query: Query, tools: Any, loop: str = "uvloop") -> Any:
    """Have a conversation in virtual time."""
    world = World(seed=1, way_s=WAY_S)
    codes: list[str] = []

    def tell(text: str) -> None:
        if text != "end" and not text.startswith("block") and not world.over:
            codes.append(f"@{text}")

    app = application(settings_of(query), tell)
    server = world.serve(app, ws=ws, loggers=(LOGGER,), lifespan="off", loop=loop)
    peer = Peer(server, steps, tools)
    world.client(peer, at_s=0.05)
    world.run(20)
    lines = [line for record in server.records for line in lines_of(record)]
    own = [tools.plain(line) for line in lines if not tools.untold(line)]
    return tools.told(own, codes, peer.seen)


@pytest.fixture(autouse=True)
def _short_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    given = WebSocketServerProtocol.__init__
    patched = functools.partialmethod(given, open_timeout=OPEN_TIMEOUT_S)
    monkeypatch.setattr(WebSocketServerProtocol, "__init__", patched)


TABLE = conversations.CONVERSATIONS | conversations.LATE_CONVERSATIONS | conversations.LAST
# name, title -> a conversation that shows how asyncio's own loop differs from uvloop, which is
# what the model has: what is ready runs before a timer that is due, so that the handshake succeeds;
# a write to a transport that was closed is ignored
SELECTOR = {
    ("legacy", "late, blocking"): "request, head, sleep 0.1, fin",
    ("sansio-0.38", "FIN after the 101"): "request, head, fin",
}


@pytest.mark.parametrize(("name", "title"), conversations.CASES)
def test_the_real_application_tells_what_the_model_tells(
    simulate: Callable[..., Any], conversation_tools: Any, name: str, title: str
) -> None:
    steps, query = TABLE[title]
    model = simulate(name, steps, query)
    virtual = converse(conversations.NAMES[name], steps, query, conversation_tools)
    assert virtual.lines == model.lines
    assert virtual.codes == model.codes
    assert virtual.peer == model.peer


@pytest.mark.parametrize(
    ("name", "title"), [case for case in conversations.CASES if case in SELECTOR]
)
def test_where_loops_differ_it_tells_what_asyncio_tells(
    real_server: Any,
    simulate: Callable[..., Any],
    conversation_tools: Any,
    name: str,
    title: str,
) -> None:
    steps, (usual, query) = SELECTOR[name, title], TABLE[title]
    ws = conversations.NAMES[name]

    async def on_real_sockets() -> Any:
        server = real_server(implementation=ws, loop="asyncio", open_timeout_s=OPEN_TIMEOUT_S)
        async with server:
            return await server.told(steps, query)

    real = asyncio.run(on_real_sockets())
    virtual = converse(ws, steps, query, conversation_tools, "asyncio")
    assert virtual.lines == real.lines != simulate(name, usual, query).lines
    assert virtual.codes == real.codes
    assert virtual.peer == real.peer
