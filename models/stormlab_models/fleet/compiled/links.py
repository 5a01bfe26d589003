"""Links, lists of links, and events: the plumbing between client and service."""

import numpy as np

from stormlab.clock import Rank
from stormlab.fleet.draws import bits, origin_of, quantile_ns, unit
from stormlab.fleet.memory import compiled
from stormlab.fleet.pools import give, pool_at, take
from stormlab.fleet.wheel import push, wheel_at
from stormlab_models.fleet.compiled.layout import (
    ARRIVING,
    FOREVER,
    NEVER,
    NONE,
    NOWHERE,
    QUEUED,
    client_at,
    link_of,
    numbers_at,
    pod_at,
    socket_of,
)

PLACE_MASK = (1 << 20) - 1
ATTEMPT_MASK = 0xFFFF
KIND_BITS, INDEX_BITS = 5, 32
INDEX_MASK = (1 << INDEX_BITS) - 1
KIND_MASK = (1 << KIND_BITS) - 1

FAULT, NETWORK, SERVER, BROWSER = (
    int(Rank.FAULT),
    int(Rank.NETWORK),
    int(Rank.SERVER),
    int(Rank.BROWSER),
)
TIMER, ACTION = int(Rank.TIMER), int(Rank.ACTION)

# kinds of event
(
    DUE,
    START,
    TIMEOUT,
    ELSEWHERE,
    SYN,
    SYN_ARRIVES,
    ASKED,
    REACHED,
    SERVED,
    CLOSING,
    LEAVES,
    CALL_SERVED,
    CALL_TIMEOUT,
    CUT_IDLE,
    DEAD,
    SIGHT_LOST,
    TOLD,  # something from the server arrives; data says what
    ENDS,  # the attempt or connection ends by itself at the client; data says how
    HELD_TOLD,
) = range(19)


@compiled
def payload(kind, index, data):
    """The payload of an event: its kind, what it is about, and up to 26 bits of data."""
    return (data << (KIND_BITS + INDEX_BITS)) | (index << KIND_BITS) | kind


@compiled
def key(rank, who, attempt):
    """The order of simultaneous events, as ``stormlab.clock.order_key``."""
    return (rank << 60) | (who << 16) | (attempt & ATTEMPT_MASK)


@compiled
def at(w, index, link, time_ns, rank, kind, data):
    """Let something happen to a link."""
    if time_ns > link.limit_ns:
        alarm(w, link)
    who = socket_of(w, link.owner).who
    if push(
        wheel_at(w.wheel_p, 0), time_ns, key(rank, who, link.attempt), payload(kind, index, data)
    ):
        link.events += 1


@compiled
def alarm(w, link):
    """Let an event look whether the attempt has timed out.

    Most attempts end before: an event is due only where no other one comes in time.
    """
    if link.alarmed or link.over or link.opened_ns != NEVER:
        return
    link.alarmed = 1
    owner = np.int64(link.owner)
    order = key(TIMER, socket_of(w, owner).who, link.attempt)
    push(wheel_at(w.wheel_p, 0), link.limit_ns, order, payload(TIMEOUT, owner, 0))


@compiled
def place_for(w, owner, socket):
    """Where a socket's next attempt is kept: its own link, or another while that is needed."""
    index = np.int64(socket.link)
    if index >= 0:
        old = link_of(w, index)
        if old.events > 0 or old.where != NOWHERE:
            old.spent = 1
        elif index == owner or link_of(w, owner).spent:
            return index
        else:
            give(pool_at(w.links_p, 0), index)
    return take(pool_at(w.links_p, 0)) if link_of(w, owner).spent else owner


