"""The client's side of the compiled fleet: what :mod:`stormlab_models.fleet.client` says, compiled.

Between two faults nothing else can touch a socket that waits or connects, unless it shares a
breaker or a budget. Without a trace to keep in order, such a socket's life is followed in one go
until it meets the service: the refusals of an outage cost no event at all. ``calm`` says when.
"""

import numpy as np

from stormlab.clock import NS_PER_MS
from stormlab.fleet.memory import compiled, inlined, load_i8
from stormlab.fleet.pools import pool_at, take
from stormlab.fleet.streams import add, streams_at
from stormlab.fleet.wheel import push, wheel_at
from stormlab_models.fleet.compiled import codes, emit, links, outage
from stormlab_models.fleet.compiled import policies as policy
from stormlab_models.fleet.compiled.ends import ABNORMAL, PLAIN_REFUSAL
from stormlab_models.fleet.compiled.layout import (
    FOREVER,
    HELD_FULL,
    NEVER,
    client_at,
    held_at,
    link_of,
    me_of,
    socket_of,
)
from stormlab_models.fleet.compiled.links import at, key, payload
from stormlab_models.fleet.compiled.watch import group_of, watch
from stormlab_models.fleet.wire import RST_BYTES, SYN_BYTES

OFFLINE_FAILS_NS = 1 * NS_PER_MS
PENDING = -1

# what a client is told; how an attempt or a connection ended is a number of ends.py
REFUSE, DROP, IS_OPEN, IS_PROVED = range(4)

# histograms: from the attempt's begin, and from the first failure, until it is open
HANDSHAKE, RETURN = range(2)


@compiled
def tidings(what, cause, end):
    """What a client is told, as the data of an event."""
    return what | (cause << 3) | (end << 8)


@compiled
def calm(w, link, time_ns):
    """Whether nothing but the socket itself acts on it until ``time_ns``, itself included."""
    return time_ns < w.calm_ns and time_ns <= link.limit_ns and link.owner >= w.watched


# decisions ---------------------------------------------------------------------------------------


@inlined
def watch_breaker(w, owner, socket, now_ns):
    """Write down that a breaker has moved, where there is one."""
    if group_of(w, socket).has_breaker:
        write_breaker(w, owner, socket, now_ns)


@compiled
def write_breaker(w, owner, socket, now_ns):
    """Write down that a breaker has moved."""
    state = policy.breaker_state(w, owner, socket, now_ns)
    if state != socket.breaker_was:
        socket.breaker_was = state
        event = codes.BREAKER_CLOSED
        if state == policy.BREAKER_OPEN:
            event = codes.BREAKER_OPENED
        elif state == policy.BREAKER_HALF_OPEN:
            event = codes.BREAKER_HALF_OPEN
        emit.of_socket(w, socket, now_ns, event)


@compiled
def cancel(w, socket, now_ns):
    """Forget the pending retry."""
    if socket.pending:
        socket.pending = 0
        emit.of_socket(w, socket, now_ns, codes.TIMER_CLEARED)


@compiled
def carry_on(w, owner, socket, origin, now_ns, decision):
    """Do what a policy decided, and go on for as long as nothing else can happen."""
    while decision != policy.NOTHING:
        if policy.is_stop(decision):
            cancel(w, socket, now_ns)
            text = emit.detail(w, policy.reason(decision))
            emit.of_socket(w, socket, now_ns, codes.GAVE_UP, 0, text)
            return
        if socket.link >= 0 and not link_of(w, socket.link).over:
            return
        cancel(w, socket, now_ns)
        due_ns = max(now_ns, decision)
        if outage.certain(w, owner, socket, due_ns):
            count, now_ns, decision = outage.wait(w, owner, socket, origin, now_ns, decision)
            if count > 0:
                continue
        emit.of_socket(w, socket, now_ns, codes.TIMER_SET, due_ns - now_ns)
        if due_ns >= w.own_ns or owner < w.watched:
            socket.pending = 1
            socket.turn = (socket.turn + 1) & 0x7FFF
            push(
                wheel_at(w.wheel_p, 0),
                due_ns,
                key(links.TIMER, socket.who, socket.attempts),
                payload(links.DUE, owner, socket.turn),
            )
            return
        now_ns = due_ns
        decision = falls_due(w, owner, socket, origin, now_ns)
        if decision != now_ns:
            if decision < now_ns and not policy.is_stop(decision):
                return
            continue
        now_ns = attempt(w, owner, socket, origin, now_ns)
        if now_ns == PENDING:
            return
        decision = failed_alone(w, owner, socket, origin, now_ns)


