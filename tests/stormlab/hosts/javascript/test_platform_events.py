"""Events of the platform: listeners, handlers, microtasks between them, signals, channels."""

from collections.abc import Callable
from typing import Any

Make = Callable[..., Any]


def test_listeners_are_called_once_each_in_order_and_by_options(lab: Make) -> None:
    ran = lab("""
    const t = new EventTarget(), f = (e) => say("f", e.type);
    t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", f, true);
    t.addEventListener("x", { handleEvent(e) { say("object", this !== t, e.currentTarget === t);
      } }, { once: true });
    t.addEventListener("x", null);
    say(t.dispatchEvent(new Event("x"))); t.removeEventListener("x", f);
      t.dispatchEvent(new Event("x"));
    t.removeEventListener("x", f, { capture: true }); t.dispatchEvent(new Event("x"));""").run()
    assert ran.said == ["f x", "f x", "object true true", "true", "f x"]
    assert ran.errors == []


def test_what_is_removed_during_dispatch_is_not_called_and_what_is_added_waits(lab: Make) -> None:
    ran = lab("""
    const t = new EventTarget(), late = () => say("late");
    t.addEventListener("x", () => { t.removeEventListener("x", gone);
      t.addEventListener("x", late); say("first"); });
    const gone = () => say("gone"); t.addEventListener("x", gone);
    t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x"));""").run()
    assert ran.said == ["first", "first", "late"]


def test_an_error_in_a_listener_does_not_stop_the_next(lab: Make) -> None:
    ran = lab("""
    const t = new EventTarget();
    t.addEventListener("x", () => { throw new RangeError("no"); });
    t.addEventListener("x", (e) => { say("second"); e.stopImmediatePropagation(); });
    t.addEventListener("x", () => say("never"));
    t.dispatchEvent(new Event("x"));""").run()
    assert ran.said == ["second"]
    assert [text.partition(" (")[0] for text in ran.errors] == ["RangeError: no"]


def test_an_event_is_cancelled_only_if_it_can_be(lab: Make) -> None:
    ran = lab("""
    const t = new EventTarget();
    t.addEventListener("x", (e) => e.preventDefault());
    say(t.dispatchEvent(new Event("x")), t.dispatchEvent(new Event("x", { cancelable: true })));
    attempt(() => t.dispatchEvent({ type: "x" })); attempt(() => new Event());
    t.addEventListener("y", (e) => attempt(() => t.dispatchEvent(e)));
      t.dispatchEvent(new Event("y"));""").run()
    assert ran.said == [
        "true false",
        "threw TypeError",
        "threw TypeError",
        "threw InvalidStateError",
    ]


def test_json_and_loops_see_nothing_of_an_event_but_that_it_is_trusted(lab: Make) -> None:
    ran = lab("""
    const e = new CloseEvent("close", { code: 1006, reason: "r", wasClean: true });
    say(JSON.stringify(e), Object.keys(e), String(e), e.code, e.reason, e.wasClean,
      e instanceof Event);
    const s = new WebSocket(env.url);
      say(JSON.stringify(s), Object.keys(s).length, String(s));""").run(0)
    assert ran.said == [
        '{"isTrusted":false} isTrusted [object CloseEvent] 1006 r true true',
        "{} 0 [object WebSocket]",
    ]


def test_a_browser_runs_microtasks_between_two_listeners_and_ws_does_not(lab: Make) -> None:
    body = """
    const s = new WebSocket(env.url);
    for (const name of ["one", "two"]) s.addEventListener("open", () => { say(name);
      Promise.resolve().then(() => say("micro")); });"""
    assert lab(body).run().said == ["one", "micro", "two", "micro"]
    assert lab(body, profile="node").run().said == ["one", "two", "micro", "micro"]


def test_code_that_dispatches_itself_gets_no_microtasks_between(lab: Make) -> None:
    body = """
    const t = new EventTarget();
    for (const name of ["one", "two"]) t.addEventListener("x", () => { say(name);
      Promise.resolve().then(() => say("micro")); });
    t.dispatchEvent(new Event("x"));"""
    assert lab(body).run().said == ["one", "two", "micro", "micro"]


def test_a_handler_keeps_its_place_in_a_browser_and_goes_to_the_end_in_ws(lab: Make) -> None:
    body = """
    const s = new WebSocket(env.url);
    s.onopen = () => say("h1"); s.addEventListener("open", () => say("listener"));
      s.onopen = () => say("h2");
    say(typeof s.onopen, s.onclose); s.onclose = 5; say(s.onclose);"""
    assert lab(body).run().said == ["function null", "null", "h2", "listener"]
    assert lab(body, profile="node").run().said == ["function null", "null", "listener", "h2"]
    body = """
    const s = new WebSocket(env.url);
    s.onopen = () => say("h1"); s.addEventListener("open", () => say("listener"));
      s.onopen = null; s.onopen = () => say("h2");"""
    assert lab(body).run().said == ["listener", "h2"]


def test_an_emitter_of_node_calls_what_was_removed_and_stops_at_an_error(lab: Make) -> None:
    body = """
    const s = new WebSocket(env.url), gone = () => say("gone");
    s.addEventListener("open", () => s.removeEventListener("open", gone));
      s.addEventListener("open", gone);
    s.addEventListener("open", () => { throw new Error("no"); });
      s.addEventListener("open", () => say("after"));"""
    ran = lab(body, profile="node").run()
    assert ran.said == ["gone"]
    assert len(ran.errors) == 1
    assert lab(body).run().said == ["after"]


