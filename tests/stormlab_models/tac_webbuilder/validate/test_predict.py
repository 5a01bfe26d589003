"""What a simulated condition gives, by the schema's own names."""

from collections import Counter
from collections.abc import Callable

from stormlab_models.tac_webbuilder.validate.predict import predict, replications_for
from stormlab_models.tac_webbuilder.validate.schema import Condition


def test_as_many_replications_as_loads(condition: Callable[..., Condition]) -> None:
    assert replications_for(condition(n=30), 10) == 30
    assert replications_for(condition(n=5), 10) == 10


def test_a_strict_mode_load(condition: Callable[..., Condition]) -> None:
    found = predict(condition(n=3, react={"strict_mode": True}, observe_ms=7000), least=3, seed=1)
    assert found.per_client["attempts_per_load"] == [24, 24, 24]
    assert found.per_client["live_at_end"] == [16, 16, 16]
    assert found.codes["page_close_codes"][0] == Counter({"1006u/called@CONNECTING": 8})


def test_a_killed_server_and_its_retries(condition: Callable[..., Condition]) -> None:
    down = condition(
        n=2,
        n_unit="tabs",
        tabs=2,
        tab_stagger_ms=300,
        observe_from="all_tabs_open",
        observe_ms=20_000,
        outage={"from": "all_tabs_open", "down_at_ms": 6000, "up_at_ms": 60_000, "how": "kill"},
    )
    found = predict(down, least=1, seed=1)
    assert set(found.per_run["attempts_after_kill"]) == {32}  # after 2 and 6 s, of 16 sockets
    assert found.per_run["opened_after_kill"][0] == 0
    first = sorted(found.times_ms["first_retry_ms"])
    assert first[0] > 2000
    assert first[-1] < 2200


def test_bare_clients(condition: Callable[..., Condition]) -> None:
    bare = condition(
        n=1,
        n_unit="runs",
        browser={"name": "none"},
        react=None,
        page=None,
        tabs=None,
        observe_from=None,
        observe_ms=None,
        client={"clients": 5, "sockets_per_client": 4, "order": "parallel", "timeout_s": 5},
    )
    found = predict(bare, least=1, seed=1)
    assert set(found.per_run["client_success_percent"]) == {100.0}
    assert found.per_run["attempts_per_run"][0] == 20


def test_edits_are_read_step_by_step(condition: Callable[..., Condition]) -> None:
    edited = condition(
        n=1,
        n_unit="tabs",
        observe_from="all_tabs_open",
        observe_ms=20_000,
        actions=[
            {
                "do": "edit_module",
                "module_exports": "component_and_hook",
                "at_ms": 4000,
                "from": "all_tabs_open",
            }
        ],
    )
    steps = predict(edited, least=1, seed=1).steps[0]
    assert steps[0]["tabs_by_live_sockets"] == {"8": 1}
    assert steps[1]["tabs_by_live_sockets"] == {"16": 1}
    assert steps[1]["tabs_by_effect_runs"] == {"2": 1}