@compiled
def new_link(w, owner, latency_ns):
    """Begin a socket's next attempt."""
    socket = socket_of(w, owner)
    index = np.int64(place_for(w, owner, socket))
    link = link_of(w, index)
    link.opened_ns = NEVER
    link.limit_ns = FOREVER
    link.aux_ns = NEVER
    link.latency_ns = latency_ns
    link.owner = owner
    link.attempt = socket.attempts
    link.events = 0
    link.pod = NONE
    link.syns = 0
    link.over = 0
    link.proves = 1
    link.where = NOWHERE
    link.spent = 0
    link.alarmed = 0
    socket.link = index
    if owner < w.watched:
        client, numbers = client_at(w.client_p, socket.who >> 20), numbers_at(w.number_p, index)
        numbers.socket = client.sockets
        client.sockets += 1
        numbers.conn = NONE
    return index


@compiled
def release(w, index, link):
    """Take back a link that nobody holds any more."""
    if link.spent and link.events == 0 and link.where == NOWHERE:
        link.spent = 0
        if index != link.owner:
            give(pool_at(w.links_p, 0), index)


@compiled
def connect_over(w, index, link):
    """Number a connection that the service takes up, for the trace."""
    if link.owner < w.watched:
        numbers_at(w.number_p, index).conn = w.conns
    w.conns += 1


@compiled
def enlist(w, index, link, where):
    """Put a link at the end of a list of its pod."""
    pod = pod_at(w.pod_p, link.pod)
    last = np.int64(pod.last[where])
    link.where = where
    link.before = last
    link.after = NONE
    if last >= 0:
        link_of(w, last).after = index
    else:
        pod.first[where] = index
    pod.last[where] = index
    pod.length[where] += 1
    if where == ARRIVING or where == QUEUED:
        pod.waiting += 1


@compiled
def delist(w, index, link):
    """Take a link out of the list it is in."""
    pod, where = pod_at(w.pod_p, link.pod), link.where
    before, after = np.int64(link.before), np.int64(link.after)
    if before >= 0:
        link_of(w, before).after = after
    else:
        pod.first[where] = after
    if after >= 0:
        link_of(w, after).before = before
    else:
        pod.last[where] = before
    pod.length[where] -= 1
    if where == ARRIVING or where == QUEUED:
        pod.waiting -= 1
    link.where = NOWHERE


@compiled
def origin(w, socket):
    """What all draws of a socket have in common."""
    return origin_of(w.key, socket.who)


@compiled
def latency_ns(w, origin, attempt):
    """One-way latency of an attempt."""
    if w.latency_p == 0:
        return w.latency_ns
    w.latencies_drawn = 1
    return quantile_ns(w.latency_p, bits(origin, w.latency_key, attempt))


@compiled
def work_ns(w, socket, attempt):
    """How long a worker needs for the attempt's handshake."""
    if w.work_p == 0:
        return w.work_ns
    w.works_drawn = 1
    return quantile_ns(w.work_p, bits(origin(w, socket), w.work_key, attempt))


@compiled
def syn_is_lost(w, socket, attempt, syn):
    """Whether the attempt's n-th SYN is lost."""
    return w.loss > 0 and unit(origin(w, socket), w.loss_key, attempt * 16 + syn) < w.loss


@compiled
def tls_of(w, origin, attempt):
    """The TLS handshake of an attempt: 0 full, 1 resumed."""
    return np.int64(1) if unit(origin, w.tls_key, attempt) < w.resumed_share else np.int64(0)


@compiled
def pick(w, count, origin, attempt):
    """Which of ``count`` pods the balancer picks."""
    if count <= 1:
        return np.int64(0)
    # bits * count >> 53, where the product may have no place in 64 bits
    found = bits(origin, w.pod_key, attempt)
    high, low = found >> 26, found & ((1 << 26) - 1)
    return (high * count + (low * count >> 26)) >> 27


@compiled
def share_of(total, part, parts):
    """``total * part // parts``; the product has a place in 64 bits up to hours and millions."""
    if parts <= 0:
        return np.int64(0)
    whole, rest = total // parts, total % parts
    return whole * part + rest * part // parts
