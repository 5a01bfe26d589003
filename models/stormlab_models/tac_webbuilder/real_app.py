"""The analysed handler as a real FastAPI application, with the switches of its model.

The same :class:`~stormlab_models.tac_webbuilder.parameters.Server` that parametrises the modelled
handler (:mod:`stormlab_models.tac_webbuilder.handler`) makes this one: where and how the initial
data is made, whether it waits for the client's ready signal, and whether it closes when that does
not come (the repaired form) or returns. So a test can have both hold the same conversation.

Not here: the watchers and the HTTP queries. Needs FastAPI.
"""

import asyncio
import logging
import time  # noqa: TID251  a handler that blocks sleeps; in virtual time it is virtual
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stormlab_models.asgi import WORK_FAILED
from stormlab_models.tac_webbuilder.handler import POLICY_VIOLATION
from stormlab_models.tac_webbuilder.parameters import Server

if TYPE_CHECKING:
    from fastapi import WebSocket

LOGGER = "tac_webbuilder"
PATH = "/api/v1/ws/{name}"
_log = logging.getLogger(LOGGER)


def application(server: Server, tell: Callable[[str], None] = lambda _: None) -> Any:  # noqa: ANN401
    """The application; ``tell`` hears what no log shows.

    ``block 0.05`` (before it), ``sent``, ``disconnect 1001``, ``exception 1006`` (while it is
    handled), ``end``.

    Raises:
        ImportError: One line, when FastAPI is not installed.
    """
    try:
        from fastapi import FastAPI, WebSocket  # noqa: PLC0415  optional
    except ImportError as error:
        raise ImportError(
            f"the real application needs FastAPI: pip install fastapi ({error})"
        ) from None

    app = FastAPI()
    handler = _Handler(server, tell)

    @app.websocket(PATH)
    async def handle(websocket: WebSocket, name: str) -> None:
        await handler.serve(websocket, name)

    return app


class _Handler:
    """One connection after the other, as the analysed application serves them."""

    def __init__(self, server: Server, tell: Callable[[str], None]) -> None:
        self._server, self._tell = server, tell

    async def serve(self, websocket: "WebSocket", name: str) -> None:
        """Serve one connection."""
        server = self._server
        try:
            if server.initial_data_placement == "before_accept":
                await self._make_data(name)
            if server.accept_delay_s:
                await asyncio.sleep(server.accept_delay_s)
            await websocket.accept()
            try:
                await self._converse(websocket, name)
            except Exception as error:  # noqa: BLE001  as the analysed handler does
                self._tell(f"exception {int(getattr(error, 'code', 0))}")
                _log.exception("[WS] Error in %s WebSocket connection: %s", name, error)
        finally:
            self._tell("end")

    async def _make_data(self, name: str) -> None:
        server = self._server
        data_s = server.per_endpoint_data_s.get(name, server.initial_data_s)
        if data_s and server.initial_data_kind == "block":
            self._tell(f"block {data_s}")
            time.sleep(data_s)  # noqa: ASYNC251  that is the point
        elif data_s:
            await asyncio.sleep(data_s)
        if server.initial_data_fails:
            raise RuntimeError(WORK_FAILED)

    async def _converse(self, websocket: "WebSocket", name: str) -> None:
        from fastapi import WebSocketDisconnect  # noqa: PLC0415  there, as the application is

        server = self._server
        if server.waits_for_ready and not await self._is_ready(websocket):
            _log.warning(
                "[WS] %s: Client never sent ready signal within %gs", name, server.ready_timeout_s
            )
            if server.ready_timeout_closes:
                await websocket.close(POLICY_VIOLATION)
            return  # the proposal's comment says that this closes
        if server.initial_data_placement == "after_accept":
            await self._make_data(name)
        await websocket.send_json({"type": "initial"})
        self._tell("sent")
        try:
            while True:
                message = await websocket.receive_text()
                if server.answers_ping and message == '{"type": "ping"}':
                    await websocket.send_json({"type": "pong"})
        except WebSocketDisconnect as gone:
            self._tell(f"disconnect {int(gone.code)}")

    async def _is_ready(self, websocket: "WebSocket") -> bool:
        """Wait for the first message, as ``asyncio.wait_for`` did it up to Python 3.11."""
        ready = asyncio.ensure_future(websocket.receive_text())
        done, _ = await asyncio.wait({ready}, timeout=self._server.ready_timeout_s)
        if not done:
            ready.cancel()
            return False
        ready.result()
        return True
