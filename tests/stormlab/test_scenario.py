"""Scenario files: what is wrong is said in one line, with key, found and allowed."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stormlab.faults import Fault
from stormlab.scenario import (
    DEPTH_MAX,
    SIZE_MAX_BYTES,
    Scenario,
    ScenarioError,
    accepts_off,
    override,
    parse_document,
    read_document,
    validated,
)

OrOff = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(lambda value: None if value == "off" else value),
]


class Part(BaseModel):
    """A table in a table."""

    model_config = ConfigDict(extra="forbid")

    hook: Literal["found", "fixed"] = "found"
    jitter_s: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] = 0
    ping_s: OrOff = None
    maybe: int | None = None
    strict: bool = False
    names: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.maybe == 13:
            msg = "'maybe' brings no luck"
            raise ValueError(msg)
        return self


class Whole(BaseModel):
    """What a model could ask for."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, lt=10)]
    label: str = ""
    page: Part = Part()
    parts: list[Part] = Field(default_factory=list)


TOP = "allowed at the top: count, label, page, parts, title"
INNER = "hook, jitter_s, maybe, names, ping_s, strict"


def refusal(document: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as refused:
        validated(Whole, document, "a.toml", beside=["title"])
    return str(refused.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "count: missing; it is required"),
        ({"count": 0}, "count: found 0; allowed: at least 1"),
        ({"count": 10}, "count: found 10; allowed: less than 10"),
        ({"count": 1.5}, "count: found 1.5; allowed: a whole number"),
        ({"count": "3"}, "count: found '3'; allowed: a whole number"),
        ({"count": True}, "count: found true; allowed: a whole number"),
        ({"count": 1, "label": 3}, "label: found 3; allowed: a text in quotes"),
        ({"count": 1, "page": 3}, "page: found 3; allowed: a table, as in [page]"),
        ({"count": 1, "parts": {}}, "parts: found {}; allowed: a list, as in [[parts]]"),
        ({"count": 1, "parts": [3]}, "parts.0: found 3; allowed: a table, as in [[parts]]"),
        ({"count": 1, "page": {"strict": 1}}, "page.strict: found 1; allowed: true or false"),
        ({"count": 1, "page": {"jitter_s": -1}}, "page.jitter_s: found -1; allowed: at least 0"),
        ({"count": 1, "page": {"jitter_s": 11}}, "page.jitter_s: found 11; allowed: at most 10"),
        (
            {"count": 1, "page": {"jitter_s": float("nan")}},
            "page.jitter_s: found nan; allowed: a finite number",
        ),
        (
            {"count": 1, "page": {"jitter_s": float("inf")}},
            "page.jitter_s: found inf; allowed: a finite number",
        ),
        (
            {"count": 1, "page": {"hook": "x"}},
            "page.hook: found 'x'; allowed: 'found' or 'fixed'",
        ),
        (
            {"count": 1, "page": {"ping_s": 0}},
            "page.ping_s: found 0; allowed: more than 0, or 'off'",
        ),
        ({"count": 1, "page": {"maybe": "x"}}, "page.maybe: found 'x'; allowed: a whole number"),
        ({"count": 1, "page": {"maybe": 13}}, "page: 'maybe' brings no luck"),
        (
            {"count": 1, "page": {"names": 1}},
            "page.names: found 1; allowed: a table, as in [names]",
        ),
        (
            {"count": 1, "page": {"names": {"a": "b"}}},
            "page.names.a: found 'b'; allowed: a number",
        ),
        (
            {"count": 1, "zzz": 1},
            f"zzz: unknown key; {TOP}",
        ),
        (
            {"count": 1, "lable": 1},
            f"lable: unknown key; did you mean 'label'? {TOP}",
        ),
        (
            {"count": 1, "page": {"jiter_s": 1}},
            f"page.jiter_s: unknown key; did you mean 'jitter_s'? allowed in [page]: {INNER}",
        ),
        (
            {"count": 1, "parts": [{}, {"zzz": 1}]},
            f"parts.1.zzz: unknown key; allowed in [parts]: {INNER}",
        ),
        ({"count": 0, "page": 3}, "count: found 0; allowed: at least 1 (and 1 more)"),
        (
            {"cuont": 1},
            f"cuont: unknown key; did you mean 'count'? {TOP} (and 1 more)",
        ),
        (
            {"count": 1, "label": [1] * 99},
            "label: found [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,…; allowed: a text in quotes",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(document: dict[str, Any], said: str) -> None:
    assert refusal(document) == f"a.toml: {said}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["count", "page", "parts", "jitter_s", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["count", "label", "page", "parts", "y"]), JSON, max_size=4))
def test_any_document_is_taken_or_refused_and_nothing_else(document: dict[str, Any]) -> None:
    said = "a.toml: taken"
    try:
        validated(Whole, document, "a.toml")
    except ScenarioError as error:
        said = str(error)
    assert said.startswith("a.toml: ")
    assert "pydantic" not in said
    assert "Input should" not in said


def test_off_stands_for_nothing_and_only_where_it_may() -> None:
    assert validated(Whole, {"count": 1, "page": {"ping_s": "off"}}, "a").page.ping_s is None
    fields = Part.model_fields
    takes = {name for name, field in fields.items() if accepts_off(field)}
    assert takes == {"ping_s"}


def test_numbers_of_numpy_are_numbers() -> None:
    document = {"count": np.int64(3), "page": {"jitter_s": np.float32(0.5)}}
    whole = validated(Whole, document, "a")
    assert (whole.count, whole.page.jitter_s) == (3, 0.5)


# --- Files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty; a scenario needs at least 'model' and 'duration_s'"),
        (b"# only a comment\n", "empty;"),
        (b"a = ", "not valid TOML: Invalid value"),
        (b"a = 1\na = 2", "not valid TOML: Cannot overwrite a value"),
        (b"\xff\xfe\x00", "not a text file (byte 0 is not UTF-8); a scenario is TOML"),
        (b"a = " + b"[" * 5000, f"nested more than {DEPTH_MAX} levels deep"),
        (b"a" + b".a" * 5000 + b" = 1", f"nested more than {DEPTH_MAX} levels deep"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as refused:
        read_document(path)
    assert str(refused.value).startswith(f"{path}: {said}")
    assert "\n" not in str(refused.value)


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ScenarioError, match="more than 1,000,000 bytes"):
        read_document(path)
    assert SIZE_MAX_BYTES == 1_000_000


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="Is a directory"):
        read_document(tmp_path)
    with pytest.raises(ScenarioError, match=r"none\.toml: No such file or directory"):
        read_document(tmp_path / "none.toml")


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbfmodel = 'x'\r\n")
    assert read_document(path) == {"model": "x"}


def test_as_deep_as_allowed_is_allowed() -> None:
    document = parse_document("a" + ".a" * (DEPTH_MAX - 1) + " = 1", "a")
    assert set(document) == {"a"}
    with pytest.raises(ScenarioError, match="levels deep"):
        parse_document("a" + ".a" * DEPTH_MAX + " = 1", "a")


# --- Settings ------------------------------------------------------------------------------------

DOCUMENT: dict[str, Any] = {
    "count": 1,
    "page": {"jitter_s": 0},
    "parts": [{"hook": "found"}],
    "e": [],
}


@pytest.mark.parametrize(
    ("setting", "key", "value"),
    [
        ("count=2", ["count"], 2),
        ("page.jitter_s=0.5", ["page", "jitter_s"], 0.5),
        (" page.jitter_s = 0.5 ", ["page", "jitter_s"], 0.5),
        ("page.hook=fixed", ["page", "hook"], "fixed"),
        ("page.hook='fixed'", ["page", "hook"], "fixed"),
        ("page.strict=true", ["page", "strict"], True),
        ("page.names={a = 1}", ["page", "names"], {"a": 1}),
        ("new.table.key=1", ["new", "table", "key"], 1),
        ("parts.0.hook=fixed", ["parts", 0, "hook"], "fixed"),
        ("parts.0={}", ["parts", 0], {}),
        ("label=", ["label"], ""),
        ("label=a=b", ["label"], "a=b"),
        ("label=[[[", ["label"], "[[["),
        ("label=1\nb=2", ["label"], "1\nb=2"),
        ("label=2020-01-01", ["label"], "2020-01-01"),
    ],
)
def test_a_setting_changes_one_key(setting: str, key: list[Any], value: Any) -> None:
    found: Any = override(DOCUMENT, [setting], "a.toml")
    for part in key:
        found = found[part]
    assert found == value


def test_settings_leave_the_document_alone_and_the_last_one_wins() -> None:
    found = override(DOCUMENT, ["page.jitter_s=1", "page.jitter_s=2"], "a.toml")
    assert found == {**DOCUMENT, "page": {"jitter_s": 2}}
    assert DOCUMENT["page"] == {"jitter_s": 0}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("count", "--set count: found no '='; allowed: key=value, as in page.jitter_s=1"),
        ("=1", "--set =1: found no key, or an empty part in it; allowed: key=value"),
        ("page..x=1", "--set page..x=1: found no key, or an empty part in it"),
        ("count.x=1", "a.toml: --set count.x: 'count' is 1, not a table, so it has no keys"),
        ("page.jitter_s.x=1", "a.toml: --set page.jitter_s.x: 'jitter_s' is 0, not a table"),
        (
            "parts.1.hook=x",
            "a.toml: --set parts.1.hook: found '1'; allowed: the number of an entry",
        ),
        ("parts.x=1", "a.toml: --set parts.x: found 'x'; allowed: the number of an entry, 0 to 0"),
        ("parts.-1=1", "a.toml: --set parts.-1: found '-1'; allowed: the number of an entry"),
        ("e.0=1", "a.toml: --set e.0: the list is empty"),
        (".".join("a" * 40) + "=1", "--set a.a."),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(setting: str, said: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        override(DOCUMENT, [setting], "a.toml")
    assert str(refused.value).startswith(said)


# --- The hash ------------------------------------------------------------------------------------


def scenario(**changes: Any) -> Scenario:
    given_: dict[str, Any] = {
        "name": "a",
        "model": "m",
        "duration_s": 1.0,
        "parameters": Whole(count=1),
        "faults": [Fault(do="cut", at_s=1)],
    }
    return Scenario(**{**given_, **changes})


def test_the_hash_is_over_what_decides_the_run() -> None:
    same = scenario(name="b", title="other", description="other")
    assert same.hash == scenario().hash
    others = [
        scenario(model="n"),
        scenario(duration_s=2.0),
        scenario(parameters=Whole(count=2)),
        scenario(faults=[]),
        scenario(faults=[Fault(do="cut", at_s=2)]),
    ]
    assert len({scenario().hash, *(other.hash for other in others)}) == 6
