"""The WebSocket protocol's two sides without IO: bytes in, bytes and calls out (``websockets``).

Both give back what has to be sent at once (pongs, the answer to a close frame), and call what they
were given for what has happened.
"""

from collections.abc import Callable
from typing import Any

from stormlab.hosts.aio.needs import need
from stormlab.hosts.wire import ABNORMAL, NO_STATUS, Data

_client: Any = need("websockets.client")
_server: Any = need("websockets.server")
_frames: Any = need("websockets.frames")
_uri: Any = need("websockets.uri")
_SWITCHING = 101


class _Messages:
    """Whole messages out of frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._text = False

    def of(self, frame: Any) -> Data | None:
        """The message that ``frame`` completes."""
        if frame.opcode is not _frames.Opcode.CONT:
            self._parts, self._text = [], frame.opcode is _frames.Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole.decode() if self._text else whole


_DATA = frozenset({_frames.Opcode.CONT, _frames.Opcode.TEXT, _frames.Opcode.BINARY})


class _Speech:
    """What the two sides share."""

    _protocol: Any
    max_size: int | None = None

    def __init__(self, message: Callable[[Data], None], closing: Callable[[], None]) -> None:
        self._message, self._closing = message, closing
        self._messages = _Messages()
        self.protocol = ""

    @property
    def code(self) -> int:
        """The code of the close frame that arrived, 1006 before one has."""
        got = self._protocol.close_rcvd
        return ABNORMAL if got is None else int(got.code)

    @property
    def reason(self) -> str:
        """Its reason."""
        got = self._protocol.close_rcvd
        return "" if got is None else str(got.reason)

    @property
    def clean(self) -> bool:
        """Whether a close frame went each way."""
        protocol = self._protocol
        return protocol.close_rcvd is not None and protocol.close_sent is not None

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return bool(self._protocol.state == 1)

    def send(self, data: Data) -> bytes:
        """A message; nothing if it cannot be sent any more."""
        if not self.is_open:
            return b""
        if isinstance(data, str):
            self._protocol.send_text(data.encode())
        else:
            self._protocol.send_binary(data)
        return self._out()

    def close(self, code: int = NO_STATUS, reason: str = "") -> bytes:
        """A close frame; nothing if it cannot be sent any more."""
        if not self.is_open:
            return b""
        self._protocol.send_close(None if code == NO_STATUS else code, reason)
        return self._out()

    def _out(self) -> bytes:
        return b"".join(self._protocol.data_to_send())

    def _frame(self, frame: Any) -> None:
        if frame.opcode in _DATA:
            message = self._messages.of(frame)
            if message is not None:
                self._message(message)
        elif frame.opcode is _frames.Opcode.CLOSE:
            self._closing()


class ServerSpeech(_Speech):
    """A server's side. ``requested(path, offered)``: a good upgrade; answer it, now or later.

    ``closing``: the client's close frame has arrived (first, or as an answer).
    """

    def __init__(
        self,
        requested: Callable[[str, tuple[str, ...]], None],
        message: Callable[[Data], None],
        closing: Callable[[], None],
    ) -> None:
        super().__init__(message, closing)
        self._requested = requested
        self._protocol = _server.ServerProtocol(
            select_subprotocol=lambda *_: self.protocol or None, max_size=self.max_size
        )
        self.request: Any = None

    def receive(self, data: bytes) -> bytes:
        """Take bytes; what has to be sent at once."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if self.request is None:
                self.request = event
                header = ",".join(event.headers.get_all("Sec-WebSocket-Protocol"))
                offered = tuple(each.strip() for each in header.split(",") if each.strip())
                self._requested(event.path, offered)
            else:
                self._frame(event)
        return self._out()

    def accept(self, protocol: str = "", headers: list[tuple[str, str]] | None = None) -> bytes:
        """The 101, or the error that the request deserves."""
        self.protocol = protocol
        response = self._protocol.accept(self.request)
        for name, value in headers or ():
            response.headers[name] = value
        return self._respond(response)

    def reject(self, status: int, text: str = "") -> bytes:
        """Any other answer."""
        return self._respond(self._protocol.reject(status, text))

    def _respond(self, response: Any) -> bytes:
        # the date would be that of the machine: formatdate() asks a clock of its own
        if "Date" in response.headers:
            del response.headers["Date"]
        self._protocol.send_response(response)
        return self._out()


class ClientSpeech(_Speech):
    """A client's side. ``opened(protocol)``: the 101 has arrived; ``refused(status)``: another."""

    def __init__(
        self,
        url: str,
        offered: tuple[str, ...],
        opened: Callable[[str], None],
        refused: Callable[[int], None],
        message: Callable[[Data], None],
        closing: Callable[[], None],
    ) -> None:
        super().__init__(message, closing)
        self._opened, self._refused = opened, refused
        self._protocol = _client.ClientProtocol(
            _uri.parse_uri(url), subprotocols=list(offered) or None, max_size=self.max_size
        )
        self._answered = False

    def request(self) -> bytes:
        """The upgrade request."""
        self._protocol.send_request(self._protocol.connect())
        return self._out()

    def receive(self, data: bytes) -> bytes:
        """Take bytes; what has to be sent at once."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if not self._answered:
                self._respond(event)
            else:
                self._frame(event)
        return self._out()

    def _respond(self, response: Any) -> None:
        self._answered = True
        if response.status_code == _SWITCHING and self._protocol.handshake_exc is None:
            self.protocol = self._protocol.subprotocol or ""
            self._opened(self.protocol)
        else:
            self._refused(int(response.status_code))

    def ended(self) -> None:
        """TCP is over."""
        self._protocol.receive_eof()