def test_an_abort_reaches_listeners_once_and_takes_listeners_out(lab: Make) -> None:
    ran = lab("""
    const c = new AbortController(), t = new EventTarget();
    t.addEventListener("x", () => say("heard"), { signal: c.signal });
    c.signal.onabort = (e) => say("onabort", e.target === c.signal, c.signal.reason.name);
    t.dispatchEvent(new Event("x")); c.abort(); c.abort("again"); t.dispatchEvent(new Event("x"));
    attempt(() => c.signal.throwIfAborted()); say(AbortSignal.abort("why").reason);
      attempt(() => new AbortSignal());
    t.addEventListener("x", () => say("never"), { signal: c.signal });
      t.dispatchEvent(new Event("x"));""").run()
    assert ran.said == [
        "heard",
        "onabort true AbortError",
        "threw AbortError",
        "why",
        "threw TypeError",
    ]


def test_signals_end_in_time_and_with_any_of_others(lab: Make) -> None:
    ran = lab("""
    const slow = AbortSignal.timeout(2000), quick = AbortSignal.timeout(500);
    AbortSignal.any([slow, quick]).addEventListener("abort", (e) => say("any",
      e.target.reason.name, slow.aborted));
    say(AbortSignal.any([AbortSignal.abort(7)]).reason);""").run()
    assert ran.timed == [(0, "7"), (500, "any TimeoutError false")]


def test_the_page_is_hidden_and_shown_and_the_window_hears_it_too(lab: Make) -> None:
    ran = lab("""
    document.addEventListener("visibilitychange", (e) => say("document",
      document.visibilityState, document.hidden));
    document.onvisibilitychange = () => say("handler");
    window.addEventListener("visibilitychange", (e) => say("window", e.target === document,
      e.currentTarget === window));
    window.addEventListener("pagehide", () => say("never"));""").run(0)
    ran.client.visible(visible=False)
    ran.client.visible(visible=True)
    assert ran.said == [
        "document hidden true",
        "handler",
        "window true true",
        "document visible false",
        "handler",
        "window true true",
    ]


def test_the_window_hears_of_the_network(lab: Make) -> None:
    body = """
    say(navigator.onLine, navigator.connection);
    addEventListener("offline", () => say("offline", navigator.onLine));
      window.ononline = () => say("online", navigator.onLine);"""
    ran = lab(body).run(0)
    ran.client.online(online=False)
    ran.client.online(online=True)
    assert ran.said == ["true undefined", "offline false", "online true"]
    ran = lab("say(navigator.onLine, typeof window, typeof document)", profile="node").run(0)
    ran.client.online(online=False)
    assert ran.said == ["undefined undefined undefined"]


def test_a_channel_delivers_copies_as_tasks(lab: Make) -> None:
    ran = lab("""
    const { port1, port2 } = new MessageChannel(), data = { n: 1 };
    port1.onmessage = (e) => say("got", e.data.n, e.data !== data);
    port2.postMessage(data); port2.postMessage({ n: 2 }); data.n = 3;
    Promise.resolve().then(() => say("micro")); say("sync");
    port2.addEventListener("message", () => say("back")); port1.postMessage(0);
      setTimeout(() => port2.start(), 5);""").run()
    assert ran.timed == [
        (0, "sync"),
        (0, "micro"),
        (0, "got 1 true"),
        (0, "got 2 true"),
        (5, "back"),
    ]


def test_errors_and_rejections_that_nobody_catches_are_told(lab: Make) -> None:
    ran = lab("""
    window.onerror = (message) => say("onerror", message);
    addEventListener("unhandledrejection", (e) => say("rejected", e.reason.message));
    setTimeout(() => { throw new TypeError("late"); }, 5);
    setTimeout(() => { Promise.reject(new Error("lost")); }, 10);
    setTimeout(() => reportError(new Error("reported")), 15);""").run()
    assert ran.said == [
        "onerror Uncaught TypeError: late",
        "rejected lost",
        "onerror Uncaught Error: reported",
    ]
    assert [text.partition(" (")[0] for text in ran.errors] == [
        "TypeError: late",
        "Unhandled rejection: Error: lost",
        "Error: reported",
    ]


def test_an_error_in_the_error_handler_ends_there(lab: Make) -> None:
    ran = lab(
        "addEventListener('error', () => { throw new Error('inner'); }); throw new Error('outer')"
    ).run()
    assert [text.partition(" (")[0] for text in ran.errors] == ["Error: outer", "Error: inner"]


def test_the_start_may_fail_at_once_or_later(lab: Make) -> None:
    assert lab("null.x").run().errors[0].startswith("TypeError: ")
    assert lab("return Promise.reject(new Error('no'))").run().errors[0].startswith("Error: no")


def test_the_page_is_loaded_right_after_its_script(lab: Make) -> None:
    body = """
    say(document.readyState, this === window);
    document.addEventListener("DOMContentLoaded", () => say("content", document.readyState));
    addEventListener("DOMContentLoaded", (e) => say("bubbled", e.target === document));
    document.onreadystatechange = () => say("ready", document.readyState);
    window.onload = () => say("load"); addEventListener("pageshow", () => say("shown"));
    Promise.resolve().then(() => say("micro")); setTimeout(() => say("timer"), 0);"""
    assert lab(body).run().timed == [
        (0, each)
        for each in (
            "interactive true",
            "micro",
            "content interactive",
            "bubbled true",
            "ready complete",
            "load",
            "shown",
            "timer",
        )
    ]
