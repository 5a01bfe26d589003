"""Retry budgets and throttles of clients, each in front of a reconnect schedule.

A budget says how many retries are made, not when. So that budgets can be compared as policies,
each stands before AWS full jitter with base 1 s and cap 30 s; the count goes back, and the budget
has a success, when the application has answered. Connect timeout 10 s, pings every 20 s. All
sockets of a client share its budget.

What was made for the requests of a service is held here against the reconnects of one client:
every attempt after a loss is a retry. A budget that only successes refill (gRPC's) then stays
empty, since there are no first attempts beside the retries that could succeed; a budget with a
reserve per second (Finagle's) hardly ever refuses a single client.

Simplification: when a budget refuses and cannot say for how long, it is asked again after
U[0.5, 1.5) s.
"""

from stormlab.policy import (
    AdaptiveThrottle,
    Advice,
    Leaky,
    Reconnect,
    Reset,
    ShareOfActive,
    TokensByResult,
)
from stormlab.policy.budget import BudgetRule
from stormlab.policy.catalogue import Entry
from stormlab_models.policies.jitters import FULL, TERMS

_NO_ADVICE = Advice()


def within(budget: BudgetRule, advice: Advice = _NO_ADVICE) -> Reconnect:
    """AWS full jitter within a budget that all sockets of a client share."""
    return Reconnect(
        FULL.schedule,
        reset=Reset(on="proof"),
        terms=TERMS,
        budget=budget,
        advice=advice,
        shared="client",
        success_on="proof",
    )


GRPC = within(
    TokensByResult(10, cost=0.0, per_failure=1.0, per_success=0.1, above=5.0),
    Advice(retry_after="exact"),
)
FINAGLE = within(Leaky(share=0.2, ttl_s=10.0, reserve_per_s=10.0))
ENVOY = within(ShareOfActive(share=0.2, retries_min=3))
SRE = within(AdaptiveThrottle(k=2.0, window_s=120.0))


def _entry(
    reconnect: Reconnect, name: str, version: str, source: str, notes: str, stranded: str = ""
) -> Entry:
    assert reconnect.budget is not None  # noqa: S101  within() gave it one
    return Entry.of(
        reconnect,
        name=name,
        version=version,
        kind="budget",
        source=source,
        formula=f"U[0, min(30, 2^n)) s within a budget: {reconnect.budget.words}",
        notes=notes,
        remarks=dict.fromkeys(("converges", "survives-long-outages"), stranded) if stranded else {},
    )


ENTRIES = (
    _entry(
        GRPC,
        "grpc-retry-throttling",
        "1fd061ad",
        "grpc/proposal:A6-client-retries.md",
        "maxTokens 10 and tokenRatio 0.1 are the proposal's example (at most 1,000). Five failures "
        "in a row leave half of the tokens, and then no retry is made until a success: as the "
        "gate of reconnects it strands its client, silently. grpc-retry-pushback-ms is Retry-After "
        "here, the exact delay. Left out: at most 5 attempts per call, and a negative pushback "
        "(never).",
        "by design: it is meant for calls beside which others succeed; it is a wrong guard of"
        " reconnects",
    ),
    _entry(
        FINAGLE,
        "finagle-retry-budget",
        "4feb34cb",
        "twitter/finagle:finagle-core/src/main/scala/com/twitter/finagle/service/RetryBudget.scala",
        "The reserve of 10 retries a second is one client's here, and it makes fewer.",
    ),
    _entry(
        ENVOY,
        "envoy-retry-budget",
        "01c2c1fa",
        "envoyproxy/envoy:api/envoy/config/cluster/v3/circuit_breaker.proto",
        "At most 3 of a client's sockets connect again at a time, or a fifth of what is open. "
        "Left out: max_connections and the other limits of 1,024.",
    ),
    _entry(
        SRE,
        "sre-adaptive-throttling",
        "2016",
        "Site Reliability Engineering, chapter Handling Overload",
        "When nothing was accepted for two minutes p nears 1 and attempts come about two minutes "
        "apart: the book names no floor of probes (budget.probe_s here).",
        "as wired here: the book has it before many requests, and here it stands before the few"
        " attempts of one client",
    ),
)
