"""phoenix and @supabase/realtime-js: tables, close codes, hidden pages."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.policy import Fact

PHOENIX_S = [0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2, 5, 5, 5]
SUPABASE_S = [1, 2, 5, 10, 10, 10]
BOTH = pytest.mark.parametrize(
    ("name", "table_s"), [("phoenix", PHOENIX_S), ("@supabase/realtime-js", SUPABASE_S)]
)

Play = Callable[..., Any]


@BOTH
@pytest.mark.parametrize("client", [1, 2])
@pytest.mark.parametrize("dropped_first", [True, False])
def test_every_client_takes_the_same_table(
    name: str,
    table_s: list[float],
    client: int,
    dropped_first: bool,  # noqa: FBT001  pytest passes it by name
    walk: Callable[..., list[float]],
) -> None:
    assert walk(name, len(table_s), client=client, dropped_first=dropped_first) == table_s


@BOTH
def test_an_open_socket_sets_the_count_back(name: str, table_s: list[float], play: Play) -> None:
    ends = [{"up_s": None}] * 3 + [{"up_s": 0.05, "proves": False}]
    gaps_s = play(name, 60, ends=ends).gaps_s
    assert gaps_s[:6] == pytest.approx([*table_s[:3], *[table_s[0]] * 3])


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1013])
def test_phoenix_connects_170_times_in_12_s_whatever_the_code(code: int, play: Play) -> None:
    played = play("phoenix", 12, code=code)
    assert len(played.opened_s) == pytest.approx(171, rel=0.2)


@BOTH
def test_a_hidden_page_skips_the_attempt_and_makes_it_when_shown(
    name: str, table_s: list[float], play: Play
) -> None:
    said = [(100, Fact.HIDDEN), (400, Fact.VISIBLE)]
    played = play(name, 500, ends=[{"up_s": 200}, {"up_s": 1000}], said=said)
    assert played.attempts_s == [0, 400]
    shown_while_waiting = [(200.009, Fact.HIDDEN), (200.012, Fact.VISIBLE)]
    played = play(name, 500, ends=[{"up_s": 200}, {"up_s": 1000}], said=shown_while_waiting)
    assert played.attempts_s == pytest.approx([0, 200.012])
    assert table_s[0] >= 0.01
