"""The real application in the shapes that the fixes give it, in virtual time."""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

import pytest
from websockets.asyncio.client import connect

from stormlab.hosts.aio import World
from stormlab_models.tac_webbuilder.parameters import Server
from stormlab_models.tac_webbuilder.real_app import LOGGER, application

URL = "ws://127.0.0.1:8000/api/v1/ws/queue"
UVICORN = tuple(int(part) for part in version("uvicorn").split(".")[:2])
WS = ("websockets", "websockets-sansio", "wsproto")


class Visit:
    """A client that connects once, sends what it is given, and keeps what it gets."""

    def __init__(self, *sends: str, stay_s: float = 20.0) -> None:
        self.got: list[Any] = []
        self._sends, self._stay_s = sends, stay_s

    async def __call__(self) -> None:
        loop = asyncio.get_running_loop()
        async with connect(URL) as connection:
            self.got.append(round(loop.time(), 2))
            for text in self._sends:
                await connection.send(text)
            try:
                async with asyncio.timeout(self._stay_s):
                    async for message in connection:
                        self.got.append((round(loop.time(), 2), message))
            except TimeoutError:
                self.got.append("stayed")
            except Exception:  # noqa: BLE001  of whatever kind: the code tells
                self.got.append((round(loop.time(), 2), connection.close_code))


def visit(server: Server, client: Visit, ws: str = "websockets") -> tuple[list[Any], list[str]]:
    world = World(seed=1)
    told: list[str] = []
    app = application(server, told.append)
    uvicorn = world.serve(app, ws=ws, lifespan="off", loggers=(LOGGER,))
    world.client(client)
    world.run(30.0)
    assert world.failures == []
    own = [record.getMessage() for record in uvicorn.records if record.name == LOGGER]
    return client.got, [*own, *told]


@pytest.mark.parametrize("ws", WS)
def test_before_the_fix_a_missing_ready_signal_closes_nothing(ws: str) -> None:
    got, told = visit(Server(waits_for_ready=True), Visit(), ws)
    # uvicorn 0.54 ends TCP itself when the application returns
    assert got == [0.04, "stayed" if UVICORN < (0, 50) else (5.04, 1006)]
    assert told[0] == "[WS] queue: Client never sent ready signal within 5s"


@pytest.mark.parametrize("ws", WS)
def test_after_the_fix_it_is_closed_with_1008(ws: str) -> None:
    server = Server(waits_for_ready=True, ready_timeout_closes=True)
    got, _ = visit(server, Visit(), ws)
    assert got[1][1] == 1008
    assert got[1][0] == pytest.approx(5.05, abs=0.03)


def test_a_ready_signal_brings_the_data() -> None:
    got, told = visit(Server(waits_for_ready=True), Visit('{"type": "client_ready"}', stay_s=5.0))
    assert got == [0.04, (0.06, '{"type":"initial"}'), "stayed"]
    assert told == ["sent", "disconnect 1000", "end"]


def test_data_before_accept_delays_the_handshake() -> None:
    server = Server(initial_data_s=2.0, accept_delay_s=0.5)
    assert visit(server, Visit())[0][0] == 2.54


def test_data_after_accept_does_not() -> None:
    server = Server(initial_data_s=2.0, initial_data_placement="after_accept")
    assert visit(server, Visit())[0][:2] == [0.04, (2.04, '{"type":"initial"}')]


def test_blocking_data_holds_up_all_others() -> None:
    server = Server(initial_data_s=2.0, initial_data_kind="block")
    world = World(seed=1)
    world.serve(application(server), lifespan="off", ws="websockets")
    clients = [Visit() for _ in range(3)]
    for client in clients:
        world.client(client)
    world.run(30.0)
    assert sorted(client.got[0] for client in clients) == [6.04] * 3  # one loop, three blocks


def test_a_ping_is_answered() -> None:
    got, _ = visit(Server(), Visit('{"type": "ping"}', stay_s=3.0))
    assert got[1:3] == [(0.04, '{"type":"initial"}'), (0.06, '{"type":"pong"}')]


def test_a_send_that_fails_is_logged_with_its_code() -> None:
    server = Server(initial_data_s=2.0, initial_data_placement="after_accept")
    _, told = visit(server, Visit(stay_s=1.0))
    assert told == ["[WS] Error in queue WebSocket connection: ", "exception 1006", "end"]


def test_without_fastapi_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ImportError, match="needs FastAPI: pip install fastapi"):
        application(Server())
