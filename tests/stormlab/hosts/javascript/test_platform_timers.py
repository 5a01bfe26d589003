"""Timers, time and chance of the platform: conversions of delays, nesting, order, draws."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.draws import Draws
from stormlab.hosts.javascript.client import EPOCH_MS
from stormlab.policy.chance import address

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("delay", "browser_ms", "node_ms"),
    [
        ("undefined", 0, 1),
        ("0", 0, 1),
        ("-5", 0, 1),
        ("NaN", 0, 1),
        ("1.9", 1, 1),
        ("2.9", 2, 2),
        ('"25"', 25, 25),
        ('"x"', 0, 1),
        ("null", 0, 1),
        ("Infinity", 0, 1),
        ("2 ** 31 - 1", 2**31 - 1, 2**31 - 1),
        ("2 ** 31", 0, 1),
        ("2 ** 32", 0, 1),
        ("2 ** 32 + 7", 7, 1),
        ("2 ** 53", 0, 1),
    ],
)
def test_a_delay_is_converted_as_the_platform_does(
    lab: Make, delay: str, browser_ms: int, node_ms: int
) -> None:
    for profile, expected_ms in (("browser", browser_ms), ("node", node_ms)):
        ran = lab(f"setTimeout(() => say('fired'), {delay})", profile=profile).run(2**31 / 1000)
        assert ran.timed == [(expected_ms, "fired")], profile


def test_the_seventh_nested_timer_waits_four_milliseconds_in_a_browser(lab: Make) -> None:
    body = "let n = 0; const next = () => { say(++n); if (n < 9) setTimeout(next, 0); }; next();"
    assert [ms for ms, _ in lab(body).run().timed] == [0, 0, 0, 0, 0, 0, 0, 4, 8]
    assert [ms for ms, _ in lab(body, profile="node").run().timed] == list(range(9))


def test_a_promise_in_a_timer_does_not_end_the_nesting_early(lab: Make) -> None:
    body = """
    let n = 0;
    const next = async () => { say(++n); await null; if (n < 8) setTimeout(next, 0); };
    setTimeout(next, 0);"""
    assert [ms for ms, _ in lab(body).run().timed] == [0, 0, 0, 0, 0, 0, 4, 8]


def test_an_interval_repeats_until_it_is_cleared_in_its_own_callback(lab: Make) -> None:
    body = """let n = 0; const id = setInterval(() => { say(++n);
      if (n === 3) clearInterval(id); }, 250);"""
    for profile in ("browser", "node"):
        ran = lab(body, profile=profile).run()
        assert ran.timed == [(250, "1"), (500, "2"), (750, "3")]


def test_an_interval_goes_on_after_an_error_in_its_callback(lab: Make) -> None:
    ran = lab("let n = 0; setInterval(() => { say(++n); throw new Error('no'); }, 100)").run(0.35)
    assert ran.said == ["1", "2", "3"]
    assert len(ran.errors) == 3


def test_timers_of_one_moment_fire_in_the_order_in_which_they_were_set(lab: Make) -> None:
    body = """
    for (const name of ["a", "b", "c"]) setTimeout(say, 5, name);
    setTimeout(() => { setTimeout(say, 4, "e"); }, 1);
    setTimeout(say, 5, "d", 1, 2);"""
    assert lab(body).run().said == ["a", "b", "c", "d 1 2", "e"]


def test_a_timer_that_is_cleared_does_not_fire(lab: Make) -> None:
    body = """
    const id = setTimeout(() => say("never"), 10);
    setTimeout(() => clearTimeout(id), 10); clearTimeout(id); clearTimeout(undefined);
      clearTimeout(99);
    const other = setTimeout(() => say("never"), 20);
    setTimeout(() => clearInterval(other), 15);"""
    ran = lab(body).run()
    assert ran.said == []
    assert ran.errors == []


def test_text_is_run_by_a_browsers_timer_and_refused_by_nodes(lab: Make) -> None:
    ran = lab(
        """globalThis.answer = 1; setTimeout('Math.answer = 42', 5);
          setTimeout(() => say(Math.answer), 6)"""
    )
    assert ran.run().said == ["42"]
    ran = lab("attempt(() => setTimeout('1', 5))", profile="node").run()
    assert ran.said == ["threw TypeError"]


def test_node_gives_an_object_that_counts_as_a_number(lab: Make) -> None:
    body = """
    const timer = setTimeout(() => say("never"), 5);
    say(typeof timer, timer.hasRef(), timer.unref() === timer, timer.hasRef(), Number(timer) > 0);
    clearTimeout(Number(timer));
    const kept = setTimeout(() => say("late"), 10);
    setTimeout(() => kept.refresh(), 8);
    setImmediate(() => say("immediate"));"""
    ran = lab(body, profile="node").run()
    assert ran.timed == [(0, "object true true false true"), (0, "immediate"), (18, "late")]


def test_time_stands_still_in_a_callback_and_passes_between(lab: Make) -> None:
    body = """
    const at = performance.now(), began = Date.now();
    setTimeout(() => say(performance.now() - at, Date.now() - began, new Date() - began),
      1500);"""
    assert lab(body).run().said == ["1500 1500 1500"]


def test_the_date_is_the_worlds_with_the_clients_error(value: Make) -> None:
    assert value("[Date.now(), new Date().getTime()]") == [EPOCH_MS, EPOCH_MS]
    assert value("Date.now()", skew_ms=-5000) == EPOCH_MS - 5000
    assert value("Date()").startswith("Thu Jan 01 2026 00:00:00 GMT+0000")
    assert value("new Date().toISOString()") == "2026-01-01T00:00:00.000Z"
    assert value("performance.timeOrigin") == EPOCH_MS


def test_a_date_is_a_date_in_utc_everywhere(value: Make) -> None:
    assert value("new Date(86400000).getHours()") == 0
    assert value("new Date(2026, 5, 1, 12).toISOString()") == "2026-06-01T12:00:00.000Z"
    assert value(
        "[new Date() instanceof Date, typeof new Date(), new Date().constructor === Date]"
    ) == [
        True,
        "object",
        True,
    ]
    assert value("[Date.UTC(2000, 0), Date.parse('2000-01-01T00:00:00Z'), Date.length]") == [
        946684800000,
        946684800000,
        7,
    ]
    assert value("Date.parse('2000-01-01T00:00:00')") == 946684800000
    assert value("Date.parse('2000-01-01')") == 946684800000
    assert value("Date.parse('Sat, 01 Jan 2000 00:00:00 GMT')") == 946684800000
    assert value("Date.parse('2000-01-01T02:00:00+02:00')") == 946684800000
    assert value("[new Date(NaN).getTime(), new Date('no').toString(), +new Date(null)]") == [
        None,
        "Invalid Date",
        0,
    ]
    assert value("new (class extends Date { twice() { return 2 * this } })(21).twice()") == 42
    assert value("[new Date(0).getTimezoneOffset(), new Date(0).toLocaleString()]") == [
        0,
        "1/1/1970, 12:00:00 AM",
    ]


def test_no_way_leads_to_the_hosts_clock(value: Make) -> None:
    ways = """[
      new Date().constructor.now(),
        new (Object.getPrototypeOf(new Date()).constructor)().getTime(),
      Date.prototype.constructor.now(), new (new Date().constructor)().getTime(),
      Reflect.construct(Date, []).getTime(), new Function("return Date.now()")(), (0,
        eval)("Date.now()"),
    ]"""
    assert set(value(ways)) == {EPOCH_MS}
    assert value("Object.getPrototypeOf(Date) === Function.prototype")


def test_chance_is_that_of_the_lab_bit_for_bit(value: Make) -> None:
    found = value("Array.from({ length: 40 }, Math.random)", seed=123, client=5)
    draws = Draws(123)
    assert found == [draws.unit(address(5), "Math.random", n) for n in range(40)]


def test_a_feed_comes_first_and_takes_its_ordinals(value: Make) -> None:
    found = value("Array.from({ length: 4 }, Math.random)", seed=7, feed=(0.25, 0.999))
    draws = Draws(7)
    assert found == [0.25, 0.999, *(draws.unit(0, "Math.random", n) for n in (2, 3))]


def test_secrets_are_other_draws_and_addressed_too(value: Make) -> None:
    found = value("Array.from(crypto.getRandomValues(new Uint8Array(8)))", seed=9, client=2)
    draws = Draws(9)
    assert found == [int(draws.unit(address(2), "crypto", n) * 256) for n in range(8)]
    name = value("crypto.randomUUID()", seed=9)
    assert len(name) == 36
    assert name[14] == "4"
    assert name == value("(Math.random(), crypto.randomUUID())", seed=9)
    assert name != value("crypto.randomUUID()", seed=10)


def test_secrets_are_refused_as_in_a_browser(lab: Make) -> None:
    ran = lab("""
    attempt(() => crypto.getRandomValues(new Float32Array(1)));
    attempt(() => crypto.getRandomValues([1]));
    attempt(() => crypto.getRandomValues(new Uint8Array(65537)));""").run()
    assert ran.said == [
        "threw TypeMismatchError",
        "threw TypeMismatchError",
        "threw QuotaExceededError",
    ]


def test_a_microtask_that_throws_is_an_uncaught_error(lab: Make) -> None:
    ran = lab(
        "queueMicrotask(() => { throw new TypeError('no'); }); queueMicrotask(() => say('next'))"
    )
    assert ran.run().said == ["next"]
    assert ran.errors[0].startswith("TypeError: no")
    assert lab("attempt(() => queueMicrotask(1))").run().said == ["threw TypeError"]


def test_a_frame_and_an_idle_callback_come(lab: Make) -> None:
    body = """
    requestAnimationFrame((time) => say("frame", time));
    cancelAnimationFrame(requestAnimationFrame(() => say("never")));
    requestIdleCallback((idle) => say("idle", idle.didTimeout));"""
    assert lab(body).run().timed == [(1, "idle false"), (16, "frame 16")]
