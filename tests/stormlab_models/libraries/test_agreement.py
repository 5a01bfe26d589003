"""Code and policy make the same attempts, to the nanosecond, or it is known why they do not."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import Phase as Phases
from hypothesis import given, settings
from hypothesis import strategies as st

from stormlab.clock import NS_PER_MS, to_ns
from stormlab.policy import Delays, Reconnect
from stormlab.policy.contract import Chance, Fact, Happened, RetryAt, Scope, Stop, Terms
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.phases import What
from stormlab.worlds.story import Step, Story
from stormlab_models.doc_tables import blocks
from stormlab_models.libraries import agreement
from stormlab_models.libraries.agreement import (
    Cell,
    Difference,
    WholeMilliseconds,
    compare,
    cut,
    first_difference,
    main,
    reasons,
    run_model,
    table,
    tally,
    timer_ns,
)
from stormlab_models.libraries.likeness import Likeness, Luck, Tape
from stormlab_models.libraries.likenesses import LIKENESSES
from stormlab_models.libraries.recipes import RECIPES
from stormlab_models.libraries.schedules import BEHAVIOURS, schedule
from stormlab_models.policies import CATALOGUE

needs_npm = pytest.mark.npm
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "real-code.md"
OUTAGE = BareWorld((Phase("serve", 5.0), Phase("refuse", 60.0)), seed=3)


class Drawn:
    """Picks drawn by Hypothesis."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def below(self, limit: int) -> int:
        return self._data.draw(st.integers(0, limit - 1))


def story(*times_s: float, end_s: float = 100.0) -> Story:
    steps = [Step(to_ns(at_s), Event.NEW, number) for number, at_s in enumerate(times_s, 1)]
    return Story(tuple(steps), to_ns(end_s))


# --- the comparison ------------------------------------------------------------------------------

# Of 32 bits: with all 53 the last bit of a product depends on the order of its factors, and a timer
# that cuts it makes a millisecond of that. The draws that follow these have 53 bits.
UNITS = st.lists(st.integers(0, 2**32 - 1).map(lambda bits: bits / 2**32), max_size=40)


def check(name: str, data: st.DataObject) -> None:
    """Draw a schedule and the first throws of the dice."""
    behaviour = data.draw(st.sampled_from(list(BEHAVIOURS)))
    world = schedule(behaviour, Drawn(data), served_first=LIKENESSES[name].served_first)
    found = compare(RECIPES[name], world, data.draw(UNITS))
    assert not found.unexplained, (behaviour, world, found.difference)


@needs_npm
@pytest.mark.parametrize("name", list(RECIPES))
def test_code_and_policy_agree_in_the_first_schedules_of_the_table(name: str) -> None:
    for behaviour in BEHAVIOURS:
        cell = tally(RECIPES[name], behaviour, 2)
        assert cell.unexplained == (), behaviour
        if not LIKENESSES[name].partings:
            assert cell.equal == 2, behaviour


@needs_npm
@pytest.mark.parametrize("name", list(RECIPES))
@settings(max_examples=8, phases=[Phases.generate])
@given(data=st.data())
def test_code_and_policy_agree(name: str, data: st.DataObject) -> None:
    check(name, data)


@needs_npm
@pytest.mark.parametrize("what", ["serve", "reject"])
def test_who_is_accepted_in_the_moment_of_a_drop_is_dropped(what: What) -> None:
    """Phoenix opens 20.01 s after the start, one way after the server has dropped everybody."""
    phases = Phase("reject", 20.0, after_s=0.5), Phase(what, 20.0, drop=True)
    found = compare(RECIPES["phoenix"], BareWorld(phases, settle_s=120.0))
    assert 20_010_000_000 in found.code.times_ns(Event.OPEN)
    assert found.difference is None


@needs_npm
@pytest.mark.slow
@pytest.mark.parametrize("name", list(RECIPES))
@settings(max_examples=400)
@given(data=st.data())
def test_code_and_policy_agree_in_hundreds_of_schedules(name: str, data: st.DataObject) -> None:
    check(name, data)


