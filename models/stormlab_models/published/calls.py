"""The model ``calls``: clients call a server whose answers fail at random, and may retry at once.

What a retry rule does to the load: N retries, a token bucket filled by calls, and a breaker on the
share of failures.

Source: V17 of the validation dossier: mbrooker/simulator_example retry_sim, the simulator behind
"Fixing retries with token buckets and circuit breakers" (2022-02-28). Rules, per client:

``retries``  up to ``retries_max`` after each call's first attempt.
``bucket``   +``fill`` at the start of each call, at most ``bucket_size``, where it starts; a retry
             needs more than 1 and costs 1. No limit per call.
``breaker``  no retry while failures (of all attempts) / calls (started) exceeds ``rate_max``, both
             counted from the start; else up to ``retries_max``.

Respected: N retries are N + 1 attempts, so success is 1 - f^(N+1), not the 1 - f^N of the post's
prose. "failure_rate" of the source holds .75 where .075 was meant; it is not among the cases.

The bucket's level is a float there and here: ten times 0.1 comes out a little above or below 1, so
that a retry is sometimes allowed one call earlier than in exact arithmetic. At f = .5 that is worth
0.0004 of load, several of its standard errors: enough for a verdict "outside" without it.

Simplifications: a server without a limit and without memory; back-off, if any, is ``backoff_s`` x
2^k without jitter (the server would not notice jitter); the answer to an attempt
comes after one exponential time (the source draws both ways; only the order of answers within a
few milliseconds depends on it). Calls start until ``start_s``; each is followed to its end.
"""

from collections.abc import Collection
from functools import partial
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from stormlab.clock import Rank, to_ns
from stormlab.draws import UNIT_BITS, exponential
from stormlab.model import World
from stormlab.scenario import Scenario
from stormlab.trace import Trace
from stormlab.vocabulary import Event

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e5, allow_inf_nan=False)]
OK, FAILED = 200, 500
_ATTEMPT_BITS = 20  # an attempt's address within its client: call, attempt


class Parameters(BaseModel):
    """The clients, the server, and the rule of retries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: Annotated[int, Field(ge=1, le=100_000)] = 100
    calls_per_s: Positive = 10.0
    start_s: Positive = 20.0
    answer_s: Positive = 0.01
    backoff_s: Annotated[float, Field(ge=0, le=1e3, allow_inf_nan=False)] = 0.0
    failure_share: Share = 0.1
    rule: Literal["retries", "bucket", "breaker"] = "retries"
    retries_max: Annotated[int, Field(ge=0, le=1000)] = 3
    fill: Share = 0.1
    bucket_size: Positive = 5.0
    rate_max: Share = 0.1


class Rule(Protocol):
    """Whether a client may retry."""

    def started(self) -> None:
        """A call began."""

    def may_retry(self, retries: int) -> bool:
        """An attempt failed; ``retries``: how many the call has had."""


class Retries:
    """Up to so many per call."""

    def __init__(self, retries_max: int) -> None:
        """Set the limit."""
        self._max = retries_max

    def started(self) -> None:
        """Nothing to count."""

    def may_retry(self, retries: int) -> bool:
        """Below the limit."""
        return retries < self._max


class Bucket:
    """A budget that calls fill and retries empty, a float as in the source."""

    def __init__(self, fill: float, size: float) -> None:
        """Start full."""
        self._fill, self._size = fill, size
        self._level = size

    def started(self) -> None:
        """Fill a little."""
        self._level = min(self._level + self._fill, self._size)

    def may_retry(self, retries: int) -> bool:  # noqa: ARG002  the budget knows no calls
        """More than one is left, and is taken."""
        if self._level <= 1:
            return False
        self._level -= 1
        return True


class Breaker:
    """N retries while the share of failures is not above a limit."""

    def __init__(self, rate_max: float, retries_max: int) -> None:
        """Start closed."""
        self._rate_max, self._max = rate_max, retries_max
        self._calls = self._failures = 0

    def started(self) -> None:
        """One more call."""
        self._calls += 1

    def may_retry(self, retries: int) -> bool:
        """Count the failure, then look."""
        self._failures += 1
        return self._failures <= self._rate_max * self._calls and retries < self._max


class Client:
    """One client: starts calls, retries by its rule."""

    def __init__(self, world: World, number: int, p: Parameters) -> None:
        """Wait for the first call."""
        self._world, self._number, self._p = world, number, p
        self._gap, self._wait = exponential(1 / p.calls_per_s), exponential(p.answer_s)
        self._calls = 0
        self._rule: Rule = Retries(p.retries_max)
        if p.rule == "bucket":
            self._rule = Bucket(p.fill, p.bucket_size)
        elif p.rule == "breaker":
            self._rule = Breaker(p.rate_max, p.retries_max)
        self._end_ns = to_ns(p.start_s)
        self._backoff_ns = to_ns(p.backoff_s)
        self._fails_below = round(p.failure_share * 2**UNIT_BITS)
        self._next_call()

    def _next_call(self) -> None:
        clock = self._world.clock
        gap_ns = self._world.draws.duration_ns(self._gap, self._number, "call", self._calls)
        if clock.now_ns + gap_ns < self._end_ns:
            clock.after(gap_ns, Rank.ACTION, self._call, client=self._number)

    def _call(self) -> None:
        call = self._calls
        self._calls += 1
        self._rule.started()
        self._attempt(call, 0)
        self._next_call()

    def _attempt(self, call: int, retries: int) -> None:
        draws, address = self._world.draws, call << _ATTEMPT_BITS | retries
        back_off_ns = (self._backoff_ns << retries) >> 1 if retries else 0
        wait_ns = draws.duration_ns(self._wait, self._number, "answer", address)
        answer = partial(self._answer, call, retries, wait_ns)
        self._world.clock.after(back_off_ns + wait_ns, Rank.PAGE, answer, client=self._number)

    def _answer(self, call: int, retries: int, took_ns: int) -> None:
        bits = self._world.draws.bits(self._number, "fails", call << _ATTEMPT_BITS | retries)
        failed = bits < self._fails_below
        self._world.recorder.add(
            self._world.clock.now_ns,
            Event.HTTP_RESPONSE,
            client=self._number,
            socket=call,
            attempt=retries + 1,
            code=FAILED if failed else OK,
            value_ns=took_ns,
        )
        if failed and self._rule.may_retry(retries):
            self._attempt(call, retries + 1)


class Calls:
    """The model as the harness finds it (:class:`stormlab.model.Model`)."""

    name = "calls"
    summary = "calls that fail at random, with retries, a retry budget or a breaker"
    parameters: type[BaseModel] = Parameters
    faults: Collection[str] = ()

    def build(self, world: World, scenario: Scenario) -> None:
        """Start every client."""
        p = scenario.parameters
        assert isinstance(p, Parameters)  # noqa: S101  the harness validated it
        for number in range(p.clients):
            Client(world, number, p)

    def figures(self, trace: Trace) -> dict[str, float | int | str | None]:
        """Calls, attempts, their ratio (load), and the share of calls that got an answer."""
        rows = trace.of(Event.HTTP_RESPONSE)
        calls = int((rows["attempt"] == 1).sum())
        answered = int((rows["code"] == OK).sum())
        return {
            "calls": calls,
            "attempts": len(rows),
            "load": len(rows) / calls if calls else None,
            "success": answered / calls if calls else None,
        }


MODEL = Calls()
