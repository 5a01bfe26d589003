"""What the servers of the protocols say, and when."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.stormlab_models.libraries.conftest import Call

from stormlab.clock import Clock, to_ns
from stormlab.hosts.wire import NORMAL, reason_of
from stormlab_models.libraries import peers
from stormlab_models.libraries.peers import END


def test_socket_io_greets_connects_and_pings_25_s_after_each_answer() -> None:
    call = Call(peers.SocketIo())
    call.says(1.0, "40")
    call.says(25.5, "3")
    sent = call.until(60.0)
    hello = json.loads(str(sent[0][1])[1:])
    assert (hello["pingInterval"], hello["pingTimeout"], hello["upgrades"]) == (25000, 20000, [])
    assert sent[1] == (1.0, '40{"sid": "socket-0"}')
    assert sent[2:] == [(25.0, "2"), (50.5, "2")]
    assert call.proofs == [1.0]
    call.until(200.0)
    assert call.closed == [(70.5, NORMAL)]  # nobody answered within 20 s


def test_socket_io_keeps_one_connection_apart_from_another() -> None:
    peer, clock = peers.SocketIo(), Clock()
    first, second = Call(peer, 0, clock), Call(peer, 1, clock)
    first.says(25.1, "3")
    clock.run(to_ns(46.0))
    assert first.closed == []
    assert second.closed == [(45.0, NORMAL)]
    assert str(first.sent[0][1]) != str(second.sent[0][1])


def test_phoenix_replies_ok_to_joins_and_heartbeats() -> None:
    call = Call(peers.Phoenix())
    call.says(1.0, json.dumps(["3", "4", "room:lobby", "phx_join", {}]))
    call.says(2.0, json.dumps([None, "5", "phoenix", "heartbeat", {}]))
    ok = {"status": "ok", "response": {}}
    assert [(at_s, json.loads(data)) for at_s, data in call.until(100.0)] == [
        (1.0, ["3", "4", "room:lobby", "phx_reply", ok]),
        (2.0, [None, "5", "phoenix", "phx_reply", ok]),
    ]
    assert call.proofs == [1.0, 2.0]


def test_graphql_acknowledges_and_answers_pings() -> None:
    call = Call(peers.GraphQl())
    for at_s, kind in enumerate(("connection_init", "ping", "subscribe"), 1):
        call.says(at_s, json.dumps({"type": kind}))
    kinds = [json.loads(data)["type"] for _, data in call.until(100.0)]
    assert kinds == ["connection_ack", "pong"]
    assert call.proofs == [1.0]


def test_signalr_answers_the_handshake_then_pings_every_15_s() -> None:
    call = Call(peers.SignalR())
    call.says(1.0, '{"protocol":"json","version":1}' + END + '{"type":6}' + END)
    assert call.until(32.0) == [
        (1.0, "{}" + END),
        (16.0, '{"type": 6}' + END),
        (31.0, '{"type": 6}' + END),
    ]
    assert call.proofs == [1.0]


def test_centrifugo_answers_commands_line_by_line_and_pings() -> None:
    call = Call(peers.Centrifugo())
    call.says(1.0, '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"news"}}')
    call.says(27.0, "{}")  # the answer to a ping
    sent = [(at_s, json.loads(data)) for at_s, data in call.until(52.0)]
    assert sent[0][1]["connect"]["ping"] == 25
    assert sent[0][1]["connect"]["pong"] is True
    assert sent[1:] == [(1.0, {"id": 2, "subscribe": {}}), (26.0, {}), (51.0, {})]
    assert call.proofs == [1.0]


def test_centrifugo_says_why_it_disconnects() -> None:
    peer = peers.Centrifugo()
    assert [reason_of(peer, code) for code in (1012, 3000, 3500)] == [
        "",
        "disconnect",
        "disconnect",
    ]
    assert reason_of(peers.Phoenix(), 3500) == ""


def test_home_assistant_asks_lets_in_and_answers() -> None:
    call = Call(peers.HomeAssistant())
    call.says(1.0, '{"type":"auth","access_token":"x"}')
    call.says(2.0, '{"id":1,"type":"ping"}')
    call.says(3.0, '{"id":2,"type":"get_states"}')
    sent = [json.loads(data) for _, data in call.until(9.0)]
    assert [each["type"] for each in sent] == ["auth_required", "auth_ok", "pong", "result"]
    assert [each.get("id") for each in sent[2:]] == [1, 2]
    assert sent[3]["success"] is True
    assert call.proofs == [1.0]


def test_action_cable_welcomes_confirms_and_pings_every_3_s() -> None:
    call = Call(peers.ActionCable())
    call.says(1.0, json.dumps({"command": "subscribe", "identifier": '{"channel":"News"}'}))
    sent = [(at_s, json.loads(data)["type"]) for at_s, data in call.until(7.0)]
    assert sent == [
        (0.0, "welcome"),
        (1.0, "confirm_subscription"),
        (3.0, "ping"),
        (6.0, "ping"),
    ]
    assert call.proofs == [0.0]


def test_yjs_synchronises_an_empty_document_and_hands_awareness_back() -> None:
    call = Call(peers.Yjs())
    call.says(1.0, bytes([0, 0, 1, 0]))
    call.says(2.0, bytes([1, 2, 3]))
    call.says(3.0, "not of this protocol")
    assert call.until(9.0) == [
        (0.0, bytes([0, 0, 1, 0])),
        (1.0, bytes([0, 1, 2, 0, 0])),
        (2.0, bytes([1, 2, 3])),
    ]
    assert call.proofs == [1.0]


@pytest.mark.parametrize(
    "peer",
    [peers.SocketIo, peers.GraphQl, peers.SignalR, peers.Centrifugo, peers.Phoenix, peers.Yjs],
)
def test_nobody_is_counted_as_proved_for_being_there(peer: Callable[[], Any]) -> None:
    call = Call(peer())
    call.until(1.0)
    assert call.proofs == []
