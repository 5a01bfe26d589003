"""The service of the compiled fleet: what :mod:`stormlab_models.fleet.service` says, compiled."""

import numpy as np
from numba.extending import register_jitable

from stormlab.fleet.memory import INNER, compiled, load_i4
from stormlab_models.fleet.admission import earned_ns, rate_changed_ns
from stormlab_models.fleet.compiled import calls, codes, emit, links
from stormlab_models.fleet.compiled import policies as policy
from stormlab_models.fleet.compiled.clients import (
    DROP,
    IS_OPEN,
    IS_PROVED,
    REFUSE,
    calm,
    deliver,
    dropped,
    is_cut,
    reached,
    syn_unanswered,
    tidings,
)
from stormlab_models.fleet.compiled.ends import (
    PLAIN_DROP,
    PLAIN_REFUSAL,
    REJECTION,
    SERVER_ERROR,
    SERVER_ERROR_STATUS,
)
from stormlab_models.fleet.compiled.layout import (
    ARRIVING,
    LIVE,
    NEVER,
    QUEUED,
    SERVING,
    client_at,
    link_of,
    pod_at,
    socket_of,
    step_at,
    tls_at,
)
from stormlab_models.fleet.compiled.links import at, delist, enlist
from stormlab_models.fleet.compiled.watch import group_of
from stormlab_models.fleet.wire import ACK_BYTES, RST_BYTES, SYN_ACK_BYTES

SWITCHING = 101

for _rule in (earned_ns, rate_changed_ns):
    register_jitable(**INNER)(_rule)


@compiled
def from_server(w, index, link, now_ns, data):
    """Let a client know when what the server sends now arrives.

    At once, where nothing can come before: no other event of the link, no fault, no time-out.
    """
    arrives_ns = now_ns + link.latency_ns
    socket = socket_of(w, link.owner)
    if link.events == 0 and not is_cut(w, socket) and calm(w, link, arrives_ns):
        deliver(w, index, link, arrives_ns, data)
    else:
        at(w, index, link, arrives_ns, links.BROWSER, links.TOLD, data)


# handshakes --------------------------------------------------------------------------------------


@compiled
def syn_arrives(w, index, link, now_ns):
    """A SYN arrives at the balancer."""
    if link.over:
        return
    if w.routed == 0:
        if w.hangs or w.hung > 0:
            syn_unanswered(w, index, link, now_ns)
        else:
            refuse(w, index, link, now_ns)
        return
    origin = links.origin(w, socket_of(w, link.owner))
    number = load_i4(w.routed_p, links.pick(w, w.routed, origin, link.attempt))
    pod = pod_at(w.pod_p, number)
    room = w.backlog if w.backlog > 0 else w.workers - pod.busy
    if pod.waiting >= room:
        emit.of_link(w, index, link, now_ns, codes.QUEUE_FULL)
        if w.refuses_full:
            refuse(w, index, link, now_ns)
        else:
            syn_unanswered(w, index, link, now_ns)
        return
    link.pod = number
    enlist(w, index, link, ARRIVING)
    emit.of_link(w, index, link, now_ns, codes.ESTABLISHED, 0, -1, ACK_BYTES, SYN_ACK_BYTES)
    link.tls = links.tls_of(w, origin, link.attempt)
    tls = tls_at(w.tls_p, link.tls)
    asked_ns = now_ns + 2 * link.latency_ns * (1 + tls.round_trips)
    at(w, index, link, asked_ns, links.NETWORK, links.ASKED, 0)


@compiled
def refuse(w, index, link, now_ns):
    """Answer a SYN with RST."""
    emit.of_link(w, index, link, now_ns, codes.REFUSED, 0, -1, 0, RST_BYTES)
    from_server(w, index, link, now_ns, tidings(REFUSE, codes.BY_REFUSAL, PLAIN_REFUSAL))


