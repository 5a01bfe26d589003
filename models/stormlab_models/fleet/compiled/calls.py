"""The dependency of the compiled fleet: what :mod:`stormlab_models.fleet.dependency` says."""

import numpy as np

from stormlab.fleet.memory import compiled
from stormlab.fleet.pools import give, pool_at, take
from stormlab.fleet.wheel import push, wheel_at
from stormlab_models.fleet.compiled import codes, emit, links
from stormlab_models.fleet.compiled.layout import (
    CALLS_FULL,
    FOREVER,
    NONE,
    call_at,
    link_of,
    socket_of,
)


@compiled
def call(w, index, link, now_ns):
    """Ask the dependency for a link."""
    attempt(w, index, link, now_ns, w.call_tries)


@compiled
def attempt(w, index, link, now_ns, tries_left):
    """One try."""
    number = take(pool_at(w.calls_p, 0))
    if number < 0:
        w.wrong = CALLS_FULL
        return
    each = call_at(w.call_p, number)
    each.link = index
    each.next = NONE
    each.tries_left = tries_left - 1
    each.given_up = 0
    each.events = 2  # its time-out, and its end once a worker has it
    link.events += 1
    if link.limit_ns != FOREVER:
        links.alarm(w, link)
    if w.call_first < 0:
        w.call_first = number
    else:
        call_at(w.call_p, w.call_last).next = number
    w.call_last = number
    after(w, number, link, now_ns + w.call_timeout_ns, links.TIMER, links.CALL_TIMEOUT)
    serve(w, now_ns)


@compiled
def after(w, number, link, time_ns, rank, kind):
    """Let something happen to a call, in the order of its link's events."""
    who = socket_of(w, link.owner).who
    key = links.key(rank, who, link.attempt)
    push(wheel_at(w.wheel_p, 0), time_ns, key, links.payload(kind, number, 0))


@compiled
def serve(w, now_ns):
    """Let free workers take calls, first come, first served."""
    while w.workers_free > 0 and w.call_first >= 0:
        number = w.call_first
        each = call_at(w.call_p, number)
        w.call_first = np.int64(each.next)
        w.workers_free -= 1
        link = link_of(w, each.link)
        after(w, number, link, now_ns + w.service_ns, links.SERVER, links.CALL_SERVED)


@compiled
def came(w, number, each):
    """One of a call's two events has come: after both nobody holds the call."""
    each.events -= 1
    if each.events == 0:
        give(pool_at(w.calls_p, 0), number)
        link_of(w, each.link).events -= 1


@compiled
def note(w, index, link, now_ns, what):
    """Write down the end of a call."""
    text = emit.detail(w, what)
    emit.of_link(w, index, link, now_ns, codes.DEPENDENCY, 0, -1, 0, 0, 0, 0, text)
