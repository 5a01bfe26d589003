from stormlab_models.libraries.likeness import Tape
from stormlab_models.libraries.likenesses import LIKENESSES
from stormlab_models.libraries.recipes import RECIPES
from stormlab_models.policies import CATALOGUE


def test_every_recipe_that_has_a_policy_has_a_likeness() -> None:
    assert set(LIKENESSES) == {recipe.name for recipe in RECIPES.values() if recipe.policy}
    assert all(recipe.policy in CATALOGUE for recipe in RECIPES.values())


def test_what_is_left_out_is_said() -> None:
    for like in LIKENESSES.values():
        assert bool(like.why) == like.served_first
        told = [parting.reason for parting in like.partings]
        assert len(set(told)) == len(told)
        assert all(reason and not reason.endswith(".") for reason in told)
        assert len({parting.applies for parting in like.partings}) == len(told)


def test_an_identifier_takes_calls_before_the_first_delay() -> None:
    luck = LIKENESSES["graphql-ws"].luck(Tape(0, [0.0] * 31 + [0.5]))
    assert luck.unit("jitter") == 0.5
