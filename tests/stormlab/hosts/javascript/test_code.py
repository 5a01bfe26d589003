"""From a recipe to code and clients; with npm, what bundling does to rejections."""

from pathlib import Path
from typing import Any

import pytest

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript import code as module
from stormlab.hosts.javascript.bundle import Bundle, BundleError, bundle
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.javascript.npm import NpmError
from stormlab.hosts.recipe import Recipe
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

START = """(lib, env) => {
  const connect = () => {
    const socket = new WebSocket(env.url);
    socket.onclose = () => setTimeout(connect, lib.delay() * Math.random());
  };
  connect();
}"""
WORLD = BareWorld((Phase("refuse", 3),), settle_s=20, seed=2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Bundle without npm; what was asked for."""
    asked: list[Any] = []

    def made(spec: str, **rest: Any) -> Bundle:
        asked.append((spec, rest))
        if spec == "npm:missing@1.0.0":
            raise BundleError("missing@1.0.0: no such package")
        if spec == "npm:offline@1.0.0":
            raise NpmError("npm is not installed")
        text = "const __lib = { delay: () => 1000 };"
        return Bundle(spec, "1", text, f"digest of {spec}", "{}", rest["profile"])

    monkeypatch.setattr(module, "bundle", made)
    module.code_of.cache_clear()
    return asked


def test_a_recipe_is_bundled_once_for_its_profile(asked: list[Any]) -> None:
    recipe = Recipe("mine", "npm:mine@1.0.0", START, entry="export {}", profile="node")
    assert code_of(recipe) is code_of(recipe)
    assert asked == [("npm:mine@1.0.0", {"entry": "export {}", "profile": "node"})]
    code_of(Recipe("mine", "npm:mine@1.0.0", START))
    assert asked[-1][1] == {"entry": None, "profile": "browser"}


@pytest.mark.usefixtures("asked")
def test_codes_differ_by_bundle_and_start() -> None:
    codes = {
        code_of(Recipe("mine", package, start)).digest
        for package in ("npm:a@1.0.0", "npm:b@1.0.0")
        for start in (START, "() => 0")
    }
    assert len(codes) == 4


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("npm:missing@1.0.0", "missing@1.0.0: no such package"),
        ("npm:offline@1.0.0", "npm is not installed"),
    ],
)
def test_what_is_not_to_be_had_is_told_in_one_line(package: str, told: str) -> None:
    with pytest.raises(HostError, match=f"^{told}$"):
        code_of(Recipe("mine", package, START))


@pytest.mark.usefixtures("asked")
def test_a_recipe_lives_in_a_world_the_same_each_time() -> None:
    recipe = Recipe("mine", "npm:mine@1.0.0", START)
    story = run_recipe(recipe, WORLD)
    assert story == run_recipe(recipe, WORLD) == run_recipe(recipe, WORLD, own_context=True)
    assert len(story.of(Event.OPEN)) == 1
    quick = run_recipe(recipe, WORLD, feed=(0.0,) * 3)
    assert len(quick.of(Event.NEW)) > len(story.of(Event.NEW))


REJECTS = """
export const lost = async () => { await null; throw new Error("lost"); };
export const caught = async () => { try { await lost(); } catch { return "caught"; } };
export async function* counting() { yield 1; yield 2; }
"""


def test_an_async_function_of_a_file_that_fails_unheard_is_told(tmp_path: Path, lab: Any) -> None:
    """Bundling rewrites async functions, whose rejections the engine cannot tell of."""
    file = tmp_path / "rejects.ts"
    file.write_text(REJECTS)
    try:
        made = bundle(str(file))
    except (BundleError, NpmError) as error:
        pytest.skip(str(error))
    body = """
    const { lost, caught, counting } = lib;
    setTimeout(() => { lost(); }, 1); caught().then(say); lost().catch(() => say("too"));
    (async () => { for await (const n of counting()) say(n); })();"""
    ran = lab(body, bundle=made.code).run()
    assert sorted(ran.said) == ["1", "2", "caught", "too"]
    assert ran.errors == ["Unhandled rejection: Error: lost"]
