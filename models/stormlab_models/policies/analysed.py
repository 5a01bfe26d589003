"""The analysed application's own policies: as found, with the proposed breaker, and repaired.

As found it is made of parts here, so that it can be varied and its delays told exactly; a test
holds it against the page's own rule in the model ``tac-webbuilder``. The others are that model's.
"""

from functools import partial

from stormlab.policy import Delays, Exponential, Policy, Reconnect, Reset
from stormlab.policy.catalogue import Entry
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.tac_webbuilder.policies import make_policy

SOURCE = "the analysis, HIGH #4, Improvement 4; measured 2, 6, 14, 30, 60, ... 180 s after a drop"
VERSION = "as analysed"

AS_FOUND = Reconnect(
    Delays(Exponential(1.0, first_exponent=1), cap_s=30.0),
    attempts_max=9,
    announced=False,
    reset=Reset(on="open"),
)


def _own(page: Page) -> Policy:
    return make_policy(page)


def _entry(name: str, page: Page, formula: str, notes: str, reset: str) -> Entry:
    return Entry(
        name=name,
        version=VERSION,
        kind="analysed",
        source=SOURCE,
        make=partial(_own, page),
        formula=formula,
        notes=notes,
        cap_s=30.0,
        reset=reset,
        close_codes="all retried",
        network="none",
    )


ENTRIES = (
    Entry.of(
        AS_FOUND,
        name="tac-webbuilder",
        version=VERSION,
        kind="analysed",
        source=SOURCE,
        formula="min(1 s * 2^n, 30 s), n = 1, 2, ...: 2, 4, 8, 16, 30, 30 s",
        notes="Nine retries within 180 s, then silence for good, also when the server is back.",
    ),
    _entry(
        "tac-webbuilder-breaker",
        Page(hook="breaker", breaker="wired"),
        "as tac-webbuilder; ten failures open the breaker for 300 s, and no timer is set",
        "Nothing tries again by itself once the breaker has opened.",
        "on open",
    ),
    _entry(
        "tac-webbuilder-breaker-repaired",
        Page(hook="repaired", breaker="repaired"),
        "full jitter up to 30 s; ten failures open the breaker, which probes when its time is over",
        "The probe comes up to a tenth of the open time later, by chance.",
        "on proof",
    ),
    _entry(
        "tac-webbuilder-repaired",
        Page(hook="repaired"),
        "full jitter: U[0, min(1 s * 2^n, 30 s)], n = 1, 2, ..., for ever",
        "What an expert would ship in the page's place.",
        "on proof",
    ),
)
