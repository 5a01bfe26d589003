"""The analysed application's own policies: as found, with the proposed breaker, and repaired.

As found and repaired they are made of parts here, so that they can be varied; with a breaker they
are the model's own classes, since a person's retry while it is open has no like among the parts.
A test holds the parts against the classes of the model ``tac-webbuilder``.
"""

from collections.abc import Callable
from functools import partial

from stormlab.clock import to_ns
from stormlab.policy import (
    Chance,
    Delays,
    Draw,
    Exponential,
    Full,
    Policy,
    Reconnect,
    Reset,
    Support,
    support_of,
)
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
REPAIRED = Reconnect(
    Delays(Exponential(1.0, first_exponent=1), Full(), cap_s=30.0),
    reset=Reset(on="proof"),
    by_hand_resets=False,
)
BREAKER = Page(hook="breaker", breaker="wired")
BREAKER_REPAIRED = Page(hook="repaired", breaker="repaired")


def _own(page: Page) -> Policy:
    return make_policy(page)


def _probes(n: int) -> Support | None:
    """Full jitter until the breaker opens; from then on a probe for each open time."""
    if n < BREAKER_REPAIRED.breaker_failures - 1:
        return REPAIRED.support(n)
    open_ns = to_ns(BREAKER_REPAIRED.breaker_open_s)

    def delay_ns(chance: Chance) -> int:
        return open_ns + int(chance.unit("breaker") * open_ns) // 10

    return support_of((Draw("breaker"),), delay_ns)


def _with_breaker(  # noqa: PLR0913  one argument for each thing that differs
    name: str,
    page: Page,
    supports: Callable[[int], Support | None],
    *,
    formula: str,
    jitter: str,
    notes: str,
    reset: str,
    cap_s: float,
    attempts_max: int | None = None,
) -> Entry:
    return Entry(
        name=name,
        version=VERSION,
        kind="analysed",
        source=SOURCE,
        make=partial(_own, page),
        formula=formula,
        jitter=jitter,
        notes=notes,
        supports=supports,
        first_after_drop=supports(0),
        cap_s=cap_s,
        attempts_max=attempts_max,
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
    _with_breaker(
        "tac-webbuilder-breaker",
        BREAKER,
        AS_FOUND.support,
        formula="as tac-webbuilder; ten failures open the breaker for 300 s, and no timer is set",
        jitter="none",
        notes="Nothing tries again by itself once the breaker has opened.",
        reset="on open",
        cap_s=30.0,
        attempts_max=9,
    ),
    _with_breaker(
        "tac-webbuilder-breaker-repaired",
        BREAKER_REPAIRED,
        _probes,
        formula="full jitter up to 30 s; ten failures open the breaker for 300 s, then a probe",
        jitter="full: U[0, d), after the cap; probes + U[0, 30) s",
        notes="The probe comes up to a tenth of the open time later, by chance.",
        reset="on application proof",
        cap_s=330.0,
    ),
    Entry.of(
        REPAIRED,
        name="tac-webbuilder-repaired",
        version=VERSION,
        kind="analysed",
        source=SOURCE,
        formula="full jitter: U[0, min(1 s * 2^n, 30 s)), n = 1, 2, ..., for ever",
        notes="What an expert would ship in the page's place.",
    ),
)
