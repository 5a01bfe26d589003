"""Faults of the compiled fleet: what is done to the service and to clients."""

import numpy as np

from stormlab.clock import NS_PER_S
from stormlab.fleet.draws import origin_of, unit
from stormlab.fleet.memory import compiled, store_i4
from stormlab.fleet.pools import give, pool_at
from stormlab.fleet.wheel import push, wheel_at
from stormlab_models.fleet.compiled import codes, emit, links, service
from stormlab_models.fleet.compiled import policies as policy
from stormlab_models.fleet.compiled.clients import (
    DROP,
    REFUSE,
    carry_on,
    dropped,
    tidings,
    watch_breaker,
)
from stormlab_models.fleet.compiled.ends import (
    PLAIN_DROP,
    PLAIN_REFUSAL,
    SERVER_ERROR,
    SERVER_ERROR_STATUS,
)
from stormlab_models.fleet.compiled.layout import (
    ARRIVING,
    FOREVER,
    LIVE,
    NEVER,
    NOWHERE,
    QUEUED,
    SERVING,
    ask_ahead,
    client_at,
    fault_at,
    held_at,
    link_of,
    pod_at,
    socket_of,
)
from stormlab_models.fleet.compiled.links import at
from stormlab_models.fleet.compiled.watch import group_of, next_ping_ns, silence
from stormlab_models.fleet.compiled.words import VERBS
from stormlab_models.fleet.watch import FIN_REPEAT_MAX_NS, FIN_REPEATED_FOR_NS

(
    CRASH, STOP, RESTART, HANG, RECOVER, DRAIN, UNDRAIN, REJECT, ADMIT, SLOW,
    RESTORE, CUT, HEAL, GO_OFFLINE, GO_ONLINE,
) = range(len(VERBS))  # fmt: skip


@compiled
def happens(w, fault):
    """Do a fault's verb."""
    now_ns, verb = fault.time_ns, fault.verb
    text = emit.detail(w, fault.detail)
    emit.of_world(w, now_ns, codes.FAULT, -1, fault.pod, fault.for_ns, text)
    if verb >= CUT:
        for number in range(w.clients):
            origin = origin_of(w.key, number << 20)
            if fault.share >= 1 or unit(origin, fault.share_key, 0) < fault.share:
                to_client(w, number, verb, now_ns)
    elif verb == REJECT:
        w.rejecting = fault.code
    elif verb == ADMIT:
        w.rejecting = 0
    elif verb == SLOW:
        w.slow = fault.factor
    elif verb == RESTORE:
        w.slow = 1.0
    else:
        for number in range(w.pods):
            if fault.pod in (-1, number):
                to_pod(w, number, verb, now_ns)
        route(w)
        if verb == CRASH:
            tell_of_crash(w, now_ns)


@compiled
def route(w):
    """Find the pods that the balancer sends to."""
    w.routed = w.hung = 0
    for number in range(w.pods):
        pod = pod_at(w.pod_p, number)
        if pod.up and not pod.draining and not pod.hung:
            store_i4(w.routed_p, w.routed, number)
            w.routed += 1
        w.hung += pod.hung


@compiled
def to_pod(w, number, verb, now_ns):
    """Do a verb to one pod."""
    pod = pod_at(w.pod_p, number)
    if verb == CRASH:
        crash(w, number, pod, now_ns)
    elif verb == STOP:
        stop(w, number, pod, now_ns)
    elif verb in (RESTART, RECOVER):
        restart(w, number, pod, now_ns)
    elif verb == HANG:
        hang(w, number, pod, now_ns)
    elif verb == DRAIN:
        drain(w, number, pod, now_ns)
    elif pod.draining:
        pod.draining = 0
        emit.of_world(w, now_ns, codes.UP, -1, number)


@compiled
def let_go(w, pod, where):
    """Empty a list of a pod; gives its first link: :func:`leave` leads to the others."""
    first = np.int64(pod.first[where])
    pod.first[where] = pod.last[where] = -1
    if where in (ARRIVING, QUEUED):
        pod.waiting -= pod.length[where]
    pod.length[where] = 0
    return first


@compiled
def leave(link):
    """Take a link out of a list that was let go; gives the one after it."""
    link.where = NOWHERE
    return np.int64(link.after)


@compiled
def tell_all(w, first, now_ns, status, data):
    """Tell every link of a list that was let go the same; ``status``: of an HTTP answer, or 0."""
    index = first
    while index >= 0:
        link = link_of(w, index)
        following = leave(link)
        ask_ahead(w, following)
        if status:
            service.answer(w, index, link, now_ns, status)
        service.from_server(w, index, link, now_ns, data)
        links.release(w, index, link)
        index = following


@compiled
def ends_process(w, number, pod, now_ns, event):
    """Whether a process that was up has ended; nobody works there any more."""
    if not pod.up:
        return False
    pod.up = 0
    pod.busy = 0
    emit.of_world(w, now_ns, event, -1, number)
    return True


