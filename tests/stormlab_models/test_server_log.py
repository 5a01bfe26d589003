"""The text of the server's log; held against the real servers' in tests/integration."""

from typing import Any

import pytest

from stormlab.model import make_scenario, run
from stormlab.trace import Recorder, Trace
from stormlab.vocabulary import Event
from stormlab_models import server_log

ACCEPTED = 'INFO:     127.0.0.1:50714 - "WebSocket /api/v1/ws/queue" [accepted]'
DISCONNECTED = [
    "uvicorn.protocols.utils.ClientDisconnected: ",
    "starlette.websockets.WebSocketDisconnect: ",
]
CLOSED_ERROR = "websockets.exceptions.ConnectionClosedError"
NO_CLOSE_FRAME = f"{CLOSED_ERROR}: no close frame received or sent"
AWAY = "1001 (going away)"
WRONG = "Expected ASGI message 'websocket.send' or 'websocket.close', but got 'websocket.accept'."
INCOMPLETE = "asyncio.exceptions.IncompleteReadError: 0 bytes read on a total of 2 expected bytes"


class Log:
    """A trace with one connection's events."""

    def __init__(self, implementation: str) -> None:
        self.recorder = Recorder()
        self.time_ns = 0
        self.add(Event.STARTED, detail=implementation)

    def add(self, event: Event, **columns: Any) -> "Log":
        self.time_ns += 1000
        self.recorder.add(self.time_ns, event, conn=0, endpoint=0, **columns)
        return self

    def line(self, kind: str, **columns: Any) -> "Log":
        return self.add(Event.LOG, code=50714, detail=kind, **columns)

    def opened(self) -> "Log":
        self.line("accepted")
        self.add(Event.RESPONSE, code=101)
        return self.line("connection open")

    def error(self, code: int, *, sending: bool) -> "Log":
        self.add(Event.EXCEPTION, code=code)
        return self.line("error on send" if sending else "error on receive")

    @property
    def trace(self) -> Trace:
        return self.recorder.finish({"endpoints": ["queue"], "duration_ns": 10**9})

    @property
    def text(self) -> list[str]:
        return server_log.lines(self.trace)


def test_the_excerpt_of_the_analysis() -> None:
    log = Log("legacy").line("accepted").line("connection closed").error(1006, sending=True)
    assert log.text == [
        ACCEPTED,
        "INFO:     connection closed",
        "[WS] Error in queue WebSocket connection:",
        NO_CLOSE_FRAME,
        *DISCONNECTED,
    ]


@pytest.mark.parametrize(
    ("received", "sent", "causes"),
    [
        (0, 0, [INCOMPLETE, NO_CLOSE_FRAME]),
        (
            1001,
            0,
            [
                f"websockets.exceptions.ConnectionClosedOK: received {AWAY}; then sent {AWAY}",
            ],
        ),
        (
            0,
            1012,
            [
                "asyncio.exceptions.CancelledError: ",
                f"{CLOSED_ERROR}: sent 1012 (service restart); no close frame received",
            ],
        ),
    ],
)
def test_a_failed_send_on_a_connection_that_was_open(
    received: int, sent: int, causes: list[str]
) -> None:
    log = Log("legacy").opened()
    if sent:
        log.add(Event.SERVER_FRAME, code=sent, detail="close")
    log.error(1006, sending=True).add(Event.LOST, code=received)
    assert log.text[3:] == causes + DISCONNECTED


