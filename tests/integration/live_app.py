"""A small WebSocket application on the real uvicorn: a program that the live tests start.

The one argument is a port, 0 for any. It prints ``PORT n`` once it listens and ``REQUEST path``
for each handshake. What it does is asked for by the path:

==================== ============================================================
/feed                accept, greet, echo
/overloaded          refuse with HTTP 503 and Retry-After: 1
/busy                accept, then close with 1013 "retry after 0.2 s"
==================== ============================================================
"""

import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def say(text: str) -> None:
    """Write one line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve one handshake."""
    if scope["type"] != "websocket":
        return
    await receive()
    say(f"REQUEST {scope['path']}")
    if scope["path"] == "/overloaded":
        headers = [(b"retry-after", b"1")]
        await send({"type": "websocket.http.response.start", "status": 503, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})
        return
    await send({"type": "websocket.accept"})
    if scope["path"] == "/busy":
        await send({"type": "websocket.close", "code": 1013, "reason": "retry after 0.2 s"})
        return
    await send({"type": "websocket.send", "text": "hello"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


class Announced(uvicorn.Server):
    """Tells its port when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if sockets:
            say(f"PORT {sockets[0].getsockname()[1]}")


def main() -> None:
    """Serve until told to stop."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_level="critical")
    Announced(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