@compiled
def crash(w, number, pod, now_ns):
    """The process dies; :func:`tell_of_crash` resets what was open."""
    if ends_process(w, number, pod, now_ns, codes.KILLED):
        pod.died = 1


@compiled
def tell_of_crash(w, now_ns):
    """The kernels of the hosts reset what was open, once all processes are gone.

    What clients then do can be followed up to the next fault.
    """
    w.fault += 1
    be_calm(w)
    w.fault -= 1
    reset = tidings(REFUSE, codes.BY_RESET, PLAIN_REFUSAL)
    for number in range(w.pods):
        pod = pod_at(w.pod_p, number)
        if pod.died:
            pod.died = 0
            for where in (ARRIVING, QUEUED, SERVING):
                tell_all(w, let_go(w, pod, where), now_ns, 0, reset)
            tell_all(w, let_go(w, pod, LIVE), now_ns, 0, tidings(DROP, codes.BY_KILL, PLAIN_DROP))


@compiled
def stop(w, number, pod, now_ns):
    """A shutdown in order: close frames, at once or spread."""
    if ends_process(w, number, pod, now_ns, codes.SHUTDOWN):
        error = tidings(REFUSE, codes.BY_REJECTION, SERVER_ERROR)
        for where in (ARRIVING, QUEUED, SERVING):
            tell_all(w, let_go(w, pod, where), now_ns, SERVER_ERROR_STATUS, error)
        close_over(w, pod, w.close_spread_ns, now_ns, policy.end_of_code(w, w.close_code))


@compiled
def close_over(w, pod, spread_ns, now_ns, end):
    """Close all open connections of a pod, spread evenly over a time."""
    index, order, count = np.int64(pod.first[LIVE]), 0, np.int64(pod.length[LIVE])
    while index >= 0:
        link = link_of(w, index)
        following = np.int64(link.after)
        wait_ns = links.share_of(spread_ns, order, count)
        if wait_ns:
            at(w, index, link, now_ns + wait_ns, links.SERVER, links.CLOSING, end)
        else:
            service.close(w, index, link, now_ns, end)
        order += 1
        index = following


@compiled
def restart(w, number, pod, now_ns):
    """A new process; one that was stopped may still be closing its connections."""
    if pod.up and not pod.hung:
        return
    pod.busy = 0
    for where in (ARRIVING, QUEUED, SERVING):
        discard(w, let_go(w, pod, where))
    if pod.hung:
        discard(w, let_go(w, pod, LIVE))
    pod.up, pod.hung = 1, 0
    emit.of_world(w, now_ns, codes.UP, -1, number)


@compiled
def discard(w, first):
    """Take back what nobody holds of a list that was let go."""
    index = first
    while index >= 0:
        link = link_of(w, index)
        following = leave(link)
        links.release(w, index, link)
        index = following


@compiled
def hang(w, number, pod, now_ns):
    """The host vanishes: nothing is answered, nothing refused, nobody is told."""
    if not pod.up or pod.hung:
        return
    pod.hung = 1
    emit.of_world(w, now_ns, codes.KILLED, -1, number)
    pod.busy = 0
    for where in (ARRIVING, QUEUED, SERVING):
        discard(w, let_go(w, pod, where))
    index = let_go(w, pod, LIVE)
    while index >= 0:
        link = link_of(w, index)
        following = leave(link)
        link.aux_ns = now_ns
        emit.of_link(w, index, link, now_ns, codes.LOST)
        silence(w, index, link, now_ns)
        links.release(w, index, link)
        index = following


@compiled
def drain(w, number, pod, now_ns):
    """No new connections; those that are open are closed at a steady rate."""
    if pod.draining or not pod.up:
        return
    pod.draining = 1
    emit.of_world(w, now_ns, codes.SHUTDOWN, -1, number)
    spread_ns = np.int64(round(np.int64(pod.length[LIVE]) * NS_PER_S / w.drain_per_s))
    close_over(w, pod, spread_ns, now_ns, policy.end_of_code(w, w.drain_code))


# clients -----------------------------------------------------------------------------------------


@compiled
def to_client(w, number, verb, now_ns):
    """Do a verb to one client."""
    client = client_at(w.client_p, number)
    if verb == CUT:
        cut_off(w, number, client, now_ns)
    elif verb == HEAL:
        heal(w, number, client, now_ns)
    elif verb == GO_OFFLINE:
        if not client.offline:
            client.offline = 1
            w.unwell += 1
            emit.of_world(w, now_ns, codes.OFFLINE, number)
            cut_off(w, number, client, now_ns)
            tell(w, number, policy.OFFLINE, now_ns)
            close_all(w, number, now_ns)
    elif client.offline:
        client.offline = 0
        w.unwell -= 1
        emit.of_world(w, now_ns, codes.ONLINE, number)
        heal(w, number, client, now_ns)
        tell(w, number, policy.ONLINE, now_ns)


