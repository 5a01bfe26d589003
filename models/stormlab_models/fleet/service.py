"""The service: pods behind a balancer, admission, handshakes, accepted connections.

Simplifications, and what each would change:

- A handshake occupies a worker for a time that is known when it begins; the kernel's accept queue
  and the process's own queue are one queue. A real event loop interleaves; the order of service
  would be blurred, the throughput not.
- The balancer knows at once which pods are up, and never sends to one that drains or hangs while
  another does not. Real health checks take seconds, in which part of the attempts is lost.
- A shutdown in order answers handshakes in progress with HTTP 500, as uvicorn does.
- A hung host comes back as a new process that knows nothing of the old connections.
- Refusals by admission cost no work.
"""

from collections.abc import Callable
from functools import partial

from stormlab.clock import NS_PER_S, Rank, to_ns
from stormlab.model import World
from stormlab.vocabulary import Cause, Event
from stormlab_models.fleet.admission import Gate
from stormlab_models.fleet.dependency import Dependency
from stormlab_models.fleet.link import Link
from stormlab_models.fleet.parameters import Parameters
from stormlab_models.fleet.pod import Pod
from stormlab_models.fleet.wire import ACK_BYTES, RST_BYTES, SYN_ACK_BYTES, Luck

HTTP_SERVER_ERROR = 500
SWITCHING = 101


