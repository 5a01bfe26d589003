"""The analysed handler on the real uvicorn: a program that the integration tests start.

The one argument is JSON: ``implementation``, ``loop``, ``open_timeout_s`` (in place of the 10 s of
``websockets.legacy``), ``ping_interval_s`` and ``ping_timeout_s``. What the handler does is asked
for by each connection's query: ``data_s``, ``kind`` (await, block), ``placement`` (before, after),
``ready_s`` (how long it waits for the client's ready signal).

It prints ``PORT n`` once it listens, then the server's log; a traceback is cut to the chain of its
exceptions, cause first. A line with ``@`` in front is not of the log: it tells a code that the
handler was given, or that it has ended.
"""

import asyncio
import functools
import json
import logging
import socket
import sys
import time  # noqa: TID251  this is the real server, in real time
from dataclasses import dataclass
from typing import Literal

import uvicorn
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from websockets.legacy.server import WebSocketServerProtocol

PREFIX_CHARS = 10


@dataclass(frozen=True)
class Settings:
    """What the test asks of the process."""

    implementation: str = "websockets"
    loop: Literal["uvloop", "asyncio"] = "uvloop"
    open_timeout_s: float = 10.0
    ping_interval_s: float | None = 20.0
    ping_timeout_s: float | None = 20.0


def say(text: str) -> None:
    """Write one line at once."""
    sys.stdout.write(text.rstrip() + "\n")
    sys.stdout.flush()


def say_chain(error: BaseException) -> None:
    """Write an exception's chain, cause first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        say_chain(before)
    kind = type(error)
    say(f"{kind.__module__}.{kind.__qualname__}: {error}")


class Plain(logging.Handler):
    """Uvicorn's default format without colours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; of a traceback only the exceptions."""
        error = record.exc_info[1] if record.exc_info else None
        prefix = "" if error else f"{record.levelname}:".ljust(PREFIX_CHARS)
        say(prefix + record.getMessage())
        if error is not None:
            say_chain(error)


async def make_data(query: dict[str, str], placement: str) -> None:
    """Take as long as the initial data takes, if it is made here."""
    if query.get("placement", "before") != placement:
        return
    data_s = float(query.get("data_s", "0"))
    if query.get("kind") == "block":
        time.sleep(data_s)  # noqa: ASYNC251  that is the point
    elif data_s:
        await asyncio.sleep(data_s)


async def converse(websocket: WebSocket, name: str) -> None:
    """Do what the handler does after accept()."""
    query = dict(websocket.query_params)
    if "ready_s" in query:
        ready_s = float(query["ready_s"])
        # what asyncio.wait_for does up to Python 3.11: later ones make no task, and order differs
        ready = asyncio.ensure_future(websocket.receive_text())
        done, _ = await asyncio.wait({ready}, timeout=ready_s)
        if done:
            ready.result()
        else:
            ready.cancel()
            say(f"[WS] {name}: Client never sent ready signal within {ready_s:g}s")
            return
    await make_data(query, "after")
    await websocket.send_json({"type": "initial"})
    say("@sent")
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect as gone:
        say(f"@disconnect {int(gone.code)}")


app = FastAPI()


@app.websocket("/api/v1/ws/{name}")
async def handle(websocket: WebSocket, name: str) -> None:
    """Serve one connection as the analysed application does."""
    try:
        await make_data(dict(websocket.query_params), "before")
        await websocket.accept()
        try:
            await converse(websocket, name)
        except Exception as error:  # noqa: BLE001  as the analysed handler does
            say(f"[WS] Error in {name} WebSocket connection: {error}")
            say_chain(error)
            say(f"@exception {int(getattr(error, 'code', 0))}")
    finally:
        say("@end")


@app.get("/turn")
async def turn() -> Response:
    """Answer once the loop has dealt with what came before."""
    return Response(status_code=204)


class Announced(uvicorn.Server):
    """Tells its port when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if sockets:
            say(f"PORT {sockets[0].getsockname()[1]}")


def main() -> None:
    """Serve until told to stop."""
    settings = Settings(**json.loads(sys.argv[1]))
    logger = logging.getLogger("uvicorn")
    logger.handlers = [Plain()]
    logger.setLevel(logging.INFO)
    given = WebSocketServerProtocol.__init__
    patched = functools.partialmethod(given, open_timeout=settings.open_timeout_s)
    WebSocketServerProtocol.__init__ = patched  # type: ignore[method-assign,assignment]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        ws=settings.implementation,
        loop=settings.loop,
        http="httptools",
        access_log=False,
        log_config=None,
        ws_ping_interval=settings.ping_interval_s,
        ws_ping_timeout=settings.ping_timeout_s,
    )
    Announced(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
