"""Parameters for people."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field

from stormlab.cli.parameters import allowed, described, differences, plain, written

OrOff = Annotated[float | None, BeforeValidator(lambda value: None if value == "off" else value)]


class Act(BaseModel):
    """An entry of a list."""

    do: Literal["reload", "close"]
    at_s: Annotated[float, Field(ge=0)] | None = None
    times: int = 1


class Page(BaseModel):
    """A table."""

    jitter_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    ping_s: OrOff = None
    pong_s: OrOff = 3.0


class Whole(BaseModel):
    """All parameters."""

    seed_name: str = ""
    page: Page = Page()
    spare: Page | None = None
    acts: list[Act] = Field(default_factory=list)
    shares: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)


def test_every_parameter_is_described() -> None:
    assert described(Whole) == [
        ["seed_name", '""', "text"],
        ["page.jitter_s", "0.0", "number, 0 to 10"],
        ["page.ping_s", "off", "number; or off"],
        ["page.pong_s", "3.0", "number; or off"],
        ["spare.jitter_s", "0.0", "number, 0 to 10"],
        ["spare.ping_s", "off", "number; or off"],
        ["spare.pong_s", "3.0", "number; or off"],
        ["acts", "none", "tables, as in [[acts]]:"],
        ["  acts.N.do", "required", "reload, close"],
        ["  acts.N.at_s", "not set", "number, at least 0"],
        ["  acts.N.times", "1", "whole number"],
        ["shares", "{}", "table of names, each: number, more than 0, less than 1"],
    ]


def test_only_differences_are_named() -> None:
    assert list(differences(Whole())) == []
    changed = Whole(
        page=Page(jitter_s=1, pong_s=None),
        spare=Page(),
        acts=[Act(do="reload", at_s=2)],
    )
    assert list(differences(changed)) == [
        ("page.jitter_s", 1.0, 0.0),
        ("page.pong_s", "off", 3.0),
        ("spare.jitter_s", 0.0, None),
        ("spare.ping_s", "off", None),
        ("spare.pong_s", 3.0, None),
        ("acts", [{"do": "reload", "at_s": 2.0}], []),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [("fixed", "fixed"), ("", '""'), (True, "true"), (0.5, "0.5"), ({"a": 1}, '{"a": 1}')],
)
def test_a_value_is_written_as_it_is_set(value: Any, text: str) -> None:
    assert written(plain(value)) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 2000}, "whole number, 1 to 2,000"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number, above 0, to 1"),
        ({"enum": [0, 1]}, "0, 1"),
        ({"const": "x"}, "x"),
        ({}, "anything"),
    ],
)
def test_what_is_allowed_is_said_in_words(schema: dict[str, Any], text: str) -> None:
    assert allowed(schema) == text
