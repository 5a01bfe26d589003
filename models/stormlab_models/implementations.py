"""What tells uvicorn's three WebSocket implementations apart, as a table.

Versions. legacy and wsproto are as of uvicorn 0.38, sansio is as of 0.54, which the measurements
used. ``sansio-0.38`` is the same implementation in uvicorn 0.38: it sends no pings, an application
that returns leaves TCP open (0.54 closes it), a failed accept() is an ASGI exception in the log (in
0.54 a silent ClientDisconnected), and a send after the end of TCP fails with a RuntimeError that
has no code, and its 101 carries the date twice. tests/integration holds the three of 0.38 against
the real ones, and the one of 0.54 where that is installed (``make test-latest``).

Sources: uvicorn@0.38.0:uvicorn/protocols/websockets/{websockets_impl,websockets_sansio_impl,
wsproto_impl}.py read; processor time measured. wsproto's return without close leaves TCP open, as
on legacy.
"""

from dataclasses import dataclass, replace
from typing import Literal

from stormlab.clock import NS_PER_US
from stormlab_models.websocket import ABNORMAL, NO_STATUS

RESPONSE_BYTES = {"legacy": 229, "sansio": 283, "sansio-0.38": 320, "wsproto": 236}

# HTTP 500, measured on uvicorn 0.38; sansio's of 0.54 is taken to be that without a second date
ERROR_BYTES = {"legacy": 139, "sansio": 139, "sansio-0.38": 176, "wsproto": 118}


@dataclass(frozen=True)
class Implementation:
    """What tells the three apart. CPU times are of one handshake on a quiet machine."""

    name: str
    parse_ns: int  # reading the request, up to the application's start
    respond_ns: int  # writing the 101
    send_ns: int  # one message
    handshake_timeout_s: float | None
    accept_raises: bool
    logs_open: bool
    logs_closed: bool
    pings: bool
    eof_code: int  # what receive() reports for TCP's end without a close frame
    return_closes: bool
    logs_accept_error: bool = False  # "Exception in ASGI application"
    logs_rejected: bool = True  # at shutdown, for a handshake under way
    send_after_end: Literal["disconnect", "error", "nothing"] = "disconnect"

    @property
    def legacy(self) -> bool:
        """Whether a handler task with a handshake timer serves the connection."""
        return self.handshake_timeout_s is not None


IMPLEMENTATIONS: dict[str, Implementation] = {
    "legacy": Implementation(
        name="legacy",
        parse_ns=450 * NS_PER_US,
        respond_ns=170 * NS_PER_US,
        send_ns=60 * NS_PER_US,
        handshake_timeout_s=10.0,
        accept_raises=False,
        logs_open=True,
        logs_closed=True,
        pings=True,
        eof_code=ABNORMAL,
        return_closes=False,
    ),
    "sansio": Implementation(
        name="sansio",
        parse_ns=250 * NS_PER_US,
        respond_ns=110 * NS_PER_US,
        send_ns=60 * NS_PER_US,
        handshake_timeout_s=None,
        accept_raises=True,
        logs_open=True,
        logs_closed=False,
        pings=True,
        eof_code=NO_STATUS,
        return_closes=True,
    ),
    "wsproto": Implementation(
        name="wsproto",
        parse_ns=270 * NS_PER_US,
        respond_ns=110 * NS_PER_US,
        send_ns=60 * NS_PER_US,
        handshake_timeout_s=None,
        accept_raises=True,
        logs_open=False,
        logs_closed=False,
        pings=False,
        eof_code=NO_STATUS,
        return_closes=False,
        logs_accept_error=True,
        logs_rejected=False,
        send_after_end="nothing",
    ),
}
IMPLEMENTATIONS["sansio-0.38"] = replace(
    IMPLEMENTATIONS["sansio"],
    name="sansio-0.38",
    pings=False,
    return_closes=False,
    logs_accept_error=True,
    send_after_end="error",
)
