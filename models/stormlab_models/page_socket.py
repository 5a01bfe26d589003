"""One browser WebSocket as the page sees it; what is below is :mod:`stormlab_models.channel`.

The page's state follows :data:`stormlab_models.websocket.TRANSITIONS`.

Simplifications: see :mod:`stormlab_models.websocket`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stormlab.vocabulary import Cause, Event, State
from stormlab_models.asgi import Message
from stormlab_models.browser import Renderer
from stormlab_models.channel import Channel, Target
from stormlab_models.network import Who
from stormlab_models.websocket import ABNORMAL, step

__all__ = ["Handlers", "PageSocket", "Target"]


@dataclass
class Handlers:
    """The page's event handlers; each is called with the socket."""

    on_open: Callable[["PageSocket"], None] | None = None
    on_message: Callable[["PageSocket", Message], None] | None = None
    on_close: Callable[["PageSocket", int, bool], None] | None = None


class PageSocket:
    """``new WebSocket(url)``; :class:`stormlab_models.channel.PageSide` of its channel."""

    def __init__(self, renderer: Renderer, target: Target, who: Who, handlers: Handlers) -> None:
        """Construct it; the connection starts in the background."""
        self.who = who
        self.handlers = handlers
        self.state = State.CONNECTING
        self.opened = False
        self._renderer = renderer
        self._gone = False
        self._channel = Channel(renderer, target, who, self)
        self.record(Event.NEW, after=State.CONNECTING)
        renderer.to_network(self._channel.admit, new=True)

    # what the page does -----------------------------------------------------------------------

    def close(self) -> None:
        """``ws.close()`` without a code."""
        before = self.state
        self.state = step(before, "close called").after
        self.record(Event.CLOSE_CALLED, before=before, after=self.state)
        if before not in {State.CONNECTING, State.OPEN}:
            return
        self._channel.called_in = before
        if before is State.CONNECTING:
            self._renderer.to_page(lambda: self.hear_end(ABNORMAL, Cause.ABORTED_CONNECTING))
            self._renderer.to_network(self._channel.abort)
        else:
            self._renderer.to_network(self._channel.start_closing)

    def send(self, message: Message) -> None:
        """``ws.send(data)``; ignored, as in a browser, unless the socket is open."""
        if self.state is State.OPEN:
            self.record(Event.SEND, detail=message.kind)
            self._renderer.to_network(lambda: self._channel.send(message))

    def discard(self) -> None:
        """The document goes away; the page hears nothing of this socket any more."""
        self._gone = True
        self._renderer.to_network(self._channel.abort)

    # what it hears ----------------------------------------------------------------------------

    def hear_open(self) -> None:
        """``onopen``."""
        if self._gone or self.state is not State.CONNECTING:
            return
        self.state = step(self.state, "handshake done").after
        self.opened = True
        self.record(Event.OPEN, before=State.CONNECTING, after=self.state)
        if self.handlers.on_open:
            self.handlers.on_open(self)

    def hear_message(self, message: Message) -> None:
        """``onmessage``."""
        if self._gone or self.state is not State.OPEN:
            return
        self.record(Event.MESSAGE, detail=message.kind, value_ns=message.stamp_ns)
        if self.handlers.on_message:
            self.handlers.on_message(self, message)

    def hear_end(self, code: int, cause: Cause, *, clean: bool = False) -> None:
        """``onerror`` where the connection failed, and ``onclose``."""
        if self._gone or self.state is State.CLOSED:
            return
        before = self.state
        what = "connection lost" if self.opened else "connection failed"
        if clean:
            what = "close frame"
        transition = step(before, what)
        self.state = transition.after
        if "error" in transition.events:
            self.record(Event.ERROR)
        called = (
            "passive"
            if self._channel.called_in is State.NONE
            else f"called@{self._channel.called_in.name}"
        )
        detail = f"{called}/opened" if self.opened else called
        self.record(
            Event.CLOSE,
            code=code,
            clean=int(clean),
            before=before,
            after=self.state,
            cause=cause,
            detail=detail,
        )
        if self.handlers.on_close:
            self.handlers.on_close(self, code, clean)

    def record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  Recorder.add's
        """Record an event of this socket."""
        self._renderer.profile.recorder.add(
            self._renderer.profile.clock.now_ns,
            event,
            client=self.who.client,
            endpoint=self.who.endpoint,
            socket=self.who.socket,
            attempt=self.who.attempt,
            **columns,
        )
