"""``stormlab replay``: a counterexample shown again, and what became of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.check import Replay
from stormlab.properties import PROMISES
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.phases import Phase

Stormlab = Callable[..., Any]
WORLD = BareWorld((Phase("reject", 90.0),), settle_s=30.0)


@pytest.fixture
def found(tmp_path: Path) -> Path:
    place = tmp_path / "found.json"
    Replay("phoenix", "phoenix", PROMISES["calm-when-fooled"], WORLD).write(place)
    return place


def test_it_is_told_in_a_few_lines(stormlab: Stormlab, found: Path) -> None:
    ended = stormlab("replay", found)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0].startswith("phoenix on calm-when-fooled: ")
    assert lines[1].strip().startswith("server: accepts and closes 90 s")
    assert any(line.strip().startswith("faults   |rejects---") for line in lines)
    assert lines[-1].startswith("still broken: ")
    assert len(lines) <= 14


def test_a_repaired_policy_is_fixed(stormlab: Stormlab, found: Path) -> None:
    ended = stormlab("replay", found, "--policy", "aws-full-jitter")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "fixed")
    document = json.loads(stormlab("replay", found, "--policy", "aws-full-jitter", "--json").out)
    assert document["now"]["says"] == "fixed"
    assert document["name"] == "aws-full-jitter"


def test_nothing_to_judge_by_is_undecided(stormlab: Stormlab, tmp_path: Path) -> None:
    place = tmp_path / "found.json"
    Replay("phoenix", "phoenix", PROMISES["budget-kept"], WORLD).write(place)
    ended = stormlab("replay", place)
    assert ended.code == 2
    assert ended.out.splitlines()[-2:] == [
        "undecided: it declares no retry budget",
        "no longer broken here; in other worlds: stormlab check TARGET --promise budget-kept",
    ]


def test_a_figure_is_drawn(stormlab: Stormlab, found: Path, tmp_path: Path) -> None:
    ended = stormlab("replay", found, "--figure", tmp_path / "x.svg")
    assert "wrote" in ended.err
    assert (tmp_path / "x.svg").read_text("utf-8").lstrip().startswith("<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.json", "x.svg"]


def test_a_herd_is_told_without_a_picture(stormlab: Stormlab, tmp_path: Path) -> None:
    place = tmp_path / "found.json"
    Replay("phoenix", "phoenix", PROMISES["fleet-disperses"], HerdWorld(0)).write(place)
    assert stormlab("replay", place).code in {0, 1}
    complaint = stormlab("replay", place, "--figure", tmp_path / "x.svg").complaint
    assert "judged by delays alone" in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--figure", "x.pdf"), "--figure x.pdf: found '.pdf'; allowed: a name in .svg or .png"),
        (("--policy", "phoenicks"), "no policy 'phoenicks'"),
        (("--policy", "page.hook=manager"), "is not about page.hook=manager"),
    ],
)
def test_bad_input_is_one_line(
    stormlab: Stormlab, found: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in stormlab("replay", found, *arguments).complaint


def test_a_missing_file_is_one_line(stormlab: Stormlab, tmp_path: Path) -> None:
    assert "No such file" in stormlab("replay", tmp_path / "gone.json").complaint


TROPHIES = Path(__file__).resolve().parents[3] / "reports" / "trophies"
needs_npm = pytest.mark.npm
CLIENT = """export default function connect(url) {
  new WebSocket(url).onclose = () => setTimeout(connect, 1000, url);
}"""


@needs_npm
def test_a_program_for_node_shows_it_with_real_sockets(stormlab: Stormlab, tmp_path: Path) -> None:
    program = tmp_path / "show.cjs"
    file = TROPHIES / "npm-reconnecting-websocket@4.4.0--converges.json"
    ended = stormlab("replay", file, "--node", program, "--scale", "0.1")
    assert ended.code == 1
    assert f"run it where npm's ws is installed: node {program}" in ended.err
    text = program.read_text(encoding="utf-8")
    assert 'require("ws")' in text
    assert '"do": "by_hand"' in text


@needs_npm
def test_a_program_for_node_holds_the_server_of_the_protocol(
    stormlab: Stormlab, tmp_path: Path
) -> None:
    program = tmp_path / "show.cjs"
    ended = stormlab(
        "replay", TROPHIES / "npm-phoenix@1.8.16--calm-when-fooled.json", "--node", program
    )
    assert "says nothing" not in ended.err
    text = program.read_text(encoding="utf-8")
    assert '"phx_reply"' in text
    assert 'const PROFILE = "browser"' in text
    assert "function (process, global, Buffer, require, module" in text


@needs_npm
def test_a_server_without_an_answer_is_told_of(stormlab: Stormlab, tmp_path: Path) -> None:
    (tmp_path / "client.ts").write_text(CLIENT, encoding="utf-8")
    lines = [
        "from stormlab.hosts.wire import SilentPeer",
        "class Welcoming(SilentPeer): ...",
        "def package(): return 'client.ts'",
        "def start(): return '(lib, env) => lib.default(env.url)'",
        "def peer(): return Welcoming()",
    ]
    recipe, place = tmp_path / "mine.py", tmp_path / "found.json"
    recipe.write_text("\n".join(lines), encoding="utf-8")
    Replay(f"recipe:{recipe}", "mine", PROMISES["converges"], WORLD).write(place)
    program = tmp_path / "show.cjs"
    assert "the recipe has no answer" in stormlab("replay", place, "--node", program).err
    answer = "def answer(): return '(socket) => socket.send(1)'"
    recipe.write_text("\n".join([*lines, answer]), encoding="utf-8")
    assert "no answer" not in stormlab("replay", place, "--node", program).err
    assert "socket.send(1)" in program.read_text(encoding="utf-8")


@needs_npm
def test_what_no_server_can_follow_is_no_program(stormlab: Stormlab, tmp_path: Path) -> None:
    file = TROPHIES / "npm-partysocket@1.3.0--first-retry-is-spread.json"
    ended = stormlab("replay", file, "--node", tmp_path / "show.cjs")
    assert ended.code == 2
    assert "--node: this world is no schedule that a server could follow" in ended.err
    assert not list(tmp_path.iterdir())


def test_a_model_is_no_program(stormlab: Stormlab, tmp_path: Path) -> None:
    file = TROPHIES / "phoenix-1.8.16--backoff-survives-flapping.json"
    ended = stormlab("replay", file, "--node", tmp_path / "show.cjs")
    assert ended.code == 2
    assert "--node: phoenix is not JavaScript" in ended.err
