"""Reading server logs: what counts, what is passed over, what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stormlab_models.tac_webbuilder.diagnose.features import lines_of
from stormlab_models.tac_webbuilder.diagnose.parse import (
    ACCEPTED,
    ASGI,
    CLOSED,
    ERROR,
    OPEN,
    READY_TIMEOUT,
    STARTED,
    LogError,
    endpoint_named,
    parse,
    read_log,
)
from stormlab_models.tac_webbuilder.endpoints import NAMES

ACCEPT = 'INFO:     127.0.0.1:40000 - "WebSocket /api/v1/ws/queue" [accepted]\n'
SENDING = """\
[WS] Error in queue WebSocket connection:
Traceback (most recent call last):
  File "/app/protocol.py", line 1, in run
asyncio.exceptions.IncompleteReadError: 0 bytes read on a total of 2 expected bytes

The above exception was the direct cause of the following exception:

websockets.exceptions.ConnectionClosedError: no close frame received or sent
uvicorn.protocols.utils.ClientDisconnected:
starlette.websockets.WebSocketDisconnect:
"""


def kinds(text: str) -> list[str]:
    return [line.kind for line in parse(text, "a log").lines]


def test_the_lines_that_count_are_found_between_others() -> None:
    text = (
        "INFO:     Started server process [7]\n"
        'INFO:     127.0.0.1:4000 - "GET /api/v1/queue HTTP/1.1" 200 OK\n'
        "backend-1  | 2025-12-18 10:00:00,125 "
        '\x1b[32mINFO\x1b[0m:     127.0.0.1:40000 - "WebSocket /api/v1/ws/queue?tab=1" [accepted]\n'
        "2025-12-18 10:00:00,130 DEBUG redis: connection closed\n"
        "2025-12-18 10:00:00,150 INFO websockets.server: connection open\n"
    )
    log = parse(text, "a log")
    assert [line.kind for line in log.lines] == [STARTED, ACCEPTED, OPEN]
    assert log.lines[1].port == 40000
    assert log.lines[1].endpoint == NAMES.index("queue")
    assert log.unused["HTTP access lines"] == 1
    assert log.unused["other lines"] == 1
    between_s = (log.lines[2].time_s or 0) - (log.lines[1].time_s or 0)
    assert between_s == pytest.approx(0.025, abs=1e-5)
    assert log.resolution_s == pytest.approx(0.001)


def test_a_traceback_tells_whether_the_connection_was_open_and_who_noticed() -> None:
    error = parse(ACCEPT + SENDING, "a log").lines[1]
    assert (error.kind, error.sending, error.opened, error.legacy) == (ERROR, True, True, True)
    without = "\n".join(line for line in SENDING.splitlines() if "Incomplete" not in line)
    error = parse(ACCEPT + without, "a log").lines[1]
    assert (error.sending, error.opened) == (True, False)
    without = "\n".join(line for line in without.splitlines() if "ConnectionClosed" not in line)
    error = parse(ACCEPT + without, "a log").lines[1]
    assert (error.sending, error.opened, error.legacy) == (True, None, False)


def test_a_code_behind_the_colon_means_receiving() -> None:
    text = (
        "[WS] Error in queue WebSocket connection: (1006, None)\n"
        "starlette.websockets.WebSocketDisconnect: (1006, None)\n"
    )
    assert parse(text, "a log").lines[0].sending is False


def test_only_an_exception_of_accept_counts_as_one() -> None:
    accept = (
        "ERROR:    Exception in ASGI application\nbuiltins.RuntimeError: Expected ASGI message"
        " 'websocket.send' or 'websocket.close', but got 'websocket.accept'.\n"
    )
    other = "ERROR:    Exception in ASGI application\nValueError: no such row\n"
    assert kinds(accept + ACCEPT) == [ASGI, ACCEPTED]
    assert kinds(other + ACCEPT) == [ACCEPTED]


def test_midnight_does_not_turn_the_clock_back() -> None:
    text = f"23:59:59 {ACCEPT}00:00:01 INFO:     connection open\n"
    first, second = parse(text, "a log").lines
    assert second.time_s == pytest.approx((first.time_s or 0) + 2)


def test_an_end_inside_a_traceback_is_noted() -> None:
    cut = ACCEPT + "".join(SENDING.splitlines(keepends=True)[:3])
    log = parse(cut, "a log")
    assert log.lines[1].sending is None
    assert "inside the traceback of line 2" in log.notes[0]
    assert not parse(ACCEPT + SENDING, "a log").notes


def test_lines_of_other_endpoints_are_left_out_with_their_open() -> None:
    chat = 'INFO:     127.0.0.1:40002 - "WebSocket /chat" [accepted]\n'
    opened = "INFO:     connection open\n"
    assert kinds(ACCEPT + opened + chat + opened) == [ACCEPTED, OPEN]


def test_endpoints_are_known_in_the_spellings_of_logs() -> None:
    assert endpoint_named("/api/v1/ws/workflow-history?x=1") == NAMES.index("workflow-history")
    assert endpoint_named("ADW monitor") == NAMES.index("adw-monitor")
    assert endpoint_named("planned_features") == NAMES.index("planned-features")
    assert endpoint_named("chat") == -1
    assert endpoint_named("work") == -1, "names that fit two endpoints are nobody's"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\x7fELF\x00\x01\x02\x00", "not a text file"),
        (b"\xff\xd8\xff\xe0" * 50, "not a text file"),
        (b'INFO: 127.0.0.1:1 - "GET / HTTP/1.1" 200 OK\n', "1 HTTP access lines"),
        (b'10.0.0.1 - - [18/Dec/2025] "GET /ws HTTP/1.1" 101 0 "-" "-"\n', "HTTP access lines"),
        (b"Dec 18 10:00:00 host sshd[1]: session opened\n", "no line of uvicorn's"),
        (b'INFO: 127.0.0.1:1 - "WebSocket /chat" [accepted]\n', "other endpoints only (/chat)"),
        (b"INFO:     connection open\nINFO:     connection closed\n", "name no endpoint"),
    ],
)
def test_a_log_without_anything_to_diagnose_is_refused_in_one_line(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "server.log"
    path.write_bytes(data)
    with pytest.raises(LogError) as caught:
        read_log(path)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_log_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.log", tmp_path):
        with pytest.raises(LogError, match=str(path)):
            read_log(path)


@pytest.mark.parametrize("implementation", ["legacy", "sansio", "wsproto"])
def test_a_simulated_log_is_read_back_as_it_was(
    simulate: Callable[..., str], implementation: str
) -> None:
    from stormlab.model import make_scenario, run  # noqa: PLC0415  only here

    settings = {
        "react": {"strict_mode": True},
        "server": {"initial_data_s": 0.5, "implementation": implementation},
    }
    read = parse(simulate(settings, 5), "a log").lines
    document = {"model": "tac-webbuilder", "duration_s": 15.0, **settings}
    written = lines_of(run(make_scenario(document, name="again"), 5), implementation)
    assert [(a.kind, a.endpoint, a.port, a.sending) for a in read] == [
        (a.kind, a.endpoint, a.port, a.sending) for a in written
    ]
    assert [a.opened for a in read] == [a.opened for a in written]


def test_client_ready_that_never_came_is_read_back(simulate: Callable[..., str]) -> None:
    found = kinds(simulate({"server": {"waits_for_ready": True}}, 1))
    assert found.count(READY_TIMEOUT) == len(NAMES)
    assert CLOSED not in found
