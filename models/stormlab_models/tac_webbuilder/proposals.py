"""The circuit breaker that the analysis proposes, held to what the analysis says of it.

It says: after ten failures it is open for five minutes, then half-open, when one attempt tests the
server; an opened connection closes it (Improvement 4). :class:`Literal` is the code as it stands:
its try/catch never sees a failure, since connecting is asynchronous. :class:`Wired` has the same
code fed by ``onclose``. Both are policies for ``stormlab check``::

    stormlab check stormlab_models.tac_webbuilder.proposals:Literal
    stormlab check stormlab_models.tac_webbuilder.proposals:Wired

With the page's own limit of ten attempts nobody tries an eleventh time, breaker or not; what the
breaker does by itself shows without that limit, which the analysis calls a breaker too (HIGH #4).
"""

from typing import ClassVar

from stormlab.policy import CircuitBreaker, Consecutive, Constant
from stormlab.properties.promises import Declared
from stormlab_models.tac_webbuilder.parameters import Page
from stormlab_models.tac_webbuilder.policies import AsFound, BreakerWired

FAILURES, OPEN_S = 10, 300.0
UNLIMITED = 100_000  # the most that the switch takes
SAID = Declared(
    delay_s_max=OPEN_S,
    gives_up=False,
    resets_on="open",
    breaker=CircuitBreaker(Consecutive(FAILURES), open_for=Constant(OPEN_S), probes=1),
)


class Literal(AsFound):
    """The proposed breaker as it stands around the page's own rule, without its limit."""

    declared: ClassVar[Declared] = SAID

    def __init__(self) -> None:
        """The page's switches."""
        super().__init__(Page(hook="breaker", breaker="literal", attempts_max=UNLIMITED))


class Wired(BreakerWired):
    """The proposed breaker, fed by every close."""

    declared: ClassVar[Declared] = SAID

    def __init__(self) -> None:
        """The page's switches."""
        super().__init__(Page(hook="breaker", breaker="wired"))
