"""What an application sees of one WebSocket on the server: accept, send, receive.

An application is a generator function that takes an :class:`AsgiSocket` and uses
``yield from socket.accept()`` and so on; see :mod:`stormlab_models.event_loop`.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from stormlab_models.event_loop import EventLoop, Steps


@dataclass(frozen=True)
class Message:
    """An application message: its type, its size on the wire, and a time it may carry."""

    kind: str
    size: int = 0
    stamp_ns: int = 0


WORK_FAILED = "no initial data"  # what an application's own error says


class WorkFailed(Exception):  # noqa: N818  the event, not a fault of the program
    """The application's own code raised an error that it does not catch."""


class AcceptFailed(Exception):  # noqa: N818  the event, not a fault of the program
    """``accept()`` raised: the client has gone before."""


class Disconnected(Exception):  # noqa: N818  named after Starlette's WebSocketDisconnect
    """The peer has gone. ``sending``: noticed by a send, which always reports 1006."""

    def __init__(self, code: int, *, sending: bool) -> None:
        """Remember the code the server reports, which need not be the one on the wire."""
        super().__init__(code)
        self.code = code
        self.sending = sending


class AsgiSocket(Protocol):
    """One accepted connection, as the application's code uses it."""

    number: int
    endpoint: int
    client: int
    loop: EventLoop

    def accept(self) -> Steps:
        """Answer the handshake. Raises :class:`AcceptFailed` where the implementation does."""

    def send(self, message: Message) -> Steps:
        """Send one message. Raises :class:`Disconnected` with 1006 when the peer has gone."""

    def receive(self, timeout_ns: int | None = None) -> Generator[Any, None, Message | None]:
        """Wait for a message; None after ``timeout_ns``. Raises :class:`Disconnected`."""

    def close(self, code: int) -> Steps:
        """Start the closing handshake."""


Application = Callable[[AsgiSocket], Steps]
