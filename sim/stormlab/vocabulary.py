"""The closed vocabulary of a trace: what can happen, why a socket ended, what state it is in.

A name is ``place.what``: ``page`` is what the script in the browser sees, ``net`` what is on the
wire, ``srv`` what the server process sees, ``world`` what was done to them. The two views of a
connection, the page's (per ``new WebSocket``) and the server's (per accepted connection), are
never mixed: they count different things.
"""

from enum import IntEnum, StrEnum


class Event(StrEnum):
    """Every kind of event; the order of definition is the code stored in a trace file."""

    # the page's own life
    NAVIGATE = "page.navigate"  # a document starts to load
    READY = "page.ready"  # the application's script runs its first effect
    MOUNT = "page.mount"  # an effect runs (detail: first, strict, remount, refresh)
    CLEANUP = "page.cleanup"  # the effect's cleanup runs
    GONE = "page.gone"  # the document is discarded
    # the page's sockets
    NEW = "page.new"  # new WebSocket(url)
    CLOSE_CALLED = "page.close_called"  # ws.close(); before = readyState at the call
    OPEN = "page.open"  # onopen
    MESSAGE = "page.message"  # onmessage (detail: type of message)
    SEND = "page.send"  # ws.send (detail: type of message)
    ERROR = "page.error"  # onerror
    CLOSE = "page.close"  # onclose with code, clean and cause
    # the page's reconnection
    TIMER_SET = "page.timer_set"  # value_ns: the delay
    TIMER_FIRED = "page.timer_fired"
    TIMER_CLEARED = "page.timer_cleared"
    TIMER_IGNORED = "page.timer_ignored"  # fired, and did nothing (attempts used up)
    GAVE_UP = "page.gave_up"  # no further attempt without a person or a reload
    BREAKER_OPENED = "page.breaker_opened"
    BREAKER_HALF_OPEN = "page.breaker_half_open"
    BREAKER_CLOSED = "page.breaker_closed"
    RETRY_BY_HAND = "page.retry_by_hand"
    # the page's data
    HTTP_REQUEST = "page.http_request"
    HTTP_RESPONSE = "page.http_response"
    STATE_SET = "page.state_set"  # a React state update was queued (detail: which)
    RENDER = "page.render"
    PARSE_ERROR = "page.parse_error"  # detail: the error record that was kept
    QUALITY = "page.quality"  # the connection quality shown (detail)
    # the wire
    QUEUED = "net.queued"  # waits for the one handshake per address, or for the throttle
    LIMITED = "net.limited"  # refused by the browser: too many sockets
    CONNECT = "net.connect"  # first SYN of the attempt
    REFUSED = "net.refused"  # RST in answer to the SYN
    SYN_LOST = "net.syn_lost"
    REQUEST = "net.request"  # HTTP upgrade request on the wire
    RESPONSE = "net.response"  # HTTP response (101) on the wire
    CLIENT_FRAME = "net.client_frame"
    SERVER_FRAME = "net.server_frame"
    CLIENT_FIN = "net.client_fin"
    SERVER_FIN = "net.server_fin"
    RESET = "net.reset"
    IDLE_CUT = "net.idle_cut"  # a proxy closed a silent connection
    CUT = "net.cut"
    HEALED = "net.healed"
    # the server
    UP = "srv.up"
    KILLED = "srv.killed"
    SHUTDOWN = "srv.shutdown"
    STARTED = "srv.started"  # the request reached the application
    ACCEPTED = "srv.accepted"  # accept() returned
    ACCEPT_FAILED = "srv.accept_failed"
    HANDSHAKE_TIMEOUT = "srv.handshake_timeout"
    SENT_INITIAL = "srv.sent_initial"
    RECEIVED = "srv.received"
    READY_TIMEOUT = "srv.ready_timeout"
    DISCONNECT = "srv.disconnect"  # receive() reported the end, with code
    EXCEPTION = "srv.exception"  # the handler ended in an exception, with code
    ENDED = "srv.ended"  # the handler returned
    LOST = "srv.lost"  # the transport is gone
    PING_TIMEOUT = "srv.ping_timeout"
    WATCHER = "srv.watcher"  # a background watcher looked (detail: changed or same)
    BROADCAST = "srv.broadcast"  # value_ns: not used; code: connections reached
    LOG = "srv.log"  # a line of the server's log (detail: the line)
    BLOCKED = "srv.blocked"  # the event loop was blocked; value_ns: for how long
    # the world
    FAULT = "world.fault"
    ACTION = "world.action"
    OBSERVED = "world.observed"  # an observation window starts or ends (detail)
    ALERT = "world.alert"
    # fleets: what happens to many clients at once (later additions keep the codes above)
    PROVED = "page.proved"  # the application answered on this connection
    HTTP_FIRST = "net.http_first"  # the HTTP request before a handshake; code: its status, 0: none
    OFFLINE = "page.offline"
    ONLINE = "page.online"
    HIDDEN = "page.hidden"
    VISIBLE = "page.visible"
    HEARTBEAT_LOST = "page.heartbeat_lost"  # no answer to a ping in time
    SYN_RETRY = "net.syn_retry"  # the kernel sends the SYN again; attempt and socket are the same
    ESTABLISHED = "net.established"  # the TCP handshake is complete
    TLS = "net.tls"  # the TLS handshake is complete (detail: 1.3 full, 1.3 resumed, ...)
    QUEUE_FULL = "srv.queue_full"  # a SYN found the accept queue full
    QUEUED_REQUEST = "srv.queued"  # a handshake waits for a worker; code: handshakes before it
    REJECTED = "srv.rejected"  # refused by admission; code: HTTP status
    SERVED = "srv.served"  # a worker finished a handshake; value_ns: work, code 1: client had gone
    CLOSED = "srv.closed"  # the server ends a connection; code: close code (0: no close frame)
    DEPENDENCY = "srv.dependency"  # a call behind the handshake ended (detail: ok, failed, timeout)
    RAISED = "page.raised"  # a hosted program raised what nobody caught (detail)


EVENTS: tuple[Event, ...] = tuple(Event)
EVENT_CODE: dict[Event, int] = {event: code for code, event in enumerate(EVENTS)}


class Cause(StrEnum):
    """Why a socket ended, as the world knows it; the page often cannot tell."""

    NONE = ""
    REFUSED = "refused"  # nobody listens
    LIMITED = "limited"  # the browser's own limit
    TIMED_OUT = "timed out"  # no answer in time
    ABORTED_CONNECTING = "aborted while connecting"  # the page's close() before open
    CLOSED_BY_PAGE = "closed by page"
    PAGE_GONE = "page gone"  # reload, navigation, closed tab
    SERVER_DROPPED = "server dropped"  # TCP ended by the server without a close frame
    SERVER_CLOSED = "server closed"  # a close frame from the server
    REJECTED = "rejected"  # an HTTP answer other than 101
    KILLED = "killed"  # the server process died
    RESET = "reset"
    IDLE_CUT = "idle cut"
    HALF_OPEN = "half-open"  # a dead peer noticed by keep-alive
    OFFLINE = "offline"  # the device has no network


CAUSES: tuple[Cause, ...] = tuple(Cause)
CAUSE_CODE: dict[Cause, int] = {cause: code for code, cause in enumerate(CAUSES)}


class State(IntEnum):
    """``WebSocket.readyState`` of the page (WHATWG websockets, section 3.1); -1: does not apply."""

    NONE = -1
    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3
