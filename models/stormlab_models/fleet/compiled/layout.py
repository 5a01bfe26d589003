"""The memory of the compiled fleet: one record per client, socket, attempt, pod and call.

Records lie in arrays that NumPy owns; the kernel reaches them by address
(:mod:`stormlab.fleet.memory`). A record's fields are those of the reference's objects
(:class:`..client.Endpoint`, :class:`..link.Link`, :class:`..pod.Pod`) under the same names, so that
the two can be read side by side. Absent times are ``NEVER``, absent indices ``-1``.
"""

import numpy as np

from stormlab.fleet.memory import compiled, prefetch, record_at
from stormlab.fleet.policy_layout import ME
from stormlab.trace import DTYPE

NONE = -1  # no index
NEVER = -(1 << 62)  # no time, and before every other
FOREVER = 1 << 62  # no time, and after every other

# what runs out (see loop.py)
HELD_FULL, CALLS_FULL = 4, 5

# where a link is at the service
NOWHERE, ARRIVING, QUEUED, SERVING, LIVE = range(5)

CLIENT = np.dtype(
    [
        ("cut_ns", "<i8"),  # when it was cut off last
        ("sockets", "<i4"),  # the number of the next ``new WebSocket``
        ("held_first", "<i4"),  # what arrives when the path heals: a list of HELD
        ("held_last", "<i4"),
        ("cuts", "<i4"),  # how many different times it was cut off at
        ("group", "<i4"),  # whose policy it has
        ("cut", "<i1"),
        ("offline", "<i1"),
    ],
    align=True,
)

SOCKET = np.dtype(
    [
        ("who", "<i8"),  # the address of its draws: client and place
        ("link", "<i4"),  # its current or last attempt
        ("attempts", "<i4"),
        ("ordinal", "<i4"),  # of the policy's draws
        ("turn", "<i2"),  # tells a pending retry from those that it replaced
        ("breaker_was", "<i1"),
        ("pending", "<i1"),  # a retry will fall due
    ],
    align=True,
)

LINK = np.dtype(  # when the attempt began, its socket's policy remembers
    [
        ("opened_ns", "<i8"),
        # when the attempt times out; once open, when a heartbeat finds the peer dead; or FOREVER
        ("limit_ns", "<i8"),
        ("aux_ns", "<i8"),  # while served: the work; when open: when the server forgot it
        ("latency_ns", "<i8"),
        ("owner", "<i4"),
        ("attempt", "<i4"),
        ("before", "<i4"),  # its neighbours in a list of the pod
        ("after", "<i4"),
        ("events", "<i2"),  # how many events and held actions will come back to it
        ("pod", "<i2"),
        ("syns", "<i1"),
        ("over", "<i1"),
        ("proves", "<i1"),
        ("where", "<i1"),
        ("spent", "<i1"),  # its owner has another one
        ("alarmed", "<i1"),  # an event will look whether it has timed out
        ("tls", "<i1"),  # its TLS handshake, once its SYN has arrived: 0 full, 1 resumed
    ],
    align=True,
)
ROWS_PER_SOCKET = 8  # of a trace at most, in a fault; as many again for its client
SOCKET_BYTES = SOCKET.itemsize

NUMBERS = np.dtype([("socket", "<i4"), ("conn", "<i4")])  # of a link, for the trace

POD = np.dtype(
    [
        ("busy", "<i8"),
        ("waiting", "<i8"),
        ("first", "<i4", (5,)),  # lists of links by where they are
        ("last", "<i4", (5,)),
        ("length", "<i4", (5,)),
        ("up", "<i1"),
        ("hung", "<i1"),
        ("draining", "<i1"),
        ("died", "<i1"),  # its clients are to be told
    ],
    align=True,
)

CALL = np.dtype(
    [
        ("link", "<i4"),
        ("next", "<i4"),
        ("tries_left", "<i4"),
        ("events", "<i1"),
        ("given_up", "<i1"),
    ],
    align=True,
)

