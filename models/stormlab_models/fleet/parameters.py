"""What can be set of a fleet's world: clients, network, server, admission, dependency.

Every default has its source in the comment beside it. Durations are seconds, sizes bytes.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stormlab.policy.catalogue import find_policy

Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
CountOrNone = Annotated[int, Field(ge=0, le=1_000_000)]
Bytes = Annotated[int, Field(ge=0, le=1_000_000)]


def _off(value: object) -> object:
    return None if value == "off" else value


def _found(value: str | dict[str, Any]) -> str | dict[str, Any]:
    find_policy(value)  # raises ValueError with the line that a person reads
    return value


OrOff = Annotated[Positive | None, Field(), BeforeValidator(_off)]
RateOrOff = Annotated[Rate | None, Field(), BeforeValidator(_off)]
PolicyTarget = Annotated[str | dict[str, Any], AfterValidator(_found)]


class Table(BaseModel):
    """A table of a scenario file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Clients(Table):
    """Who connects.

    ``start``: ``settled`` fleets are open at time 0; ``cold`` ones connect.
    ``settled_for_s``: for how long a settled fleet had been open, longest first, spread evenly
    over ``settled_spread_s`` (the phases of pings depend on it). ``cold_spread_s``: cold clients
    start evenly spread over so long. ``sees_status``: the client library shows HTTP status and
    Retry-After of a refused handshake; a browser hides them from the page (WHATWG websockets,
    section 4). ``reload_after_s``: median time until a person whose client gave up loads the page
    again; "off": never.
    """

    count: Annotated[int, Field(ge=1, le=8_000_000)] = 1000
    sockets: Annotated[int, Field(ge=1, le=64)] = 1
    start: Literal["settled", "cold"] = "settled"
    settled_for_s: Seconds = 3600.0
    settled_spread_s: Seconds = 60.0
    cold_spread_s: Seconds = 0.0
    sees_status: bool = False
    reload_after_s: OrOff = None
    reload_sigma: Annotated[float, Field(ge=0, le=3)] = 0.8


class Mix(Table):
    """One group of a mixed fleet: which policy, and its share of the clients."""

    policy: PolicyTarget
    share: Annotated[float, Field(gt=0, le=1)]


class Network(Table):
    """The path.

    ``latency_s``: median one-way latency, lognormal with ``latency_sigma``, drawn per attempt;
    ``loss``: share of SYNs lost; ``syn_retry``: when the kernel sends a SYN again, as
    Linux from 6.5 on or before; ``idle_cut_s``: a proxy ends connections silent for so long.
    ``resumed_share``: share of reconnects that resume their TLS session.
    """

    latency_s: Seconds = 0.04
    latency_sigma: Annotated[float, Field(ge=0, le=3)] = 0.5
    loss: Share = 0.0
    syn_retry: Literal["linux-6.5", "linux-before"] = "linux-6.5"
    idle_cut_s: OrOff = None
    tls: Literal["none", "1.2", "1.3"] = "1.3"
    resumed_share: Share = 0.5
    request_bytes: Bytes = 499  # Chromium's upgrade request without cookies, measured
    response_bytes: Bytes = 229  # uvicorn's 101, measured
    error_bytes: Bytes = 160  # a 503 without a body
    http_first_bytes: Bytes = 900  # a negotiation or polling request and its answer
    http_first_elsewhere: bool = False  # that request goes to a service that does not fail


