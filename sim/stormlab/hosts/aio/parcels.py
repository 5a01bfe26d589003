"""The WebSocket protocol's two sides without bytes: messages travel as they are.

For a client and a server that both speak in messages, in place of :mod:`stormlab.hosts.aio.speech`:
the same calls, the same closing handshake, a fifth of the work.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from stormlab.hosts.aio.frames import SWITCHING, Sight
from stormlab.hosts.wire import ABNORMAL, NO_STATUS, Data


class Parcel(NamedTuple):
    """What is sent in place of bytes."""

    kind: Literal["request", "response", "message", "close"]
    data: Data = ""
    code: int = 0
    offered: tuple[str, ...] = ()

    def sight(self, *, masked: bool) -> Sight:
        """What would be read on the wire; a request or a response counts as one byte."""
        if self.kind == "request":
            return Sight("request", text=f"GET {self.data!s}", upgrade=True, size=1)
        if self.kind == "response":
            return Sight("response", self.code, upgrade=self.code == SWITCHING, size=1)
        length = len(self.data.encode() if isinstance(self.data, str) else self.data)
        if self.kind == "close":
            length += 2 if self.code != NO_STATUS else 0
        extended = 0 if length < 126 else 2 if length < 1 << 16 else 8  # noqa: PLR2004  RFC 6455, 5.2
        size = 2 + extended + (4 if masked else 0) + length
        return Sight(self.kind, self.code, size=size)


Load = tuple[Parcel, ...]


class _Side:
    """What the two sides share."""

    def __init__(self, message: Callable[[Data], None], closing: Callable[[], None]) -> None:
        self._message, self._closing = message, closing
        self._sent: int | None = None
        self._got: Parcel | None = None
        self.protocol = ""
        self.is_open = False

    @property
    def code(self) -> int:
        """The code of the close frame that arrived, 1006 before one has."""
        return ABNORMAL if self._got is None else self._got.code

    @property
    def reason(self) -> str:
        """Its reason."""
        return "" if self._got is None else str(self._got.data)

    @property
    def clean(self) -> bool:
        """Whether a close frame went each way."""
        return self._sent is not None and self._got is not None

    def send(self, data: Data) -> Load:
        """A message; nothing if it cannot be sent any more."""
        return (Parcel("message", data),) if self.is_open else ()

    def close(self, code: int = NO_STATUS, reason: str = "") -> Load:
        """A close frame; nothing if it cannot be sent any more."""
        if not self.is_open:
            return ()
        self.is_open, self._sent = False, code
        return (Parcel("close", reason, code),)

    def _take(self, parcel: Parcel) -> Load:
        if parcel.kind == "message":
            if self._got is None:
                self._message(parcel.data)
            return ()
        self._got = parcel
        answer = self.close(parcel.code, str(parcel.data))
        self._closing()
        return answer


class ServerSide(_Side):
    """As :class:`stormlab.hosts.aio.speech.ServerSpeech`."""

    def __init__(
        self,
        requested: Callable[[str, tuple[str, ...]], None],
        message: Callable[[Data], None],
        closing: Callable[[], None],
    ) -> None:
        super().__init__(message, closing)
        self._requested = requested
        self.headers: list[tuple[str, str]] = []

    def receive(self, data: Load) -> Load:
        """Take what has come; what has to be sent at once."""
        out: Load = ()
        for parcel in data:
            if parcel.kind == "request":
                self._requested(str(parcel.data), parcel.offered)
            else:
                out += self._take(parcel)
        return out

    def accept(self, protocol: str = "", headers: list[tuple[str, str]] | None = None) -> Load:
        """The handshake succeeds."""
        del headers
        self.protocol, self.is_open = protocol, True
        return (Parcel("response", protocol, SWITCHING),)

    def reject(self, status: int, text: str = "") -> Load:
        """The handshake fails."""
        return (Parcel("response", text, status),)


class ClientSide(_Side):
    """As :class:`stormlab.hosts.aio.speech.ClientSpeech`."""

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
        self._request = Parcel("request", url, 0, offered)
        self._opened, self._refused = opened, refused

    def request(self) -> Load:
        """Ask for the handshake."""
        return (self._request,)

    def receive(self, data: Load) -> Load:
        """Take what has come; what has to be sent at once."""
        out: Load = ()
        for parcel in data:
            if parcel.kind != "response":
                out += self._take(parcel)
            elif parcel.code == SWITCHING:
                self.protocol, self.is_open = str(parcel.data), True
                self._opened(self.protocol)
            else:
                self._refused(parcel.code)
        return out

    def ended(self) -> None:
        """TCP is over."""
        self.is_open = False
