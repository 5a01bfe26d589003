"""The server and the client where a scenario names none: a word at once, then echoes."""

import asyncio
from typing import Any

HELLO, PERIOD_S = "welcome", 5.0


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI
    """Accept every WebSocket, say a word, and echo what comes."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": HELLO})
    while (event := await receive())["type"] == "websocket.receive":
        words = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
        await send({"type": "websocket.send", **words})


async def talk(url: str) -> None:
    """The reconnecting client of ``websockets`` as its documentation has it."""
    import websockets  # noqa: PLC0415  an extra

    async for connection in websockets.connect(url):
        try:
            while True:
                await connection.send("hello")
                await connection.recv()
                await asyncio.sleep(PERIOD_S)
        except websockets.ConnectionClosed:
            continue