@compiled
def falls_due(w, owner, socket, origin, now_ns):
    """What becomes of a retry that falls due; ``now_ns`` itself: the attempt is made."""
    socket.ordinal += 1
    decision = policy.due(w, owner, socket, origin, now_ns)
    watch_breaker(w, owner, socket, now_ns)
    fires = decision == now_ns
    emit.of_socket(w, socket, now_ns, codes.TIMER_FIRED if fires else codes.TIMER_IGNORED)
    return decision


@compiled
def due(w, owner, socket, now_ns):
    """A pending retry falls due."""
    socket.pending = 0
    origin = links.origin(w, socket)
    decision = falls_due(w, owner, socket, origin, now_ns)
    if decision == now_ns:
        refused_ns = attempt(w, owner, socket, origin, now_ns)
        if refused_ns == PENDING:
            return
        decision = failed_alone(w, owner, socket, origin, refused_ns)
        carry_on(w, owner, socket, origin, refused_ns, decision)
    elif decision > now_ns or policy.is_stop(decision):
        carry_on(w, owner, socket, origin, now_ns, decision)


@compiled
def start(w, owner, socket, now_ns):
    """Connect for the first time, when the policy says so."""
    socket.ordinal += 1
    origin = links.origin(w, socket)
    carry_on(w, owner, socket, origin, now_ns, policy.start(w, owner, socket, origin, now_ns))


# an attempt --------------------------------------------------------------------------------------


@compiled
def attempt(w, owner, socket, origin, now_ns):
    """Make a socket; gives the time at which it is refused if that is all that can happen."""
    group = group_of(w, socket)
    patience_ns = group.timeout_ns
    if group.growing:
        patience_ns = policy.connect_timeout_ns(w, owner, socket)
    socket.attempts += 1
    latency_ns = links.latency_ns(w, origin, socket.attempts)
    index = links.new_link(w, owner, latency_ns)
    link = link_of(w, index)
    emit.of_link(w, index, link, now_ns, codes.NEW)
    if w.unwell and client_at(w.client_p, socket.who >> 20).offline:
        data = tidings(REFUSE, codes.BY_OFFLINE, PLAIN_REFUSAL)
        at(w, index, link, now_ns + OFFLINE_FAILS_NS, links.BROWSER, links.ENDS, data)
        return PENDING
    if patience_ns != NEVER:
        link.limit_ns = now_ns + patience_ns
    if group.http_first and w.elsewhere:
        at(w, index, link, now_ns + 4 * latency_ns, links.BROWSER, links.ELSEWHERE, 0)
        return PENDING
    return syn(w, index, link, socket, now_ns)


@compiled
def is_cut(w, socket):
    """Whether no packet of a socket passes."""
    return w.unwell > 0 and client_at(w.client_p, socket.who >> 20).cut != 0


@compiled
def alarmed(w, socket, now_ns, attempt_bits):
    """Somebody's connect time-out may be over."""
    index = np.int64(socket.link)
    link = link_of(w, index)
    waits = not link.over and link.opened_ns == NEVER and link.limit_ns == now_ns
    if not waits or attempt_bits != link.attempt & links.ATTEMPT_MASK:
        return
    emit.of_link(w, index, link, now_ns, codes.CLIENT_FIN)
    refused(w, index, link, now_ns, codes.BY_TIMEOUT, PLAIN_REFUSAL)
    links.release(w, index, link)


