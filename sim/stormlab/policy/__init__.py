"""Reconnect policies: the contract, the parts they are made of, and how they are found.

Start with :mod:`.contract` (what a policy is and what its host does), then :mod:`.reconnect` (the
parts put together). The parts: :mod:`.backoff`, :mod:`.jitter`, :mod:`.schedule`, :mod:`.walks`,
:mod:`.reset`, :mod:`.codes`, :mod:`.breaker`, :mod:`.budget`; the exact range of a delay:
:mod:`.support`. A policy as a TOML table is in :mod:`.table`, the catalogue in :mod:`.catalogue`.
"""

from stormlab.policy.backoff import (
    Backoff,
    Constant,
    Exponential,
    Linear,
    Logarithmic,
    Polynomial,
    Table,
)
from stormlab.policy.breaker import (
    Breaker,
    BreakerState,
    CircuitBreaker,
    Consecutive,
    RateInCount,
    RateInWindow,
)
from stormlab.policy.budget import (
    AdaptiveThrottle,
    Budget,
    Leaky,
    ShareOfActive,
    TokenBucket,
    TokensByResult,
)
from stormlab.policy.chance import AddressedChance
from stormlab.policy.codes import RESTART_SPAN, Advice, Rule, codes, stop_on
from stormlab.policy.contract import (
    Chance,
    Decision,
    Fact,
    Happened,
    HasTerms,
    Policy,
    Postpones,
    RetryAt,
    Scope,
    Starts,
    Stop,
    Terms,
    due,
    first_attempt,
    terms_of,
)
from stormlab.policy.delays import Walked, delays
from stormlab.policy.jitter import (
    Added,
    Chain,
    Comb,
    Equal,
    Full,
    Jitter,
    Memoryless,
    Multiplied,
    NoJitter,
)
from stormlab.policy.loading import load_policy
from stormlab.policy.reconnect import ConnectTimeout, Network, Reconnect, policies_for_client
from stormlab.policy.reconnector import Reconnector
from stormlab.policy.reset import Reset
from stormlab.policy.schedule import Between, Delays, Moment, Schedule, Span, Stages, rfc6455
from stormlab.policy.support import Draw, Support, support_of
from stormlab.policy.walks import Decorrelated, Grown, NextAbove, NormalWalk, PollyV2

__all__ = [
    "RESTART_SPAN",
    "AdaptiveThrottle",
    "Added",
    "AddressedChance",
    "Advice",
    "Backoff",
    "Between",
    "Breaker",
    "BreakerState",
    "Budget",
    "Chain",
    "Chance",
    "CircuitBreaker",
    "Comb",
    "ConnectTimeout",
    "Consecutive",
    "Constant",
    "Decision",
    "Decorrelated",
    "Delays",
    "Draw",
    "Equal",
    "Exponential",
    "Fact",
    "Full",
    "Grown",
    "Happened",
    "HasTerms",
    "Jitter",
    "Leaky",
    "Linear",
    "Logarithmic",
    "Memoryless",
    "Moment",
    "Multiplied",
    "Network",
    "NextAbove",
    "NoJitter",
    "NormalWalk",
    "Policy",
    "PollyV2",
    "Polynomial",
    "Postpones",
    "RateInCount",
    "RateInWindow",
    "Reconnect",
    "Reconnector",
    "Reset",
    "RetryAt",
    "Rule",
    "Schedule",
    "Scope",
    "ShareOfActive",
    "Span",
    "Stages",
    "Starts",
    "Stop",
    "Support",
    "Table",
    "Terms",
    "TokenBucket",
    "TokensByResult",
    "Walked",
    "codes",
    "delays",
    "due",
    "first_attempt",
    "load_policy",
    "policies_for_client",
    "rfc6455",
    "stop_on",
    "support_of",
    "terms_of",
]