@needs_npm
@pytest.mark.parametrize("name", ["phoenix", "@rails/actioncable", "socket.io-client"])
def test_a_policy_that_is_a_little_wrong_is_found(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One delay in the table, one draw, one constant: each moves an attempt."""
    entry = CATALOGUE[name]
    made = entry.make
    like = LIKENESSES[name]
    if isinstance(made, Reconnect):
        assert isinstance(made.schedule, Delays)
        changed = replace(made, schedule=replace(made.schedule, cap_s=4.999))
        like = replace(like, make=changed)
    else:
        like = replace(like, luck=partial(Off, like.luck))
    monkeypatch.setitem(LIKENESSES, name, like)
    found = compare(RECIPES[name], OUTAGE)
    assert found.unexplained


class Off(Luck):
    """Every draw is the next one's."""

    def __init__(self, luck: Callable[[Tape], Luck], units: Tape) -> None:
        super().__init__(units)
        self._luck = luck(units)

    def unit(self, purpose: str, scope: Scope = "attempt") -> float:
        del scope
        number = int(purpose.removeprefix("poll "))
        return self._luck.unit(f"poll {number + 1}")


@needs_npm
def test_what_is_fed_reaches_both() -> None:
    feed = [0.5, 0.0, 0.75, 0.999]
    found = compare(RECIPES["socket.io-client"], OUTAGE, feed)
    assert found.equal
    gaps = [b - a for a, b in zip(times(found.code), times(found.code)[1:], strict=False)]
    # 1000 + floor(.5*.5*1000), 2000 - 0, 4000 + floor(.75*.5*4000) capped, then the cap
    assert [gap // NS_PER_MS - 20 for gap in gaps[1:4]] == [2000, 5000, 5000]
    assert times(found.code)[1] == to_ns(5.01 + 1.25)


def times(told: Story) -> list[int]:
    return told.times_ns(Event.NEW)


@needs_npm
def test_a_tally_counts_what_is_equal_and_why_the_rest_is_not() -> None:
    cell = tally(RECIPES["socket.io-client"], "accepted, then closed", 4)
    assert cell.cases == 4
    assert cell.equal + sum(cell.parted.values()) == 4
    assert cell.equal < 4
    assert cell.unexplained == ()
    assert all("20 s" in reason for reason in cell.parted)


@needs_npm
def test_a_difference_that_no_parting_explains_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIKENESSES, "socket.io-client", Likeness())
    cell = tally(RECIPES["socket.io-client"], "accepted, then closed", 8)
    assert cell.unexplained
    assert cell.parted == {}


# --- its parts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delay_ns", "taken_ms"),
    [
        (0, 0),
        (999_999, 0),
        (1_000_000, 1),
        (1_999_999, 1),
        ((2**31 - 1) * NS_PER_MS, 2**31 - 1),
        (2**31 * NS_PER_MS, 0),  # ToInt32: negative, so at once
        (2**32 * NS_PER_MS + 5_000_000, 5),
    ],
)
def test_a_timer_takes_whole_milliseconds_of_32_bits(delay_ns: int, taken_ms: int) -> None:
    assert timer_ns(delay_ns) == taken_ms * NS_PER_MS


class Given:
    """A policy that decides what it is given."""

    terms = Terms(connect_timeout_s=7.0)

    def __init__(self, decision: RetryAt | Stop | None) -> None:
        self.decision = decision

    def on(self, happened: Happened, chance: Chance) -> RetryAt | Stop | None:
        del happened, chance
        return self.decision

    def may_attempt(self, time_ns: int) -> bool:
        return time_ns > 0


def test_a_decision_is_cut_from_the_moment_it_is_made() -> None:
    luck = Luck(Tape(0))
    refused = Happened(Fact.REFUSED, 500)
    for decided_ns, taken_ns in ((500 + 1_700_000, 500 + 1_000_000), (100, 500)):
        policy = WholeMilliseconds(Given(RetryAt(decided_ns)), luck)
        assert policy.on(refused, luck) == RetryAt(taken_ns)
    stop = Stop("enough")
    policy = WholeMilliseconds(Given(stop), luck)
    assert policy.on(refused, luck) == stop
    assert policy.terms == Terms(connect_timeout_s=7.0)
    assert policy.start(3, luck) == RetryAt(3)
    assert policy.may_attempt(1)
    assert not policy.may_attempt(0)
    assert policy.postponed(3, luck) is None


