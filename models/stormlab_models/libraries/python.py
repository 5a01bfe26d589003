"""Reconnecting clients of Python libraries, as their documentation shows them.

The names hold the versions that the findings are about; a test holds them against constraints.txt.
"""

from stormlab.hosts.recipe import Declares, Program
from stormlab_models.libraries.peers import SocketIo


async def websockets_client(url: str) -> None:
    """The library ``websockets``: an infinite iterator that connects again after every loss."""
    import websockets  # noqa: PLC0415  an extra

    async for connection in websockets.connect(url):
        try:
            async for _ in connection:
                pass
        except websockets.ConnectionClosed:
            continue


async def socketio_client(url: str) -> None:
    """``python-socketio``'s asyncio client over WebSocket."""
    import aiohttp  # noqa: PLC0415  extras
    import socketio  # noqa: PLC0415

    async with aiohttp.ClientSession() as session:  # the library leaves its own open when it fails
        client = socketio.AsyncClient(http_session=session)
        await client.connect(url, transports=["websocket"], retry=True)
        await client.wait()


WEBSOCKETS = Program(
    "websockets@15.0.1",
    websockets_client,
    declares=Declares(heartbeat_s=20.0, heartbeat_timeout_s=30.0),
)
PYTHON_SOCKETIO = Program("python-socketio@5.18.1", socketio_client, peer=SocketIo)
