"""One attempt, and the connection that it becomes: what client and server both know of it."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stormlab.clock import Clock, Rank, Timer, order_key
from stormlab.trace import Recorder
from stormlab.vocabulary import CAUSE_CODE, EVENT_CODE, Cause, Event

if TYPE_CHECKING:
    from stormlab_models.fleet.client import Endpoint
    from stormlab_models.fleet.pod import Pod

_ATTEMPT_MASK = 0xFFFF  # the order of simultaneous events has 16 bits for attempts


class Link:
    """An attempt from ``new WebSocket`` to ``onclose``.

    ``over``: the client has done with it; what still arrives for it is ignored. ``server_gone_ns``:
    when the server forgot it without the client being told.
    """

    __slots__ = (
        "_key",
        "attempt",
        "began_ns",
        "client",
        "conn",
        "detect",
        "endpoint",
        "latency_ns",
        "opened_ns",
        "over",
        "owner",
        "pod",
        "proves",
        "server_gone_ns",
        "socket",
        "syns",
        "timeout",
        "who",
    )

    def __init__(self, owner: "Endpoint", socket: int, began_ns: int, latency_ns: int) -> None:
        """Begin the owner's next attempt."""
        self.owner = owner
        self.client = owner.client.number
        self.endpoint = owner.number
        self.who = owner.who
        self.attempt = owner.attempts
        self.socket = socket
        self._key = order_key(self.client, self.endpoint, self.attempt & _ATTEMPT_MASK)
        self.began_ns = began_ns
        self.latency_ns = latency_ns
        self.opened_ns: int | None = None
        self.over = False
        self.syns = 0
        self.conn = -1
        self.pod: Pod | None = None
        self.proves = True  # the application will send a first message at once
        self.server_gone_ns: int | None = None
        self.timeout: Timer | None = None
        self.detect: Timer | None = None

    def at(self, clock: Clock, time_ns: int, rank: Rank, action: Callable[["Link"], None]) -> Timer:
        """Call ``action(link)`` at ``time_ns``, in the order of events that is the link's own."""
        return clock.at_key(time_ns, rank, self._key, partial(action, self))

    def record(  # noqa: PLR0913  the columns that differ between events
        self,
        recorder: Recorder,
        time_ns: int,
        event: Event,
        *,
        code: int = 0,
        clean: int = -1,
        up: int = 0,
        down: int = 0,
        cause: Cause = Cause.NONE,
        value_ns: int = 0,
        detail: str = "",
    ) -> None:
        """Write down an event of this link."""
        recorder.append(
            (
                time_ns,
                EVENT_CODE[event],
                self.client,
                self.endpoint,
                self.socket,
                self.attempt,
                self.conn,
                code,
                clean,
                up,
                down,
                -1,
                -1,
                CAUSE_CODE[cause],
                value_ns,
                recorder.text(detail) if detail else 0,
            )
        )

    def cancel_timers(self) -> None:
        """Forget connect time-out and the watch for a dead peer."""
        for timer in (self.timeout, self.detect):
            if timer is not None:
                timer.cancel()
        self.timeout = self.detect = None
