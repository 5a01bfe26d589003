"""The watch over an open connection: who notices when it is dead, and when.

- A proxy on the path ends a connection whose longest silence reaches its limit.
- A dead connection is noticed by the policy's heartbeat only; without one the client keeps it.
- When the path heals after the server has dropped the connection, the server's repeated FIN still
  comes through within 100 s of the drop, after a wait that has doubled meanwhile (TCP); a ping is
  answered with RST.

Simplification: what the client sends besides pings is not looked at. A client that sends would
learn of a dead peer from TCP after about 15 minutes.
"""

from functools import partial
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_S, Rank, to_ns
from stormlab.policy.contract import Terms
from stormlab.vocabulary import Cause, Event
from stormlab_models.fleet.link import Link

if TYPE_CHECKING:
    from stormlab_models.fleet.client import Endpoint

FIN_REPEATED_FOR_NS = 100 * NS_PER_S
FIN_REPEAT_MAX_NS = 60 * NS_PER_S


class Watch:
    """The watch over one endpoint's connections."""

    def __init__(self, endpoint: "Endpoint") -> None:
        """Watch with no heartbeat until the policy's terms are known."""
        self._endpoint = endpoint
        self._heartbeat_ns: int | None = None
        self._heartbeat_timeout_ns: int | None = None

    def agree(self, terms: Terms) -> None:
        """Take the policy's terms."""
        self._heartbeat_ns = ns_or_none(terms.heartbeat_s)
        self._heartbeat_timeout_ns = ns_or_none(terms.heartbeat_timeout_s)

    @property
    def _now_ns(self) -> int:
        return self._endpoint.fleet.clock.now_ns

    def begin(self, link: Link, since_ns: int) -> None:
        """A proxy ends the connection if the longest silence on it is as long as its limit."""
        fleet = self._endpoint.fleet
        if fleet.idle_cut_ns is None:
            return
        periods = [each for each in (*fleet.talk_ns, self._heartbeat_ns) if each is not None]
        if not periods or min(periods) >= fleet.idle_cut_ns:
            time_ns = max(self._now_ns, since_ns + fleet.idle_cut_ns)
            link.at(fleet.clock, time_ns, Rank.NETWORK, self._idle_cut)

    def _idle_cut(self, link: Link) -> None:
        if not link.over:
            link.record(self._endpoint.fleet.recorder, self._now_ns, Event.IDLE_CUT)
            self._endpoint.fleet.service.client_left(link)
            self._endpoint.dropped(link, Cause.IDLE_CUT)

    def silence(self, link: Link) -> None:
        """From now on nothing comes from the other end: the heartbeat, if any, will notice."""
        if link.over or link.opened_ns is None or self._heartbeat_ns is None:
            return
        if link.detect is None:
            until_ns = self._next_ping_ns(link, self._heartbeat_ns)
            until_ns += self._heartbeat_timeout_ns or self._heartbeat_ns
            link.detect = link.at(self._endpoint.fleet.clock, until_ns, Rank.TIMER, self._dead)

    def _next_ping_ns(self, link: Link, period_ns: int) -> int:
        since_ns = self._now_ns - (link.opened_ns or 0)
        return self._now_ns + period_ns - since_ns % period_ns

    def _dead(self, link: Link) -> None:
        if link.over:
            return
        link.record(self._endpoint.fleet.recorder, self._now_ns, Event.HEARTBEAT_LOST)
        if not self._endpoint.client.cut:
            self._endpoint.fleet.service.client_left(link)
        self._endpoint.dropped(link, Cause.HALF_OPEN)

    def heard(self, link: Link) -> None:
        """The path is there again: the peer answers, or resets what it does not know any more."""
        if link.over or link.opened_ns is None:
            return
        clock = self._endpoint.fleet.clock
        if link.server_gone_ns is None:
            if link.detect is not None:
                link.detect.cancel()
                link.detect = None
            return
        gone_ns = clock.now_ns - link.server_gone_ns
        if gone_ns <= FIN_REPEATED_FOR_NS:
            wait_ns = min(gone_ns, FIN_REPEAT_MAX_NS)
            wait_ns = round(
                wait_ns * self._endpoint.fleet.draws.unit(self._endpoint.who, "fin", link.attempt)
            )
            late = partial(self._endpoint.dropped, cause=Cause.SERVER_DROPPED)
            link.at(clock, clock.now_ns + wait_ns + link.latency_ns, Rank.BROWSER, late)
        self.reset_by_ping(link)

    def reset_by_ping(self, link: Link) -> None:
        """A server that does not know the connection answers the next ping with RST."""
        if not link.over and link.opened_ns is not None and self._heartbeat_ns is not None:
            next_ns = self._next_ping_ns(link, self._heartbeat_ns) + 2 * link.latency_ns
            reset = partial(self._endpoint.dropped, cause=Cause.RESET)
            link.at(self._endpoint.fleet.clock, next_ns, Rank.BROWSER, reset)


def ns_or_none(seconds: float | None) -> int | None:
    """Nanoseconds; None stays None."""
    return None if seconds is None else to_ns(seconds)
