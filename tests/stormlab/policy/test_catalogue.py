"""Entries of the catalogue, and how a policy is found."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from stormlab.policy import (
    Comb,
    Constant,
    Delays,
    Exponential,
    Policy,
    Reconnect,
    Reconnector,
    Span,
    Terms,
    stop_on,
)
from stormlab.policy import catalogue as module
from stormlab.policy.catalogue import Entry, FoundPolicy, catalogue, find_policy, registered

S = 1_000_000_000
PARTS = Reconnect(
    Delays(Exponential(1), Comb(), 5, "before_cap", step_s=0.001),
    rules=(stop_on(1002),),
    terms=Terms(connect_timeout_s=20),
)


class Own:
    """A policy that is no composition."""

    def on(self, happened: object, chance: object) -> None:
        """Nothing."""

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


KNOWN = {
    "socket.io-client": Entry.of(
        PARTS, name="socket.io-client", version="4.8.4", kind="client", source="npm"
    ),
    "@scope/own": Entry("@scope/own", "1.0", "client", "npm", Own),
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Entry]:
    monkeypatch.setattr(module, "catalogue", lambda: KNOWN)
    return KNOWN


def test_an_entry_is_read_off_its_parts() -> None:
    entry = KNOWN["socket.io-client"]
    first, third = entry.supports(0), entry.supports(2)
    assert first is not None
    assert third is not None
    assert first.text == "0.551 to 1.499 s in 10 bands"
    assert third.share_at(5 * S) == pytest.approx(0.3)
    assert entry.first_after_drop == first
    assert (entry.cap_s, entry.attempts_max, entry.reset) == (5, None, "on open")
    assert (entry.close_codes, entry.network) == ("1002: stop", "none")
    assert entry.formula == "min(5, 1·2^n) s"
    assert "before the cap" in entry.jitter
    assert entry.terms.connect_timeout_s == 20
    assert entry.label == "socket.io-client@4.8.4"


@pytest.mark.parametrize("target", ["socket.io-client", "socket.io-client@4.8.4"])
def test_an_entry_is_found_by_name_and_version(target: str) -> None:
    found = find_policy(target)
    assert (found.name, found.entry) == ("socket.io-client", KNOWN["socket.io-client"])
    assert isinstance(found(), Reconnector)
    assert len(found.make_group(3)) == 3
    assert found.terms.connect_timeout_s == 20


def test_a_scoped_name_is_found() -> None:
    assert find_policy("@scope/own").name == find_policy("@scope/own@1.0").name == "@scope/own"


def test_an_entry_of_parts_can_be_varied() -> None:
    found = find_policy("socket.io-client@4.8.4,backoff.cap_s=30,first_after_drop_s=[0, 5]")
    assert found.name == "socket.io-client,backoff.cap_s=30,first_after_drop_s=[0, 5]"
    assert found.table is not None
    assert found.table.reconnect.schedule.cap_s == 30
    assert found.table.reconnect.first_after_drop == Span(0, 5)
    assert found.digest != find_policy("socket.io-client").digest
    assert (
        found.digest
        == find_policy("socket.io-client,backoff.cap_s=30.0,first_after_drop_s=[0, 5]").digest
    )


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("socket.io-clent", "no policy 'socket.io-clent', did you mean 'socket.io-client'?"),
        ("socket.io", "no policy 'socket.io', did you mean 'socket.io-client'?"),
        ("zzz", "no policy 'zzz'; see: stormlab policies"),
        ("", "no policy ''; see: stormlab policies"),
        ("socket.io-client@1.0", "the catalogue has socket.io-client in version 4.8.4"),
        ("@scope/own,backoff.cap_s=3", "a class of its own, not made of parts: nothing to set"),
        ("socket.io-client,backof.cap_s=3", "backof: unknown key; did you mean 'backoff'?"),
        ("absent.toml", "absent.toml: No such file or directory"),
        ("absent.py:Mine", "'absent.py:Mine' cannot be loaded"),
    ],
)
def test_what_is_not_found_is_one_line(target: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        find_policy(target)
    assert "\n" not in str(caught.value)


OWN = """
from stormlab.policy import Constant, Delays, Reconnect
PARTS = Reconnect(Delays(Constant(7)))
class Mine:
    def on(self, happened, chance):
        return None
    def may_attempt(self, time_ns):
        return True
