"""Policies and the model in their own words."""

from collections.abc import Callable
from pathlib import Path

from stormlab.compare import Comparison
from stormlab.report.catalogue_text import policy_facts, simplifications

Make = Callable[..., Comparison]


def test_a_policy_of_the_catalogue_tells_formula_and_source(make_comparison: Make) -> None:
    (policy,) = make_comparison({"aws-full-jitter": [1.0, 2.0]}).policies
    told = policy_facts(policy)
    assert told["name"] == "`aws-full-jitter`"
    facts = dict(told["facts"])
    assert facts["formula"].startswith("`U[0, min(cap")
    assert "aws-arch-backoff-simulator" in facts["source"]
    assert facts["cap"] == "30 s"


def test_a_varied_policy_names_what_it_is_varied_from(make_comparison: Make) -> None:
    target = "aws-full-jitter,backoff.cap_s=5"
    (policy,) = make_comparison({"short": [1.0, 2.0]}, targets={"short": target}).policies
    facts = dict(policy_facts(policy)["facts"])
    assert facts["source"].startswith("varied from `aws-samples")
    assert facts["cap"] == "5 s"


def test_ones_own_policy_is_said_to_be_so(make_comparison: Make, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[policy]\nname = "mine"\nbackoff = { kind = "constant", delay_s = 2 }\n')
    (policy,) = make_comparison({"mine": [1.0, 2.0]}, targets={"mine": str(mine)}).policies
    told = policy_facts(policy)
    assert dict(told["facts"])["source"] == "one's own"
    assert str(tmp_path) not in str(told)


def test_an_unknown_target_is_no_error(make_comparison: Make) -> None:
    (policy,) = make_comparison({"x": [1.0, 2.0]}, targets={"x": "gone.py:X"}).policies
    assert policy_facts(policy)["facts"] == [("source", "one's own")]


def test_the_simplifications_stand_at_the_head_of_the_models_modules() -> None:
    found = dict(simplifications("fleet"))
    assert "Only SYNs are lost." in found["stormlab_models.fleet.wire"]
    assert all(item.endswith(".") for items in found.values() for item in items)


def test_an_unknown_model_has_none() -> None:
    assert simplifications("gone") == []
