"""Mutants are made in every place, and a planted fault notices them."""

from dataclasses import replace
from importlib import import_module

from stormlab.evidence import Outcome
from stormlab.properties.promises import PROMISES, Finding
from stormlab.selftest.planted import look
from stormlab_models.planted import PLANTED
from stormlab_models.planted_mutants import Run, agree, markdown, mutants, notices

TEXT = """
LIMIT = 3


def judge(a, b):
    if a < b and not b:
        return a + 1
    return 0
"""


def _known() -> list[Run]:
    fault = next(each for each in PLANTED if each.name == "closed-twice")
    subject, seen = look(fault.name, fault.faulty, None)
    return [(fault.promise, subject, seen, Outcome.BROKEN)]


def test_each_place_of_a_function_is_changed_once() -> None:
    changes = [(each.before.partition("\n")[0], each.after) for each in mutants("m", TEXT)]
    assert sorted(changes) == [
        ("0", "1"),
        ("1", "2"),
        ("a < b", "a <= b"),
        ("a < b and (not b)", "a < b or not b"),
        ("if a < b and (not b):", "not (a < b and (not b))"),
    ]


def test_a_change_leaves_the_rest_as_it_is() -> None:
    for each in mutants("m", TEXT):
        names = [getattr(node, "name", "LIMIT") for node in each.tree.body]
        assert names == ["LIMIT", "judge"]


def test_a_promise_that_turned_round_is_noticed() -> None:
    known = _known()
    promise = PROMISES["conserves-attempts"]
    assert agree((promise,), known)
    blind = replace(promise, judge=lambda _subject, _seen: Finding(Outcome.HOLDS))
    assert not agree((blind,), known)


def test_a_mutant_is_noticed_in_a_process_of_its_own() -> None:
    module = import_module("stormlab.properties.promises.whole")
    text = "PROMISES = ()\n\n\ndef judge(a, b):\n    return a < b\n"
    (quiet,) = mutants("whole", text)
    assert not notices(quiet, module, _known())  # it judges nothing, so nothing differs
    (raises,) = mutants("whole", "def judge(a, b):\n    return a < b\n\n\nPROMISES = 1 / 0\n")
    assert notices(raises, module, _known())
    assert isinstance(module.PROMISES, tuple)
    assert module.PROMISES


def test_the_table_counts_and_names_survivors() -> None:
    (alive,) = mutants("m", "def judge(a, b):\n    return a < b\n")
    told = markdown([("m", 4, 3)], [alive])
    assert "| m | 4 | 3 | 75% |" in told
    assert "m.judge: a < b -> a <= b" in told
