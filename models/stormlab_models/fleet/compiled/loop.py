"""The loop of the compiled fleet: one event after another, faults between them."""

import numpy as np

from stormlab.fleet.draws import origin_of, unit
from stormlab.fleet.memory import compiled
from stormlab.fleet.pools import left, pool_at
from stormlab.fleet.wheel import ahead, pop, push, ready, wheel_at
from stormlab_models.fleet.compiled import calls, clients, codes, emit, faults, links, service
from stormlab_models.fleet.compiled import policies as policy
from stormlab_models.fleet.compiled.layout import (
    FOREVER,
    LIVE,
    NEVER,
    NONE,
    ROWS_PER_SOCKET,
    ask_ahead,
    ask_for_link,
    call_at,
    fault_at,
    link_of,
    me_of,
    socket_of,
    world_at,
)
from stormlab_models.fleet.compiled.links import INDEX_MASK, KIND_BITS, KIND_MASK
from stormlab_models.fleet.compiled.watch import watch
from stormlab_models.fleet.compiled.words import (
    CALL_FAILED,
    CALL_OK,
    CALL_TIMED_OUT,
    SETTLED,
)

DONE, PAUSED, ROWS_FULL, LINKS_FULL = range(4)
EVENTS_FULL = 6
LINKS_PER_EVENT = 64  # new ones at most: a client has so many sockets
ROWS_PER_EVENT = 64  # at most, besides the workers that an event sets to work
DATA_SHIFT = KIND_BITS + 32
AHEAD, SOON = 16, 6  # events


@compiled
def settle(w, number, settled_for_ns, settled_spread_ns, settled_key):
    """Let a client's connections be open, since before the run."""
    chance = unit(origin_of(w.key, number << 20), settled_key, 0)
    since_ns = min(0, -settled_for_ns + np.int64(round(chance * settled_spread_ns)))
    for owner in range(number * w.per_client, (number + 1) * w.per_client):
        socket = socket_of(w, owner)
        origin = links.origin(w, socket)
        latency_ns = links.latency_ns(w, origin, 1)
        policy.may_attempt(w, owner, socket, since_ns)
        socket.attempts = 1
        index = links.new_link(w, owner, latency_ns)
        link = link_of(w, index)
        link.opened_ns = since_ns
        text = emit.detail(w, SETTLED)
        for event in (codes.NEW, codes.OPEN):
            emit.of_link(w, index, link, 0, event, 0, -1, 0, 0, 0, 0, text)
        link.pod = links.pick(w, w.pods, origin, 1)
        links.connect_over(w, index, link)
        links.enlist(w, index, link, LIVE)
        policy.opened(w, owner, socket, since_ns)
        clients.watch_breaker(w, owner, socket, 0)
        policy.proved(w, owner, socket, since_ns)
        clients.watch_breaker(w, owner, socket, 0)
        phase_ns = np.int64(0)
        if w.idle_cut_ns != NEVER:
            phase_ns = np.int64(round(w.idle_cut_ns * unit(origin, w.idle_key, 0)))
        watch(w, index, link, 0, -phase_ns)


@compiled
def is_new(w, owner, who):
    """Let a socket, and what its policy remembers, be as at the start: all else is zero."""
    socket, me = socket_of(w, owner), me_of(w, owner)
    socket.who = who
    socket.link = NONE
    me.outage_ns = NEVER
    me.began_ns = NEVER
    me.opened_ns = NEVER
    me.fresh = 1
    if w.remembers_more:
        me.failed_ns = NEVER


@compiled
def begin(address, settled, settled_for_ns, settled_spread_ns, settled_key, spread_ns, cold_key):
    """Let the clients be connected, or connect."""
    w = world_at(address, 0)
    for number in range(w.clients):
        for place in range(w.per_client):
            is_new(w, number * w.per_client + place, (number << 20) | place)
        if settled:
            settle(w, number, settled_for_ns, settled_spread_ns, settled_key)
        else:
            who = number << 20
            at_ns = np.int64(round(unit(origin_of(w.key, who), cold_key, 0) * spread_ns))
            key = links.key(links.ACTION, who, 0)
            push(wheel_at(w.wheel_p, 0), at_ns, key, links.payload(links.START, number, 0))
    faults.be_calm(w)


