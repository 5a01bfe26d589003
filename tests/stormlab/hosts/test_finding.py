"""How the code to host is found by what a person writes."""

from pathlib import Path

import pytest

from stormlab.hosts.failure import HostError
from stormlab.hosts.finding import find_recipe, is_code, recipes
from stormlab.hosts.recipe import SILENT, START, Declares
from stormlab.hosts.wire import SilentPeer

SOUND = """
from stormlab.hosts.recipe import Declares
from stormlab.hosts.wire import SilentPeer

class Mine(SilentPeer):
    pass

def package():
    return "client.ts"

def start():
    return "(lib, env) => lib.connect(env.url)"

def peer():
    return Mine()

def answer():
    return "(socket, later, number) => socket.send('hello')"

def declares():
    return Declares(gives_up=True, attempts_max=5)
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("npm:phoenix@1.8.16", True),
        ("recipe:mine.py", True),
        ("client.ts", True),
        ("web/client.mjs", True),
        ("phoenix", False),
        ("ours.py:Ours", False),
        ("ours.toml", False),
        ("page.hook=manager", False),
        ("module:ts", False),
    ],
)
def test_what_names_real_code(text: str, *, expected: bool) -> None:
    assert is_code(text) is expected


def test_a_file_of_ones_own_is_started_by_what_it_exports(tmp_path: Path) -> None:
    file = tmp_path / "client.ts"
    file.write_text("export default () => {};", encoding="utf-8")
    recipe = find_recipe(str(file))
    assert (recipe.name, recipe.package, recipe.start) == ("client.ts", str(file), START)
    assert recipe.declares == Declares()
    assert isinstance(recipe.peer(), SilentPeer)


@pytest.mark.parametrize(
    ("line", "profile"),
    [
        ('import WebSocket from "ws";', "node"),
        ("import { WebSocket } from 'ws'", "node"),
        ('const WebSocket = require("ws");', "node"),
        ('import "node:timers/promises";', "node"),
        ('import { a } from "./ws";', "browser"),
        ('import { a } from "wsx";', "browser"),
        ('const text = "ws";', "browser"),
    ],
)
def test_a_file_runs_on_the_platform_it_imports_from(
    tmp_path: Path, line: str, profile: str
) -> None:
    file = tmp_path / "client.ts"
    file.write_text(f"// mine\n{line}\nexport default () => {{}};\n", encoding="utf-8")
    assert find_recipe(str(file)).profile == profile
    recipe = tmp_path / "mine.py"
    lines = 'def package(): return "client.ts"\ndef start(): return "() => {}"\n'
    recipe.write_text(lines, encoding="utf-8")
    assert find_recipe(f"recipe:{recipe}").profile == profile
    recipe.write_text(lines + 'def profile(): return "browser"\n', encoding="utf-8")
    assert find_recipe(f"recipe:{recipe}").profile == "browser"


def test_another_version_of_a_package_has_the_recipe_of_its_name() -> None:
    known = recipes()["phoenix"]
    found = find_recipe("npm:phoenix@1.7.0")
    assert found.package == "npm:phoenix@1.7.0"
    assert (found.start, found.peer, found.name) == (known.start, known.peer, known.name)


def test_a_recipe_of_ones_own_is_a_file_with_functions(tmp_path: Path) -> None:
    (tmp_path / "client.ts").write_text("", encoding="utf-8")
    file = tmp_path / "mine.py"
    file.write_text(SOUND, encoding="utf-8")
    recipe = find_recipe(f"recipe:{file}")
    assert recipe.name == "mine"
    assert recipe.package == str(tmp_path / "client.ts")  # beside the recipe
    assert recipe.start == "(lib, env) => lib.connect(env.url)"
    assert type(recipe.peer()).__name__ == "Mine"
    assert recipe.answer == "(socket, later, number) => socket.send('hello')"
    assert recipe.declares.attempts_max == 5


def test_a_recipe_may_be_a_module_and_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = 'def package(): return "npm:x@1.0.0"\ndef start(): return "() => {}"\n'
    (tmp_path / "short_recipe.py").write_text(lines, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    recipe = find_recipe("recipe:short_recipe")
    assert recipe.package == "npm:x@1.0.0"
    assert (recipe.declares, recipe.answer) == (Declares(), SILENT)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gone.ts", "gone.ts: no such file"),
        ("npm:phoenix", "npm:phoenix: no version; allowed: one exact version"),
        ("npm:fenix@1.0.0", "npm:fenix@1.0.0: no recipe for 'fenix'; "),
        ("npm:phoenx@1.0.0", "did you mean 'npm:phoenix'? write one of your own: recipe:FILE.py"),
        ("recipe:gone.py", "gone.py: no such file"),
        ("recipe:no_such_module", "no_such_module: ModuleNotFoundError"),
    ],
)
def test_what_is_not_there_is_one_line(text: str, line: str) -> None:
    with pytest.raises(HostError) as caught:
        find_recipe(text)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


PACKAGE = 'def package(): return "npm:x@1.0.0"\n'
START_LINE = 'def start(): return "() => {}"\n'
RAISES = "def package(): raise ValueError('a\\nb')"
DECLARES = "from stormlab.hosts.recipe import Declares\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def package(:", "SyntaxError: invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (START_LINE, "no function package(); a recipe has package() and start(); peer()"),
        (PACKAGE, "no function start(); a recipe has"),
        (PACKAGE + 'start = "text"', "no function start(); a recipe has"),
        (PACKAGE + "def start(): return 3", "start() returned int; allowed: text"),
        (PACKAGE + "def start(x): return x", "start() raised TypeError: start() missing"),
        (START_LINE + RAISES, "package() raised ValueError: a b"),
        (START_LINE + "def package(): return 'phoenix'", "found 'phoenix'; allowed: npm:"),
        (PACKAGE + START_LINE + "peer = 3", "no function peer(); a recipe has"),
        (PACKAGE + START_LINE + "def peer(): return 1 / 0", "peer() raised ZeroDivisionError"),
        (
            PACKAGE + START_LINE + "def profile(): return 'deno'",
            "profile(): found 'deno'; allowed: browser, node",
        ),
        (PACKAGE + START_LINE + "def answer(): return 3", "answer() returned int; allowed: text"),
        (PACKAGE + START_LINE + "def declares(): return 3", "declares() returned int; allowed:"),
        (
            DECLARES + PACKAGE + START_LINE + "def declares(): return Declares(give_up=True)",
            "declares() raised TypeError: Declares.__init__() got an unexpected keyword",
        ),
    ],
)
def test_what_is_wrong_with_a_recipe_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HostError) as caught:
        find_recipe(f"recipe:{file}")
    assert str(caught.value).startswith(f"{file}: ")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