@compiled
def asked(w, index, link, now_ns):
    """The first request arrives: the upgrade, or the HTTP request that precedes it."""
    if link.over or link.where != ARRIVING:
        forget(w, index, link)
        return
    socket = socket_of(w, link.owner)
    tls = tls_at(w.tls_p, link.tls)
    if tls.detail >= 0:
        text = emit.detail(w, tls.detail)
        emit.of_link(w, index, link, now_ns, codes.TLS, 0, -1, tls.up, tls.down, 0, 0, text)
    if group_of(w, socket).http_first and not w.elsewhere:
        size = w.http_first_bytes
        emit.of_link(w, index, link, now_ns, codes.HTTP_FIRST, 200, -1, size // 2, size - size // 2)
        again_ns = now_ns + 2 * link.latency_ns
        at(w, index, link, again_ns, links.NETWORK, links.REACHED, 0)
    else:
        upgrade(w, index, link, now_ns)


@compiled
def http_reached(w, index, link, now_ns):
    """The answer to the HTTP request arrived, and the upgrade request comes."""
    if link.over or link.where != ARRIVING:
        forget(w, index, link)
        return
    reached(w, link, now_ns)
    upgrade(w, index, link, now_ns)


@compiled
def admits(w, now_ns):
    """Whether admission lets a handshake begin now."""
    while w.step < w.steps and step_at(w.step_p, w.step).at_ns <= now_ns:
        step = step_at(w.step_p, w.step)
        w.step += 1
        if w.bucket_cost_ns == 0:
            w.bucket_credit_ns, w.bucket_at_ns = w.burst * step.cost_ns, 0
        else:
            full_ns = w.burst * w.bucket_cost_ns
            credit_ns = earned_ns(w.bucket_credit_ns, full_ns, step.at_ns - w.bucket_at_ns)
            w.bucket_at_ns = step.at_ns
            w.bucket_credit_ns = rate_changed_ns(credit_ns, w.bucket_cost_ns, step.cost_ns, w.burst)
        w.bucket_cost_ns = step.cost_ns
    cost_ns = w.bucket_cost_ns
    if cost_ns == 0:
        return True
    credit_ns = earned_ns(w.bucket_credit_ns, w.burst * cost_ns, now_ns - w.bucket_at_ns)
    w.bucket_at_ns = now_ns
    admitted = credit_ns >= cost_ns
    w.bucket_credit_ns = credit_ns - cost_ns if admitted else credit_ns
    return admitted


@compiled
def upgrade(w, index, link, now_ns):
    """The upgrade request arrives: admission, then the queue."""
    delist(w, index, link)
    emit.of_link(w, index, link, now_ns, codes.REQUEST, 0, -1, w.request_bytes)
    if not admits(w, now_ns):
        if not w.over_1013:
            reject(w, index, link, now_ns, w.over_status, REJECTION)
            return
        link.proves = 0
    pod = pod_at(w.pod_p, link.pod)
    enlist(w, index, link, QUEUED)
    if pod.busy >= w.workers:
        emit.of_link(w, index, link, now_ns, codes.QUEUED_REQUEST, pod.length[QUEUED] - 1)
    serve(w, pod, now_ns)


@compiled
def reject(w, index, link, now_ns, status, end):
    """Answer the upgrade request with an error."""
    answer(w, index, link, now_ns, status)
    from_server(w, index, link, now_ns, tidings(REFUSE, codes.BY_REJECTION, end))


@compiled
def answer(w, index, link, now_ns, status):
    """Write down an HTTP answer other than 101."""
    emit.of_link(w, index, link, now_ns, codes.REJECTED, status)
    emit.of_link(w, index, link, now_ns, codes.RESPONSE, status, -1, 0, w.error_bytes)


@compiled
def serve(w, pod, now_ns):
    """Let free workers take requests from the queue."""
    while pod.busy < w.workers and pod.length[QUEUED] > 0:
        index = np.int64(pod.last[QUEUED] if w.lifo else pod.first[QUEUED])
        link = link_of(w, index)
        delist(w, index, link)
        if link.over and w.skips:
            links.release(w, index, link)
            continue
        pod.busy += 1
        enlist(w, index, link, SERVING)
        links.connect_over(w, index, link)
        drawn_ns = links.work_ns(w, socket_of(w, link.owner), link.attempt)
        work_ns = np.int64(round(drawn_ns * w.slow))
        link.aux_ns = work_ns
        emit.of_link(w, index, link, now_ns, codes.STARTED)
        at(w, index, link, now_ns + work_ns, links.SERVER, links.SERVED, 0)


@compiled
def served(w, index, link, now_ns):
    """A worker has finished a handshake."""
    if link.where != SERVING:  # begun by a process that is gone
        return
    pod = pod_at(w.pod_p, link.pod)
    pod.busy -= 1
    delist(w, index, link)
    emit.of_link(
        w, index, link, now_ns, codes.SERVED, np.int64(link.over), -1, 0, 0, 0, link.aux_ns
    )
    link.aux_ns = NEVER
    if not link.over:
        if w.has_dependency and w.dependency_first:
            calls.call(w, index, link, now_ns)
        else:
            accept(w, index, link, now_ns)
    serve(w, pod, now_ns)


@compiled
def called(w, index, link, now_ns, answered):
    """The dependency answered, or did not."""
    if w.dependency_first:
        if link.over or not pod_at(w.pod_p, link.pod).up:
            return
        if answered:
            accept(w, index, link, now_ns)
        else:
            reject(w, index, link, now_ns, SERVER_ERROR_STATUS, SERVER_ERROR)
    elif not answered:
        close(w, index, link, now_ns, policy.end_of_code(w, w.dependency_code))
    elif w.proves and link.where == LIVE:
        from_server(w, index, link, now_ns, tidings(IS_PROVED, 0, 0))


@compiled
def accept(w, index, link, now_ns):
    """Answer the upgrade request with 101."""
    enlist(w, index, link, LIVE)
    emit.of_link(w, index, link, now_ns, codes.ACCEPTED)
    emit.of_link(w, index, link, now_ns, codes.RESPONSE, SWITCHING, -1, 0, w.response_bytes)
    code = w.rejecting
    if code == 0 and not link.proves:
        code = w.reject_code
    needs = w.has_dependency and not w.dependency_first
    link.proves = w.proves and code == 0 and not needs
    from_server(w, index, link, now_ns, tidings(IS_OPEN, 0, 0))
    if code:
        end = policy.end_of_code(w, code)
        at(w, index, link, now_ns + w.reject_after_ns, links.SERVER, links.CLOSING, end)
    elif needs:
        calls.call(w, index, link, now_ns)


# connections -------------------------------------------------------------------------------------


@compiled
def close(w, index, link, now_ns, end):
    """End an open connection with a close frame."""
    if link.where != LIVE:
        return
    delist(w, index, link)
    emit.of_link(w, index, link, now_ns, codes.CLOSED, policy.code_of(w, end))
    from_server(w, index, link, now_ns, tidings(DROP, codes.BY_SERVER, end))


@compiled
def client_left(w, index, link, now_ns):
    """The client ended the connection, and its FIN has arrived."""
    if link.where == LIVE:
        emit.of_link(w, index, link, now_ns, codes.LOST)
    forget(w, index, link)


@compiled
def forget(w, index, link):
    """Let a connection or a handshake that has not begun go."""
    if link.where == LIVE or link.where == ARRIVING:
        delist(w, index, link)


@compiled
def ping_timeout(w, index, link, now_ns):
    """The server's keep-alive gives a silent client up."""
    if link.where == LIVE:
        forget(w, index, link)
        link.aux_ns = now_ns
        emit.of_link(w, index, link, now_ns, codes.PING_TIMEOUT)


@compiled
def sight_lost(w, index, link, now_ns, cuts):
    """The server's keep-alive would give a client up that was cut off."""
    client = client_at(w.client_p, socket_of(w, link.owner).who >> 20)
    if client.cut and client.cuts & 0xFFFFF == cuts and not link.over:
        ping_timeout(w, index, link, now_ns)


@compiled
def cut_idle(w, index, link, now_ns):
    """A proxy ends a silent connection."""
    if not link.over:
        emit.of_link(w, index, link, now_ns, codes.IDLE_CUT)
        client_left(w, index, link, now_ns)
        dropped(w, index, link, now_ns, codes.BY_IDLE_CUT, PLAIN_DROP)


@compiled
def dead(w, index, link, now_ns):
    """A heartbeat was not answered."""
    if link.over or link.limit_ns != now_ns:
        return
    emit.of_link(w, index, link, now_ns, codes.HEARTBEAT_LOST)
    if not is_cut(w, socket_of(w, link.owner)):
        client_left(w, index, link, now_ns)
    dropped(w, index, link, now_ns, codes.BY_HALF_OPEN, PLAIN_DROP)
