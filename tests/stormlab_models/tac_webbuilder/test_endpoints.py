"""The eight endpoints of the application."""

from stormlab_models.tac_webbuilder.endpoints import ENDPOINTS, NAMES, PATTERN_SYNC_S


def test_there_are_eight_with_names_and_paths_of_their_own() -> None:
    assert len(NAMES) == len(set(NAMES)) == 8
    assert len({endpoint.path for endpoint in ENDPOINTS}) == 8
    assert ENDPOINTS[0].path == "/api/v1/ws/queue"


def test_the_proposed_stagger_is_a_step_of_100_ms_from_0_to_700() -> None:
    assert sorted(endpoint.stagger_ms for endpoint in ENDPOINTS) == list(range(0, 800, 100))


def test_the_watchers_intervals_are_those_of_the_analysis() -> None:
    intervals = [e.watcher_s for e in ENDPOINTS if e.watcher_s is not None]
    assert sorted([*intervals, PATTERN_SYNC_S]) == [2, 10, 10, 10, 30, 3600]
