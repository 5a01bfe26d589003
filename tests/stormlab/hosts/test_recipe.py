from dataclasses import FrozenInstanceError

import pytest

from stormlab.hosts.recipe import Recipe
from stormlab.hosts.wire import SilentPeer


def test_a_recipe_needs_a_name_a_package_and_a_start() -> None:
    recipe = Recipe("sockette", "npm:sockette@2.0.6", "(lib, env) => lib.default(env.url, {})")
    assert isinstance(recipe.peer(), SilentPeer)
    assert (recipe.profile, recipe.policy, recipe.entry) == ("browser", None, None)


def test_a_recipe_is_a_key_of_what_is_kept_for_it() -> None:
    one, same = (Recipe("a", "npm:a@1.0.0", "start") for _ in range(2))
    assert {one: "kept"}[same] == "kept"
    with pytest.raises(FrozenInstanceError):
        one.name = "b"  # type: ignore[misc]
