"""A policy of one's own as a TOML table."""

from pathlib import Path

import pytest

from stormlab.policy import Delays, Exponential, Full, Reconnect, Reset, Span, Stages
from stormlab.policy.codec import TableError
from stormlab.policy.table import PolicyTable, read_table, value_of

OURS = """
[policy]
name = "ours"
first_after_drop_s = [0, 5]
attempts_max = "off"

[policy.backoff]
kind = "exponential"
base_s = 1
factor = 2
cap_s = 60

[policy.jitter]
kind = "full"
placement = "after_cap"

[policy.reset]
on = "stable"
after_s = 10

[[policy.rules]]
action = "stop"
codes = [1008, [4400, 4499]]
"""
PARTS = {"backoff": {"kind": "constant", "delay_s": 1}}


@pytest.fixture
def ours(tmp_path: Path) -> PolicyTable:
    path = tmp_path / "mine.toml"
    path.write_text(OURS, encoding="utf-8")
    return PolicyTable.validated(*read_table(path))


def test_a_file_makes_a_policy(ours: PolicyTable) -> None:
    rule = ours.make()
    assert ours.name == "ours"
    assert rule.schedule == Delays(Exponential(1, 2), Full(), 60)
    assert rule.first_after_drop == Span(0, 5)
    assert rule.reset == Reset("stable", 10)
    assert rule.rules[0].codes == ((1008, 1008), (4400, 4499))


def test_a_whole_file_may_be_the_table_and_gives_its_name(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text('[backoff]\nkind = "constant"\ndelay_s = 5\n', encoding="utf-8")
    table, where = read_table(path)
    assert (table["name"], where) == ("plain", str(path))


def test_a_table_is_written_as_it_is_read(ours: PolicyTable) -> None:
    assert PolicyTable.validated(ours.document) == ours
    stages = PolicyTable(Reconnect(Stages(((1, Span(0, 5)), (0, Span(9, 9))))), "staged")
    assert PolicyTable.validated(stages.document) == stages


def test_settings_vary_it(ours: PolicyTable) -> None:
    settings = ["backoff.cap_s=30", "rules.0.codes=[1000]", "reset.on=open", "attempts_max=5"]
    rule = ours.with_settings(settings).make()
    assert rule.schedule.cap_s == 30
    assert rule.rules[0].codes == ((1000, 1000),)
    assert (rule.reset.on, rule.attempts_max) == ("open", 5)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("backoff.cap_s", "backoff.cap_s: found no 'key=value'; allowed: as in backoff.cap_s=30"),
        ("rules.3.action=stop", "rules.3.action: '3' names nothing in this policy"),
        ("rules.x=1", "rules.x: 'x' names nothing in this policy"),
        ("backof.cap_s=3", "ours.backof: unknown key; did you mean 'backoff'?"),
        ("reset.on=opn", "ours.reset.on: found 'opn'; allowed: 'open', 'proof',"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_line(
    ours: PolicyTable, setting: str, complaint: str
) -> None:
    with pytest.raises(TableError) as caught:
        ours.with_settings([setting])
    assert str(caught.value).startswith(complaint)


def test_the_digest_is_that_of_the_behaviour(ours: PolicyTable) -> None:
    renamed = PolicyTable(ours.reconnect, "theirs")
    explicit = ours.with_settings(["announced=true", "backoff.factor=2"])
    assert ours.digest == renamed.digest == explicit.digest
    assert ours.digest != ours.with_settings(["backoff.cap_s=61"]).digest


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "policy.backoff: missing; it is required, or 'schedule' in its place"),
        ({"jitter": {"kind": "full"}}, "policy.backoff: missing; it is required beside 'jitter'"),
        (PARTS | {"schedule": 1}, "policy.backoff: found beside 'schedule'; allowed: one of them"),
        (PARTS | {"name": 3}, "policy.name: found 3; allowed: a text in quotes"),
        (3, "policy: found 3; allowed: a table, as in [policy]"),
    ],
)
def test_a_table_that_is_no_policy_is_one_line(table: object, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        PolicyTable.validated(table)
    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"x = ", "not valid TOML"),
        (b"\xff\xfe", "not a text file (byte 0 is no UTF-8)"),
        (b"policy = 3", ": policy: found 3; allowed: a table"),
        (b"#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_policy_is_one_line(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(TableError, match="No such file"):
        read_table(tmp_path / "absent.toml")


def test_a_value_is_toml_or_text() -> None:
    values = [value_of(text) for text in ("30", "[0, 5]", "off", "a\nb = 1", ' "x" ')]
    assert values == [30, [0, 5], "off", "a\nb = 1", "x"]
