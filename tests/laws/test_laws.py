"""Every law holds on whatever can be drawn."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stormlab.properties import LAWS, Outcome, check_all
from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.strategies import bare_scenarios, page_scenarios

Act = Callable[[dict[str, Any], int], Trace]
# an argument for differing cases: what the fixture gives is a pure function
PER_PROPERTY = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def assert_lawful(trace: Trace) -> None:
    """Fail with the rows that break a law."""
    for verdict in check_all(trace):
        verdict.require(trace)


@settings(PER_PROPERTY, max_examples=150)
@given(document=page_scenarios(duration_s_max=45.0), seed=st.integers(0, 1 << 40))
def test_pages_obey_every_law(simulate: Act, document: dict[str, Any], seed: int) -> None:
    assert_lawful(simulate(document, seed))


@settings(PER_PROPERTY, max_examples=50)
@given(document=bare_scenarios(), seed=st.integers(0, 1 << 40))
def test_bare_clients_obey_every_law(simulate: Act, document: dict[str, Any], seed: int) -> None:
    assert_lawful(simulate(document, seed))


def test_every_law_is_put_to_the_test(simulate: Act) -> None:
    """A batch in which a law never had anything to judge would prove nothing of it."""
    base: dict[str, Any] = {"model": "tac-webbuilder", "duration_s": 30.0}
    strict = {"strict_mode": True, "build": "dev"}
    crash = {"do": "crash", "at_s": 5.0, "for_s": 3.0}
    batch = [
        {**base, "react": strict, "page": {"sends_ready": True}, "faults": [crash]},
        {**base, "actions": [{"do": "reload", "at_s": 5.0}], "browser": {"name": "firefox"}},
    ]
    seen = Counter(
        verdict.law
        for document in batch
        for verdict in check_all(simulate(document, 1))
        if verdict.outcome is Outcome.HOLDS
    )
    assert set(seen) == {law.name for law in LAWS}
