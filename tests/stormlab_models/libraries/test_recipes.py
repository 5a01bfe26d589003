"""Each library starts, is proved, comes back, is quiet once closed, and does the same again."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from stormlab.clock import to_ns, to_s
from stormlab.hosts.javascript.code import run_recipe
from stormlab.hosts.javascript.npm import set_of_esbuild
from stormlab.vocabulary import Event
from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab.worlds.story import BY_APPLICATION, Story
from stormlab_models.libraries.recipes import RECIPES
from stormlab_models.policies import CATALOGUE

pytestmark = pytest.mark.npm
NAMES = list(RECIPES)
GIVES_UP = {"@microsoft/signalr", "graphql-ws", "robust-websocket"}
# connected, dropped, refused, hung, fooled, dropped again, offline
EVENTFUL = BareWorld(
    (
        Phase("serve", 5.0),
        Phase("serve", 8.0, code=1012, drop=True),
        Phase("refuse", 8.0),
        Phase("hang", 12.0),
        Phase("serve", 9.0),
        Phase("reject", 7.0, after_s=0.5),
        Phase("stop", 3.0, code=1001),
    ),
    (Act("offline", 38.5), Act("online", 41.0), Act("hide", 48.0), Act("show", 53.0)),
    settle_s=60.0,
    seed=5,
)


def run(name: str, *phases: Phase, acts: tuple[Act, ...] = (), settle_s: float = 60.0) -> Story:
    return run_recipe(RECIPES[name], BareWorld(phases, acts, settle_s))


def seconds(story: Story, *events: Event) -> list[float]:
    return [to_s(time_ns) for time_ns in story.times_ns(*events)]


@pytest.mark.parametrize("name", NAMES)
def test_it_connects_and_is_proved(name: str) -> None:
    story = run(name)
    assert seconds(story, Event.NEW) == [0.0]
    assert seconds(story, Event.OPEN) == [0.06]
    assert len(story.of(Event.PROVED)) == 1
    assert 0.06 <= seconds(story, Event.PROVED)[0] <= 0.08
    assert not story.has(Event.CLOSE, Event.UNCAUGHT, Event.HALTED, Event.HTTP_REQUEST)


@pytest.mark.parametrize("name", NAMES)
def test_it_stays_for_hours_where_the_server_says_what_its_own_says(name: str) -> None:
    story = run(name, settle_s=7200.0)
    assert not story.has(Event.CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_after_a_flap(name: str) -> None:
    story = run(name, Phase("serve", 10.0), Phase("serve", 1.0, code=1012, drop=True))
    assert len(story.of(Event.OPEN)) == 2
    assert len(story.of(Event.PROVED)) == 2
    assert not story.has(Event.UNCAUGHT)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("at_s", [5.0, 20.0])
def test_it_is_quiet_once_it_is_closed(name: str, at_s: float) -> None:
    acts = (Act("close", at_s),)
    story = run(name, Phase("serve", 10.0), Phase("refuse", 20.0), acts=acts, settle_s=300.0)
    (called,) = [step for step in story.of(Event.CLOSE_CALLED) if step.detail == BY_APPLICATION]
    assert to_s(called.time_ns) == at_s
    assert all(attempt_s < at_s for attempt_s in seconds(story, Event.NEW))
    assert not story.has(Event.UNCAUGHT)
    opened, ended = story.of(Event.OPEN), story.of(Event.CLOSE)
    assert len(ended) >= len(opened)


@pytest.mark.parametrize("name", NAMES)
def test_an_outage_of_hours_ends_as_its_policy_says(name: str) -> None:
    story = run(name, Phase("serve", 10.0), Phase("refuse", 3600.0), settle_s=1.0)
    last_s = seconds(story, Event.NEW)[-1]
    if name in GIVES_UP:
        assert last_s < 60
    else:
        assert last_s > 1000


def test_who_gives_up_says_so_where_the_library_tells() -> None:
    for name, told in (("@microsoft/signalr", ""), ("graphql-ws", "")):
        story = run(name, Phase("serve", 10.0), Phase("refuse", 600.0))
        assert [step.detail for step in story.of(Event.GAVE_UP)] == [told]


def test_signalr_is_started_as_its_documentation_shows() -> None:
    story = run("@microsoft/signalr", Phase("refuse", 600.0))
    assert not story.has(Event.GAVE_UP)
    starts = seconds(story, Event.NEW)
    assert starts[:3] == [0.0, 5.02, 10.04]
    assert story.of(Event.PROVED)[0].time_ns < to_ns(606.0)
    stopped = run("@microsoft/signalr", Phase("refuse", 60.0), acts=(Act("close", 7.0),))
    assert len(stopped.of(Event.NEW)) == 2


def test_home_assistant_is_not_asked_to_reconnect_once_it_is_closed() -> None:
    acts = (Act("by_hand", 5.0), Act("close", 10.0), Act("by_hand", 15.0))
    story = run("home-assistant-js-websocket", acts=acts)
    assert seconds(story, Event.RETRY_BY_HAND) == [5.0]
    assert len(story.of(Event.NEW)) == 2


def test_a_close_for_good_is_told_where_the_library_tells() -> None:
    for name, code in (("y-websocket", 4401), ("centrifuge", 3500)):
        story = run(name, Phase("serve", 5.0), Phase("serve", 1.0, code=code, drop=True))
        assert len(story.of(Event.GAVE_UP)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_versions_are_those_of_the_lock_and_of_the_catalogue(name: str) -> None:
    recipe = RECIPES[name]
    package, _, version = recipe.package.removeprefix("npm:").rpartition("@")
    assert recipe.name == name == package
    assert set_of_esbuild().versions[package] == version
    assert recipe.policy is not None
    assert CATALOGUE[recipe.policy].version == version


# --- the same again ------------------------------------------------------------------------------


def digest(story: Story) -> str:
    """A hash over everything that happened."""
    return hashlib.blake2b(repr(story.steps).encode(), digest_size=16).hexdigest()


def digests(name: str, times: int) -> set[str]:
    """The hashes of so many runs, every other in an engine of its own."""
    return {
        digest(run_recipe(RECIPES[name], EVENTFUL, own_context=turn % 2 == 1))
        for turn in range(times)
    }


ELSEWHERE = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import test_recipes
print(json.dumps({name: sorted(test_recipes.digests(name, int(sys.argv[2])))
                  for name in test_recipes.NAMES}))
"""


