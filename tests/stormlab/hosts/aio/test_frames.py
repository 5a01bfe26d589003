import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode

from stormlab.hosts.aio.frames import Reader, Sight

REQUEST = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frames(*, mask: bool) -> bytes:
    """A short, a longer and a long message in two parts, a ping, a close frame."""
    told = [
        Frame(Opcode.TEXT, b"hi"),
        Frame(Opcode.BINARY, b"x" * 200),
        Frame(Opcode.TEXT, b"y" * 70_000, fin=False),
        Frame(Opcode.CONT, b"z"),
        Frame(Opcode.PING, b"1234"),
        Frame(Opcode.CLOSE, Close(1013, "later").serialize()),
    ]
    return b"".join(frame.serialize(mask=mask) for frame in told)


SEEN = ["message", "message", "message", "ping", "close"]


@pytest.mark.parametrize(("head", "mask"), [(REQUEST, True), (RESPONSE, False)])
def test_frames_are_read_behind_the_upgrade(head: bytes, mask: bool) -> None:  # noqa: FBT001
    first, *rest = Reader().feed(head + frames(mask=mask))
    assert first.upgrade
    assert [sight.what for sight in rest] == SEEN
    assert rest[-1].code == 1013
    # the fourth frame is the rest of a message, and not told
    rest_size = len(Frame(Opcode.CONT, b"z").serialize(mask=mask))
    assert sum(sight.size for sight in rest) == len(frames(mask=mask)) - rest_size
    assert rest[0].label == f"message {rest[0].size}"


@given(st.lists(st.integers(1, 2000), max_size=60))
def test_it_does_not_matter_how_bytes_are_cut(sizes: list[int]) -> None:
    data = REQUEST + frames(mask=True)
    reader, seen = Reader(), []
    for size in sizes:
        seen += reader.feed(data[:size])
        data = data[size:]
    seen += reader.feed(data)
    assert seen == Reader().feed(REQUEST + frames(mask=True))


def test_a_request_tells_what_was_asked_for() -> None:
    assert Reader().feed(REQUEST) == [
        Sight("request", text="GET /a?b=c", upgrade=True, size=len(REQUEST))
    ]


def test_a_close_frame_without_a_code() -> None:
    assert Reader().feed(RESPONSE + b"\x88\x00")[1:] == [Sight("close", 1005, size=2)]


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
    ],
)
def test_bodies_are_skipped(body: bytes) -> None:
    seen = Reader().feed(b"HTTP/1.1 200 OK\r\n" + body + RESPONSE)
    assert [(sight.what, sight.code) for sight in seen] == [("response", 200), ("response", 101)]


def test_what_is_not_http_is_not_read() -> None:
    reader = Reader()
    assert reader.feed(b"x" * 70_000) == []
    assert reader.feed(REQUEST) == []
