"""A message-level client meets every kind of server; bytes or not, it hears the same."""

from collections.abc import Callable
from typing import Any, Literal

import pytest

from stormlab.hosts.aio import World
from stormlab.hosts.wire import End
from stormlab.vocabulary import Cause, Event

Kind = Literal["uvicorn", "asgi", "asgi direct"]
KINDS: tuple[Kind, ...] = ("uvicorn", "asgi", "asgi direct")
URL = "wss://server.example:8000/x?y=1"


class Scene:
    """A world with an application and one ear that dials at once."""

    def __init__(self, kind: Kind, app: Any, listener: Any, url: str = URL) -> None:
        self.world = world = World(seed=1)
        serve = world.serve if kind == "uvicorn" else world.serve_asgi
        self.server = serve(app, host="server.example")
        self.ear = listener(world)
        self._dial = world.dial(direct=kind.endswith("direct"))
        self._url = url
        world.at(0.0, self.dial)

    def dial(self) -> None:
        self.ear.mouth = self._dial(self._url, ("a", "b"), self.ear)

    def say(self, at_s: float, data: str | bytes) -> None:
        self.world.at(at_s, lambda: self.ear.mouth.send(data))

    def close(self, at_s: float, *args: Any) -> None:
        self.world.at(at_s, lambda: self.ear.mouth.close(*args))

    def heard(self, seconds: float = 30.0) -> list[tuple[int, object]]:
        self.trace = self.world.run(seconds)
        assert self.world.failures == []
        heard: list[tuple[int, object]] = self.ear.heard
        return heard


Make = Callable[..., Scene]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, echo_app: Any, listener: Any) -> Make:
    def scene(app: Any = None, url: str = URL) -> Scene:
        return Scene(request.param, app or echo_app, listener, url)

    return scene


def test_open_talk_close(make: Make) -> None:
    scene = make()
    scene.say(1.0, "hello")
    scene.say(2.0, b"bytes")
    scene.close(3.0, 4000, "bye")
    scene.say(3.5, "too late")
    scene.close(3.6, 4001)
    assert scene.heard() == [
        (60, "opened a"),
        (1020, "hello"),
        (2020, b"bytes"),
        (3020, End(4000, "bye", clean=True, failed=False, cause=Cause.CLOSED_BY_PAGE)),
    ]


def test_the_trace_tells_it_too(make: Make) -> None:
    scene = make()
    scene.say(1.0, "hello")
    scene.close(3.0, 4000)
    scene.heard()
    names = [row.event for row in scene.trace if row.client == 0]
    assert names[:13] == [
        Event.NEW,
        Event.REQUEST,
        Event.STARTED,
        Event.RESPONSE,
        Event.ACCEPTED,
        Event.OPEN,
        Event.SEND,
        Event.CLIENT_FRAME,
        Event.RECEIVED,
        Event.SERVER_FRAME,
        Event.MESSAGE,
        Event.CLOSE_CALLED,
        Event.CLIENT_FRAME,
    ]
    # the order is the server's affair
    ends = {Event.SERVER_FRAME, Event.DISCONNECT, Event.ENDED, Event.LOST, Event.CLOSE}
    assert set(names[13:]) == ends
    assert len(names[13:]) == 5


def test_without_tls_it_is_a_round_trip_less(make: Make) -> None:
    assert make(url="ws://server.example:8000/").heard() == [(40, "opened a")]


def test_a_server_that_stops(make: Make) -> None:
    scene = make()
    scene.world.at(2.05, scene.server.stop)
    heard = scene.heard()
    assert heard[1][1] == "closing"
    assert heard[2][1] == End(1012, clean=True, failed=False, cause=Cause.SERVER_CLOSED)
    assert 2060 <= heard[2][0] <= 2110  # uvicorn looks every 0.1 s


def test_a_server_that_dies(make: Make) -> None:
    scene = make()
    scene.world.at(2.0, scene.server.kill)
    assert scene.heard()[1:] == [(2010, End(cause=Cause.SERVER_DROPPED))]


def test_nobody_listens(make: Make) -> None:
    scene = make(url="ws://server.example:9/")
    assert scene.heard() == [(20, End(cause=Cause.REFUSED))]


def test_an_attempt_is_given_up(make: Make) -> None:
    scene = make()
    scene.close(0.03)
    assert scene.heard() == [(30, End(cause=Cause.ABORTED_CONNECTING))]


def test_a_refused_handshake(make: Make) -> None:
    async def forbid(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})

    scene = make(forbid)
    assert scene.heard() == [(60, End(cause=Cause.REJECTED))]
    assert [row.code for row in scene.trace if row.event is Event.RESPONSE] == [403]


def test_another_status(make: Make) -> None:
    async def busy(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"busy"})

    scene = make(busy)
    assert scene.heard() == [(60, End(cause=Cause.REJECTED))]
    assert [row.code for row in scene.trace if row.event is Event.RESPONSE] == [503]


def test_an_application_that_closes(make: Make) -> None:
    async def close(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 1013, "reason": "later"})
            await receive()

    heard = make(close).heard()
    assert heard[:2] == [(60, "opened"), (60, "closing")]
    assert heard[2:] == [
        (80, End(1013, "later", clean=True, failed=False, cause=Cause.SERVER_CLOSED))
    ]


def test_a_close_that_nobody_answers(make: Make) -> None:
    scene = make()
    scene.world.at(1.0, lambda: scene.world.network.cut("server.example"))
    scene.close(2.0)
    assert scene.heard()[1:] == [(12_000, End(cause=Cause.CLOSED_BY_PAGE))]


def test_a_path_that_is_cut_and_healed(make: Make) -> None:
    scene = make()
    scene.world.at(1.0, lambda: scene.world.network.cut("server.example"))
    scene.say(2.0, "hello")
    scene.world.at(5.0, lambda: scene.world.network.heal("server.example"))
    assert scene.heard()[1:] == [(5020, "hello")]


def test_nothing_is_buffered(make: Make) -> None:
    scene = make()
    scene.heard()
    assert scene.ear.mouth.buffered == 0


def test_with_and_without_bytes_the_trace_is_the_same(echo_app: Any, listener: Any) -> None:
    told = []
    for kind in ("asgi", "asgi direct"):
        scene = Scene(kind, echo_app, listener)
        for second in range(1, 8):
            scene.say(second, "hello")
        scene.world.at(4.0, scene.server.stop)
        scene.world.at(5.0, scene.server.start)
        scene.world.at(6.0, scene.dial)
        scene.world.at(8.0, scene.server.kill)
        scene.heard()
        # but for the bytes of request and response, of which there are none
        columns = ("time_ns", "event", "client", "socket", "attempt", "conn", "code", "clean")
        told.append(scene.trace.rows[list(columns)].tolist())
    assert told[0] == told[1]
    assert len(told[0]) > 40