def digests_elsewhere(hash_seed: int, times: int) -> dict[str, list[str]]:
    """The same, in a process of its own."""
    folder = os.path.dirname(__file__)  # noqa: PTH120  a string for the other process
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, json.dumps([folder, *sys.path]), str(times)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_engine_of_its_own_or_a_shared_one_and_the_same_again(name: str) -> None:
    assert len(digests(name, 4)) == 1
    other = BareWorld(EVENTFUL.phases[:2], settle_s=60.0, seed=5)
    assert digest(run_recipe(RECIPES[name], other)) not in digests(name, 1)


def test_the_same_in_another_process_with_other_hashes() -> None:
    assert digests_elsewhere(1, 1) == {name: sorted(digests(name, 1)) for name in NAMES}


@pytest.mark.slow
def test_a_hundred_runs_are_the_same_here_and_elsewhere() -> None:
    here = {name: sorted(digests(name, 100)) for name in NAMES}
    assert all(len(found) == 1 for found in here.values())
    assert digests_elsewhere(0, 50) == here
    assert digests_elsewhere(4242, 50) == here


def test_what_happens_is_eventful_enough() -> None:
    story = run_recipe(RECIPES["partysocket"], EVENTFUL)
    causes = {step.cause for step in story.of(Event.CLOSE)}
    assert len(causes) >= 3
    assert story.end_ns == to_ns(EVENTFUL.end_s)