HELD = np.dtype([("payload", "<i8"), ("next", "<i4")], align=True)

FAULT = np.dtype(
    [
        ("time_ns", "<i8"),
        ("for_ns", "<i8"),
        ("share_key", "<u8"),  # the purpose of the draw that says whom it hits
        ("share", "<f8"),
        ("factor", "<f8"),
        ("verb", "<i4"),
        ("pod", "<i4"),
        ("code", "<i4"),
        ("detail", "<i4"),
    ],
    align=True,
)

STEP = np.dtype([("at_ns", "<i8"), ("cost_ns", "<i8")], align=True)

GROUP = np.dtype(  # what a policy asks of its host
    [
        ("timeout_ns", "<i8"),
        ("heartbeat_ns", "<i8"),
        ("heartbeat_timeout_ns", "<i8"),
        ("growing", "<i1"),  # the connect time-out changes
        ("closes_offline", "<i1"),
        ("http_first", "<i1"),
        ("has_breaker", "<i1"),
        ("plain", "<i1"),  # nothing keeps a retry from being made, and its time-out stays
    ],
    align=True,
)

TLS = np.dtype(
    [("up", "<i4"), ("down", "<i4"), ("round_trips", "<i4"), ("detail", "<i4")], align=True
)

WORLD = np.dtype(
    [
        # what is set
        ("key", "<u8"),  # of the seed, for draws
        ("clients", "<i8"),
        ("per_client", "<i8"),  # sockets of a client
        ("owners", "<i8"),  # all sockets
        ("watched", "<i8"),  # whose sockets below this number have a trace
        ("watched_who", "<i8"),  # the same as an address of draws
        ("streams_p", "<i8"),  # 0: nothing is counted over time
        ("pods", "<i8"),
        ("workers", "<i8"),
        ("backlog", "<i8"),
        ("hangs", "<i1"),  # server.down
        ("refuses_full", "<i1"),  # server.overflow
        ("lifo", "<i1"),
        ("skips", "<i1"),  # server.abandoned
        ("proves", "<i1"),
        ("elsewhere", "<i1"),  # network.http_first_elsewhere
        ("dependency_first", "<i1"),
        ("over_1013", "<i1"),  # admission.over
        ("alone", "<i1"),  # no two sockets share a breaker or a budget
        ("traced", "<i1"),  # everybody is watched, and nothing counted
        ("one_group", "<i1"),  # everybody has the same policy
        ("remembers_more", "<i1"),  # some policy does, than HOT has
        ("close_code", "<i8"),
        ("drain_code", "<i8"),
        ("reject_code", "<i8"),
        ("over_status", "<i8"),
        ("dependency_code", "<i8"),
        ("close_spread_ns", "<i8"),
        ("reject_after_ns", "<i8"),
        ("ping_interval_ns", "<i8"),
        ("ping_timeout_ns", "<i8"),
        ("drain_per_s", "<f8"),
        ("idle_cut_ns", "<i8"),
        ("talk_min_ns", "<i8"),  # the shortest period of what the service sends
        ("loss", "<f8"),
        ("resumed_share", "<f8"),
        ("request_bytes", "<i8"),
        ("response_bytes", "<i8"),
        ("error_bytes", "<i8"),
        ("http_first_bytes", "<i8"),
        ("latency_ns", "<i8"),
        ("work_ns", "<i8"),
        ("burst", "<i8"),
        ("bucket_cost_ns", "<i8"),  # 0: no admission
        ("bucket_credit_ns", "<i8"),
        ("bucket_at_ns", "<i8"),
        ("service_ns", "<i8"),  # of the dependency
        ("call_timeout_ns", "<i8"),
        ("call_tries", "<i8"),
        ("has_dependency", "<i8"),
        ("until_ns", "<i8"),
        # purposes of draws
        ("latency_key", "<u8"),
        ("work_key", "<u8"),
        ("loss_key", "<u8"),
        ("tls_key", "<u8"),
        ("pod_key", "<u8"),
        ("fin_key", "<u8"),
        ("idle_key", "<u8"),
        # what changes
        ("now_ns", "<i8"),
        ("calm_ns", "<i8"),  # before this time no fault happens
        ("own_ns", "<i8"),  # before this time none happens to clients
        ("refuses_ns", "<i8"),  # before this time every SYN is refused
        ("conns", "<i8"),
        ("rejecting", "<i8"),  # the close code while the service accepts only to close
        ("slow", "<f8"),
        ("routed", "<i8"),  # how many pods the balancer sends to
        ("hung", "<i8"),  # how many pods hang
        ("unwell", "<i8"),  # how many clients are cut off or offline
        ("step", "<i8"),
        ("steps", "<i8"),
        ("fault", "<i8"),
        ("faults", "<i8"),
        ("call_first", "<i8"),
        ("call_last", "<i8"),
        ("workers_free", "<i8"),  # of the dependency
        ("rows", "<i8"),
        ("rows_max", "<i8"),
        ("details", "<i8"),  # detail strings met so far, the empty one included
        ("latencies_drawn", "<i8"),
        ("works_drawn", "<i8"),
        ("events", "<i8"),  # events handled
        ("wrong", "<i8"),  # what ran out: see run.py
        # addresses
        ("wheel_p", "<i8"),
        ("group_p", "<i8"),
        ("client_p", "<i8"),
        # a socket, what its policy remembers, and a link, side by side; then links of who has two
        ("body_p", "<i8"),
        ("body_bytes", "<i8"),  # from one to the next
        ("link_offset", "<i8"),  # within
        ("number_p", "<i8"),
        ("pod_p", "<i8"),
        ("call_p", "<i8"),
        ("held_p", "<i8"),
        ("links_p", "<i8"),  # pools of them
        ("calls_p", "<i8"),
        ("helds_p", "<i8"),
        ("fault_p", "<i8"),
        ("step_p", "<i8"),
        ("tls_p", "<i8"),
        ("routed_p", "<i8"),
        ("row_p", "<i8"),
        ("detail_p", "<i8"),  # the number of each detail string, 0: not met yet
        ("syn_retry_p", "<i8"),
        ("syn_retries", "<i8"),
        ("latency_p", "<i8"),  # quantiles, 0: always the same
        ("work_p", "<i8"),
        ("count_p", "<i8"),  # events, bytes up, bytes down by kind of event
        ("policy_p", "<i8"),  # see stormlab.fleet.policy_code
        ("breaker_p", "<i8"),
        ("budget_p", "<i8"),
    ],
    align=True,
)

