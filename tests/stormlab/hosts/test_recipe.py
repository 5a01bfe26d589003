"""What a recipe says when it says little: the least is enough, and promises nothing."""

from dataclasses import fields

from stormlab.check.code import declared_of
from stormlab.hosts.finding import recipes
from stormlab.hosts.recipe import Declares, Recipe
from stormlab.hosts.wire import SilentPeer
from stormlab.properties import Declared


def test_the_least_is_a_name_a_package_and_a_start() -> None:
    recipe = Recipe("mine", "npm:mine@1.0.0", "() => {}")
    assert recipe.profile == "browser"
    assert isinstance(recipe.peer(), SilentPeer)
    assert recipe.declares == Declares()
    assert recipe.entry is None


def test_equal_recipes_are_one_key() -> None:
    """Code is kept by its recipe."""
    made = {Recipe("a", "npm:a@1.0.0", "x"), Recipe("a", "npm:a@1.0.0", "x")}
    assert len(made) == 1
    assert Recipe("a", "npm:a@1.0.1", "x") not in made


def test_whatever_can_be_declared_reaches_the_promises() -> None:
    given = {
        "gives_up": True,
        "attempts_max": 3,
        "survives_s": 60.0,
        "final_codes": frozenset({4001}),
        "resets_on": "stable",
        "stable_s": 5.0,
        "connect_timeout_s": 10.0,
        "heartbeat_s": 20.0,
        "heartbeat_timeout_s": 4.0,
    }
    assert set(given) == {each.name for each in fields(Declares)}
    declared = declared_of(Declares(**given))  # type: ignore[arg-type]
    told = {name: getattr(declared, name, None) for name in given}
    told |= {name: getattr(declared.terms, name) for name in list(given)[-3:]}
    assert told == given
    assert declared_of(Declares()) == Declared()


def test_every_recipe_that_is_installed_is_called_by_its_name() -> None:
    assert recipes()
    for name, recipe in recipes().items():
        assert recipe.name == name
        assert recipe.package.startswith(f"npm:{name}@")