@compiled
def syn(w, index, link, socket, now_ns):
    """Send a SYN, and again; gives the time of a refusal that nothing can come before."""
    cut = is_cut(w, socket)
    while True:
        event = codes.SYN_RETRY if link.syns else codes.CONNECT
        emit.of_link(w, index, link, now_ns, event, 0, -1, SYN_BYTES)
        lost = cut or links.syn_is_lost(w, socket, link.attempt, link.syns)
        link.syns += 1
        if not lost:
            arrives_ns = now_ns + link.latency_ns
            if w.routed > 0 or not calm(w, link, arrives_ns):
                at(w, index, link, arrives_ns, links.NETWORK, links.SYN_ARRIVES, 0)
                return PENDING
            now_ns = arrives_ns
            if not (w.hangs or w.hung > 0):
                emit.of_link(w, index, link, now_ns, codes.REFUSED, 0, -1, 0, RST_BYTES)
                told_ns = now_ns + link.latency_ns
                if calm(w, link, told_ns):
                    return told_ns
                data = tidings(REFUSE, codes.BY_REFUSAL, PLAIN_REFUSAL)
                at(w, index, link, told_ns, links.BROWSER, links.TOLD, data)
                return PENDING
        again_ns = unanswered_until(w, index, link, now_ns)
        if not calm(w, link, again_ns):
            await_answer(w, index, link, again_ns)
            return PENDING
        if link.syns >= w.syn_retries:
            return again_ns
        now_ns = again_ns


@compiled
def unanswered_until(w, index, link, now_ns):
    """Nobody answers the last SYN: when the kernel sends it again, or gives up."""
    emit.of_link(w, index, link, now_ns, codes.SYN_LOST)
    return max(now_ns, me_of(w, link.owner).began_ns + load_i8(w.syn_retry_p, link.syns - 1))


@compiled
def await_answer(w, index, link, again_ns):
    """Let the kernel send the SYN again, or give up."""
    if link.syns < w.syn_retries:
        at(w, index, link, again_ns, links.NETWORK, links.SYN, 0)
    else:
        data = tidings(REFUSE, codes.BY_TIMEOUT, PLAIN_REFUSAL)
        at(w, index, link, again_ns, links.BROWSER, links.ENDS, data)


@compiled
def syn_unanswered(w, index, link, now_ns):
    """A SYN that reached a service which does not answer."""
    await_answer(w, index, link, unanswered_until(w, index, link, now_ns))


@compiled
def sends_syn(w, index, link, now_ns):
    """Send the SYN (again), as an event of its own."""
    if link.over:
        return
    socket = socket_of(w, link.owner)
    refused_ns = syn(w, index, link, socket, now_ns)
    if refused_ns != PENDING:
        owner, origin = np.int64(link.owner), links.origin(w, socket)
        decision = failed_alone(w, owner, socket, origin, refused_ns)
        carry_on(w, owner, socket, origin, refused_ns, decision)