@compiled
def tell(w, number, fact, now_ns):
    """Tell the policies of a client a fact that is about the client."""
    for owner in range(number * w.per_client, (number + 1) * w.per_client):
        socket = socket_of(w, owner)
        socket.ordinal += 1
        origin = links.origin(w, socket)
        decision = policy.surroundings(w, owner, socket, origin, fact, now_ns)
        watch_breaker(w, owner, socket, now_ns)
        carry_on(w, owner, socket, origin, now_ns, decision)


@compiled
def close_all(w, number, now_ns):
    """The client closes its connections itself, since the device has no network."""
    for owner in range(number * w.per_client, (number + 1) * w.per_client):
        socket = socket_of(w, owner)
        if socket.link >= 0 and group_of(w, socket).closes_offline:
            index = np.int64(socket.link)
            dropped(w, index, link_of(w, index), now_ns, codes.BY_OFFLINE, PLAIN_DROP)


@compiled
def cut_off(w, number, client, now_ns):
    """No packet passes any more, in either direction."""
    if client.cut:
        return
    client.cut = 1
    w.unwell += 1
    if client.cut_ns != now_ns:
        client.cuts += 1
    client.cut_ns = now_ns
    for owner in range(number * w.per_client, (number + 1) * w.per_client):
        index = np.int64(socket_of(w, owner).link)
        if index < 0:
            continue
        link = link_of(w, index)
        silence(w, index, link, now_ns)
        if not link.over and link.opened_ns != NEVER and w.ping_interval_ns != NEVER:
            ping_ns = next_ping_ns(link, now_ns, w.ping_interval_ns)
            gone_ns = ping_ns + w.ping_timeout_ns
            data = client.cuts & 0xFFFFF
            at(w, index, link, gone_ns, links.SERVER, links.SIGHT_LOST, data)


@compiled
def heal(w, number, client, now_ns):
    """Packets pass again; what was sent meanwhile arrives now."""
    if not client.cut:
        return
    client.cut = 0
    w.unwell -= 1
    place, order = np.int64(client.held_first), 0
    client.held_first = client.held_last = -1
    while place >= 0:
        held = held_at(w.held_p, place)
        key = links.key(links.BROWSER, (number << 20) | order, 0)
        push(wheel_at(w.wheel_p, 0), now_ns, key, held.payload)
        following = np.int64(held.next)
        give(pool_at(w.helds_p, 0), place)
        place = following
        order += 1
    for owner in range(number * w.per_client, (number + 1) * w.per_client):
        socket = socket_of(w, owner)
        index = np.int64(socket.link)
        if index >= 0:
            heard(w, index, link_of(w, index), socket, now_ns)


@compiled
def heard(w, index, link, socket, now_ns):
    """The path is there again: the peer answers, or resets what it does not know any more."""
    if link.over or link.opened_ns == NEVER:
        return
    if link.aux_ns == NEVER:
        link.limit_ns = FOREVER
        return
    gone_ns = now_ns - link.aux_ns
    if gone_ns <= FIN_REPEATED_FOR_NS:
        chance = unit(links.origin(w, socket), w.fin_key, link.attempt)
        wait_ns = np.int64(round(min(gone_ns, FIN_REPEAT_MAX_NS) * chance))
        data = tidings(DROP, codes.BY_SERVER_DROP, PLAIN_DROP)
        late_ns = now_ns + wait_ns + link.latency_ns
        at(w, index, link, late_ns, links.BROWSER, links.ENDS, data)
    heartbeat_ns = group_of(w, socket).heartbeat_ns
    if heartbeat_ns != NEVER:
        next_ns = next_ping_ns(link, now_ns, heartbeat_ns) + 2 * link.latency_ns
        data = tidings(DROP, codes.BY_RESET, PLAIN_DROP)
        at(w, index, link, next_ns, links.BROWSER, links.ENDS, data)


@compiled
def be_careful(w):
    """Follow no socket beyond an event, since a fault is under way."""
    w.calm_ns = w.own_ns = w.refuses_ns = 0


@compiled
def refuses(w):
    """Whether everybody's SYN arrives, and is refused."""
    down = w.routed == 0 and not w.hangs and w.hung == 0
    return down and w.unwell == 0 and w.loss == 0 and not w.elsewhere


@compiled
def be_calm(w):
    """Say how far sockets may be followed in one go, where no trace is kept in order.

    What a socket does by itself goes on through faults of the service until its SYN arrives there.
    """
    be_careful(w)
    if w.traced or not w.alone:
        return
    w.calm_ns = next_fault_ns(w)
    if refuses(w):
        w.refuses_ns = w.calm_ns
    number = w.fault
    while number < w.faults and fault_at(w.fault_p, number).verb < CUT:
        number += 1
    w.own_ns = fault_at(w.fault_p, number).time_ns if number < w.faults else w.until_ns + 1


@compiled
def next_fault_ns(w):
    """When the next fault happens; after the run's end when there is none."""
    if w.fault < w.faults:
        return fault_at(w.fault_p, w.fault).time_ns
    return w.until_ns + 1