"""


def test_one_s_own_code_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(OWN, encoding="utf-8")
    found = find_policy(f"{path}:Mine")
    assert found.name == "Mine"
    assert found.entry is None
    assert found().may_attempt(0)
    varied = find_policy(f"{path}:PARTS,backoff.delay_s=9")
    assert varied.name == "PARTS,backoff.delay_s=9"
    path.write_text(OWN + "\n# changed\n", encoding="utf-8")
    assert find_policy(f"{path}:Mine").digest != found.digest


def test_one_s_own_table_is_found(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[policy.backoff]\nkind = "constant"\ndelay_s = 5\n', encoding="utf-8")
    found = find_policy(str(path))
    inline = find_policy({"name": "x", "backoff": {"kind": "constant", "delay_s": 5}})
    assert (found.name, inline.name) == ("mine", "x")
    assert found.digest == inline.digest
    assert find_policy(f"{path},backoff.delay_s=6").digest != found.digest
    assert isinstance(found, FoundPolicy)
    path.write_text('[policy]\nlike = "socket.io-client"\nbackoff.cap_s = 30\n', encoding="utf-8")
    assert find_policy(str(path)).digest == find_policy("socket.io-client,backoff.cap_s=30").digest


class Point:
    """An entry point that gives what it is told to."""

    value = "somewhere:CATALOGUE"

    def __init__(self, gives: object) -> None:
        self.gives = gives

    def load(self) -> object:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.mark.parametrize(
    ("gives", "complaint"),
    [
        (ImportError("no such\nmodule"), r"somewhere:CATALOGUE cannot be loaded \(ImportError: no"),
        (3, r"somewhere:CATALOGUE cannot be loaded \(TypeError"),
        ({"x": 3}, "somewhere:CATALOGUE: 'x' is a int, no Entry"),
    ],
)
def test_a_broken_catalogue_is_one_line(
    monkeypatch: pytest.MonkeyPatch, gives: object, complaint: str
) -> None:
    monkeypatch.setattr(module, "entry_points", lambda group: [Point(gives)] if group else [])
    catalogue.cache_clear()
    with pytest.raises(ValueError, match=complaint) as caught:
        catalogue()
    assert "\n" not in str(caught.value)
    catalogue.cache_clear()


def test_a_catalogue_is_in_order_of_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "entry_points", lambda group: [Point(KNOWN)] if group else [])
    catalogue.cache_clear()
    assert [*catalogue()] == ["@scope/own", "socket.io-client"]
    catalogue.cache_clear()


def test_a_table_can_be_like_an_entry_but_for_some_keys() -> None:
    found = find_policy({"like": "socket.io-client", "name": "x", "backoff": {"cap_s": 30}})
    assert found.name == "x"
    assert found.digest == find_policy("socket.io-client,backoff.cap_s=30").digest
    other = find_policy(
        {"like": "socket.io-client", "backoff": {"kind": "constant", "delay_s": 7, "cap_s": 30}}
    )
    assert other.table is not None
    assert other.table.reconnect.schedule == Delays(
        Constant(7), Comb(), 30, "before_cap", step_s=0.001
    )


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"like": 3}, "policy.like: found 3; allowed: the name of a policy, in quotes"),
        ({"like": "@scope/own"}, "policy.like: @scope/own is a class of its own"),
        ({"like": "zzz"}, "no policy 'zzz'"),
    ],
)
def test_what_nothing_can_be_like_is_one_line(table: Mapping[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)):
        find_policy(table)


def test_a_factory_without_a_name_is_found_while_it_is_registered() -> None:
    def make() -> Policy:
        return find_policy("aws-full-jitter").make()

    with registered(make, "ours") as first, registered(make, "ours") as second:
        assert first != second  # two of one name do not hide each other
        found = find_policy(first)
        assert (found.name, found.factory) == ("ours", make)
    with pytest.raises(ValueError, match="registered"):
        find_policy(first)
