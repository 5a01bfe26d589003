"""A policy held to its promises: worlds are tried, and each breach is shown in the smallest one.

:func:`check_policy`, and :func:`check_client` for real code, give a :class:`Verdict`;
:mod:`stormlab.contract` makes tests of it, and ``stormlab check`` a command. A counterexample is a
file that :func:`replay` shows again.
"""

from stormlab.check.budget import BUDGETS, Budget
from stormlab.check.client import check_client
from stormlab.check.engine import Check, Runs, check_policy
from stormlab.check.guard import CheckError
from stormlab.check.replay import Replay, Replayed, read_replay, replay
from stormlab.check.see import Target, see, target_of
from stormlab.check.verdict import (
    Judged,
    PromiseBrokenError,
    PromiseUndecidedError,
    Verdict,
)

__all__ = [
    "BUDGETS",
    "Budget",
    "Check",
    "CheckError",
    "Judged",
    "PromiseBrokenError",
    "PromiseUndecidedError",
    "Replay",
    "Replayed",
    "Runs",
    "Target",
    "Verdict",
    "check_client",
    "check_policy",
    "read_replay",
    "replay",
    "see",
    "target_of",
]