@pytest.mark.parametrize(
    ("implementation", "opened", "received", "code", "text"),
    [
        ("legacy", False, 0, 1006, "(1006, None)"),
        ("legacy", True, 0, 1006, "(<CloseCode.ABNORMAL_CLOSURE: 1006>, '')"),
        ("legacy", True, 1001, 1001, "(1001, '')"),
        ("legacy", True, 0, 1012, "(1012, None)"),
        ("sansio", True, 0, 1005, "(1005, None)"),
        ("sansio", True, 1001, 1001, "(1001, '')"),
        ("wsproto", True, 0, 1005, "(1005, None)"),
        ("wsproto", True, 1001, 1001, "(<CloseReason.GOING_AWAY: 1001>, '')"),
    ],
)
def test_a_failed_receive_tells_code_and_reason(
    implementation: str,
    opened: bool,  # noqa: FBT001  a parameter of the test
    received: int,
    code: int,
    text: str,
) -> None:
    log = Log(implementation)
    if opened:
        log.opened()
    log.add(Event.LOST, code=received).error(code, sending=False)
    assert log.text[-2:] == [
        f"[WS] Error in queue WebSocket connection: {text}",
        f"starlette.websockets.WebSocketDisconnect: {text}",
    ]


@pytest.mark.parametrize(
    ("implementation", "received", "causes"),
    [
        ("sansio", 0, DISCONNECTED[:1]),
        ("sansio", 1001, DISCONNECTED[:1]),
        ("sansio-0.38", 1001, ["websockets.exceptions.InvalidState: connection is closing"]),
        ("wsproto", 1001, ["wsproto.utilities.LocalProtocolError: Event Message(data="]),
        ("sansio-0.38", 0, ["builtins.RuntimeError: unable to perform operation on"]),
    ],
)
def test_a_failed_send_of_the_others(implementation: str, received: int, causes: list[str]) -> None:
    code = 0 if implementation == "sansio-0.38" and not received else 1006
    log = Log(implementation).opened().add(Event.LOST, code=received).error(code, sending=True)
    assert log.text[3].startswith(causes[0])


def test_a_failed_accept_is_an_exception_in_the_application() -> None:
    assert Log("wsproto").line("asgi exception").text == [
        "Exception in ASGI application",
        f"builtins.RuntimeError: {WRONG}",
    ]


@pytest.mark.parametrize(("waited_ns", "text"), [(5 * 10**9, "5s"), (3 * 10**8, "0.3s")])
def test_a_ready_signal_that_never_came(waited_ns: int, text: str) -> None:
    (line,) = Log("legacy").line("ready timeout", value_ns=waited_ns).text
    assert line == f"[WS] queue: Client never sent ready signal within {text}"


@pytest.mark.parametrize(
    ("implementation", "status"),
    [("legacy", "503 Service Unavailable"), ("sansio", "500 Internal Server Error")],
)
def test_a_handshake_rejected_at_shutdown(implementation: str, status: str) -> None:
    (line,) = Log(implementation).line("connection rejected").text
    assert line == f"INFO:     connection rejected ({status})"


def test_each_line_has_its_time_and_the_old_sansio_its_own_address() -> None:
    log = Log("sansio-0.38").opened()
    assert [time for time, _ in server_log.timed_lines(log.trace)] == [2000, 4000]
    assert log.text[0].startswith("INFO:     ('127.0.0.1', 50714) - ")


@pytest.mark.parametrize("implementation", ["legacy", "sansio", "wsproto"])
def test_a_whole_run_is_told_line_by_line(implementation: str) -> None:
    document = {
        "model": "tac-webbuilder",
        "duration_s": 30,
        "react": {"strict_mode": True},
        "server": {"implementation": implementation, "initial_data_s": 0.05},
        "observe": {"since": "first_socket", "for_s": 10},
    }
    trace = run(make_scenario(document, name="strict"), 1)
    lines = server_log.lines(trace)
    accepted = [line for line in lines if line.endswith("[accepted]")]
    assert len(accepted) == sum(
        row.event is Event.LOG and row.detail == "accepted" for row in trace
    )
    assert len(accepted) >= 16
    assert len(set(accepted)) == len(accepted)  # every port is its own
    assert ("INFO:     connection open" in lines) == (implementation != "wsproto")
    errors = [line for line in lines if line.startswith("[WS] Error in ")]
    assert len(errors) == trace.count(Event.EXCEPTION)
