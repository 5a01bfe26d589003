"""Reconnect policies: the contract, the parts they are made of, and how they are found."""

from stormlab.policy.contract import (
    Chance,
    Decision,
    Fact,
    Happened,
    HasTerms,
    Policy,
    RetryAt,
    Scope,
    Stop,
    Terms,
    terms_of,
)
from stormlab.policy.loading import load_policy

__all__ = [
    "Chance",
    "Decision",
    "Fact",
    "Happened",
    "HasTerms",
    "Policy",
    "RetryAt",
    "Scope",
    "Stop",
    "Terms",
    "load_policy",
    "terms_of",
]
