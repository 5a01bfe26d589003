"""The page sees the same, and the log says the same, whether the server is modelled or real."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.integration.both_servers import (
    EXACT,
    FIRST,
    IMPLEMENTATIONS,
    SCENARIOS,
    Document,
    closes,
    figures,
    of_0_38,
    page_of,
    real,
    traced,
)

from stormlab.properties import broken
from stormlab.vocabulary import Event
from stormlab_models.server_log import lines


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("title", SCENARIOS)
def test_the_page_sees_and_the_log_says_the_same(title: str, implementation: str) -> None:
    document = SCENARIOS[title]
    model = traced("model", implementation, document)
    ours = real(document, implementation)
    assert page_of(ours, times=EXACT) == page_of(model, times=EXACT)
    assert lines(ours) == lines(model)
    assert figures(ours) == figures(model)
    assert broken(ours) == []


# what Hypothesis may draw: acts of a person and of the world, and shapes of the handler
ACTS = ("reload", "unmount", "remount", "navigate_away", "edit_module")
FAULTS = ("crash", "cut", "hold", "drain")
acts = st.lists(
    st.fixed_dictionaries(
        {"do": st.sampled_from(ACTS), "at_s": st.integers(150, 15_000).map(lambda ms: ms / 1000)}
    ),
    max_size=3,
)
faults = st.lists(
    st.fixed_dictionaries(
        {
            "do": st.sampled_from(FAULTS),
            "at_s": st.integers(150, 12_000).map(lambda ms: ms / 1000),
            "for_s": st.integers(2, 80).map(lambda tenths: tenths / 10),
        }
    ),
    max_size=1,
)
handlers = st.fixed_dictionaries(
    {
        "initial_data_s": st.sampled_from((0.0, 0.005, 0.05, 0.3)),
        "initial_data_placement": st.sampled_from(("before_accept", "after_accept")),
        "waits_for_ready": st.booleans(),
        "ready_timeout_closes": st.booleans(),
        "ready_timeout_s": st.sampled_from((1.0, 5.0)),
        "initial_data_fails": st.sampled_from((False, False, False, True)),
    }
)
documents = st.fixed_dictionaries(
    {
        "duration_s": st.just(25),
        "react": st.fixed_dictionaries({"strict_mode": st.booleans()}),
        "browser": st.fixed_dictionaries({"name": st.sampled_from(("chromium", "firefox"))}),
        "page": st.fixed_dictionaries(
            {
                "hook": st.sampled_from(("analysed", "fixed", "defer", "manager", "repaired")),
                "sends_ready": st.booleans(),
            }
        ),
        "server": handlers,
        "actions": acts,
        "faults": faults,
    }
)


def hold(document: Document, implementation: str) -> None:
    """Hold the real application against the model: who closed and why, and the log."""
    model = traced("model", implementation, document)
    ours = traced("uvicorn", implementation, document)
    assert closes(ours) == closes(model)
    assert Counter(lines(ours)) == Counter(lines(model))
    if EXACT:
        assert page_of(ours, times=False) == page_of(model, times=False)
    assert broken(ours) == []


HUNT = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(HUNT, max_examples=25)
@given(documents, st.sampled_from(IMPLEMENTATIONS))
def test_whatever_the_page_does(document: Document, implementation: str) -> None:
    hold(document, implementation)


@of_0_38
@pytest.mark.slow
def test_how_often_they_agree_to_the_nanosecond() -> None:
    """In the rest two things happen within 60 us, and the order inside of a loop decides."""
    count: Counter[str] = Counter()

    @settings(HUNT, max_examples=600, derandomize=True, database=None, phases=[Phase.generate])
    @given(documents, st.sampled_from(IMPLEMENTATIONS))
    def collect(document: Document, implementation: str) -> None:
        model = traced("model", implementation, document)
        ours = traced("uvicorn", implementation, document)
        assert closes(ours) == closes(model)
        assert broken(ours) == []
        count["all"] += 1
        count["page"] += page_of(ours) == page_of(model)
        count["log"] += lines(ours) == lines(model)

    collect()
    assert count["all"] == 600
    assert count["page"] >= 585
    assert count["log"] >= 585


# --- the application by itself -------------------------------------------------------------------


@pytest.mark.parametrize(
    "title", ["a plain page", "StrictMode", "unmount during connect", "idle cut", "SIGKILL"]
)
def test_without_uvicorn_the_page_fares_alike(title: str) -> None:
    model = traced("model", FIRST, SCENARIOS[title])
    ours = traced("asgi", FIRST, SCENARIOS[title])
    assert closes(ours) == closes(model)
    assert ours.count(Event.NEW) == model.count(Event.NEW)
    assert not [line for line in lines(ours) if line.startswith("INFO")]  # those are uvicorn's
