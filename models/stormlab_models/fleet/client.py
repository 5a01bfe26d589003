"""A client and its endpoints: the host of a policy, as the contract asks of hosts.

An endpoint is one socket that its page wants open. It tells its policy what happened and does what
the policy decides; one attempt at a time, one timer at a time. A client is a page (or a process)
with several endpoints; it can be cut off, offline or hidden.

Simplifications, and what each would change:

- A page's script runs at once: no event loop that is busy elsewhere. Real timers are late by
  milliseconds, which blurs a herd a little.
- A decision to retry that comes while an attempt is in progress or a connection is open is
  ignored; real clients that do not ignore it make duplicate sockets (see the model tac-webbuilder).
- The browser's own queue (one handshake per address) and throttle are not here: fleets are one tab
  per client with few sockets. With eight sockets a browser would spread them over a few round
  trips.
- A hidden page's timers fire on the page's own full seconds, and on its full minutes once it has
  been hidden for five (Chromium's intensive throttling).
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_MS, Rank, Timer
from stormlab.policy.breaker import Breaker, BreakerState
from stormlab.policy.chance import AddressedChance
from stormlab.policy.contract import (
    Decision,
    Fact,
    Happened,
    HasTerms,
    Policy,
    RetryAt,
    Stop,
    Terms,
    due,
    first_attempt,
)
from stormlab.vocabulary import EVENT_CODE, Cause, Event
from stormlab_models.fleet.link import Link
from stormlab_models.fleet.watch import Watch, ns_or_none
from stormlab_models.fleet.wire import SYN_BYTES
from stormlab_models.machine import address

if TYPE_CHECKING:
    from stormlab_models.fleet.page import Client

ABNORMAL = 1006
OFFLINE_FAILS_NS = 1 * NS_PER_MS
_NO_DRAW = frozenset({Fact.OPENED, Fact.PROVED, Fact.REACHED})


class Endpoint:
    """One socket that the client wants open, and the policy that says when to try again."""

    def __init__(self, client: "Client", number: int, policy: Policy) -> None:
        """Prepare, idle."""
        self.client = client
        self.number = number
        self.who = address(client.number, number)
        self.fleet = client.fleet
        self._clock = client.fleet.clock
        self.attempts = 0
        self.link: Link | None = None
        self._timer: Timer | None = None
        self._due_ns = 0
        self.watch = Watch(self)
        self._terms = Terms()
        self._connect_timeout_ns: int | None = None
        self._take(policy)

    def _take(self, policy: Policy) -> None:
        """Begin a page's life with this policy."""
        self.policy = policy
        self.chance = AddressedChance(
            self.fleet.draws, self.client.number, self.number, self.client.page_loads
        )
        # asking each time whether it has terms would take a sixth of a run
        self._with_terms = policy if isinstance(policy, HasTerms) else None
        self._agree(self._with_terms.terms if self._with_terms is not None else Terms())
        breaker = getattr(policy, "breaker", None)
        self._breaker: Breaker | None = breaker if isinstance(breaker, Breaker) else None
        self._breaker_was = BreakerState.CLOSED

    def _agree(self, terms: Terms) -> None:
        """Take the policy's terms for the next attempt."""
        if terms is self._terms:
            return
        self._terms = terms
        self._connect_timeout_ns = ns_or_none(terms.connect_timeout_s)
        self.watch.agree(terms)

    @property
    def http_first(self) -> bool:
        """Whether an HTTP request precedes the handshake."""
        return self._terms.http_first

    @property
    def closes_offline(self) -> bool:
        """Whether the client closes its connection when the device goes offline."""
        return self._terms.closes_offline

    def replaced(self, policy: Policy) -> None:
        """A new page: everything of the old one ends without being told."""
        link, self.link = self.link, None
        if link is not None and not link.over:
            link.over = True
            link.cancel_timers()
            leave = self.fleet.service.client_left
            link.at(self.fleet.clock, self._clock.now_ns + link.latency_ns, Rank.NETWORK, leave)
        self._cancel()
        self._take(policy)

    # decisions -------------------------------------------------------------------------------

    def tell(self, happened: Happened) -> None:
        """Tell the policy a fact and do what it decides."""
        if happened.fact not in _NO_DRAW:
            self.chance.ordinal += 1
        decision = self.policy.on(happened, self.chance)
        if self._breaker is not None:
            self._watch_breaker()
        if decision is not None:
            self._obey(decision)

    def fact(self, fact: Fact) -> None:
        """Tell a fact that is about the client, not about a link."""
        self.tell(Happened(fact, self._clock.now_ns))

    def _obey(self, decision: Decision) -> None:
        if isinstance(decision, Stop):
            self._cancel()
            self._record(Event.GAVE_UP, detail=decision.reason)
            self.client.gave_up()
        elif isinstance(decision, RetryAt) and (self.link is None or self.link.over):
            self._cancel()
            self._due_ns = max(self._clock.now_ns, decision.time_ns)
            self._record(Event.TIMER_SET, value_ns=self._due_ns - self._clock.now_ns)
            self._arm()

    def _watch_breaker(self) -> None:
        if self._breaker is not None:
            state = self._breaker.state(self._clock.now_ns)
            if state is not self._breaker_was:
                self._breaker_was = state
                self._record(_BREAKER_EVENTS[state])

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._record(Event.TIMER_CLEARED)

    def _arm(self) -> None:
        clock, client = self.fleet.clock, self.client
        time_ns = max(clock.now_ns, client.throttled_ns(self._due_ns))
        attempt = self.attempts & 0xFFFF
        self._timer = clock.at(
            time_ns,
            Rank.TIMER,
            self._due,
            client=client.number,
            socket=self.number,
            attempt=attempt,
        )

    def rearm(self) -> None:
        """Set the pending timer anew: the page was hidden or shown."""
        if self._timer is not None:
            self._timer.cancel()
            self._arm()

    def _due(self) -> None:
        """The retry is due: make the attempt, unless the policy does not want it any more."""
        self._timer = None
        now_ns = self._clock.now_ns
        self.chance.ordinal += 1
        decision = due(self.policy, now_ns, self.chance)
        if self._breaker is not None:
            self._watch_breaker()
        if decision == RetryAt(now_ns):
            self._record(Event.TIMER_FIRED)
            self._attempt()
            return
        self._record(Event.TIMER_IGNORED)
        if decision is not None and not _past(decision, now_ns):
            self._obey(decision)

    def start(self) -> None:
        """Connect for the first time in this page, when the policy says so."""
        self.chance.ordinal += 1
        self._obey(first_attempt(self.policy, self._clock.now_ns, self.chance))

    # an attempt ------------------------------------------------------------------------------

    def _attempt(self) -> None:
        """Make a socket now."""
        fleet, now_ns = self.fleet, self._clock.now_ns
        if self._with_terms is not None:
            self._agree(self._with_terms.terms)
        self.attempts += 1
        latency_ns = fleet.luck.latency_ns(self.who, self.attempts)
        link = self.link = Link(self, self.client.next_socket(), now_ns, latency_ns)
        link.record(fleet.recorder, now_ns, Event.NEW)
        if not self.client.online:
            offline = partial(self.refused, cause=Cause.OFFLINE)
            link.at(fleet.clock, now_ns + OFFLINE_FAILS_NS, Rank.BROWSER, offline)
            return
        if self._connect_timeout_ns is not None:
            until_ns = now_ns + self._connect_timeout_ns
            link.timeout = link.at(fleet.clock, until_ns, Rank.TIMER, self._timed_out)
        if self.http_first and fleet.network.http_first_elsewhere:
            link.at(fleet.clock, now_ns + 4 * latency_ns, Rank.BROWSER, self._reached_elsewhere)
        else:
            self._syn(link)

    def _reached_elsewhere(self, link: Link) -> None:
        if link.over:
            return
        size = self.fleet.network.http_first_bytes
        now_ns = self._clock.now_ns
        link.record(
            self.fleet.recorder,
            now_ns,
            Event.HTTP_FIRST,
            code=200,
            up=size // 2,
            down=size - size // 2,
        )
        self.reached(link)
        self._syn(link)

    def _syn(self, link: Link) -> None:
        if link.over:
            return
        fleet, now_ns = self.fleet, self._clock.now_ns
        event = Event.SYN_RETRY if link.syns else Event.CONNECT
        link.record(fleet.recorder, now_ns, event, up=SYN_BYTES)
        lost = self.client.cut or fleet.luck.syn_is_lost(self.who, link.attempt, link.syns)
        link.syns += 1
        if lost:
            self.syn_unanswered(link)
        else:
            link.at(fleet.clock, now_ns + link.latency_ns, Rank.NETWORK, fleet.service.syn)

    def syn_unanswered(self, link: Link) -> None:
        """Nobody answers the link's last SYN: the kernel will send it again, or give up."""
        clock = self.fleet.clock
        link.record(self.fleet.recorder, clock.now_ns, Event.SYN_LOST)
        times = self.fleet.syn_retry_ns
        again_ns = max(clock.now_ns, link.began_ns + times[link.syns - 1])
        if link.syns < len(times):
            link.at(clock, again_ns, Rank.NETWORK, self._syn)
        else:
            kernel = partial(self.refused, cause=Cause.TIMED_OUT)
            link.at(clock, again_ns, Rank.BROWSER, kernel)

    def _timed_out(self, link: Link) -> None:
        """The policy's connect time-out: give the attempt up."""
        if link.over or link.opened_ns is not None:
            return
        link.record(self.fleet.recorder, self._clock.now_ns, Event.CLIENT_FIN)
        self.refused(link, Cause.TIMED_OUT)

    # what arrives ----------------------------------------------------------------------------

    def from_server(self, link: Link, action: Callable[[], None]) -> None:
        """Let ``action`` happen when what the server sends now arrives; later if cut off."""
        receive = partial(self._receive, action)
        link.at(self.fleet.clock, self._clock.now_ns + link.latency_ns, Rank.BROWSER, receive)

    def _receive(self, action: Callable[[], None], _link: Link) -> None:
        if self.client.cut:
            self.client.held.append(action)
        else:
            action()

    def reached(self, link: Link) -> None:
        """The HTTP request before the handshake was answered."""
        if not link.over:
            self.tell(Happened(Fact.REACHED, self._clock.now_ns, began_ns=link.began_ns))

    def opened(self, link: Link) -> None:
        """The 101 arrives."""
        fleet, now_ns = self.fleet, self._clock.now_ns
        if link.over:  # given up meanwhile; the server learns it from the FIN
            leave = fleet.service.client_left
            link.at(fleet.clock, now_ns + link.latency_ns, Rank.NETWORK, leave)
            return
        link.opened_ns = now_ns
        if link.timeout is not None:
            link.timeout.cancel()
        link.record(fleet.recorder, now_ns, Event.OPEN)
        self.tell(Happened(Fact.OPENED, now_ns, began_ns=link.began_ns))
        if link.proves:
            self.proved(link)
        self.watch.begin(link, now_ns)

    def proved(self, link: Link) -> None:
        """The application's first message arrives."""
        if not link.over:
            link.record(self.fleet.recorder, self._clock.now_ns, Event.PROVED)
            self.tell(Happened(Fact.PROVED, self._clock.now_ns, began_ns=link.began_ns))

    def refused(
        self,
        link: Link,
        cause: Cause,
        *,
        status: int = 0,
        retry_after_ns: int | None = None,
    ) -> None:
        """The attempt ended without opening."""
        if link.over:
            return
        self._ended(link, ABNORMAL, 0, cause)
        seen = self.fleet.parameters.clients.sees_status
        self.tell(
            Happened(
                Fact.REFUSED,
                self._clock.now_ns,
                code=ABNORMAL,
                began_ns=link.began_ns,
                status=status if seen else 0,
                retry_after_ns=retry_after_ns if seen else None,
            )
        )

    def dropped(
        self,
        link: Link,
        cause: Cause,
        *,
        code: int = ABNORMAL,
        clean: int = 0,
        retry_after_ns: int | None = None,
    ) -> None:
        """The open connection ended; ``retry_after_ns`` is the advice in the close reason."""
        if link.over or link.opened_ns is None:
            return
        self._ended(link, code, clean, cause)
        self.tell(
            Happened(
                Fact.DROPPED,
                self._clock.now_ns,
                code=code,
                clean=bool(clean),
                began_ns=link.began_ns,
                retry_after_ns=retry_after_ns,
            )
        )

    def _ended(self, link: Link, code: int, clean: int, cause: Cause) -> None:
        link.over = True
        link.cancel_timers()
        link.record(
            self.fleet.recorder,
            self._clock.now_ns,
            Event.CLOSE,
            code=code,
            clean=clean,
            cause=cause,
        )

    def offline(self, link: Link) -> None:
        """The client closes the connection itself, since the device has no network."""
        if not link.over and link.opened_ns is not None:
            self.dropped(link, Cause.OFFLINE)

    def settle(self, opened_ns: int, latency_ns: int) -> None:
        """Be open at the start of the run, since ``opened_ns`` (not after zero)."""
        self.policy.may_attempt(opened_ns)
        self.attempts = 1
        link = self.link = Link(self, self.client.next_socket(), opened_ns, latency_ns)
        link.opened_ns = opened_ns
        for event in (Event.NEW, Event.OPEN):
            link.record(self.fleet.recorder, self._clock.now_ns, event, detail="settled")
        self.fleet.service.settled(link)
        for fact in (Fact.OPENED, Fact.PROVED):
            self.tell(Happened(fact, opened_ns, began_ns=opened_ns))
        cut_ns = self.fleet.idle_cut_ns or 0
        phase_ns = round(cut_ns * self.fleet.draws.unit(self.who, "idle phase"))
        self.watch.begin(link, self._clock.now_ns - phase_ns)

    def _record(self, event: Event, *, value_ns: int = 0, detail: str = "") -> None:
        recorder = self.fleet.recorder
        text = recorder.text(detail) if detail else 0
        client, place, attempts = self.client.number, self.number, self.attempts
        row = (-1, attempts, -1, 0, -1, 0, 0, -1, -1, 0, value_ns, text)
        recorder.append((self._clock.now_ns, EVENT_CODE[event], client, place, *row))


def _past(decision: Decision, now_ns: int) -> bool:
    """A refused attempt put off to a time that is over would be refused again without end."""
    return isinstance(decision, RetryAt) and decision.time_ns < now_ns


_BREAKER_EVENTS = {
    BreakerState.OPEN: Event.BREAKER_OPENED,
    BreakerState.HALF_OPEN: Event.BREAKER_HALF_OPEN,
    BreakerState.CLOSED: Event.BREAKER_CLOSED,
}
