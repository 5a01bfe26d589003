"""Sockets that wait for a service which refuses: what :mod:`.clients` does, in one short loop.

Most attempts of a long outage are of one kind: made when they fall due, refused by RST, counted,
and made again. Where that is certain, nothing else needs to be asked, and only the last attempt
leaves a link behind.
"""

from stormlab.fleet.memory import compiled
from stormlab_models.fleet.compiled import codes, emit, links
from stormlab_models.fleet.compiled import policies as policy
from stormlab_models.fleet.compiled.ends import PLAIN_REFUSAL
from stormlab_models.fleet.compiled.layout import FOREVER, NEVER, link_of
from stormlab_models.fleet.compiled.watch import group_of
from stormlab_models.fleet.wire import RST_BYTES, SYN_BYTES


@compiled
def certain(w, owner, socket, due_ns):
    """Whether a retry that is due then is made, and its SYN refused, before anything else happens.

    ``refuses_ns`` (:func:`.faults.be_calm`) says so of the service and the path to it, ``plain`` of
    a policy without anything that could keep a retry from being made.
    """
    return due_ns < w.refuses_ns and owner >= w.watched and group_of(w, socket).plain != 0


@compiled
def wait(w, owner, socket, origin, now_ns, decision):
    """Follow a socket from refusal to refusal, for as long as they are certain.

    Gives how many there were, the time of the last one, and the policy's decision after it.
    """
    patience_ns = group_of(w, socket).timeout_ns
    if patience_ns == NEVER:
        patience_ns = FOREVER
    count, latency_ns = 0, 0
    while not policy.is_stop(decision) and decision != policy.NOTHING:
        due_ns = max(now_ns, decision)
        next_ns = links.latency_ns(w, origin, socket.attempts + 1)
        told_ns = due_ns + 2 * next_ns
        if told_ns >= w.refuses_ns or 2 * next_ns > patience_ns:
            break
        if w.streams_p:
            over_time(w, now_ns, due_ns, next_ns)
        now_ns, latency_ns = told_ns, next_ns
        socket.attempts += 1
        policy.may_attempt(w, owner, socket, due_ns)
        socket.ordinal += 2
        decision = policy.failed(w, owner, socket, origin, now_ns, False, PLAIN_REFUSAL)
        count += 1
    if count > 0:
        link = link_of(w, links.new_link(w, owner, latency_ns))
        link.over = 1
        if not w.streams_p:
            for event in (codes.TIMER_SET, codes.TIMER_FIRED, codes.NEW, codes.CLOSE):
                emit.add(w, event, count, 0, 0)
            emit.add(w, codes.CONNECT, count, count * SYN_BYTES, 0)
            emit.add(w, codes.REFUSED, count, 0, count * RST_BYTES)
    return count, now_ns, decision


@compiled
def over_time(w, set_ns, due_ns, latency_ns):
    """Count what happens in one attempt when it happens."""
    emit.count(w, set_ns, codes.TIMER_SET, 0, 0)
    for event in (codes.TIMER_FIRED, codes.NEW):
        emit.count(w, due_ns, event, 0, 0)
    emit.count(w, due_ns, codes.CONNECT, SYN_BYTES, 0)
    emit.count(w, due_ns + latency_ns, codes.REFUSED, 0, RST_BYTES)
    emit.count(w, due_ns + 2 * latency_ns, codes.CLOSE, 0, 0)
