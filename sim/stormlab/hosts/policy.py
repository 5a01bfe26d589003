"""A modelled policy as a hosted client: it meets real servers through the same wire as real code.

One WebSocket at a time, dialled when the policy says so. A connection counts as proved by the first
message of the server (:class:`stormlab.policy.contract.Fact`); ``hello`` is sent once it is open,
for servers that wait for a word. Simplifications: of the policy's terms only ``connect_timeout_s``
is kept; heartbeats are the business of whoever speaks bytes.
"""

from functools import partial

from stormlab.clock import Clock, Rank, Timer, to_ns
from stormlab.hosts.wire import ABNORMAL, Data, Dial, End, Mouth
from stormlab.policy.contract import Chance, Fact, Happened, Policy, terms_of
from stormlab.policy.host import Host, Phase


class PolicyClient:
    """Hosts one policy; see :class:`stormlab.hosts.bare.HostedClient`."""

    def __init__(
        self,
        policy: Policy,
        chance: Chance,
        clock: Clock,
        dial: Dial,
        url: str,
        *,
        hello: Data | None = None,
        number: int = 0,
    ) -> None:
        """``number``: orders what several clients do at one moment."""
        self._policy, self._clock, self._dial, self._url = policy, clock, dial, url
        self._hello, self._number = hello, number
        self._host = Host(policy, chance)
        self._mouth: Mouth | None = None
        self._timer: Timer | None = None
        self._patience: Timer | None = None
        self._closed = False

    @property
    def open(self) -> bool:
        """Whether it is connected."""
        return self._host.phase is Phase.OPEN

    def start(self) -> None:
        """Make the first attempt when the policy wants it."""
        self._host.start(self._clock.now_ns)
        self._plan()

    def has(self, name: str) -> bool:
        """It can be closed, and asked to retry."""
        return name in {"close", "reconnect"}

    def call(self, name: str) -> None:
        """Close for good, or retry by hand."""
        if name == "close":
            self._closed = True
            self._stop_timers()
            if self._mouth is not None:
                self._mouth.close()
        else:
            self._tell(Happened(Fact.RETRY_BY_HAND, self._clock.now_ns))

    def online(self, *, online: bool) -> None:
        """The device has a network, or none."""
        self._tell(Happened(Fact.ONLINE if online else Fact.OFFLINE, self._clock.now_ns))

    def visible(self, *, visible: bool) -> None:
        """The page is in sight, or hidden."""
        self._tell(Happened(Fact.VISIBLE if visible else Fact.HIDDEN, self._clock.now_ns))

    def forget(self) -> None:
        """Nothing is kept anywhere else."""

    # the policy's decisions ------------------------------------------------------------------

    def _tell(self, happened: Happened, number: int | None = None) -> None:
        if not self._closed:
            self._host.tell(happened, number)
            self._plan()

    def _plan(self) -> None:
        due_ns = self._host.due_ns
        if self._timer is not None and self._timer.pending:
            if due_ns is not None and self._timer.time_ns == max(due_ns, self._clock.now_ns):
                return
            self._timer.cancel()
        if due_ns is not None:
            time_ns = max(due_ns, self._clock.now_ns)
            self._timer = self._clock.at(time_ns, Rank.TIMER, self._fall_due, client=self._number)

    def _fall_due(self) -> None:
        number = self._host.begin(self._clock.now_ns)
        if number is None:
            self._plan()
            return
        self._mouth = self._dial(self._url, (), _Ear(self, number))
        timeout_s = terms_of(self._policy).connect_timeout_s
        if timeout_s is not None:
            self._patience = self._clock.after(
                to_ns(timeout_s), Rank.TIMER, partial(self._give_up, number), client=self._number
            )

    def _give_up(self, number: int) -> None:
        """The attempt takes too long for the policy."""
        if self._host.attempt == number and self._host.phase is Phase.CONNECTING:
            mouth = self._mouth
            self._refused(number, ABNORMAL)
            if mouth is not None:
                mouth.close()

    def _stop_timers(self) -> None:
        for timer in (self._timer, self._patience):
            if timer is not None:
                timer.cancel()

    # what the wire says ----------------------------------------------------------------------

    def opened(self, number: int) -> None:
        """The handshake is complete."""
        if self._patience is not None:
            self._patience.cancel()
        self._tell(Happened(Fact.OPENED, self._clock.now_ns), number)
        if self._hello is not None and self._mouth is not None:
            self._mouth.send(self._hello)

    def heard(self, number: int) -> None:
        """A message: the application answers."""
        self._tell(Happened(Fact.PROVED, self._clock.now_ns), number)

    def ended(self, number: int, end: End) -> None:
        """The connection is over, or there will be none."""
        if self._host.attempt != number:
            return
        if self._host.phase is Phase.OPEN:
            happened = Happened(
                Fact.DROPPED, self._clock.now_ns, end.code, end.clean, reason=end.reason
            )
            self._tell(happened, number)
        elif self._host.phase is Phase.CONNECTING:
            self._refused(number, end.code)

    def _refused(self, number: int, code: int) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._tell(Happened(Fact.REFUSED, self._clock.now_ns, code), number)


class _Ear:
    """One attempt's ear: see :class:`stormlab.hosts.wire.Ear`."""

    def __init__(self, client: PolicyClient, number: int) -> None:
        self._client, self._number = client, number

    def opened(self, protocol: str) -> None:
        del protocol
        self._client.opened(self._number)

    def message(self, data: Data) -> None:
        del data
        self._client.heard(self._number)

    def closing(self) -> None:
        """The end follows."""

    def ended(self, end: End) -> None:
        self._client.ended(self._number, end)
