"""Places of errors are those of the sources that people wrote, on every machine."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stormlab.hosts.finding import find_recipe
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.javascript.places import MapError, Places, numbers, pieces
from stormlab.hosts.recipe import Recipe
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("A", [0]),
        ("C", [1]),
        ("D", [-1]),
        ("gB", [16]),
        ("hB", [-16]),
        ("2HwcqxB", [123, 456, 789]),  # of the standard's own example
        ("+/////D", [2147483647]),
    ],
)
def test_numbers_are_read_digit_by_digit(text: str, found: list[int]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize("text", ["!", "A=", "g"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MapError):
        numbers(text)


def document(mappings: str, *sources: str, version: int = 3) -> str:
    return json.dumps({"version": version, "sources": sources, "mappings": mappings})


def test_each_difference_counts_from_the_one_before() -> None:
    # line 1: column 4 from b.ts:3:2; nothing on line 2; line 3: 0 and 8 from a.ts
    found = pieces(document("ICEC;;ADAA,QACC,E", "a.ts", "b.ts"))
    assert found == [
        [(4, "b.ts", 2, 1)],
        [],
        [(0, "a.ts", 2, 1), (8, "a.ts", 3, 2), (10, "", 0, 0)],
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 3}', document("A", version=2), document("!")]
)
def test_what_is_no_map_is_refused_and_gives_no_place(text: str) -> None:
    with pytest.raises(MapError):
        pieces(text)
    assert Places(text, 9).told([(1, 1)]) == ""


def test_a_place_is_that_of_the_piece_it_lies_in() -> None:
    places = Places(
        document("ICEC;;ADAA,QACC,E", "a.ts", "../x/node_modules/b/node_modules/c.js"), 3
    )
    assert places.at((1, 4)) == ""  # before the first piece
    assert places.at((1, 5)) == places.at((1, 99)) == "node_modules/c.js:3:2"
    assert places.at((2, 1)) == ""
    assert [places.at((3, column)) for column in (1, 8, 9, 11)] == [
        "a.ts:3:2",
        "a.ts:3:2",
        "a.ts:4:3",
        "",
    ]
    assert places.at((4, 7)) == places.at((0, 7)) == places.at((99, 7)) == ""


def test_an_error_of_a_package_is_told_with_who_called_it() -> None:
    places = Places(document("AAAA;ACAA;ACAA", "node_modules/p/index.js", "a.ts", "b.ts"), 3)
    assert places.told([]) == ""
    assert places.told([(1, 1)]) == "node_modules/p/index.js:1:1"
    assert places.told([(1, 1), (1, 1), (3, 1), (2, 1)]) == (
        "node_modules/p/index.js:1:1, called from b.ts:1:1"
    )
    assert places.told([(9, 1), (2, 1), (1, 1)]) == "a.ts:1:1"


def test_a_start_of_ones_own_has_places_too() -> None:
    assert Places("", 3, tells_start=True).told([(5, 7)]) == "start():2:7"
    assert Places("", 3).told([(5, 7)]) == ""


# --- real code -----------------------------------------------------------------------------------

CLIENT = """
import { first } from "tiny";
import { parse } from "./lib/parse";

interface State { inner?: { value: number } }

export default class Client {
  private socket!: WebSocket;

  constructor(private url: string) {
    this.connect();
  }

  connect(): void {
    this.socket = new WebSocket(this.url);
    this.socket.onopen = () => {
      const state: State = {};
      console.log(state.inner!.value);
    };
    this.socket.onclose = () => {
      setTimeout(() => { first(7 as unknown as number[]); }, 10);
      setTimeout(() => { parse("{ bad"); }, 20);
      setTimeout(async () => { await this.later(); }, 30);
      setTimeout(() => { this.socket.send("é"); new WebSocket("nonsense:"); }, 40);
    };
  }

