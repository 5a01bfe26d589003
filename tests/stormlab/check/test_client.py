"""Real client code by one function: what is taken, what is found, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from stormlab.check import BUDGETS, CheckError, check_client, read_replay, replay
from stormlab.check.client import client_of
from stormlab.evidence import Outcome
from stormlab.hosts.finding import recipes
from stormlab.hosts.recipe import Declares, Recipe
from stormlab.hosts.wire import SilentPeer

NEEDS_NPM = pytest.mark.npm
DEV = replace(BUDGETS["dev"], shrink_tries=0)
PLAIN = """
export default (url) => {
  let socket, timer, closed = false;
  const connect = () => {
    socket = new WebSocket(url);
    socket.onclose = () => {
      if (!closed) timer = setTimeout(connect, 1000 + 4000 * Math.random());
    };
  };
  connect();
  return { close() { closed = true; clearTimeout(timer); socket.close(); } };
};
"""


# --- what is taken -------------------------------------------------------------------------------


def test_a_text_that_says_it_all_stays_one() -> None:
    assert client_of("npm:phoenix@1.8.16") == "npm:phoenix@1.8.16"
    assert client_of(Path("web") / "client.ts") == str(Path("web") / "client.ts")


def test_the_parts_of_a_recipe_can_be_replaced() -> None:
    known = recipes()["phoenix"]
    declares = Declares(gives_up=True)
    found = client_of("npm:phoenix@1.8.16", start="() => {}", peer=SilentPeer, declares=declares)
    assert isinstance(found, Recipe)
    assert (found.start, found.peer, found.declares) == ("() => {}", SilentPeer, declares)
    assert found.package == known.package
    kept = client_of(known, declares=declares)
    assert isinstance(kept, Recipe)
    assert (kept.start, kept.peer) == (known.start, known.peer)


def test_no_such_client_is_one_line() -> None:
    with pytest.raises(CheckError, match=r"^gone\.ts: no such file$"):
        client_of("gone.ts", declares=Declares())
    with pytest.raises(CheckError, match=r"^gone\.ts: no such file$"):
        check_client("gone.ts")


# --- what is found -------------------------------------------------------------------------------


@NEEDS_NPM
@pytest.mark.parametrize(
    ("client", "promise", "reason"),
    [
        ("npm:reconnecting-websocket@4.4.0", "converges", "not connected"),
        ("npm:socket.io-client@4.8.4", "delay-survives-overflow", "is zero after longer ones"),
        ("npm:partysocket@1.3.0", "first-retry-is-spread", "200 of 200 first retries"),
        ("npm:phoenix@1.8.16", "calm-when-fooled", " attempts in 60 s, each accepted"),
        ("npm:@microsoft/signalr@10.0.11", "calm-when-fooled", " attempts in 60 s, each accepted"),
        ("npm:graphql-ws@6.4.2", "gives-up-as-declared", "gave up after 1 failure, and declares 5"),
        ("npm:robust-websocket@1.0.0", "converges", "not connected"),
        ("npm:robust-websocket@1.0.0", "gives-up-as-declared", "and told nobody"),
    ],
)
def test_what_is_known_of_a_library_is_found_again(client: str, promise: str, reason: str) -> None:
    verdict = check_client(client, promises=[promise], budget=DEV)
    (judged,) = verdict.judged
    assert judged.outcome is Outcome.BROKEN
    assert reason in judged.reason


@NEEDS_NPM
def test_a_close_and_a_reconnect_are_all_it_takes(tmp_path: Path) -> None:
    """The counterexample is as small as it gets, and replays from its file."""
    client = "npm:reconnecting-websocket@4.4.0"
    (judged,) = check_client(client, promises=["converges"], folder=tmp_path)
    assert judged.told_world[0].startswith("server: serves for good")
    assert judged.told_world[1].startswith("client: closed by the application at 0 s, a retry by")
    assert judged.replay is not None
    again = replay(read_replay(judged.replay))
    assert again.finding.outcome is Outcome.BROKEN
    other = replay(read_replay(judged.replay), "npm:partysocket@1.3.0")
    assert other.finding.outcome is Outcome.HOLDS


@NEEDS_NPM
def test_a_file_of_ones_own_is_checked_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "client.ts"
    file.write_text(PLAIN, encoding="utf-8")
    names = ["raises-nothing", "quiet-after-the-end"]
    assert check_client(file, promises=names, budget=DEV).ok
    file.write_text(PLAIN.replace("clearTimeout(timer);", ""), encoding="utf-8")
    (broken,) = check_client(file, promises=names, budget=DEV).broken
    assert broken.name == "quiet-after-the-end"


@NEEDS_NPM
def test_what_it_declares_is_not_held_against_it(tmp_path: Path) -> None:
    """It may give up, and says so."""
    file = tmp_path / "client.ts"
    ends = 'if (++failures > 5) env.note("gave up"); else if (!closed)'
    text = PLAIN.replace("export default (url)", "let failures = 0;\nexport default (url, env)")
    text = text.replace("if (!closed)", ends)
    file.write_text(text, encoding="utf-8")
    names = ["converges", "gives-up-as-declared"]
    assert not check_client(file, promises=names, budget=DEV).ok
    declares = Declares(gives_up=True, attempts_max=5)
    verdict = check_client(file, promises=names, budget=DEV, declares=declares)
    assert verdict.ok, verdict.text()


@NEEDS_NPM
def test_the_same_check_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "client.ts"
    file.write_text(PLAIN, encoding="utf-8")
    names = ["converges", "raises-nothing", "closes-for-good"]
    one, other = (check_client(file, promises=names, budget=DEV) for _ in range(2))
    assert one.document == other.document


# --- what is refused -----------------------------------------------------------------------------


@NEEDS_NPM
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("export default class A {\n  x: = 3;\n}", r":2:6: Unexpected \"=\"$"),
        (
            "export const a = 3;",
            "makes no WebSocket when it starts: TypeError: export one function",
        ),
        (
            "export class A {}\nexport const helper = () => 1;",
            r"TypeError: exports A, helper; export one function start\(url, env\), or class,",
        ),
        (
            "export default async () => { await fetch('/token'); };",
            r"it asks for /token, and HTTP is not hosted \(docs/recipes\.md\)$",
        ),
        ("export default () => {};", "makes no WebSocket when it starts$"),
        (
            "export default class A { constructor() { throw new Error('no luck'); } }",
            "makes no WebSocket when it starts: Error: no luck",
        ),
        (
            "export default (url) => { new WebSocket(url); for (;;) {} };",
            "one event took more than 2 s: an endless loop$",
        ),
        (
            "export default (url) => { new WebSocket(url).onclose = () => { for (;;) {} }; };",
            "one event took more than 2 s: an endless loop$",
        ),
    ],
    ids=[
        "syntax",
        "exports",
        "two exports",
        "asks HTTP",
        "no socket",
        "throws",
        "loops at once",
        "loops when dropped",
    ],
)
def test_code_that_cannot_be_checked_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "client.ts"
    file.write_text(text, encoding="utf-8")
    found = tmp_path / "found"
    with pytest.raises(CheckError, match=line) as caught:
        check_client(file, budget=DEV, folder=found)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    assert not found.exists()


@NEEDS_NPM
def test_an_endless_loop_in_few_worlds_is_a_breach(tmp_path: Path) -> None:
    """Its world is shown as it was found: each smaller one would take seconds."""
    file = tmp_path / "client.ts"
    loops = "closed = true; for (;;) {}"
    file.write_text(PLAIN.replace("closed = true;", loops), encoding="utf-8")
    verdict = check_client(file, promises=["raises-nothing"])
    (broken,) = verdict.broken
    assert broken.reason.startswith("the code had to be stopped: one event took more than")
    assert broken.shrink_tries == 0


@NEEDS_NPM
def test_a_peer_that_raises_is_named_with_its_line(tmp_path: Path) -> None:
    class Broken(SilentPeer):
        def opened(self, caller: object) -> None:
            del caller
            raise KeyError("x")

    file = tmp_path / "client.ts"
    file.write_text(PLAIN, encoding="utf-8")
    with pytest.raises(CheckError, match=r"its peer raised KeyError: 'x' \(test_client\.py:\d+\)$"):
        check_client(file, peer=Broken, budget=DEV)


TALKS = """
export class Client { // alone, so it need not be the default
  constructor(url) {
    const socket = new WebSocket(url);
    socket.onopen = () => setInterval(() => socket.send("ping"), 25000);
  }
}
"""


@NEEDS_NPM
def test_who_speaks_to_a_silent_server_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "client.js"
    file.write_text(TALKS, encoding="utf-8")
    verdict = check_client(file, promises=["sends-when-open"], budget=DEV)
    (note,) = verdict.notes
    assert note.startswith("it sends messages, and the server here answers none")
    assert f"note: {note}" in verdict.text().splitlines()
    assert verdict.document["notes"] == [note]

    class Answering(SilentPeer):
        """Whoever writes a server knows what it says."""

    answered = check_client(file, peer=Answering, promises=["sends-when-open"], budget=DEV)
    assert answered.notes == ()
    assert "notes" not in answered.document
    quiet = check_client("npm:partysocket@1.3.0", promises=["raises-nothing"], budget=DEV)
    assert quiet.notes == ()


NODE = """
import WebSocket from "ws";
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

export class Client extends EventEmitter {
  constructor(private url: string) {
    super();
    this.on("lost", () => {});
    this.connect();
  }
  connect() {
    const socket = new WebSocket(this.url);
    socket.on("error", (error) => this.emit("lost", error));
    socket.on("close", () => { setTimeout(() => this.connect(), 1000 + 2000 * Math.random()); });
  }
}
"""


@NEEDS_NPM
def test_a_client_for_node_is_checked_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "client.ts"
    file.write_text(NODE, encoding="utf-8")
    verdict = check_client(file, promises=["converges", "raises-nothing"], budget=DEV)
    assert [judged.outcome for judged in verdict] == [Outcome.HOLDS, Outcome.HOLDS]
