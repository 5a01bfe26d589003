"""The watch over an open connection: what :mod:`stormlab_models.fleet.watch` says, compiled."""

from stormlab.fleet.memory import compiled
from stormlab_models.fleet.compiled import links
from stormlab_models.fleet.compiled.layout import FOREVER, NEVER, client_at, group_at, socket_of
from stormlab_models.fleet.compiled.links import at


@compiled
def group_of(w, socket):
    """What the socket's policy asks of its host."""
    if w.one_group:
        return group_at(w.group_p, 0)
    return group_at(w.group_p, client_at(w.client_p, socket.who >> 20).group)


@compiled
def watch(w, index, link, now_ns, since_ns):
    """A proxy ends the connection if the longest silence on it is as long as its limit."""
    if w.idle_cut_ns == NEVER:
        return
    shortest_ns = w.talk_min_ns
    heartbeat_ns = group_of(w, socket_of(w, link.owner)).heartbeat_ns
    if heartbeat_ns != NEVER and (shortest_ns == NEVER or heartbeat_ns < shortest_ns):
        shortest_ns = heartbeat_ns
    if shortest_ns == NEVER or shortest_ns >= w.idle_cut_ns:
        time_ns = max(now_ns, since_ns + w.idle_cut_ns)
        at(w, index, link, time_ns, links.NETWORK, links.CUT_IDLE, 0)


@compiled
def next_ping_ns(link, now_ns, period_ns):
    """When the next ping of a connection goes out, after now."""
    opened_ns = 0 if link.opened_ns == NEVER else link.opened_ns
    return now_ns + period_ns - (now_ns - opened_ns) % period_ns


@compiled
def silence(w, index, link, now_ns):
    """From now on nothing comes from the other end: the heartbeat, if any, will notice."""
    group = group_of(w, socket_of(w, link.owner))
    if link.over or link.opened_ns == NEVER or group.heartbeat_ns == NEVER:
        return
    if link.limit_ns == FOREVER:
        until_ns = next_ping_ns(link, now_ns, group.heartbeat_ns)
        more_ns = group.heartbeat_timeout_ns
        until_ns += group.heartbeat_ns if more_ns == NEVER or more_ns == 0 else more_ns
        link.limit_ns = until_ns
        at(w, index, link, until_ns, links.TIMER, links.DEAD, 0)
