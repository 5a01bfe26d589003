"""The library of scenarios."""

from stormlab_models.tac_webbuilder.diagnose.hypotheses import MECHANISMS, _scenario, variants


def test_every_mechanism_has_variants_and_every_variant_a_mechanism() -> None:
    assert {variant.mechanism for variant in variants()} == set(MECHANISMS)


def test_every_variant_is_a_valid_scenario_of_its_own() -> None:
    hashes = [_scenario(variant, 1.0, False).hash for variant in variants()]  # noqa: FBT003
    labels = [(variant.mechanism, variant.label) for variant in variants()]
    assert len(set(labels)) == len(labels)
    repeated = len(hashes) - len(set(hashes))
    assert repeated == 0, f"{repeated} variants are simulated twice under two names"


def test_a_variant_runs_once_per_number_and_seed() -> None:
    variant = variants()[0]
    assert variant.trace(0, 0) is variant.trace(0, 0)
    assert variant.trace(0, 0).hash != variant.trace(2, 0).hash


def test_a_production_build_takes_strict_mode_away() -> None:
    strict = next(v for v in variants() if v.mechanism == "strictmode")
    as_found, production = strict.trace(0, 0), strict.trace(0, 0, production=True)
    assert len(production) < len(as_found)
