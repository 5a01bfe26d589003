"""What travels on a modelled connection, as bytes: a browser's to a server, and a server's back.

A modelled segment says what it is (a request, a message of a type, a close frame); real code reads
and writes bytes. A request has the headers of a browser and as many bytes as the segment says; a
page's message of type ``ping`` is the text ``{"type": "ping"}``. Of what the server writes, heads
and frames are read, inflated where permessage-deflate was agreed on (RFC 7692).

Simplifications: one key for all requests and a mask of zeros (both are there against middlemen);
messages in one frame; the size of a server's frame is that before compression; what is no JSON
object with a ``type`` is of the type ``malformed``.
"""

import json
import zlib
from collections import deque

from stormlab.hosts.aio.frames import Pieces
from stormlab_models.asgi import Message
from stormlab_models.network import Segment
from stormlab_models.websocket import NO_STATUS

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIRST_VERSION = 1  # of data that does not say which
SWITCHING = 101
_CONTROL = {"close": CLOSE, "pong": PONG}
_NAMES = {CLOSE: "close", PING: "ping", PONG: "pong"}
_HEAD_END = b"\r\n\r\n"
_LENGTH_16, _LENGTH_64, _SHORT_MAX, _MEDIUM_MAX = 126, 127, 125, 65_535
_FIN, _COMPRESSED, _MASKED = 0x80, 0x40, 0x80
_TAIL = b"\x00\x00\xff\xff"  # RFC 7692, section 7.2.2
_HEADERS = (
    "Connection: Upgrade",
    "Pragma: no-cache",
    "Cache-Control: no-cache",
    "Upgrade: websocket",
    "Origin: http://localhost:5173",
    "Sec-WebSocket-Version: 13",
    "Accept-Encoding: gzip, deflate, br",
    f"Sec-WebSocket-Key: {KEY}",
)
_OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
BROWSER_BYTES_MIN = 400  # who asks with less is no browser
_AGENT = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)"


def request(path: str, host: str, size: int) -> bytes:
    """An upgrade request of ``size`` bytes, or as many as it takes at least.

    A browser's offers compression, a plain client's does not.
    """
    offers = (_OFFER,) if size >= BROWSER_BYTES_MIN else ()
    head = "\r\n".join((f"GET {path} HTTP/1.1", f"Host: {host}", *_HEADERS, *offers, _AGENT))
    return (head + "x" * (size - len(head) - len(_HEAD_END))).encode() + _HEAD_END


def frame(message: Message, echo: bytes = b"") -> bytes:
    """A client's frame; ``echo``: what a pong carries."""
    if message.kind == "close":
        code = message.size
        payload = b"" if code in {0, NO_STATUS} else code.to_bytes(2, "big")
    elif message.kind == "pong":
        payload = echo
    else:
        payload = json.dumps({"type": message.kind}).encode()
    first, length = _FIN | _CONTROL.get(message.kind, TEXT), len(payload)
    if length <= _SHORT_MAX:
        head = bytes((first, _MASKED | length))
    else:
        head = bytes((first, _MASKED | _LENGTH_16)) + length.to_bytes(2, "big")
    return head + bytes(4) + payload


def typed(text: bytes) -> tuple[str, int]:
    """Type and version of an application's message."""
    try:
        document = json.loads(text)
        return str(document["type"]), int(document.get("version", FIRST_VERSION))
    except (ValueError, TypeError, KeyError, AttributeError):
        return "malformed", FIRST_VERSION


class Answers(Pieces):
    """Reads what a server writes on one connection."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = self._forgets = False
        self._inflater: zlib._Decompress | None = None
        self._parts: list[bytes] = []
        self._packed = False
        self.pings: deque[bytes] = deque()  # what pings carried that wait for their pongs

    def feed(self, data: bytes) -> list[Segment]:
        """What ``data`` completes."""
        self._buffer += data
        found: list[Segment] = []
        while self._buffer:
            if self._skipped():
                continue
            before = len(self._buffer)
            segment = self._frame() if self._frames else self._head()
            if segment is not None:
                found.append(segment)
            if len(self._buffer) == before:
                break
        return found

    def _head(self) -> Segment | None:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return None
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        size = end + len(_HEAD_END)
        del self._buffer[:size]
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        status = int(first.split(" ")[1])
        self._frames = status == SWITCHING
        self._skip = int(fields.get("content-length") or 0)
        extensions = fields.get("sec-websocket-extensions", "")
        if "permessage-deflate" in extensions:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            self._forgets = "server_no_context_takeover" in extensions
        return Segment("response", status, size + self._skip)

    def _frame(self) -> Segment | None:
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004  the least a frame has
            return None
        start, length = 2, buffer[1] & 127
        if length >= _LENGTH_16:
            start += 2 if length == _LENGTH_16 else 8
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        size = start + length
        if len(buffer) < size:
            return None
        first, payload = buffer[0], bytes(buffer[start:size])
        del buffer[:size]
        opcode = first & 15
        if opcode in _NAMES:
            if opcode == PING:
                self.pings.append(payload)
            code = int.from_bytes(payload[:2], "big") if opcode == CLOSE else 0
            return Segment("frame", Message(_NAMES[opcode], code), size)
        if opcode:
            self._parts, self._packed = [], bool(first & _COMPRESSED)
        self._parts.append(payload)
        if not first & _FIN:
            return None
        whole = self._unpacked(b"".join(self._parts))
        kind, version = typed(whole)
        return Segment("frame", Message(kind, len(whole), version), start + len(whole))

    def _unpacked(self, data: bytes) -> bytes:
        if not self._packed or self._inflater is None:
            return data
        whole = self._inflater.decompress(data + _TAIL)
        if self._forgets:
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        return whole
