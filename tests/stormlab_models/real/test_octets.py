"""Segments to bytes and back: what a browser writes is understood, what a server writes is read."""

import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from stormlab_models.asgi import Message
from stormlab_models.real.octets import Answers, frame, request, typed


def server(**settings: Any) -> ServerProtocol:
    """A server of websockets that has accepted a browser's request."""
    protocol = ServerProtocol(**settings)
    protocol.receive_data(request("/api/v1/ws/queue", "localhost:8002", 483))
    (asked,) = protocol.events_received()
    assert isinstance(asked, Request)
    protocol.send_response(protocol.accept(asked))
    return protocol


@pytest.mark.parametrize(
    ("size", "bytes_", "offers"), [(483, 483, 1), (540, 540, 1), (265, 323, 0)]
)
def test_a_request_has_the_size_it_is_given(size: int, bytes_: int, offers: int) -> None:
    asked = request("/api/v1/ws/queue", "localhost:8002", size)
    assert len(asked) == max(size, len(request("/api/v1/ws/queue", "localhost:8002", 0)))
    assert (len(asked) == bytes_) or size < 400
    assert asked.count(b"permessage-deflate") == offers


def test_a_server_takes_the_request_and_its_answer_is_read() -> None:
    protocol = server()
    answers = Answers()
    (response,) = answers.feed(b"".join(protocol.data_to_send()))
    assert (response.kind, response.payload) == ("response", 101)
    assert protocol.handshake_exc is None


@pytest.mark.parametrize(
    ("message", "opcode", "payload"),
    [
        (Message("ping", 48), Opcode.TEXT, b'{"type": "ping"}'),
        (Message("client_ready", 23), Opcode.TEXT, b'{"type": "client_ready"}'),
        (Message("close", 1001), Opcode.CLOSE, (1001).to_bytes(2, "big")),
        (Message("close", 1005), Opcode.CLOSE, b""),
        (Message("close", 0), Opcode.CLOSE, b""),
        (Message("pong"), Opcode.PONG, b"echo"),
        (Message("x" * 300), Opcode.TEXT, json.dumps({"type": "x" * 300}).encode()),
    ],
)
def test_a_frame_is_what_the_message_says(message: Message, opcode: Opcode, payload: bytes) -> None:
    protocol = server()
    protocol.receive_data(frame(message, b"echo"))
    (heard,) = protocol.events_received()
    assert (heard.opcode, heard.data) == (opcode, payload)  # type: ignore[union-attr]


texts = st.text(max_size=400)


@given(st.lists(texts, max_size=4), st.integers(1, 50), st.booleans(), st.booleans())
def test_messages_are_read_however_they_are_cut_and_packed(
    said: list[str],
    piece: int,
    packed: bool,  # noqa: FBT001  drawn
    forgets: bool,  # noqa: FBT001  drawn
) -> None:
    factory = ServerPerMessageDeflateFactory(server_no_context_takeover=forgets)
    protocol = server(extensions=[factory] if packed else [])
    for text in said:
        protocol.send_text(json.dumps({"type": text, "version": 7}).encode())
    protocol.send_ping(b"are you there")
    protocol.send_close(1012)
    answers, found = Answers(), []
    data = b"".join(protocol.data_to_send())
    for start in range(0, len(data), piece):
        found += answers.feed(data[start : start + piece])
    messages = [segment.payload for segment in found[1:]]
    assert [m.kind for m in messages if isinstance(m, Message)] == [*said, "ping", "close"]
    assert all(m.stamp_ns == 7 for m in messages[: len(said)] if isinstance(m, Message))
    assert messages[-1] == Message("close", 1012)
    assert list(answers.pings) == [b"are you there"]
    assert sum(segment.size for segment in found) >= len(data) or packed


def test_a_message_in_parts_is_one() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    parts = b"\x01\x08" + b'{"type":' + b"\x80\x04" + b'"a"}'
    assert [segment.payload for segment in Answers().feed(head + parts)][1] == Message("a", 12, 1)


def test_the_body_of_a_refusal_is_passed_over() -> None:
    head = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 5\r\n\r\n"
    answers = Answers()
    found = answers.feed(head + b"sor")
    assert [(segment.payload, segment.size) for segment in found] == [(500, len(head) + 5)]
    assert answers.feed(b"ry") == []


@pytest.mark.parametrize("text", [b"", b"no", b"[1]", b"{}", b'{"type":1,"version":"x"}', b"1"])
def test_what_has_no_type_is_malformed(text: bytes) -> None:
    assert typed(text) == ("malformed", 1)


def test_a_long_message_is_read() -> None:
    text = json.dumps({"type": "long", "data": "x" * 70_000}).encode()
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    packed = zlib.compress(text)
    assert packed
    data = b"\x81\x7f" + len(text).to_bytes(8, "big") + text
    assert Answers().feed(head + data)[1].payload == Message("long", len(text), 1)
