"""What is compared: one scenario, once with each policy, all checked before anything runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stormlab.model import find_model, load_scenario, model_names
from stormlab.scenario import Scenario, ScenarioError

POLICY_KEY = "policy"
MIX_KEY = "mix"


class CompareError(Exception):
    """A comparison that cannot be made; the message is one line for a person."""


@dataclass(frozen=True)
class Contender:
    """One policy with the scenario that it runs in; ``label`` is unique in its comparison."""

    label: str
    target: str
    scenario: Scenario


@dataclass(frozen=True)
class Field:
    """A scenario and the policies that are compared in it."""

    base: Scenario
    contenders: tuple[Contender, ...]


def field(target: str | Path, policies: Sequence[str], settings: tuple[str, ...] = ()) -> Field:
    """Load a scenario once with each policy; a policy asked for twice gets two labels.

    ``target`` and ``settings`` as for :func:`stormlab.model.load_scenario`; ``policies`` as the
    scenario's own key ``policy`` takes them.

    Raises:
        ScenarioError: one line, when the scenario or a policy cannot be used.
        CompareError: when there is no policy.
    """
    if not policies:
        raise CompareError("found no policy to compare; see: stormlab policies")
    base = load_scenario(target, settings)
    _check_replaceable(base, str(target))
    labels = _labels(policies)
    return Field(
        base,
        tuple(
            Contender(label, policy, load_scenario(target, (*settings, _setting(policy))))
            for label, policy in zip(labels, policies, strict=True)
        ),
    )


def _setting(policy: str) -> str:
    return f"{POLICY_KEY}={json.dumps(policy, ensure_ascii=False)}"


def _check_replaceable(base: Scenario, source: str) -> None:
    kind = type(base.parameters)
    if POLICY_KEY not in kind.model_fields:
        able = [name for name in model_names() if _takes_policies(name)]
        allowed = f"a scenario of: {', '.join(able)}" if able else "none of the installed models"
        raise ScenarioError(
            f"{source}: its model '{base.model}' has no key '{POLICY_KEY}' that a comparison could"
            f" set; allowed: {allowed}"
        )
    if getattr(base.parameters, MIX_KEY, None):
        raise ScenarioError(
            f"{source}: {MIX_KEY}: found groups with policies of their own; allowed: a scenario"
            f" with one '{POLICY_KEY}', which the comparison sets"
        )


def _takes_policies(name: str) -> bool:
    try:
        parameters: type[BaseModel] = find_model(name).parameters
    except ScenarioError:
        return False
    return POLICY_KEY in parameters.model_fields


def _labels(policies: Sequence[str]) -> list[str]:
    """A policy's own text, short for a file; numbered where it stands more than once."""
    short = [_short(policy) for policy in policies]
    plain = short if len(set(short)) >= len(set(policies)) else list(policies)
    found: list[str] = []
    for label in plain:
        number = 1 + sum(before == label for before in plain[: len(found)])
        found.append(label if number == 1 else f"{label} #{number}")
    return found


def _short(policy: str) -> str:
    """Without folders: ``mine/policy.py:Steady`` is ``policy.py:Steady``, settings kept."""
    place, found, rest = next(
        (parts for parts in map(policy.partition, (".py:", ".toml")) if parts[1]), (policy, "", "")
    )
    return Path(place).name + found + rest if found else policy


def differences(scenario: Scenario) -> tuple[tuple[str, Any], ...]:
    """The parameters that differ from their defaults, without the policy: (key, value)."""
    found = _differing(scenario.parameters, "")
    return tuple((key, value) for key, value in found if key != POLICY_KEY)


def _differing(parameters: BaseModel, prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, info in type(parameters).model_fields.items():
        value = getattr(parameters, name)
        default = info.get_default(call_default_factory=True, validated_data={})
        if isinstance(value, BaseModel) and isinstance(default, BaseModel):
            found += _differing(value, f"{prefix}{name}.")
        elif value != default:
            plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
            found.append((f"{prefix}{name}", plain))
    return found


def done_to_it(scenario: Scenario) -> tuple[str, ...]:
    """What is done to the world: one clause per fault, as it stands in the scenario."""
    clauses = []
    for fault in scenario.faults:
        facts = fault.model_dump(exclude_defaults=True)
        verb, at_s, for_s = facts.pop("do"), facts.pop("at_s", None), facts.pop("for_s", None)
        clause = str(verb)
        if at_s is not None:
            clause += f" at {at_s:g} s"
        if for_s is not None:
            clause += f" for {for_s:g} s"
        others = ", ".join(f"{key} {value}" for key, value in facts.items())
        clauses.append(f"{clause} ({others})" if others else clause)
    return tuple(clauses)
