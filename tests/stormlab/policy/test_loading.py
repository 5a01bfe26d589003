"""The contract of a policy, met by the smallest policies there are."""

import dataclasses
from pathlib import Path
from typing import get_args

import pytest

from stormlab.policy import (
    Chance,
    Decision,
    Fact,
    Happened,
    Policy,
    RetryAt,
    Scope,
    Stop,
    load_policy,
)


class Hasty:
    """Tries again half a second after every end, at most twice."""

    def __init__(self) -> None:
        self.left = 2

    def on(self, happened: Happened, chance: Chance) -> Decision:
        if happened.fact not in {Fact.DROPPED, Fact.REFUSED}:
            return None
        if not self.left:
            return Stop("attempts used up", announced=False)
        self.left -= 1
        return RetryAt(happened.time_ns + round(chance.unit("jitter") * 1e9))

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


class Half:
    """Chance that always says one half and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:  # noqa: ARG002
        self.asked.append(purpose)
        return 0.5


def test_a_policy_needs_facts_and_chance_and_nothing_else() -> None:
    policy: Policy = Hasty()
    chance = Half()
    facts = [Fact.OPENED, Fact.DROPPED, Fact.REFUSED, Fact.REFUSED]
    decisions = [policy.on(Happened(fact, 1_000_000_000), chance) for fact in facts]
    later = RetryAt(1_500_000_000)
    assert decisions == [None, later, later, Stop("attempts used up", announced=False)]
    assert chance.asked == ["jitter", "jitter"]
    assert policy.may_attempt(0)


def test_a_stop_is_announced_unless_it_says_otherwise() -> None:
    assert Stop("breaker open").announced


@pytest.mark.parametrize("kind", [Happened, RetryAt, Stop])
def test_facts_and_decisions_cannot_be_changed_afterwards(kind: type) -> None:
    assert dataclasses.fields(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_a_decision_is_one_of_three() -> None:
    assert set(get_args(Decision)) == {RetryAt, Stop, type(None)}


OWN = """
class Mine:
    def on(self, happened, chance):
        return None
    def may_attempt(self, time_ns):
        return True

class Half:
    def on(self, happened, chance):
        return None
"""


def test_a_policy_of_one_s_own_is_found_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN, encoding="utf-8")
    make = load_policy(f"{path}:Mine")
    assert make() is not make()
    assert make().may_attempt(0)


def test_a_policy_of_one_s_own_is_found_in_a_module() -> None:
    with pytest.raises(ValueError, match="has no method 'on'"):
        load_policy("collections:OrderedDict")


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("mine", "is not module:attribute or file.py:attribute"),
        ("mine.py:", "is not module:attribute"),
        ("mine.py:Nobody", "has no class or function 'Nobody'"),
        ("mine.py:Half", "which has no method 'may_attempt'"),
        ("absent.py:Mine", "cannot be loaded"),
        ("no_such_module_at_all:Mine", "cannot be loaded"),
        ("broken.py:Mine", "cannot be loaded"),
    ],
)
def test_what_is_no_policy_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, complaint: str
) -> None:
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "broken.py").write_text("class Mine(", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=complaint) as caught:
        load_policy(target)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("raise RuntimeError('two\\nlines')", "cannot be loaded: RuntimeError: two lines"),
        ("raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("def Mine(x): ...", "cannot be made without arguments: TypeError"),
        ("def Mine(): raise KeyError('x')", "cannot be made without arguments: KeyError: 'x'"),
    ],
)
def test_code_that_fails_is_one_line(tmp_path: Path, code: str, complaint: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(code, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint) as caught:
        load_policy(f"{path}:Mine")
    assert "\n" not in str(caught.value)


def test_a_file_is_run_once_for_each_content(tmp_path: Path) -> None:
    path, log = tmp_path / "mine.py", tmp_path / "log.txt"
    code = f"with open({str(log)!r}, 'a') as log:\n    log.write('run ')\n" + OWN
    for content in (code, code, code + "# changed\n"):
        path.write_text(content, encoding="utf-8")
        for _ in range(3):
            load_policy(f"{path}:Mine")
    assert log.read_text(encoding="utf-8") == "run run "
