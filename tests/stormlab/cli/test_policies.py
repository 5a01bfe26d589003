"""``stormlab policies`` and ``stormlab policy``."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click import Context
from click.shell_completion import CompletionItem

from stormlab.cli.policies import complete_policy, policy
from stormlab.policy import Comb, Delays, Exponential, Reconnect, RetryAt, Table, Terms
from stormlab.policy import catalogue as module
from stormlab.policy.catalogue import Entry

Command = Callable[..., Any]
SOCKET_IO = Reconnect(
    Delays(Exponential(1), Comb(), 5, "before_cap", step_s=0.001),
    terms=Terms(20, 25, 45, closes_offline=True, http_first=True),
)


class Own:
    """A class of its own: two retries, one by chance, then silence."""

    def __init__(self) -> None:
        self.left = 2

    def on(self, happened: Any, chance: Any) -> Any:
        self.left -= 1
        delay_ns = round(chance.unit("own") * 1e9)
        return RetryAt(happened.time_ns + delay_ns) if self.left >= 0 else None

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns >= 0


class Never(Own):
    def __init__(self) -> None:
        self.left = 0


SOURCE = "npm x@1:y"
KNOWN = {
    entry.name: entry
    for entry in (
        Entry.of(SOCKET_IO, name="socket.io-client", version="4.8.4", kind="client", source=SOURCE),
        Entry.of(
            Reconnect(Delays(Table((0, 2), then="stop"))),
            name="stops",
            version="1",
            kind="python",
            source=SOURCE,
            notes="A note that is told.",
        ),
        Entry("own", "2", "analysed", SOURCE, Own),
        Entry("never", "3", "client", SOURCE, Never),
    )
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Entry]:
    monkeypatch.setattr(module, "catalogue", lambda: KNOWN)
    return KNOWN


def test_policies_are_listed(stormlab: Command) -> None:
    out = stormlab("policies").out
    for name in KNOWN:
        assert f"\n{name} " in out
    assert "4 policies. One in full: stormlab policy NAME" in out
    found = json.loads(stormlab("policies", "--json").out)
    assert [each["name"] for each in found] == [*KNOWN]
    assert found[0]["cap_s"] == 5
    assert found[0]["first_after_drop_s"][0] == [0.551, 0.6]


def test_policies_are_listed_by_kind(stormlab: Command) -> None:
    found = json.loads(stormlab("policies", "--kind", "python", "--json").out)
    assert [each["name"] for each in found] == ["stops"]
    assert stormlab("policies", "--kind", "pythn").complaint.startswith(
        "--kind pythn: no such kind; allowed: client, python, breaker,"
    )


def test_a_broken_catalogue_is_one_line(stormlab: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("policies of x cannot be loaded")

    monkeypatch.setattr(module, "catalogue", broken)
    assert stormlab("policies").complaint == "policies of x cannot be loaded"


def test_a_policy_is_told_in_full(stormlab: Command) -> None:
    out = stormlab("policy", "socket.io-client", "-n", "4").out
    assert "socket.io-client@4.8.4 (client)" in out
    assert "  formula     min(5, 1·2^n) s\n" in out
    assert "connect timeout 20 s, heartbeat every 25 s, peer dead 45 s after a ping" in out
    assert "0.551 to 1.499 s in 10 bands" in out
    (third,) = (line for line in out.splitlines() if line.startswith("n = 2"))
    assert "30.0%" in third
    assert third.endswith("*")
    assert "n = 4          " in out
    assert "n = 5" not in out


def test_a_policy_that_stops_shows_no_further_delay(stormlab: Command) -> None:
    out = stormlab("policy", "stops").out
    assert "n = 1 " in out
    assert "n = 2 " not in out
    assert "A note that is told." in out


def test_a_class_of_its_own_shows_what_was_seen(stormlab: Command) -> None:
    out = stormlab("policy", "own").out
    assert "n = 1 " in out
    assert "n = 2 " not in out
    assert "what 500 simulated clients waited" in out
    found = json.loads(stormlab("policy", "own", "--json").out)
    assert [delay["exact"] for delay in found["delays"]] == [False, False]
    assert "It makes no further attempt by itself." in stormlab("policy", "never").out


def test_a_policy_is_told_as_json(stormlab: Command) -> None:
    found = json.loads(stormlab("policy", "socket.io-client,backoff.cap_s=8", "--json").out)
    assert found["name"] == "socket.io-client,backoff.cap_s=8"
    assert found["table"]["backoff"] == {"kind": "exponential", "base_s": 1, "cap_s": 8}
    assert [delay["after"] for delay in found["delays"][:2]] == ["after a drop", "n = 0"]
    assert found["delays"][-1]["intervals_s"] == [[8.0, 8.0]]
    assert len(found["digest"]) == 16


@pytest.mark.parametrize("name", ["delays.svg", "delays.png"])
def test_a_policy_is_drawn(stormlab: Command, tmp_path: Path, name: str) -> None:
    ended = stormlab("policy", "socket.io-client", "--out", tmp_path / name)
    assert (ended.code, ended.err) == (0, f"wrote {tmp_path / name}\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_size > 1000


def test_a_table_of_one_s_own_is_told(stormlab: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[policy.backoff]\nkind = "constant"\ndelay_s = 5\n', encoding="utf-8")
    out = stormlab("policy", path).out
    assert out.startswith("mine\n")
    assert "exactly 5 s" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["socket.io"], "no policy 'socket.io', did you mean 'socket.io-client'?"),
        (["stops", "--out", "x.pdf"], "--out x.pdf: found '.pdf'; allowed: a file that ends in"),
        (["stops", "-n", "-1"], "Invalid value for '-n': -1 is not in the range 0<=x<=2000"),
        (["never", "--out", "x.svg"], "--out x.svg: never does not reconnect"),
        (["absent.toml"], "absent.toml: No such file or directory"),
    ],
)
def test_bad_input_is_one_line(stormlab: Command, arguments: list[str], complaint: str) -> None:
    assert stormlab("policy", *arguments).complaint.startswith(complaint)


def test_names_are_completed() -> None:
    context = Context(policy)
    (parameter,) = (each for each in policy.params if each.name == "name")
    found: list[CompletionItem] = complete_policy(context, parameter, "so")
    assert [item.value for item in found] == ["socket.io-client", "so"]