@compiled
def reached_elsewhere(w, index, link, now_ns):
    """The HTTP request before the handshake was answered by another service."""
    if link.over:
        return
    size = w.http_first_bytes
    emit.of_link(w, index, link, now_ns, codes.HTTP_FIRST, 200, -1, size // 2, size - size // 2)
    reached(w, link, now_ns)
    sends_syn(w, index, link, now_ns)


# what arrives ------------------------------------------------------------------------------------


@compiled
def told(w, index, link, now_ns, data):
    """Something from the server arrives at ``now_ns``; later if the client is cut off."""
    socket = socket_of(w, link.owner)
    if is_cut(w, socket):
        hold(w, client_at(w.client_p, socket.who >> 20), index, link, data)
    else:
        deliver(w, index, link, now_ns, data)


@compiled
def hold(w, client, index, link, data):
    """Keep what was sent until the path heals."""
    place = take(pool_at(w.helds_p, 0))
    if place < 0:
        w.wrong = HELD_FULL
        return
    held = held_at(w.held_p, place)
    held.payload = payload(links.HELD_TOLD, index, data)
    held.next = -1
    if client.held_first < 0:
        client.held_first = place
    else:
        held_at(w.held_p, client.held_last).next = place
    client.held_last = place
    link.events += 1
    if link.limit_ns != FOREVER:
        links.alarm(w, link)


@compiled
def deliver(w, index, link, now_ns, data):
    """Let a client know."""
    what, cause, end = data & 7, (data >> 3) & 31, data >> 8
    if what == REFUSE:
        refused(w, index, link, now_ns, cause, end)
    elif what == DROP:
        dropped(w, index, link, now_ns, cause, end)
    elif what == IS_OPEN:
        opened(w, index, link, now_ns)
    else:
        proved(w, index, link, now_ns)


@compiled
def reached(w, link, now_ns):
    """The HTTP request before the handshake was answered."""
    if not link.over:
        owner = np.int64(link.owner)
        socket = socket_of(w, owner)
        policy.reached(w, owner, socket, now_ns)
        watch_breaker(w, owner, socket, now_ns)


@compiled
def opened(w, index, link, now_ns):
    """The 101 arrives."""
    if link.over:  # given up meanwhile; the server learns it from the FIN
        at(w, index, link, now_ns + link.latency_ns, links.NETWORK, links.LEAVES, 0)
        return
    owner = np.int64(link.owner)
    socket = socket_of(w, owner)
    if w.streams_p:
        me, kept = me_of(w, owner), streams_at(w.streams_p, 0)
        add(kept, HANDSHAKE, now_ns - me.began_ns)
        if me.outage_ns != NEVER:
            add(kept, RETURN, now_ns - me.outage_ns)
    link.opened_ns = now_ns
    link.limit_ns = FOREVER
    emit.of_link(w, index, link, now_ns, codes.OPEN)
    policy.opened(w, owner, socket, now_ns)
    watch_breaker(w, owner, socket, now_ns)
    if link.proves:
        proved(w, index, link, now_ns)
    watch(w, index, link, now_ns, now_ns)


@compiled
def proved(w, index, link, now_ns):
    """The application's first message arrives."""
    if not link.over:
        owner = np.int64(link.owner)
        socket = socket_of(w, owner)
        emit.of_link(w, index, link, now_ns, codes.PROVED)
        policy.proved(w, owner, socket, now_ns)
        watch_breaker(w, owner, socket, now_ns)


@compiled
def failed_alone(w, owner, socket, origin, now_ns):
    """A refusal that nothing could come before: tell the policy."""
    index = np.int64(socket.link)
    link = link_of(w, index)
    emit.of_link(w, index, link, now_ns, codes.CLOSE, ABNORMAL, 0)
    link.over = 1
    link.limit_ns = FOREVER
    socket.ordinal += 1
    decision = policy.failed(w, owner, socket, origin, now_ns, False, PLAIN_REFUSAL)
    watch_breaker(w, owner, socket, now_ns)
    return decision


@compiled
def refused(w, index, link, now_ns, cause, end):
    """The attempt ended without opening."""
    if link.over:
        return
    ended(w, index, link, now_ns, ABNORMAL, 0, cause, False, end)


@compiled
def dropped(w, index, link, now_ns, cause, end):
    """The open connection ended."""
    if link.over or link.opened_ns == NEVER:
        return
    code, clean = policy.code_of(w, end), policy.clean_of(w, end)
    ended(w, index, link, now_ns, code, clean, cause, True, end)


@compiled
def ended(w, index, link, now_ns, code, clean, cause, drop, end):
    """An attempt or a connection is over: tell the policy, and do what it decides."""
    owner = np.int64(link.owner)
    socket = socket_of(w, owner)
    link.over = 1
    link.limit_ns = FOREVER
    emit.of_link(w, index, link, now_ns, codes.CLOSE, code, clean, 0, 0, cause)
    socket.ordinal += 1
    origin = links.origin(w, socket)
    decision = policy.failed(w, owner, socket, origin, now_ns, drop, end)
    watch_breaker(w, owner, socket, now_ns)
    carry_on(w, owner, socket, origin, now_ns, decision)