class Server(Table):
    """The service: ``pods`` processes behind a balancer, each with ``workers`` handshakes at once.

    ``handshake_s``: work per handshake. ``handshake_shape``: ``lognormal`` with that median and
    ``handshake_sigma`` (0: always the same), or ``exponential`` with that mean, as queueing theory
    has it. ``backlog``: handshakes that may wait; a SYN beyond is dropped (``overflow = "drop"``,
    Linux's default) or answered with RST. 0: none may, and a SYN is taken only where a worker is
    free; it keeps that worker until its handshake is done. ``queue``: who is served first.
    ``abandoned``: whether work is spent on clients that have gone. ``down``: what a SYN meets when
    no pod is up: a refusal, or silence. ``close_spread_s``: a shutdown in order spreads its close
    frames over so long.
    ``ping_interval_s``, ``ping_timeout_s``: the server's keep-alive. ``drain_per_s``: how many
    connections a draining pod closes per second. ``reject_after_s``: how long a connection lives
    that is accepted only to be closed. ``proves``: whether the application sends a first message.
    """

    pods: Annotated[int, Field(ge=1, le=1000)] = 1
    workers: Count = 4
    handshake_s: Positive = 0.002  # uvicorn 0.4-0.8 ms and TLS 0.2-0.4 ms of CPU, plus the app
    handshake_shape: Literal["lognormal", "exponential"] = "lognormal"
    handshake_sigma: Annotated[float, Field(ge=0, le=3)] = 0.0
    backlog: CountOrNone = 2048  # uvicorn's default
    overflow: Literal["drop", "refuse"] = "drop"
    queue: Literal["fifo", "lifo"] = "fifo"
    abandoned: Literal["served", "skipped"] = "served"
    down: Literal["refuse", "hang"] = "refuse"
    close_code: Annotated[int, Field(ge=1000, le=4999)] = 1012  # uvicorn's at shutdown
    close_spread_s: Seconds = 0.0
    ping_interval_s: OrOff = 20.0  # uvicorn's default
    ping_timeout_s: Positive = 20.0  # uvicorn's default
    drain_per_s: Rate = 100.0  # AnyCable's default disconnect rate
    drain_code: Annotated[int, Field(ge=1000, le=4999)] = 1001
    reject_code: Annotated[int, Field(ge=1000, le=4999)] = 1013
    reject_after_s: Seconds = 0.05
    retry_after_s: OrOff = None  # the advice that goes with a rejection
    proves: bool = True

    @model_validator(mode="after")
    def _one_spread(self) -> Self:
        if self.handshake_shape == "exponential" and self.handshake_sigma:
            msg = f"handshake_sigma: found {self.handshake_sigma:g}; allowed: 0, as an exponential"
            raise ValueError(f"{msg} duration has no other parameter than its mean")
        return self


class Step(Table):
    """The operator sets another admission rate at a time of the run."""

    at_s: Seconds
    rate_per_s: Rate


class Admission(Table):
    """A token bucket before the handshake.

    ``over``: what a handshake without a token gets: an HTTP 503 or 429, or it is accepted and
    closed with 1013.
    """

    rate_per_s: RateOrOff = None
    burst: Count = 10
    steps: list[Step] = Field(default_factory=list)
    over: Literal["503", "429", "1013"] = "503"


class Dependency(Table):
    """What a new connection needs behind the server (authentication, a database).

    ``workers`` calls at once of ``service_s`` each, first come, first served; a call that takes
    longer than ``timeout_s``, waiting included, is given up and tried again, ``tries`` in all, and
    then the connection is closed with ``close_code``. ``before_accept``: the handshake is answered
    only after the call.
    """

    workers: Count | None = None  # None: there is no dependency
    service_s: Positive = 0.02
    timeout_s: Positive = 5.0
    tries: Count = 1
    close_code: Annotated[int, Field(ge=1000, le=4999)] = 1011
    before_accept: bool = False


class Rolling(Table):
    """A rolling restart: one pod after another is stopped and comes back."""

    at_s: Seconds = 10.0
    every_s: Positive = 30.0
    down_s: Seconds = 5.0


class Messages(Table):
    """What users miss while they are away: the service publishes every ``every_s``."""

    every_s: OrOff = 1.0


class Parameters(Table):
    """Everything that a fleet scenario can set besides duration and faults.

    ``policy``: a name of the catalogue (``stormlab policies``), ``module:attribute``,
    ``file.py:attribute``, a TOML file, or a table. ``mix``: groups with policies of their own
    instead of ``policy``. ``fault_spread_s``: each fault lasts up to so much longer or shorter than
    it says, by a draw of each run: a schedule without jitter that happens to try just when the
    service is back does so in some runs only.
    """

    policy: PolicyTarget = "aws-full-jitter"
    mix: list[Mix] = Field(default_factory=list)
    clients: Clients = Clients()
    network: Network = Network()
    server: Server = Server()
    admission: Admission = Admission()
    dependency: Dependency = Dependency()
    rolling: Rolling | None = None
    fault_spread_s: Seconds = 0.0
    messages: Messages = Messages()

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = sum(group.share for group in self.mix)
        if self.mix and abs(total - 1) > 1e-9:  # noqa: PLR2004  rounding of decimal shares
            msg = f"mix: found shares that add up to {total:g}; allowed: 1"
            raise ValueError(msg)
        return self

    @property
    def groups(self) -> list[str | dict[str, Any]]:
        """The policies of the fleet, one for each group."""
        return [group.policy for group in self.mix] or [self.policy]