def test_delays_of_parts_are_cut_before_they_are_rounded() -> None:
    """5700 ms times 1.4 is 7979.999999999999 in floats: 7979 in a timer."""

    class Dice(Luck):
        def unit(self, purpose: str, scope: Scope = "attempt") -> float:
            del purpose, scope
            return 0.9

    policy = cut(CATALOGUE["@anycable/core"].make)()
    decided = policy.on(Happened(Fact.REFUSED, 0), Dice(Tape(0)))
    assert decided == RetryAt(7979 * NS_PER_MS)
    own = partial(Given, None)
    assert cut(own) is own


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [
        ((0, 1, 2), (0, 1, 2), None),
        ((0, 1, 2), (0, 1, 3), Difference(2, to_ns(2), to_ns(3))),
        ((0, 1), (0, 1, 3), Difference(2, None, to_ns(3))),
        ((0, 1, 2), (0,), Difference(1, to_ns(1), None)),
        ((), (), None),
    ],
)
def test_the_first_difference(
    ours: tuple[float, ...], theirs: tuple[float, ...], found: Difference | None
) -> None:
    assert first_difference(story(*ours), story(*theirs)) == found


def test_a_life_that_was_cut_is_compared_as_far_as_it_went() -> None:
    assert first_difference(story(0, 1, 2), story(0, 1, end_s=1.5)) is None
    assert first_difference(story(0, 1, 1.2), story(0, 1, end_s=1.5)) is not None


def test_the_model_draws_what_the_code_would() -> None:
    recipe = RECIPES["reconnecting-websocket"]
    gaps = {base: times(run_model(recipe, OUTAGE, [base]))[1] - to_ns(5.01) for base in (0.0, 0.5)}
    assert gaps == {0.0: to_ns(1.0), 0.5: to_ns(3.0)}


# --- the document --------------------------------------------------------------------------------

FOUND = {
    "partysocket": {
        "refused": Cell(10, 10, {}, ()),
        "hung": Cell(10, 7, {"it sleeps": 3}, ()),
        "offline": Cell(10, 9, {}, (4,)),
    },
    "home-assistant-js-websocket": {
        "refused": Cell(1200, 0, {"it sleeps": 1199, "it wakes": 1}, ()),
    },
}


def test_the_tables_say_how_many_and_why() -> None:
    line = table(FOUND).splitlines()[2]
    assert line == "| `partysocket` 1.3.0 | 10 of 10 | 7 of 10 | **9 of 10** |"
    assert table(FOUND).endswith("\n\n26 of 1,230 are equal; 1 differ without a reason.")
    told = reasons(FOUND)
    assert "- it sleeps (3 schedules)." in told
    assert "- it sleeps (1,199 schedules)." in told
    assert "- it wakes (1 schedule)." in told
    assert "until the first connection it retries every second" in told


def test_the_document_is_rewritten_between_its_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def tallies(cases: int) -> dict[str, dict[str, Cell]]:
        asked.append(cases)
        return FOUND

    monkeypatch.setattr(agreement, "tallies", tallies)
    page = tmp_path / "page.md"
    page.write_text(
        "# Kept\n<!-- table: agreement -->\n<!-- end -->\n"
        "<!-- table: reasons -->\nold\n<!-- end -->\n",
        encoding="utf-8",
    )
    assert CliRunner().invoke(main, [str(page), "--cases", "7"]).exit_code == 0
    assert asked == [7]
    found = blocks(page.read_text(encoding="utf-8"))
    assert found == {"agreement": table(FOUND), "reasons": reasons(FOUND)}


def test_the_page_tells_of_every_library_and_of_no_difference_without_a_reason() -> None:
    found = blocks(DOCUMENT.read_text(encoding="utf-8"))
    rows = found["agreement"].splitlines()
    assert rows[0].count("|") == len(BEHAVIOURS) + 2
    for recipe in RECIPES.values():
        version = recipe.package.rpartition("@")[2]
        assert sum(row.startswith(f"| `{recipe.name}` {version} |") for row in rows) == 1
    assert "**" not in found["agreement"]
    known = {parting.reason for like in LIKENESSES.values() for parting in like.partings}
    told = [line for line in found["reasons"].splitlines() if re.search(r" schedules?\)\.$", line)]
    assert told
    assert rows[-1].endswith("are equal; 0 differ without a reason.")
    assert all(any(line.startswith(f"- {reason} (") for reason in known) for line in told)