  private async later(): Promise<void> {
    await Promise.resolve();
    throw new RangeError("too late");
  }
}
"""
PARSE = """export function parse(text: string): unknown {
  return JSON.parse(text);
}
"""
TINY = """// a package
exports.first = function first(list) {
  if (!Array.isArray(list)) {
    throw new TypeError("first() wants a list");
  }
  return list[0];
};
"""
WORLD = BareWorld((Phase("serve", 1.0), Phase("refuse", 2.0)), settle_s=3.0)


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A client in TypeScript that imports a file of its own, and a package beside its folder."""
    for name, text in (
        ("src/client.ts", CLIENT),
        ("src/lib/parse.ts", PARSE),
        ("node_modules/tiny/index.js", TINY),
        ("node_modules/tiny/package.json", '{"name": "tiny", "version": "1.0.0"}'),
    ):
        place = tmp_path / "project" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return tmp_path / "project" / "src" / "client.ts"


def where(text: str, what: str) -> str:
    """Line and column of the first such text."""
    before = text[: text.index(what)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def uncaught(file: Path) -> list[str]:
    code_of.cache_clear()
    story = run_recipe(find_recipe(str(file)), WORLD)
    return [step.detail for step in story.of(Event.UNCAUGHT)]


@pytest.mark.npm
def test_an_error_is_told_where_it_was_made(client: Path) -> None:
    thrown, of_package, parsed, rejected, refused = uncaught(client)
    assert thrown.endswith(f" (at client.ts:{where(CLIENT, 'state.inner!')})")
    calls = where(CLIENT, "first(7")
    assert of_package == (
        "TypeError: first() wants a list"
        f" (at node_modules/tiny/index.js:4:15, called from client.ts:{calls})"
    )
    assert where(TINY, "TypeError") == "4:15"
    assert parsed.startswith("SyntaxError: ")
    assert " (at lib/parse.ts:2:" in parsed
    assert rejected == (
        f"Unhandled rejection: RangeError: too late (at client.ts:{where(CLIENT, 'RangeError')})"
    )
    assert refused.startswith("SyntaxError: ")  # made by the platform, for this line
    assert refused.endswith(f"(at client.ts:{where(CLIENT, 'WebSocket(' + chr(34) + 'nonsense')})")


@pytest.mark.npm
def test_no_place_is_that_of_a_machine(client: Path, tmp_path: Path) -> None:
    told = uncaught(client)
    assert str(tmp_path) not in " ".join(told)
    moved = tmp_path / "elsewhere" / "deeper"
    moved.parent.mkdir()
    client.parents[1].rename(moved)
    assert uncaught(moved / "src" / "client.ts") == told


@pytest.mark.npm
def test_a_line_of_comment_moves_the_places_and_not_the_code(client: Path) -> None:
    before, told = code_of(find_recipe(str(client))), uncaught(client)
    client.write_text("// one more line\n" + CLIENT, encoding="utf-8")
    moved = uncaught(client)
    assert code_of(find_recipe(str(client))).digest == before.digest
    line = int(where(CLIENT, "state.inner!").split(":")[0])
    assert f"client.ts:{line}:" in told[0]
    assert f"client.ts:{line + 1}:" in moved[0]


PHOENIX = Recipe("tried", "npm:phoenix@1.8.16", "")


@pytest.mark.npm
def test_a_start_of_ones_own_and_a_package_have_places() -> None:
    start = """(lib, env) => {
      new WebSocket(env.url);
      setTimeout(() => { lib.none.x; }, 5);
    }"""
    story = run_recipe(replace(PHOENIX, start=start), WORLD)
    (told,) = [step.detail for step in story.of(Event.UNCAUGHT)]
    assert " (at start():3:" in told  # of its own lines
    wrong = "(lib, env) => new lib.Socket(env.url, { transport: 7 }).connect()"
    story = run_recipe(replace(PHOENIX, start=wrong), BareWorld(settle_s=5.0))
    (first, *_) = [step.detail for step in story.of(Event.UNCAUGHT)]
    assert " (at node_modules/phoenix/assets/js/phoenix/socket.js:" in first
    assert ", called from start():1:" in first
