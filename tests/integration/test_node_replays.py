"""Counterexamples of libraries with a protocol, shown by plain Node programs with real sockets.

What the client does and hears in reality is what the lab's story says, in the same order: attempts,
openings and ends with their codes, and within each attempt the messages of both sides. Where a ping
and an end come within milliseconds, the one or the other may be first: up to two messages at an
attempt's end may be in one of the stories only.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Command
from tests.stormlab.hosts.javascript.conftest import played

from stormlab.check import read_replay
from stormlab.hosts.finding import find_recipe
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.javascript.node import node_script
from stormlab.vocabulary import Event
from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab.worlds.story import Story
from stormlab_models.libraries.recipes import RECIPES

pytestmark = [pytest.mark.slow, pytest.mark.npm, pytest.mark.fidelity]
TALK = {"send", "message"}
LATE_MAX = 2  # messages at the end of an attempt
TRIES = 3  # a busy machine may be late for a phase
WORDS = {
    Event.NEW: "new WebSocket",
    Event.OPEN: "open",
    Event.SEND: "send",
    Event.MESSAGE: "message",
    Event.CLOSE: "close",
}
WRONG = {"uncaught error", "unhandled rejection", "http request", "no such method"}
Told = list[tuple[str, int, int]]  # what, of which attempt, close code
# connected, dropped, refused, accepted and closed after an answer, stopped, closed for good
EVENTFUL = BareWorld(
    (
        Phase("serve", 3.0),
        Phase("serve", 3.0, code=1012, drop=True),
        Phase("refuse", 2.0),
        Phase("serve", 20.0),
        Phase("reject", 8.0, code=1013, after_s=2.7, drop=True, answers=True),
        Phase("serve", 12.0),
        Phase("stop", 1.4, code=1001),
    ),
    (Act("close", 75.0),),
    settle_s=30.0,
)


def of_lab(story: Story) -> Told:
    return [
        (WORDS[step.event], step.attempt, step.code) for step in story.steps if step.event in WORDS
    ]


def of_node(found: Any) -> Told:
    return [
        (
            each["what"],
            each["attempt"],
            int(each["detail"].split()[0]) if each["what"] == "close" else 0,
        )
        for each in found["events"]
        if each["what"] in WORDS.values()
    ]


def attempts(told: Told) -> list[list[tuple[str, int]]]:
    """What belongs to each attempt, in order."""
    found: dict[int, list[tuple[str, int]]] = {}
    for what, attempt, code in told:
        found.setdefault(attempt, []).append((what, code))
    return [found[attempt] for attempt in sorted(found)]


def talked(attempt: list[tuple[str, int]]) -> list[str]:
    return [what for what, _ in attempt if what in TALK]


def outline(told: Told) -> Told:
    """Without the messages."""
    return [each for each in told if each[0] not in TALK]


def differs(one: Told, other: Told) -> str:
    """Where two stories part, or nothing."""
    if outline(one) != outline(other):
        return f"{outline(one)} != {outline(other)}"
    for first, second in zip(attempts(one), attempts(other), strict=True):
        here, there = talked(first), talked(second)
        common = min(len(here), len(there))
        if here[:common] != there[:common] or max(len(here), len(there)) > common + LATE_MAX:
            return f"{first} != {second}"
    return ""


def program(name: str, world: BareWorld, scale: float) -> str:
    recipe = RECIPES[name]
    return node_script(
        code_of(recipe), world, scale=scale, answer=recipe.answer, profile=recipe.profile
    )


@pytest.mark.parametrize("name", RECIPES)
def test_each_library_lives_in_reality_as_in_the_lab(name: str, tmp_path: Path) -> None:
    lab = of_lab(run_recipe(RECIPES[name], EVENTFUL))
    script = program(name, EVENTFUL, 0.05)
    for _ in range(TRIES):
        found = played(script, tmp_path)
        difference = differs(of_node(found), lab)
        if not difference:
            break
    assert not difference
    assert lab.count(("close", 1, 1012)) == 1
    assert not [each for each in found["events"] if each["what"] in WRONG]


FOUND = Path(__file__).resolve().parents[2] / "reports" / "trophies"
# file, real seconds for one of the world's, whether its attempts come in a loop without a pause
SHOWN = [
    ("npm-reconnecting-websocket@4.4.0--converges.json", 0.1, False),
    ("npm-graphql-ws@6.4.2--gives-up-as-declared.json", 0.05, False),
    ("npm-graphql-ws@6.4.2--quiet-after-the-end.json", 0.1, False),
    ("npm-@anycable-core@1.1.7--notices-a-dead-peer.json", 0.05, False),
    ("npm-phoenix@1.8.16--calm-when-fooled.json", 1.0, True),
    ("npm-@microsoft-signalr@10.0.11--calm-when-fooled.json", 1.0, True),
]


@pytest.mark.parametrize(("name", "scale", "loops"), SHOWN)
def test_a_counterexample_happens_in_reality(
    name: str, scale: float, *, loops: bool, tmp_path: Path, stormlab: Command
) -> None:
    """The file itself; of a loop, the first seconds, attempt by attempt as often as in the lab."""
    replay = read_replay(FOUND / name)
    world = replay.world
    assert isinstance(world, BareWorld)
    file = tmp_path / "found.json"
    if loops:
        (phase,) = world.phases
        world = replace(world, phases=(replace(phase, for_s=6.0),), settle_s=2.0)
    replace(replay, world=world).write(file)
    stormlab("replay", file, "--node", tmp_path / "show.cjs", "--scale", str(scale))
    story = of_lab(run_recipe(find_recipe(str(replay.target)), world))
    script = (tmp_path / "show.cjs").read_text(encoding="utf-8")
    for _ in range(TRIES):
        told = of_node(played(script, tmp_path))
        difference = differs(told, story)
        if loops or not difference:
            break
    if not loops:
        assert not difference
        return
    node, lab = attempts(told), attempts(story)
    common = min(len(node), len(lab)) // 2
    assert common > 20
    assert node[:common] == lab[:common]
