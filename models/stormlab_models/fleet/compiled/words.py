"""Strings that a fleet's trace may hold, by the number that the kernel knows them by.

A trace numbers its strings as they are met; the kernel keeps a table from these numbers to those.
"""

from stormlab.policy.rules.numbers import REASONS
from stormlab_models.fleet.wire import TLS

VERBS = (
    "crash", "stop", "restart", "hang", "recover", "drain", "undrain", "reject", "admit", "slow",
    "restore", "cut", "heal", "offline", "online",
)  # fmt: skip
OF_CALLS = ("ok", "timeout", "failed")
OF_TLS = tuple(dict.fromkeys(each.name for each in TLS.values() if each.name))
WORDS = ("", "settled", *OF_CALLS, *OF_TLS, *VERBS, *REASONS)

SETTLED = 1
CALL_OK, CALL_TIMED_OUT, CALL_FAILED = (WORDS.index(each) for each in OF_CALLS)
FIRST_VERB = WORDS.index(VERBS[0])
FIRST_REASON = WORDS.index(REASONS[0])