@compiled
def run(address, events_max):
    """Handle events until the run is over, something is full, or ``events_max`` were handled."""
    w = world_at(address, 0)
    wheel = wheel_at(w.wheel_p, 0)
    last = w.events + events_max
    while True:
        if wheel.full:
            return EVENTS_FULL
        if w.wrong:
            return w.wrong
        if left(pool_at(w.links_p, 0)) < LINKS_PER_EVENT:
            return LINKS_FULL
        fault_ns = faults.next_fault_ns(w)
        if ready(wheel, fault_ns) and wheel.time_ns < fault_ns:
            if w.watched and w.rows + ROWS_PER_EVENT + 2 * w.workers > w.rows_max:
                return ROWS_FULL
            if w.events >= last:
                return PAUSED
            look_ahead(w, ahead(wheel, AHEAD), ahead(wheel, SOON))
            pop(wheel)
            w.events += 1
            w.now_ns = wheel.time_ns
            handle(w, wheel.time_ns, wheel.key, wheel.payload)
        elif fault_ns <= w.until_ns:
            if w.watched and w.rows > 0:
                most = ROWS_PER_EVENT + 2 * ROWS_PER_SOCKET * w.watched + 2 * w.pods
                if w.rows + most > w.rows_max:
                    return ROWS_FULL
            faults.be_careful(w)
            w.now_ns = fault_ns
            faults.happens(w, fault_at(w.fault_p, w.fault))
            w.fault += 1
            faults.be_calm(w)
        else:
            w.now_ns = w.until_ns
            return DONE


@compiled
def look_ahead(w, later, soon):
    """Ask for the memory that events will need, so that it is there when they come.

    First for what an event is about, then for the neighbours of that in a list.
    """
    if later >= 0:
        ask_ahead(w, (later >> KIND_BITS) & INDEX_MASK)
    if soon >= 0:
        index = (soon >> KIND_BITS) & INDEX_MASK
        if index < w.owners:
            link = link_of(w, index)
            ask_for_link(w, np.int64(link.before))
            ask_for_link(w, np.int64(link.after))


@compiled
def handle(w, now_ns, key, payload):
    """Do what an event says."""
    kind = payload & KIND_MASK
    index = (payload >> KIND_BITS) & INDEX_MASK
    data = payload >> DATA_SHIFT
    if kind == links.DUE:
        socket = socket_of(w, index)
        if socket.pending and socket.turn == data:
            clients.due(w, index, socket, now_ns)
    elif kind == links.TIMEOUT:
        socket = socket_of(w, index)
        clients.alarmed(w, socket, now_ns, key & links.ATTEMPT_MASK)
    elif kind == links.START:
        for owner in range(index * w.per_client, (index + 1) * w.per_client):
            clients.start(w, owner, socket_of(w, owner), now_ns)
    elif kind == links.CALL_SERVED:
        call_served(w, index, call_at(w.call_p, index), now_ns)
    elif kind == links.CALL_TIMEOUT:
        call_timeout(w, index, call_at(w.call_p, index), now_ns)
    else:
        link = link_of(w, index)
        link.events -= 1
        of_link(w, kind, index, link, now_ns, data)
        if link.events == 0 and link.limit_ns != FOREVER:
            links.alarm(w, link)
        links.release(w, index, link)


@compiled
def of_link(w, kind, index, link, now_ns, data):
    """Do what an event says that is about a link."""
    if kind == links.SYN_ARRIVES:
        service.syn_arrives(w, index, link, now_ns)
    elif kind == links.ASKED:
        service.asked(w, index, link, now_ns)
    elif kind == links.SERVED:
        service.served(w, index, link, now_ns)
    elif kind == links.TOLD:
        clients.told(w, index, link, now_ns, data)
    elif kind in (links.ENDS, links.HELD_TOLD):
        clients.deliver(w, index, link, now_ns, data)
    elif kind == links.SYN:
        clients.sends_syn(w, index, link, now_ns)
    elif kind == links.CLOSING:
        service.close(w, index, link, now_ns, data)
    elif kind == links.LEAVES:
        service.client_left(w, index, link, now_ns)
    elif kind == links.REACHED:
        service.http_reached(w, index, link, now_ns)
    elif kind == links.ELSEWHERE:
        clients.reached_elsewhere(w, index, link, now_ns)
    elif kind == links.CUT_IDLE:
        service.cut_idle(w, index, link, now_ns)
    elif kind == links.DEAD:
        service.dead(w, index, link, now_ns)
    else:
        service.sight_lost(w, index, link, now_ns, data)


@compiled
def call_served(w, number, call, now_ns):
    """A worker of the dependency has finished a call."""
    index = np.int64(call.link)
    link = link_of(w, index)
    w.workers_free += 1
    if not call.given_up:
        call.given_up = 1  # answered: the time-out has nothing to do any more
        calls.note(w, index, link, now_ns, CALL_OK)
        service.called(w, index, link, now_ns, True)
    calls.serve(w, now_ns)
    calls.came(w, number, call)
    links.release(w, index, link)


@compiled
def call_timeout(w, number, call, now_ns):
    """The server's patience with a call is over."""
    index = np.int64(call.link)
    link = link_of(w, index)
    if not call.given_up:
        call.given_up = 1
        if call.tries_left > 0 and not link.over:
            calls.note(w, index, link, now_ns, CALL_TIMED_OUT)
            calls.attempt(w, index, link, now_ns, call.tries_left)
        else:
            calls.note(w, index, link, now_ns, CALL_FAILED)
            service.called(w, index, link, now_ns, False)
    calls.came(w, number, call)
    links.release(w, index, link)
