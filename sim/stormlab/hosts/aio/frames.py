"""What the bytes of one direction mean, read along: HTTP heads and WebSocket frames.

Only what a trace tells is read: request line and status, the kind of a frame, the code of a close
frame (RFC 6455, sections 5.2 and 5.5.1). Bodies (by length or in chunks, RFC 9112, section 7.1) and
payloads are skipped, so that compression does not matter.
"""

from dataclasses import dataclass
from typing import Literal

from stormlab.hosts.wire import NO_STATUS

What = Literal["request", "response", "message", "close", "ping", "pong"]
_FRAMES: dict[int, What] = {1: "message", 2: "message", 8: "close", 9: "ping", 10: "pong"}
_END = b"\r\n\r\n"
_LENGTH_16, _LENGTH_64 = 126, 127
HEAD_MAX = 65_536
SWITCHING = 101


@dataclass(frozen=True)
class Sight:
    """One thing that was read; ``code``: status or close code; ``text``: what was requested.

    ``size``: bytes of the frame, or of the head without its body.
    """

    what: What
    code: int = 0
    text: str = ""
    upgrade: bool = False
    size: int = 0

    @property
    def label(self) -> str:
        """Kind and size, which tell frames apart as far as a trace goes."""
        return f"{self.what} {self.size}"


class Pieces:
    """Bytes that arrive in pieces; of a body that nobody reads only the length counts."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0  # bytes of a body that are still to come

    def _skipped(self) -> bool:
        """Let what has arrived of a body go; whether there was any."""
        skipped = min(self._skip, len(self._buffer))
        del self._buffer[:skipped]
        self._skip -= skipped
        return skipped > 0


class Reader(Pieces):
    """Reads one direction."""

    def __init__(self) -> None:
        super().__init__()
        self._frames = self._chunks = self._blind = False

    def feed(self, data: bytes) -> list[Sight]:
        """What ``data`` completes."""
        if self._blind:
            return []
        self._buffer += data
        found: list[Sight] = []
        while self._buffer:
            if self._skipped():
                continue
            if self._chunks:
                if not self._chunk():
                    break
                continue
            sight, more = self._frame() if self._frames else self._head()
            if sight is not None:
                found.append(sight)
            if not more:
                break
        return found

    def _head(self) -> tuple[Sight | None, bool]:
        end = self._buffer.find(_END)
        if end < 0 or end > HEAD_MAX:
            self._blind = len(self._buffer) > HEAD_MAX
            return None, False
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        size = end + len(_END)
        del self._buffer[:size]
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        self._chunks = "chunked" in fields.get("transfer-encoding", "").lower()
        self._skip = int(fields.get("content-length") or 0)
        upgrade = fields.get("upgrade", "").lower() == "websocket"
        parts = first.split(" ")
        if first.startswith("HTTP/"):
            code = int(parts[1])
            self._frames = code == SWITCHING
            return Sight("response", code, upgrade=self._frames, size=size), True
        self._frames = upgrade
        return Sight("request", text=" ".join(parts[:2]), upgrade=upgrade, size=size), True

    def _chunk(self) -> bool:
        """Skip one chunk; False: its size is not there yet."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        size = int(bytes(self._buffer[:end]).partition(b";")[0] or b"0", 16)
        del self._buffer[: end + 2]
        self._chunks = size > 0  # trailers are not read
        self._skip = size + 2
        return True

    def _frame(self) -> tuple[Sight | None, bool]:
        buffer = self._buffer
        if len(buffer) < 2:  # noqa: PLR2004  the least a frame has
            return None, False
        opcode, masked, length, start = buffer[0] & 15, buffer[1] & 128, buffer[1] & 127, 2
        if length >= _LENGTH_16:
            start += 2 if length == _LENGTH_16 else 8
            if len(buffer) < start:
                return None, False
            length = int.from_bytes(buffer[2:start], "big")
        mask_bytes = 4 if masked else 0
        what = _FRAMES.get(opcode)  # None: the rest of a message
        if what != "close":
            if len(buffer) < start + mask_bytes:
                return None, False
            del buffer[: start + mask_bytes]
            self._skip = length
            size = start + mask_bytes + length
            return (Sight(what, size=size) if what is not None else None), True
        if len(buffer) < start + mask_bytes + length:
            return None, False
        body = start + mask_bytes
        mask = buffer[start:body] if masked else b"\0\0"
        code = NO_STATUS
        if length >= 2:  # noqa: PLR2004  a close code has two bytes
            code = (buffer[body] ^ mask[0]) << 8 | (buffer[body + 1] ^ mask[1])
        del buffer[: body + length]
        return Sight("close", code, size=body + length), True