class Service:
    """Everything behind the balancer."""

    def __init__(self, world: World, parameters: Parameters, luck: Luck) -> None:
        """Start all pods, idle."""
        self._clock, self._recorder = world.clock, world.recorder
        self._settings = settings = parameters.server
        self._network = parameters.network
        self._luck = luck
        self._over = parameters.admission.over
        self._gate = Gate(parameters.admission)
        self.pods = [Pod(number, settings.workers) for number in range(settings.pods)]
        self._routed = list(self.pods)
        self._conns = 0
        self.reject_code = 0  # while the service accepts only to close: the close code
        self._slow = 1.0
        self._retry_after_ns = to_ns(settings.retry_after_s) if settings.retry_after_s else None
        self._dependency: Dependency | None = None
        if parameters.dependency.workers is not None:
            self._dependency = Dependency(world.clock, world.recorder, parameters.dependency)
        self._dependency_first = parameters.dependency.before_accept
        self._dependency_code = parameters.dependency.close_code

    # handshakes ------------------------------------------------------------------------------

    def syn(self, link: Link) -> None:
        """A SYN arrives at the balancer."""
        if link.over:
            return
        now_ns, settings = self._clock.now_ns, self._settings
        if not self._routed:
            if settings.down == "hang" or any(pod.hung for pod in self.pods):
                link.owner.syn_unanswered(link)
            else:
                self._refuse(link)
            return
        pod = self._routed[self._luck.pick(len(self._routed), link.who, link.attempt)]
        room = settings.backlog or pod.workers - pod.busy
        if pod.waiting >= room:
            link.record(self._recorder, now_ns, Event.QUEUE_FULL)
            if settings.overflow == "refuse":
                self._refuse(link)
            else:
                link.owner.syn_unanswered(link)
            return
        link.pod = pod
        pod.arriving[link] = None
        link.record(self._recorder, now_ns, Event.ESTABLISHED, up=ACK_BYTES, down=SYN_ACK_BYTES)
        round_trips = 1 + self._luck.tls(link.who, link.attempt).round_trips
        link.at(self._clock, now_ns + 2 * link.latency_ns * round_trips, Rank.NETWORK, self._asked)

    def _refuse(self, link: Link) -> None:
        now_ns = self._clock.now_ns
        link.record(self._recorder, now_ns, Event.REFUSED, down=RST_BYTES)
        link.owner.from_server(link, partial(link.owner.refused, link, Cause.REFUSED))

    def _asked(self, link: Link) -> None:
        """The first request arrives: the upgrade, or the HTTP request that precedes it."""
        pod = link.pod
        if link.over or pod is None or link not in pod.arriving:
            self._forget(link)
            return
        now_ns = self._clock.now_ns
        tls = self._luck.tls(link.who, link.attempt)
        if tls.name:
            link.record(
                self._recorder, now_ns, Event.TLS, up=tls.up, down=tls.down, detail=tls.name
            )
        if link.owner.http_first and not self._network.http_first_elsewhere:
            size = self._network.http_first_bytes
            link.record(
                self._recorder,
                now_ns,
                Event.HTTP_FIRST,
                code=200,
                up=size // 2,
                down=size - size // 2,
            )
            link.at(self._clock, now_ns + 2 * link.latency_ns, Rank.NETWORK, self._reached)
        else:
            self._upgrade(link)

    def _reached(self, link: Link) -> None:
        pod = link.pod
        if link.over or pod is None or link not in pod.arriving:
            self._forget(link)
            return
        link.owner.reached(link)
        self._upgrade(link)

    def _upgrade(self, link: Link) -> None:
        """The upgrade request arrives: admission, then the queue."""
        pod = link.pod
        assert pod is not None  # noqa: S101  it is among the pod's arriving
        del pod.arriving[link]
        now_ns = self._clock.now_ns
        link.record(self._recorder, now_ns, Event.REQUEST, up=self._network.request_bytes)
        if not self._gate.admits(now_ns):
            if self._over != "1013":
                self._reject(link, int(self._over))
                return
            link.proves = False
        pod.queue.append(link)
        if pod.busy >= pod.workers:
            link.record(self._recorder, now_ns, Event.QUEUED_REQUEST, code=len(pod.queue) - 1)
        self._serve(pod)

    def _reject(self, link: Link, status: int) -> None:
        now_ns = self._clock.now_ns
        link.record(self._recorder, now_ns, Event.REJECTED, code=status)
        link.record(
            self._recorder, now_ns, Event.RESPONSE, code=status, down=self._network.error_bytes
        )
        told = partial(
            link.owner.refused,
            link,
            Cause.REJECTED,
            status=status,
            retry_after_ns=self._retry_after_ns,
        )
        link.owner.from_server(link, told)

    def _serve(self, pod: Pod) -> None:
        newest_first = self._settings.queue == "lifo"
        skips = self._settings.abandoned == "skipped"
        while pod.busy < pod.workers and pod.queue:
            link = pod.queue.pop() if newest_first else pod.queue.popleft()
            if link.over and skips:
                continue
            pod.busy += 1
            pod.serving[link] = None
            link.conn = self._conns
            self._conns += 1
            now_ns = self._clock.now_ns
            work_ns = round(self._luck.work_ns(link.who, link.attempt) * self._slow)
            link.record(self._recorder, now_ns, Event.STARTED)
            served = partial(self._served, pod, pod.generation, work_ns)
            link.at(self._clock, now_ns + work_ns, Rank.SERVER, served)

    def _served(self, pod: Pod, generation: int, work_ns: int, link: Link) -> None:
        if generation != pod.generation:
            return
        pod.busy -= 1
        del pod.serving[link]
        gone = int(link.over)
        link.record(self._recorder, self._clock.now_ns, Event.SERVED, value_ns=work_ns, code=gone)
        if not gone:
            if self._dependency is not None and self._dependency_first:
                self._dependency.call(link, self._authorised)
            else:
                self._accept(link)
        self._serve(pod)

    def _authorised(self, link: Link, answered: bool) -> None:  # noqa: FBT001  a callback
        if link.over or link.pod is None or not link.pod.up:
            return
        if answered:
            self._accept(link)
        else:
            self._reject(link, HTTP_SERVER_ERROR)

    def _accept(self, link: Link) -> None:
        now_ns, pod = self._clock.now_ns, link.pod
        assert pod is not None  # noqa: S101  it was served there
        pod.open[link] = None
        link.record(self._recorder, now_ns, Event.ACCEPTED)
        size = self._network.response_bytes
        link.record(self._recorder, now_ns, Event.RESPONSE, code=SWITCHING, down=size)
        reject_code = self.reject_code or (0 if link.proves else self._settings.reject_code)
        calls = self._dependency is not None and not self._dependency_first
        link.proves = self._settings.proves and not reject_code and not calls
        link.owner.from_server(link, partial(link.owner.opened, link))
        if reject_code:
            after_ns = to_ns(self._settings.reject_after_s)
            closing = partial(self._close, reject_code)
            link.at(self._clock, now_ns + after_ns, Rank.SERVER, closing)
        elif calls and self._dependency is not None:
            self._dependency.call(link, self._called)

    def _called(self, link: Link, answered: bool) -> None:  # noqa: FBT001  a callback
        if answered:
            if self._settings.proves and self._holds(link):
                link.owner.from_server(link, partial(link.owner.proved, link))
        else:
            self._close(self._dependency_code, link)

    # connections -----------------------------------------------------------------------------

    def settled(self, link: Link) -> None:
        """Hold a connection that was open before the run began."""
        pod = self.pods[self._luck.pick(len(self.pods), link.who, link.attempt)]
        link.pod, link.conn = pod, self._conns
        self._conns += 1
        pod.open[link] = None

    def _holds(self, link: Link) -> bool:
        return link.pod is not None and link in link.pod.open

    def _close(self, code: int, link: Link, cause: Cause = Cause.SERVER_CLOSED) -> None:
        """End an open connection with a close frame."""
        if not self._holds(link):
            return
        self._forget(link)
        link.record(self._recorder, self._clock.now_ns, Event.CLOSED, code=code)
        told = partial(
            link.owner.dropped,
            link,
            cause,
            code=code,
            clean=1,
            retry_after_ns=self._retry_after_ns,
        )
        link.owner.from_server(link, told)

    def client_left(self, link: Link) -> None:
        """The client ended the connection, and its FIN has arrived."""
        if self._holds(link):
            link.record(self._recorder, self._clock.now_ns, Event.LOST)
        self._forget(link)

    def _forget(self, link: Link) -> None:
        if link.pod is not None:
            link.pod.open.pop(link, None)
            link.pod.arriving.pop(link, None)

    def ping_timeout(self, link: Link) -> None:
        """The server's keep-alive gives a silent client up."""
        if self._holds(link):
            self._forget(link)
            link.server_gone_ns = self._clock.now_ns
            link.record(self._recorder, self._clock.now_ns, Event.PING_TIMEOUT)

    # faults ----------------------------------------------------------------------------------

    def apply(self, verb: str, pod: int | None, code: int | None, factor: float) -> None:
        """Do a fault's verb to one pod, or to all."""
        if verb == "reject":
            self.reject_code = code or self._settings.reject_code
        elif verb == "admit":
            self.reject_code = 0
        elif verb in {"slow", "restore"}:
            self._slow = factor if verb == "slow" else 1.0
        else:
            acts: dict[str, Callable[[Pod], None]] = {
                "crash": self._crash,
                "stop": self._stop,
                "restart": self._restart,
                "hang": self._hang,
                "recover": self._restart,
                "drain": self._drain,
                "undrain": self._undrain,
            }
            for each in self.pods if pod is None else self.pods[pod : pod + 1]:
                acts[verb](each)
            self._routed = [each for each in self.pods if each.routed]

    def _mark(self, event: Event, pod: Pod) -> None:
        self._recorder.add(self._clock.now_ns, event, conn=pod.number)

    def _crash(self, pod: Pod) -> None:
        """The process dies; the kernel of its host resets what was open."""
        if not pod.up:
            return
        pod.up = False
        self._mark(Event.KILLED, pod)
        handshakes, connections = list(pod.handshakes()), list(pod.open)
        pod.forget()
        for link in handshakes:
            link.owner.from_server(link, partial(link.owner.refused, link, Cause.RESET))
        for link in connections:
            link.owner.from_server(link, partial(link.owner.dropped, link, Cause.KILLED))

    def _stop(self, pod: Pod) -> None:
        """A shutdown in order: close frames, at once or spread."""
        if not pod.up:
            return
        pod.up = False
        self._mark(Event.SHUTDOWN, pod)
        handshakes, connections = list(pod.handshakes()), list(pod.open)
        pod.arriving.clear()
        pod.queue.clear()
        pod.serving.clear()
        pod.generation += 1
        pod.busy = 0
        for link in handshakes:
            self._reject(link, HTTP_SERVER_ERROR)
        spread_ns = to_ns(self._settings.close_spread_s)
        closing = partial(self._close, self._settings.close_code)
        self._close_over(connections, spread_ns, closing)

    def _close_over(
        self, links: list[Link], spread_ns: int, closing: Callable[[Link], None]
    ) -> None:
        for order, link in enumerate(links):
            wait_ns = spread_ns * order // max(1, len(links))
            if wait_ns:
                link.at(self._clock, self._clock.now_ns + wait_ns, Rank.SERVER, closing)
            else:
                closing(link)

    def _restart(self, pod: Pod) -> None:
        if pod.up and not pod.hung:
            return
        closing = list(pod.open) if not pod.hung else []  # an old process that still closes
        pod.forget()
        pod.open.update(dict.fromkeys(closing))
        pod.up, pod.hung = True, False
        self._mark(Event.UP, pod)

    def _hang(self, pod: Pod) -> None:
        """The host vanishes: nothing is answered, nothing refused, nobody is told."""
        if not pod.up or pod.hung:
            return
        pod.hung = True
        self._mark(Event.KILLED, pod)
        connections = list(pod.open)
        pod.forget()
        for link in connections:
            link.server_gone_ns = self._clock.now_ns
            link.record(self._recorder, self._clock.now_ns, Event.LOST)
            link.owner.watch.silence(link)

    def _drain(self, pod: Pod) -> None:
        """No new connections; those that are open are closed at a steady rate."""
        if pod.draining or not pod.up:
            return
        pod.draining = True
        self._mark(Event.SHUTDOWN, pod)
        links = list(pod.open)
        spread_ns = round(len(links) * NS_PER_S / self._settings.drain_per_s)
        self._close_over(links, spread_ns, partial(self._close, self._settings.drain_code))

    def _undrain(self, pod: Pod) -> None:
        if pod.draining:
            pod.draining = False
            self._mark(Event.UP, pod)