ROW = DTYPE

client_at = record_at(CLIENT)
_socket_at = record_at(SOCKET)
_me_at = record_at(ME)
numbers_at = record_at(NUMBERS)
_link_at = record_at(LINK)
pod_at = record_at(POD)
call_at = record_at(CALL)
held_at = record_at(HELD)
fault_at = record_at(FAULT)
step_at = record_at(STEP)
tls_at = record_at(TLS)
group_at = record_at(GROUP)
row_at = record_at(ROW)
world_at = record_at(WORLD)


@compiled
def socket_of(w, owner):
    """A socket."""
    return _socket_at(w.body_p + owner * w.body_bytes, 0)


@compiled
def link_of(w, index):
    """A link: those below ``owners`` belong to the socket of that number."""
    return _link_at(w.body_p + index * w.body_bytes + w.link_offset, 0)


@compiled
def ask_for_link(w, index):
    """Ask for the memory of a link."""
    prefetch(w.body_p + index * w.body_bytes + w.link_offset)


@compiled
def ask_ahead(w, index):
    """Ask for the memory of a link and its socket, so that it is there when it is needed."""
    prefetch(w.body_p + index * w.body_bytes)
    ask_for_link(w, index)


@compiled
def me_of(w, owner):
    """What the policy of a socket remembers."""
    return _me_at(w.body_p + owner * w.body_bytes + SOCKET_BYTES, 0)
